/** Recorded flows as packets: the tuple that was decided on, at the endpoint and in the direction that decided. */
import type { EndpointId } from '../../../events/ids.ts'
import type { Flow } from '../../ports/flows.ts'
import type { PacketWish, Scope } from './kernel-packets.ts'

export type FlowPacket = { readonly wish: PacketWish; readonly scope: Scope; readonly recorded: Flow }

/** Null for what nothing decided on. */
export function packetOfFlow(flow: Flow, node: string): FlowPacket | null {
  const { kind, endpoint, direction, source, destination, protocol, http } = flow
  if (kind === 'http-response') return null
  const request = http === null ? null : { method: http.method, path: http.path, authority: http.host, headers: [] }
  const ends = { from: `ip:${source.address}`, to: `ip:${destination.address}` }
  const ports = { protocol, port: destination.port, sourcePort: source.port }
  return {
    wish: { ...ends, ...ports, request, answered: false },
    scope: { node, endpoint: endpoint as EndpointId, direction },
    recorded: flow,
  }
}
