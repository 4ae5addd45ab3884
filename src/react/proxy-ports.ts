/** Which listener takes a redirect, and on which port it listens. */
import type { EventOf } from '../../events/catalogue.ts'
import { nodeStream, Port, type Position } from '../../events/ids.ts'
import type { DesiredRedirect } from '../../projections/policy/desired.ts'
import type { Fact, Situation } from './situation.ts'

/** Cilium's range of proxy ports. */
const PROXY_PORT_MIN = 10_000
const PROXY_PORT_MAX = 20_000

export type Listener = {
  readonly listener: string
  readonly parser: string
  readonly direction: 'ingress' | 'egress'
}

/**
 * Null where no proxy of ours speaks the protocol: the redirect then stays a deny. TLS that is only looked at (server names) goes through the
 * HTTP listener, whose network filter decides it.
 */
export function listenerOf({ parser, direction }: Pick<DesiredRedirect, 'parser' | 'direction'>): Listener | null {
  if (parser !== 'http' && parser !== 'tls') return null
  return { listener: `cilium-http-${direction}`, parser: 'http', direction }
}

/** Ports for the listeners that have none: the lowest that is free, refused ones last. Throws where the range is used up. */
export function allocatePorts(
  { state }: Situation,
  listeners: readonly Listener[],
  cause: Position | null,
): readonly Fact[] {
  const { ports, refusedPorts } = state.proxy
  const taken = new Set<number>([...ports.values()].map(({ port }) => port))
  const missing = new Map(listeners.filter(({ listener }) => !ports.has(listener)).map((one) => [one.listener, one]))
  return [...missing.values()].map((one): Fact => {
    const port = freePort(taken, refusedPorts)
    taken.add(port)
    const event: EventOf<'ProxyPortAllocated'> = { type: 'ProxyPortAllocated', v: 1, ...one, port: Port(port) }
    return { stream: nodeStream(state.node), event, cause }
  })
}

/** The proxy could not listen there; the next build takes another port. */
export function releasePorts(
  { state }: Situation,
  listeners: readonly Listener[],
  cause: Position | null,
): readonly Fact[] {
  return listeners.flatMap(({ listener }) => {
    const found = state.proxy.ports.get(listener)
    if (found === undefined) return []
    const event: EventOf<'ProxyPortReleased'> = { type: 'ProxyPortReleased', v: 1, listener, port: found.port }
    return [{ stream: nodeStream(state.node), event, cause }]
  })
}

function freePort(taken: ReadonlySet<number>, refused: ReadonlySet<number>): number {
  const free = (port: number): boolean => !taken.has(port) && !refused.has(port)
  for (let port = PROXY_PORT_MIN; port <= PROXY_PORT_MAX; port++) if (free(port)) return port
  for (let port = PROXY_PORT_MIN; port <= PROXY_PORT_MAX; port++) if (!taken.has(port)) return port
  throw new RangeError(`all proxy ports from ${PROXY_PORT_MIN} to ${PROXY_PORT_MAX} are in use`)
}
