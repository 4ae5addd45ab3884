/** A listener of LDS as the proxy serves it, or why it cannot: whatever the proxy would not enforce as the message says is refused, not ignored. */
import { IpAddress } from '../../events/ids.ts'
import type {
  BpfMetadataMessage,
  HttpConnectionManagerMessage,
  L7PolicyMessage,
  ListenerMessage,
  NetworkFilterMessage,
} from '../../projections/xds/messages.ts'
import type { PathRules } from './http/target.ts'
import { deniedBody } from './http-filter.ts'

export type ListenerConfig = {
  readonly name: string
  /** The first must listen; the others may be of a family that the machine lacks. */
  readonly addresses: readonly { readonly address: IpAddress; readonly port: number }[]
  readonly metadata: BpfMetadataMessage
  readonly paths: PathRules
  readonly deniedBody: string
  /** Null: the proxy's own; there is no connection without a limit. */
  readonly idleTimeoutMs: number | null
}

export type ListenerReading =
  | { readonly kind: 'listener'; readonly config: ListenerConfig }
  | { readonly kind: 'refused'; readonly detail: string }

const HTTP_MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'
const ESCAPED_SLASHES: { readonly [action: string]: PathRules['escapedSlashes'] } = {
  IMPLEMENTATION_SPECIFIC_DEFAULT: 'keep',
  KEEP_UNCHANGED: 'keep',
  REJECT_REQUEST: 'reject',
  UNESCAPE_AND_REDIRECT: 'redirect',
  UNESCAPE_AND_FORWARD: 'forward',
}

export function readListener(message: ListenerMessage): ListenerReading {
  const metadata = configOf<BpfMetadataMessage>(message.listenerFilters, 'cilium.BpfMetadata')
  if (metadata === null) return refused(message, 'no cilium.bpf_metadata: nobody would know whose policy decides')
  if (metadata.isL7lb) return refused(message, 'L7 load balancing is not served by the embedded proxy')
  const [chain, ...others] = message.filterChains
  if (chain === undefined || others.length > 0)
    return refused(message, 'the embedded proxy serves exactly one filter chain')
  if (chain.filterChainMatch !== null) return refused(message, 'the embedded proxy serves chains without a match only')
  const network = configOf<NetworkFilterMessage>(chain.filters, 'cilium.NetworkFilter')
  if (network === null) return refused(message, 'no cilium.network: connections would not be checked')
  if (network.proxylib !== '')
    return refused(message, `proxylib ${network.proxylib} is not served by the embedded proxy`)
  const manager = configOf<HttpConnectionManagerMessage>(chain.filters, HTTP_MANAGER)
  if (manager === null) return refused(message, 'no HTTP connection manager: the embedded proxy serves HTTP only')
  const policy = configOf<L7PolicyMessage>(manager.httpFilters, 'cilium.L7Policy')
  if (policy === null) return refused(message, 'no cilium.l7policy: requests would not be checked')
  return { kind: 'listener', config: listenerConfig(message, metadata, { manager, policy }) }
}

function listenerConfig(
  { name, address, additionalAddresses }: ListenerMessage,
  metadata: BpfMetadataMessage,
  { manager, policy }: { readonly manager: HttpConnectionManagerMessage; readonly policy: L7PolicyMessage },
): ListenerConfig {
  const addresses = [address, ...additionalAddresses.map((other) => other.address)]
  const { seconds, nanos } = manager.streamIdleTimeout ?? { seconds: 0, nanos: 0 }
  const idleTimeoutMs = seconds * 1_000 + Math.ceil(nanos / 1e6)
  return {
    name,
    addresses: addresses.map(({ socketAddress }) => ({
      address: IpAddress(socketAddress.address),
      port: socketAddress.portValue,
    })),
    metadata,
    paths: {
      normalize: manager.normalizePath?.value ?? false,
      mergeSlashes: manager.mergeSlashes,
      escapedSlashes: ESCAPED_SLASHES[manager.pathWithEscapedSlashesAction] ?? 'reject',
    },
    deniedBody: deniedBody(policy.denied_403Body),
    idleTimeoutMs: idleTimeoutMs === 0 ? null : idleTimeoutMs,
  }
}

function configOf<T>(
  filters: readonly { readonly typedConfig: { readonly '@type': string } }[],
  type: string,
): T | null {
  const found = filters.find(({ typedConfig }) => typedConfig['@type'] === `type.googleapis.com/${type}`)
  // The type URL says which message it is; the codec has checked it.
  return found === undefined ? null : (found.typedConfig as unknown as T)
}

function refused({ name }: ListenerMessage, why: string): ListenerReading {
  return { kind: 'refused', detail: `listener ${name}: ${why}` }
}
