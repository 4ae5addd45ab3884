/**
 * Wishes about the policy repository: set the policies of an input, delete policies, name a position.
 *
 * An input is taken as a whole or refused as a whole. A refused input leaves a `PolicyRefused` for each document with problems; a deletion of what
 * is not there leaves nothing.
 */
import { digestOf } from '../../events/canonical.ts'
import type { EventOf, HindcastEvent } from '../../events/catalogue.ts'
import { type FactRef, factKey } from '../../events/facts.ts'
import { type Problem, type ResourceRef, resourceKey } from '../../events/fields.ts'
import { type Digest, POLICY_STREAM, PolicyRevision, type Position } from '../../events/ids.ts'
import { REFUSAL_PROBLEMS_MAX } from '../../events/policy.ts'
import type { Json } from '../../events/schema.ts'
import type { SharedFacts } from '../../projections/facts/shared.ts'
import type { StoredPolicies } from '../../projections/ledger/policies.ts'
import { FACT_KINDS } from '../../projections/policy/parse/fact.ts'
import { type Decision, decided, problemAt, refused } from './decision.ts'
import { type FactWish, factEvents, factRefs, factRemovals } from './facts.ts'
import { nearest } from './nearest.ts'

/** One document of an input, as it was read. `inputDigest` is of the bytes of the file that it stood in. */
export type PolicyWish = { readonly inputDigest: Digest } & (
  | { readonly kind: 'policy'; readonly resource: ResourceRef; readonly manifest: Json; readonly rules: number }
  | { readonly kind: 'unreadable'; readonly resource: ResourceRef | null; readonly problems: readonly Problem[] }
)

/** `wishes` is the input: one file or several. */
export type SetPolicies = { readonly kind: 'set-policies'; readonly wishes: readonly (PolicyWish | FactWish)[] }

export type DeletePolicies = {
  readonly kind: 'delete-policies'
  readonly resources: readonly (ResourceRef | FactRef)[]
  /** What is not there is passed over. */
  readonly ignoreMissing: boolean
}

export type TagPosition = {
  readonly kind: 'tag-position'
  readonly name: string
  readonly position: Position
  /** A name that stands elsewhere moves. */
  readonly move: boolean
}

/** One input leaves at most this many refusals on the log, so that a hostile file cannot fill it. */
export const REFUSALS_MAX = 100
const TAG_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** What the repository holds, and what its policies speak of by name. */
export type Repository = { readonly policies: StoredPolicies; readonly facts: SharedFacts }

/** Facts come before policies, so that nobody ever sees a policy without what it names. */
export function decideSetPolicies({ wishes }: SetPolicies, { policies: stored, facts }: Repository): Decision {
  const { revision, byKey } = stored
  const unreadable = wishes.filter((wish) => wish.kind === 'unreadable')
  const policies = wishes.filter((wish) => wish.kind === 'policy')
  const told = wishes.filter((wish) => wish.kind === 'fact')
  const bad = [...unreadable, ...repeated([...policies, ...told])]
  if (bad.length > 0) return refusal(bad)
  const events: HindcastEvent[] = []
  for (const { resource, manifest, rules } of policies) {
    const digest = digestOf(manifest)
    const before = byKey.get(resourceKey(resource))
    if (before?.digest === digest) continue
    events.push({
      type: 'PolicyAdded',
      v: 1,
      resource,
      manifest,
      digest,
      rules,
      revision: PolicyRevision(revision + events.length + 1),
      replaces: before?.digest ?? null,
    })
  }
  const before = factEvents(
    told.map(({ fact }) => fact),
    facts,
  )
  return decided(POLICY_STREAM, [...before, ...events])
}

export function decideDeletePolicies(
  { resources, ignoreMissing }: DeletePolicies,
  { policies: { revision, byKey }, facts }: Repository,
): Decision {
  const removals = factRemovals(resources.filter(isFactRef), facts)
  const named = resources.filter((resource) => !isFactRef(resource))
  const wanted = [...new Map(named.map((resource) => [resourceKey(resource), resource])).keys()]
  const missing = [...wanted.filter((key) => !byKey.has(key)), ...removals.missing]
  const known = [...byKey.keys(), ...factRefs(facts)]
  if (missing.length > 0 && !ignoreMissing) return refused(missing.map((key) => notFound(key, known)))
  const found = wanted.map((key) => byKey.get(key)).filter((stored) => stored !== undefined)
  const gone = found.map(
    ({ resource, digest }, index): EventOf<'PolicyDeleted'> => ({
      type: 'PolicyDeleted',
      v: 1,
      resource,
      digest,
      revision: PolicyRevision(revision + index + 1),
    }),
  )
  return decided(POLICY_STREAM, [...gone, ...removals.events])
}

export function decideTag({ name, position, move }: TagPosition, { tags }: StoredPolicies): Decision {
  if (!TAG_NAME.test(name)) {
    return refused([
      problemAt('tag-name', '/name', `${name} is not 1 to 63 letters, digits, dots, dashes, underscores`),
    ])
  }
  const before = tags.get(name)
  if (before === String(position)) return decided(POLICY_STREAM, [])
  if (before !== undefined && !move) {
    return refused([problemAt('tag-exists', '/name', `${name} stands at position ${before}`)])
  }
  return decided(POLICY_STREAM, [{ type: 'PositionTagged', v: 1, name, position: String(position) }])
}

type Bad = Extract<PolicyWish, { readonly kind: 'unreadable' }>

/** A resource that an input names twice: which one is meant cannot be known. */
function repeated(wishes: readonly (Extract<PolicyWish, { readonly kind: 'policy' }> | FactWish)[]): readonly Bad[] {
  const seen = new Set<string>()
  const again = wishes.filter((wish) => seen.size === seen.add(keyOf(wish)).size)
  return again.map((wish) => {
    const problem = problemAt('policy-repeated', '/metadata/name', `${keyOf(wish)} comes twice in one input`)
    const resource = wish.kind === 'policy' ? wish.resource : null
    return { kind: 'unreadable', resource, inputDigest: wish.inputDigest, problems: [problem] }
  })
}

function keyOf(wish: Extract<PolicyWish, { readonly kind: 'policy' }> | FactWish): string {
  return wish.kind === 'policy' ? resourceKey(wish.resource) : factKey(wish.fact.ref)
}

function isFactRef(resource: ResourceRef | FactRef): resource is FactRef {
  return FACT_KINDS.includes(resource.kind)
}

function refusal(bad: readonly Bad[]): Decision {
  const events = bad.slice(0, REFUSALS_MAX).map(
    ({ resource, inputDigest, problems }): EventOf<'PolicyRefused'> => ({
      type: 'PolicyRefused',
      v: 1,
      resource,
      inputDigest,
      problems: problems.slice(0, REFUSAL_PROBLEMS_MAX),
      furtherProblems: Math.max(0, problems.length - REFUSAL_PROBLEMS_MAX),
    }),
  )
  const problems = bad.flatMap((wish) => wish.problems)
  return { kind: 'refused', problems, record: [{ stream: POLICY_STREAM, events }] }
}

function notFound(key: string, known: Iterable<string>): Problem {
  const near = nearest(key, known)
  const hint = near.length === 0 ? 'the repository is empty' : `the nearest are ${near.join(', ')}`
  return problemAt('policy-not-found', '', `${key} is not in the repository; ${hint}`)
}
