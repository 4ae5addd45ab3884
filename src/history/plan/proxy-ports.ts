/** Which proxy port an endpoint's redirects would get: that of the node's listener where there is one, else one that is still to be allocated. */
import type { Port } from '../../../events/ids.ts'
import type { DesiredRedirect } from '../../../projections/policy/desired.ts'
import type { EndpointView, NodeView } from '../../../projections/world.ts'
import { type Listener, listenerOf } from '../../react/proxy-ports.ts'
import { PORT_TO_COME } from './port-to-come.ts'

/** By name of the listener, as the proxy was told: `cilium-http-ingress:10000`. */
export function listenerPorts({ xds }: Pick<NodeView, 'xds'>): ReadonlyMap<string, Port> {
  const names = [...(xds.get('lds')?.resources.keys() ?? [])]
  return new Map(
    names.map((name) => {
      const colon = name.lastIndexOf(':')
      return [name.slice(0, colon), Number(name.slice(colon + 1)) as Port]
    }),
  )
}

/** Those that a listener of ours takes; the others, and all of an endpoint without an address, stay denied. */
export function takenRedirects(
  { ipv4, ipv6 }: Pick<EndpointView, 'ipv4' | 'ipv6'>,
  redirects: readonly DesiredRedirect[],
): readonly { readonly redirect: DesiredRedirect; readonly listener: Listener }[] {
  if (ipv4 === null && ipv6 === null) return []
  return redirects.flatMap((redirect) => {
    const listener = listenerOf(redirect)
    return listener === null ? [] : [{ redirect, listener }]
  })
}

/** By redirect id. */
export function proxyPortsOf(
  view: Pick<EndpointView, 'ipv4' | 'ipv6'>,
  redirects: readonly DesiredRedirect[],
  ports: ReadonlyMap<string, Port>,
): ReadonlyMap<string, Port> {
  return new Map(
    takenRedirects(view, redirects).map(({ redirect, listener }) => [
      redirect.id,
      ports.get(listener.listener) ?? PORT_TO_COME,
    ]),
  )
}
