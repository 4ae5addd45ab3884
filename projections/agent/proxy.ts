/** The node's proxies as the agent sees them: which ports they listen on, what they are served, and what they have acknowledged. */
import type { EventOf } from '../../events/catalogue.ts'
import type { Port, StreamName } from '../../events/ids.ts'
import type { XdsType } from '../../events/node.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { type ServedSnapshot, type ServedXds, servedBy, servedXds } from '../xds/snapshot.ts'

export type ProxyPort = { readonly parser: string; readonly direction: 'ingress' | 'egress'; readonly port: Port }

export const PROXY_READS = [
  'ProxyPortAllocated',
  'ProxyPortReleased',
  'XdsPublished',
  'XdsAcked',
  'XdsNacked',
  'ProxyConnectionChanged',
] as const
type ProxyEvent = EventOf<(typeof PROXY_READS)[number]>

export type ProxyState = {
  /** By listener: LDS name without the port. */
  readonly ports: ReadonlyMap<string, ProxyPort>
  /** Ports that a listener could not be given: they are taken again only when nothing else is free. */
  readonly refusedPorts: ReadonlySet<Port>
  /** Node ids of clients; none after a restart of the agent. */
  readonly connected: ReadonlySet<string>
  readonly served: ServedXds
  /** The resources of each type that a client has taken. */
  readonly acknowledged: Readonly<Record<XdsType, ReadonlyMap<string, Json>>>
}

const NOTHING: ReadonlyMap<string, Json> = new Map()

export const NO_PROXY: ProxyState = {
  ports: new Map(),
  refusedPorts: new Set(),
  connected: new Set(),
  served: servedXds.initial,
  acknowledged: { npds: NOTHING, nphds: NOTHING, lds: NOTHING },
}

export function evolveProxy(state: ProxyState, recorded: Recorded<ProxyEvent>, node: StreamName): ProxyState {
  const { event } = recorded
  switch (event.type) {
    case 'ProxyPortAllocated': {
      const { listener, parser, direction, port } = event
      return { ...state, ports: new Map(state.ports).set(listener, { parser, direction, port }) }
    }
    case 'ProxyPortReleased': {
      const ports = new Map([...state.ports].filter(([listener]) => listener !== event.listener))
      return { ...state, ports, refusedPorts: new Set([...state.refusedPorts, event.port]) }
    }
    case 'ProxyConnectionChanged': {
      const connected = new Set(state.connected)
      if (event.connected) connected.add(event.client)
      else connected.delete(event.client)
      return { ...state, connected }
    }
    case 'XdsPublished':
    case 'XdsAcked':
    case 'XdsNacked':
      return evolveXds(state, recorded as Recorded<typeof event>, node)
  }
}

export function servedOf(state: ProxyState, node: StreamName, xds: XdsType): ServedSnapshot {
  return servedBy(state.served, node, xds)
}

/** Only the acknowledgement of what is served now counts: an older one says less than is known already. */
function evolveXds(
  state: ProxyState,
  recorded: Recorded<EventOf<'XdsPublished' | 'XdsAcked' | 'XdsNacked'>>,
  node: StreamName,
): ProxyState {
  const { event } = recorded
  const served = servedXds.evolve(state.served, recorded)
  if (event.type !== 'XdsAcked') return { ...state, served }
  const current = servedBy(served, node, event.xds)
  if (current.version !== event.version) return { ...state, served }
  return { ...state, served, acknowledged: { ...state.acknowledged, [event.xds]: current.resources } }
}
