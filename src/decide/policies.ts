/**
 * Wishes about the policy repository: set the policies of an input, delete policies, name a position.
 *
 * An input is taken as a whole or refused as a whole. A refused input leaves a `PolicyRefused` for each document with problems; a deletion of what
 * is not there leaves nothing.
 */
import { digestOf } from '../../events/canonical.ts'
import type { EventOf, HindcastEvent } from '../../events/catalogue.ts'
import { type Problem, type ResourceRef, resourceKey } from '../../events/fields.ts'
import { type Digest, POLICY_STREAM, PolicyRevision, type Position } from '../../events/ids.ts'
import { REFUSAL_PROBLEMS_MAX } from '../../events/policy.ts'
import type { Json } from '../../events/schema.ts'
import type { StoredPolicies } from '../../projections/ledger/policies.ts'
import { type Decision, decided, problemAt, refused } from './decision.ts'
import { nearest } from './nearest.ts'

/** One document of an input, as it was read. `inputDigest` is of the bytes of the file that it stood in. */
export type PolicyWish = { readonly inputDigest: Digest } & (
  | { readonly kind: 'policy'; readonly resource: ResourceRef; readonly manifest: Json; readonly rules: number }
  | { readonly kind: 'unreadable'; readonly resource: ResourceRef | null; readonly problems: readonly Problem[] }
)

/** `wishes` is the input: one file or several. */
export type SetPolicies = { readonly kind: 'set-policies'; readonly wishes: readonly PolicyWish[] }

export type DeletePolicies = {
  readonly kind: 'delete-policies'
  readonly resources: readonly ResourceRef[]
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

export function decideSetPolicies({ wishes }: SetPolicies, { revision, byKey }: StoredPolicies): Decision {
  const unreadable = wishes.filter((wish) => wish.kind === 'unreadable')
  const policies = wishes.filter((wish) => wish.kind === 'policy')
  const bad = [...unreadable, ...repeated(policies)]
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
  return decided(POLICY_STREAM, events)
}

export function decideDeletePolicies(
  { resources, ignoreMissing }: DeletePolicies,
  { revision, byKey }: StoredPolicies,
): Decision {
  const wanted = [...new Map(resources.map((resource) => [resourceKey(resource), resource])).keys()]
  const missing = wanted.filter((key) => !byKey.has(key))
  if (missing.length > 0 && !ignoreMissing) return refused(missing.map((key) => notFound(key, byKey.keys())))
  const found = wanted.map((key) => byKey.get(key)).filter((stored) => stored !== undefined)
  return decided(
    POLICY_STREAM,
    found.map(({ resource, digest }, index) => ({
      type: 'PolicyDeleted',
      v: 1,
      resource,
      digest,
      revision: PolicyRevision(revision + index + 1),
    })),
  )
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
function repeated(policies: readonly Extract<PolicyWish, { readonly kind: 'policy' }>[]): readonly Bad[] {
  const seen = new Set<string>()
  const again = policies.filter(({ resource }) => seen.size === seen.add(resourceKey(resource)).size)
  return again.map(({ resource, inputDigest }) => {
    const problem = problemAt('policy-repeated', '/metadata/name', `${resourceKey(resource)} comes twice in one input`)
    return { kind: 'unreadable', resource, inputDigest, problems: [problem] }
  })
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
