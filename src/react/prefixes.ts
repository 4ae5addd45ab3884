/**
 * When a prefix that policies name gets its own entry in the ipcache.
 *
 * From then on its addresses are no longer `world` but an identity of their own, so every map must know that identity first: otherwise what is
 * allowed as `world` would be dropped meanwhile. And a build that rests on the identity is a success only when the entry is there: otherwise what
 * the policy denies or allows for the prefix would not be so yet.
 */
import type { Cidr, EndpointId, Position } from '../../events/ids.ts'
import type { AgentState } from '../../projections/agent/state.ts'

/** For each endpoint what the last of its builds read that has come as far as the map, or has failed. */
export type Passed = ReadonlyMap<EndpointId, Position>

/**
 * The position up to which local identities are known to every map: that of the build that is furthest behind. Null where nothing is being built.
 * An endpoint that has nothing to build is not concerned by what was allocated.
 */
export function mapHorizon({ endpoints }: AgentState, passed: Passed): Position | null {
  let horizon: Position | null = null
  for (const [id, { pending, running, leaving }] of endpoints) {
    if (leaving || (pending === null && running === null)) continue
    const reached = passed.get(id) ?? (0n as Position)
    if (horizon === null || reached < horizon) horizon = reached
  }
  return horizon
}

/** Prefixes whose entry a build that reads up to `reads` rests on. */
export function prefixesBefore(
  { localIdentities }: AgentState,
  required: ReadonlySet<Cidr>,
  reads: Position,
): readonly Cidr[] {
  return [...required].filter((prefix) => {
    const local = localIdentities.get(prefix)
    return local !== undefined && local.allocatedAt <= reads
  })
}
