/**
 * The node's ipcache and the local identities behind it.
 *
 * Addresses of this node's endpoints go to their identity as soon as it is known. A prefix that policies name gets a local identity first, so that maps can
 * point at it, and its ipcache entry when they do (prefixes.ts); when nobody names it any more, the entry goes first and the identity after it is
 * out of the kernel.
 */

import type { EventOf } from '../../events/catalogue.ts'
import {
  type Cidr,
  IdentityId as Identity,
  type IdentityId,
  type IpAddress,
  nodeStream,
  type Position,
  Cidr as Prefix,
  type StreamName,
} from '../../events/ids.ts'
import { ascending } from '../../events/order.ts'
import type { AgentState } from '../../projections/agent/state.ts'
import { nodeOf } from '../../projections/ledger/ledger.ts'
import { decideAllocatePrefixes } from '../decide/identities.ts'
import { mapHorizon, type Passed } from './prefixes.ts'
import type { Fact, Situation } from './situation.ts'

/** Local identities for the required prefixes that have none. */
export function allocatePrefixes(
  { state, ledger }: Situation,
  required: ReadonlySet<Cidr>,
  cause: Position | null,
): readonly Fact[] {
  const prefixes = [...required].filter((prefix) => !state.localIdentities.has(prefix)).toSorted()
  if (prefixes.length === 0) return []
  const command = { kind: 'allocate-prefixes', node: state.node, prefixes } as const
  const decision = decideAllocatePrefixes(command, nodeOf(ledger, state.node).prefixes)
  if (decision.kind === 'refused') return []
  return decision.appends.flatMap(({ stream, events }) => events.map((event) => ({ stream, event, cause })))
}

/** Local identities that nobody requires and that the kernel's ipcache does not name any more. */
export function releasePrefixes(
  { state }: Situation,
  required: ReadonlySet<Cidr>,
  inKernel: ReadonlySet<IdentityId>,
): readonly Fact[] {
  return [...state.localIdentities]
    .filter(([prefix, { identity }]) => !required.has(prefix) && !inKernel.has(identity))
    .filter(([prefix, { identity }]) => state.ipcache.get(prefix)?.identity !== identity)
    .map(([, { identity }]): Fact => {
      const event: EventOf<'IdentityReleased'> = { type: 'IdentityReleased', v: 1, identity }
      return { stream: nodeStream(state.node), event, cause: null }
    })
}

/** Cilium's identity of the node itself. */
const HOST = Identity(1)

/** The node's own addresses are the host's; those that it has no more are nobody's. */
export function reserveHosts({ state }: Situation, addresses: readonly IpAddress[]): readonly Fact[] {
  const stream = nodeStream(state.node)
  const wanted = new Set(addresses.map((address) => Prefix(`${address}/${address.includes(':') ? 128 : 32}`)))
  const missing = [...wanted].filter((prefix) => state.ipcache.get(prefix)?.identity !== HOST)
  const stale = [...state.ipcache.values()].filter(({ origin, prefix }) => origin === 'reserved' && !wanted.has(prefix))
  return [
    ...missing.map((prefix) => upserted(stream, prefix, { identity: HOST, origin: 'reserved' })),
    ...stale.map(({ prefix }): Fact => ({ stream, event: { type: 'IpcacheDeleted', v: 1, prefix }, cause: null })),
  ]
}

function upserted(stream: StreamName, prefix: Cidr, { identity, origin }: Wanted): Fact {
  const place = { tunnelEndpoint: null, encryptKey: 0, skipTunnel: false }
  return { stream, event: { type: 'IpcacheUpserted', v: 1, prefix, identity, origin, ...place }, cause: null }
}

type Wanted = Pick<EventOf<'IpcacheUpserted'>, 'identity' | 'origin'>

/**
 * What turns the ipcache into what it should be. Entries that a user or the system made are left alone. `folded` are the local identities that are on
 * the log for certain, `cause` is what last changed whom policies name.
 */
export function alignIpcache(
  { state }: Situation,
  required: ReadonlySet<Cidr>,
  {
    folded,
    passed,
    cause,
  }: { readonly folded: AgentState['localIdentities']; readonly passed: Passed; readonly cause: Position | null },
): readonly Fact[] {
  const stream = nodeStream(state.node)
  const horizon = mapHorizon(state, passed)
  const wanted = wantedIpcache(state, required, (prefix) => {
    const local = folded.get(prefix)
    return local !== undefined && (horizon === null || local.allocatedAt <= horizon)
  })
  const upserts = [...wanted]
    .filter(([prefix, want]) => differs(state.ipcache.get(prefix), want))
    .toSorted(([a], [b]) => ascending(a, b))
    .map(([prefix, want]): Fact => {
      const allocated = want.origin === 'policy' ? folded.get(prefix)?.allocatedAt : undefined
      return { ...upserted(stream, prefix, want), cause: allocated ?? null }
    })
  const removals = [...state.ipcache.values()]
    .filter(({ prefix, origin }) => isOurs(origin) && !wanted.has(prefix))
    .toSorted((a, b) => ascending(a.prefix, b.prefix))
    .map(({ prefix, origin }): Fact => {
      const event: EventOf<'IpcacheDeleted'> = { type: 'IpcacheDeleted', v: 1, prefix }
      return { stream, event, cause: origin === 'policy' ? cause : null }
    })
  return [...upserts, ...removals]
}

function wantedIpcache(
  { addresses, localIdentities, ipcache }: AgentState,
  required: ReadonlySet<Cidr>,
  publishable: (prefix: Cidr) => boolean,
): ReadonlyMap<Cidr, Wanted> {
  const wanted = new Map<Cidr, Wanted>()
  for (const [prefix, { identity }] of localIdentities) {
    const stands = ipcache.get(prefix)?.identity === identity
    if (required.has(prefix) && (stands || publishable(prefix))) wanted.set(prefix, { identity, origin: 'policy' })
  }
  for (const [prefix, { identity, remote }] of addresses) {
    // Other nodes' addresses are on the log already, on their own node's stream.
    if (remote) wanted.delete(prefix)
    else wanted.set(prefix, { identity, origin: 'endpoint' })
  }
  return wanted
}

function differs(before: EventOf<'IpcacheUpserted'> | undefined, { identity, origin }: Wanted): boolean {
  if (before === undefined) return true
  return isOurs(before.origin) && (before.identity !== identity || before.origin !== origin)
}

function isOurs(origin: EventOf<'IpcacheUpserted'>['origin']): boolean {
  return origin === 'endpoint' || origin === 'policy'
}
