/**
 * The wish to make policies, groups and services so as a branch has them, all or none: one that is no longer as it was at the fork stands against it.
 */
import { digestOf } from '../../events/canonical.ts'
import type { EventOf, HindcastEvent } from '../../events/catalogue.ts'
import { type Problem, type ResourceRef, resourceKey } from '../../events/fields.ts'
import { type Digest, POLICY_STREAM } from '../../events/ids.ts'
import { type Decision, decided, problemAt, refused } from './decision.ts'
import { decideDeletePolicies, decideSetPolicies, type PolicyWish, type Repository } from './policies.ts'

export type MergedPolicy = {
  readonly resource: ResourceRef
  /** Null: it is to go. */
  readonly wish: Extract<PolicyWish, { readonly kind: 'policy' }> | null
  /** Of its manifest at the fork; null where it was not there. */
  readonly expected: Digest | null
}

/** A group or a service. */
export type MergedFact = {
  readonly kind: 'cidr-group' | 'service'
  /** Of the group; of the service with its namespace in front, `NAMESPACE/NAME`. */
  readonly name: string
  /** What makes it so. */
  readonly event: EventOf<'CidrGroupSet' | 'CidrGroupDeleted' | 'ServiceSet' | 'ServiceDeleted'>
  /** Of what is known of it at the fork; null where it was not there. */
  readonly expected: Digest | null
}

export type MergePolicies = {
  readonly kind: 'merge-policies'
  readonly policies: readonly MergedPolicy[]
  readonly facts: readonly MergedFact[]
}

export const BRANCH_CONFLICT = 'branch-conflict'

/** What policies name comes before them, and goes after them. */
export function decideMerge({ policies, facts }: MergePolicies, repository: Repository): Decision {
  const conflicts = [
    ...policies.flatMap((merged) => conflictOf(merged, repository)),
    ...facts.flatMap((merged) => factConflictOf(merged, repository)),
  ]
  if (conflicts.length > 0) return refused(conflicts)
  const wishes = policies.flatMap(({ wish }) => (wish === null ? [] : [wish]))
  const resources = policies.flatMap(({ resource, wish }) => (wish === null ? [resource] : []))
  const set = decideSetPolicies({ kind: 'set-policies', wishes }, repository)
  if (set.kind === 'refused') return set
  const events = set.appends.flatMap((append) => append.events)
  const stored = { ...repository.policies, revision: repository.policies.revision + events.length }
  const gone = decideDeletePolicies(
    { kind: 'delete-policies', resources, ignoreMissing: true },
    { ...repository, policies: stored },
  )
  if (gone.kind === 'refused') return gone
  const said = facts.map(({ event }) => event)
  const isEnd = ({ type }: HindcastEvent): boolean => type.endsWith('Deleted')
  return decided(POLICY_STREAM, [
    ...said.filter((event) => !isEnd(event)),
    ...events,
    ...gone.appends.flatMap((append) => append.events),
    ...said.filter(isEnd),
  ])
}

function conflictOf({ resource, expected }: MergedPolicy, { policies }: Repository): readonly Problem[] {
  const key = resourceKey(resource)
  return conflictAt(key, policies.byKey.get(key)?.digest ?? null, expected)
}

function factConflictOf({ kind, name, expected }: MergedFact, { facts }: Repository): readonly Problem[] {
  const now = (kind === 'cidr-group' ? facts.cidrGroups : facts.services).get(name)
  if (now === undefined) return conflictAt(`${kind} ${name}`, null, expected)
  const { since: _, ...known } = now
  return conflictAt(`${kind} ${name}`, digestOf(known), expected)
}

function conflictAt(key: string, now: Digest | null, expected: Digest | null): readonly Problem[] {
  if (now === expected) return []
  const happened = now === null ? 'was deleted' : expected === null ? 'was added' : 'was changed'
  return [problemAt(BRANCH_CONFLICT, '', `${key} ${happened} since the fork`)]
}
