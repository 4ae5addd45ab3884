/** The wish to make policies so as a branch has them, all or none: a policy that is no longer as it was at the fork stands against it. */
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

export type MergePolicies = { readonly kind: 'merge-policies'; readonly policies: readonly MergedPolicy[] }

export const BRANCH_CONFLICT = 'branch-conflict'

export function decideMerge({ policies }: MergePolicies, repository: Repository): Decision {
  const conflicts = policies.flatMap((merged) => conflictOf(merged, repository))
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
  return decided(POLICY_STREAM, [...events, ...gone.appends.flatMap((append) => append.events)])
}

function conflictOf({ resource, expected }: MergedPolicy, { policies }: Repository): readonly Problem[] {
  const key = resourceKey(resource)
  const now = policies.byKey.get(key)?.digest ?? null
  if (now === expected) return []
  const happened = now === null ? 'was deleted' : expected === null ? 'was added' : 'was changed'
  return [problemAt(BRANCH_CONFLICT, '', `${key} ${happened} since the fork`)]
}
