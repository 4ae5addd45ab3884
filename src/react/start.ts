/** How an agent begins: it says so, and serves what the proxies had acknowledged when the last agent ended. */
import type { EventOf } from '../../events/catalogue.ts'
import { nodeStream } from '../../events/ids.ts'
import type { XdsType } from '../../events/node.ts'
import type { Json } from '../../events/schema.ts'
import { servedOf } from '../../projections/agent/proxy.ts'
import type { AgentState } from '../../projections/agent/state.ts'
import { networkPolicyHosts } from '../../projections/xds/hosts.ts'
import { httpListener, type ListenerOptions, listenerName } from '../../projections/xds/listeners.ts'
import { snapshotChange } from '../../projections/xds/snapshot.ts'
import type { Fact, Situation } from './situation.ts'

export type Start = {
  readonly started: EventOf<'AgentStarted'>
  readonly probed: EventOf<'KernelProbed'> | null
  readonly listeners: ListenerOptions
  /** One version for each type. */
  readonly versions: Readonly<Record<XdsType, string>>
}

export function start({ state }: Situation, { started, probed, listeners, versions }: Start): readonly Fact[] {
  const stream = nodeStream(state.node)
  const events = [
    started,
    ...(probed === null ? [] : [probed]),
    published(state, 'lds', versions.lds, servedListeners(state, listeners)),
    published(state, 'nphds', versions.nphds, networkPolicyHosts(servedIpcache(state, listeners).values())),
    published(state, 'npds', versions.npds, acknowledgedPolicies(state)),
  ]
  return events.map((event) => ({ stream, event, cause: null }))
}

/**
 * What NPHDS says. A proxy that reads the kernel's ipcache asks nobody for other nodes' addresses, so there they are not published: each would be
 * an event on every node.
 */
export function servedIpcache(
  { ipcache, desiredIpcache }: AgentState,
  { ipcacheName }: Pick<ListenerOptions, 'ipcacheName'>,
): AgentState['ipcache'] {
  return ipcacheName === '' ? desiredIpcache : ipcache
}

function servedListeners(state: AgentState, options: ListenerOptions): ReadonlyMap<string, Json> {
  return new Map(
    [...state.proxy.ports].map(([listener, { direction, port }]) => {
      const spec = { listener, direction, port }
      return [listenerName(spec), httpListener(spec, options)]
    }),
  )
}

/** Not what was served last: a proxy that starts anew would refuse all of it for one policy that was never taken. */
function acknowledgedPolicies({ proxy, endpoints }: AgentState): ReadonlyMap<string, Json> {
  const here = new Set([...endpoints.values()].filter((one) => !one.leaving).map((one) => String(one.created.endpoint)))
  return new Map([...proxy.acknowledged.npds].filter(([name]) => here.has(name)))
}

/** Also where nothing changes: versions of an earlier process mean nothing to this one. */
function published(
  state: AgentState,
  xds: XdsType,
  version: string,
  resources: ReadonlyMap<string, Json>,
): EventOf<'XdsPublished'> {
  const served = servedOf(state.proxy, nodeStream(state.node), xds)
  const change = snapshotChange(served, resources) ?? { changed: [], removed: [], digest: served.digest }
  return { type: 'XdsPublished', v: 1, xds, version, ...change }
}
