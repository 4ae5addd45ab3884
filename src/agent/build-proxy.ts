/**
 * The proxy's part of a build: ports and listeners, the network policy, and their acknowledgement.
 *
 * A redirect without a listener, or of an endpoint without an address, gets no port here, and so becomes a deny in the map.
 */
import type { EndpointId, Port } from '../../events/ids.ts'
import { nodeStream } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { servedOf } from '../../projections/agent/proxy.ts'
import type { DesiredRedirect } from '../../projections/policy/desired.ts'
import { networkPolicyMessage } from '../../projections/policy/network-policy.ts'
import type { NetworkPolicyMessage } from '../../projections/xds/messages.ts'
import { type Listener, listenerOf } from '../react/proxy-ports.ts'
import { type Begun, BuildFailed, type BuildTools, type Resolved } from './build-tools.ts'
import type { Phases } from './phases.ts'
import type { Published } from './publisher.ts'
import type { View } from './view.ts'

/** What the proxy has acknowledged for this build. */
export type Proxied = {
  /** By redirect id. */
  readonly ports: ReadonlyMap<string, Port>
  /** Null where no redirect needed the proxy. */
  readonly npdsVersion: string | null
}

type Wanted = { readonly redirect: DesiredRedirect; readonly listener: Listener }

/** Throws `BuildFailed` where a redirect needs the proxy and it does not acknowledge. */
export async function toProxy(tools: BuildTools, phases: Phases, begun: Begun, resolved: Resolved): Promise<Proxied> {
  const { npds } = tools
  const wanted = wantedListeners(tools, begun, resolved)
  const { ports, opened } = await phases.measure('proxyConfiguration', () => openListeners(tools, begun, wanted))
  const offer = { name: String(begun.id), resource: messageOf(begun, resolved, ports), cause: begun.reads }
  if (wanted.length === 0) {
    phases.measureNow('proxyPolicyCalculation', () => npds.put(offer))
    return { ports, npdsVersion: null }
  }
  const offered = phases.measureNow('proxyPolicyCalculation', () => npds.offer(offer))
  const [listeners, published] = await phases.measure('proxyWaitForAck', () => Promise.all([opened, offered]))
  for (const listener of listeners) expectAcked(listener, 'lds')
  return { ports, npdsVersion: expectAcked(published, 'npds') }
}

/** The proxy goes back to the policy that belongs to the map that is in force. What it refused itself is taken back already. */
export async function revertNetworkPolicy(
  { npds, view }: BuildTools,
  { id, networkPolicy, reads }: Begun,
): Promise<void> {
  if (servedPolicy(view, id) === networkPolicy) return
  await npds.offer({ name: String(id), resource: networkPolicy, cause: reads })
}

export function servedPolicy(view: View, id: EndpointId): Json | null {
  const { state } = view.now
  return servedOf(state.proxy, nodeStream(state.node), 'npds').resources.get(String(id)) ?? null
}

function wantedListeners({ logger }: BuildTools, { id, endpoint }: Begun, { redirects }: Resolved): readonly Wanted[] {
  const { ipv4, ipv6 } = endpoint.created
  const known = ipv4 !== null || ipv6 !== null
  const wanted = redirects.flatMap((redirect) => {
    const listener = known ? listenerOf(redirect) : null
    return listener === null ? [] : [{ redirect, listener }]
  })
  if (wanted.length < redirects.length) {
    const denied = redirects.filter((redirect) => !wanted.some((one) => one.redirect === redirect)).map((one) => one.id)
    logger.warn({ endpoint: id, denied }, 'there is no listener for some redirects; what they would take is denied')
  }
  return wanted
}

/** Null where the endpoint has no address: a proxy could not know it. */
function messageOf(
  { id, endpoint }: Begun,
  { networkPolicy }: Resolved,
  proxyPorts: ReadonlyMap<string, Port>,
): NetworkPolicyMessage | null {
  const { ipv4, ipv6 } = endpoint.created
  const addresses = [ipv4, ipv6].filter((address) => address !== null)
  return addresses.length === 0 ? null : networkPolicyMessage(networkPolicy, { endpoint: id, addresses, proxyPorts })
}

type Opened = { readonly ports: ReadonlyMap<string, Port>; readonly opened: Promise<readonly Published[]> }

async function openListeners({ listeners }: BuildTools, { reads }: Begun, wanted: readonly Wanted[]): Promise<Opened> {
  const openings = await Promise.all(wanted.map(({ listener }) => listeners.open(listener, reads)))
  return {
    ports: new Map(wanted.map(({ redirect }, index) => [redirect.id, openings[index]!.port])),
    opened: Promise.all(openings.map(({ outcome }) => outcome)),
  }
}

function expectAcked(published: Published, xds: 'npds' | 'lds'): string {
  switch (published.kind) {
    case 'acked':
      return published.version
    case 'refused':
      throw new BuildFailed(`${xds}-nacked`, published.detail)
    case 'deadline':
      throw new BuildFailed(
        'proxy-deadline',
        `${xds} is not acknowledged by ${published.missing.join(', ') || 'a proxy'}`,
      )
    case 'no-client':
      throw new BuildFailed('proxy-not-connected', `no proxy is connected to take ${xds}`)
  }
}
