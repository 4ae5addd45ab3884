/** Everything that follows from the situation as it is now, in the order in which it is recorded. Nothing where nothing is due. */
import type { Cidr, IdentityId, Position } from '../../events/ids.ts'
import { alignIpcache, allocatePrefixes, releasePrefixes } from './addresses.ts'
import { announceLeaving } from './builds.ts'
import { giveIdentity, reactToIdentities, waitingForIdentity } from './identities.ts'
import { reactToPolicy } from './policy.ts'
import type { Passed } from './prefixes.ts'
import { type Fact, inTurn, type Situation } from './situation.ts'

/** What the policy engine said about an event: the identities whose resolved policy it changed. */
export type Notice = {
  readonly position: Position
  /** Null where the event is not a change of the repository. */
  readonly revision: number | null
  readonly affected: ReadonlySet<IdentityId>
}

export type Surroundings = {
  readonly notices: readonly Notice[]
  /** Prefixes that the policies name. */
  readonly required: ReadonlySet<Cidr>
  /** Identities that the kernel's ipcache names. */
  readonly inKernel: ReadonlySet<IdentityId>
  readonly passed: Passed
  readonly position: Position
}

export function dueReactions(
  now: Situation,
  { notices, required, inKernel, passed, position }: Surroundings,
): readonly Fact[] {
  const byRevision = new Map(notices.map(({ revision, affected }) => [revision, affected]))
  const cause = notices.at(-1)?.position ?? null
  const others = notices.filter(({ revision, affected }) => revision === null && affected.size > 0)
  return inTurn(now, [
    announceLeaving,
    ...waitingForIdentity(now.state).map((endpoint) => (then: Situation) => giveIdentity(then, endpoint)),
    (then) => allocatePrefixes(then, required, position),
    ...now.state.unreacted.map(
      (change) => (then: Situation) => reactToPolicy(then, change, byRevision.get(change.revision) ?? everyone(then)),
    ),
    ...others.map((notice) => (then: Situation) => reactToIdentities(then, notice.affected, notice.position)),
    (then) => alignIpcache(then, required, { folded: now.state.localIdentities, passed, cause }),
    (then) => releasePrefixes(then, required, inKernel),
  ])
}

/** Where the engine's word about a revision is missing, nobody is spared a build. */
function everyone({ state }: Situation): ReadonlySet<IdentityId> {
  return new Set([...state.endpoints.values()].map(({ identity }) => identity).filter((identity) => identity !== null))
}
