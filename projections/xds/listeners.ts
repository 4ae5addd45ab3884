/**
 * The listeners that Cilium's agent makes for its proxy (pkg/envoy/xds_server.go, current form): one per parser and direction, on the loopback
 * addresses, transparent, and with Cilium's three filters in their places.
 *
 * HTTP: listener filters tls_inspector, cilium.bpf_metadata; network filters cilium.network, HTTP connection manager; HTTP filters
 * cilium.l7policy, router. Connections that begin with a TLS handshake match the same chain: without secrets nothing can be terminated,
 * so cilium.network decides them by port and SNI.
 */

import type { Port } from '../../events/ids.ts'
import { ascending } from '../../events/order.ts'
import type {
  AnyMessage,
  BpfMetadataMessage,
  FilterChainMessage,
  HttpConnectionManagerMessage,
  ListenerMessage,
  NetworkFilterMessage,
  RouteMessage,
} from './messages.ts'

export type ProxyListener = {
  /** LDS name without the port: `cilium-http-ingress`. */
  readonly listener: string
  readonly direction: 'ingress' | 'egress'
  readonly port: Port
}

export type ListenerOptions = {
  /** Where the BPF file system is mounted; empty where the datapath is the model. */
  readonly bpfRoot: string
  /** Pinned name of the ipcache; empty where the datapath is the model, and then the proxy asks NPHDS. */
  readonly ipcacheName: string
}

/** SOL_SOCKET and SO_MARK of Linux. */
const SOL_SOCKET = 1
const SO_MARK = 36
/** Cilium's MARK_MAGIC_PROXY_INGRESS and MARK_MAGIC_PROXY_EGRESS (bpf/lib/common.h). */
const PROXY_MARK = { ingress: 0x0a00, egress: 0x0b00 } as const
const LOOPBACKS = ['127.0.0.1', '::1'] as const
/** Cilium's proxy-idle-timeout-seconds, proxy-http-request-timeout, proxy-http-max-retries. */
const STREAM_IDLE_SECONDS = 300
const REQUEST_TIMEOUT_SECONDS = 3_600
const RETRIES_MAX = 3

/** LDS resource name. */
export const listenerName = ({ listener, port }: Pick<ProxyListener, 'listener' | 'port'>): string =>
  `${listener}:${port}`

/** By resource name, in its order. */
export function httpListeners(
  listeners: readonly ProxyListener[],
  options: ListenerOptions,
): ReadonlyMap<string, ListenerMessage> {
  const named = listeners.map((listener) => [listenerName(listener), httpListener(listener, options)] as const)
  return new Map(named.toSorted(([a], [b]) => ascending(a, b)))
}

export function httpListener(listener: ProxyListener, options: ListenerOptions): ListenerMessage {
  const [address, ...additional] = LOOPBACKS.map((ip) => socketAddress(ip, listener.port))
  return {
    name: listenerName(listener),
    // LOOPBACKS has two elements.
    address: address!,
    additionalAddresses: additional.map((other) => ({ address: other })),
    filterChains: [httpChain(listener.direction)],
    listenerFilters: [
      {
        name: 'envoy.filters.listener.tls_inspector',
        typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector' },
      },
      { name: 'cilium.bpf_metadata', typedConfig: bpfMetadata(listener, options) },
    ],
    transparent: { value: true },
    socketOptions: [
      {
        description: 'proxy mark, so that the listener answers past its own redirect',
        level: SOL_SOCKET,
        name: SO_MARK,
        intValue: PROXY_MARK[listener.direction],
        state: 'STATE_PREBIND',
      },
    ],
    trafficDirection: listener.direction === 'ingress' ? 'INBOUND' : 'OUTBOUND',
  }
}

function socketAddress(address: string, portValue: number): ListenerMessage['address'] {
  return { socketAddress: { protocol: 'TCP', address, portValue, ipv4Compat: false } }
}

function bpfMetadata(
  { direction, port }: ProxyListener,
  { bpfRoot, ipcacheName }: ListenerOptions,
): AnyMessage<'cilium.BpfMetadata', BpfMetadataMessage> {
  return {
    '@type': 'type.googleapis.com/cilium.BpfMetadata',
    bpfRoot,
    isIngress: direction === 'ingress',
    useOriginalSourceAddress: true,
    isL7lb: false,
    ipv4SourceAddress: '',
    ipv6SourceAddress: '',
    enforcePolicyOnL7lb: false,
    proxyId: port,
    l7lbPolicyName: '',
    ipcacheName,
    useNphds: ipcacheName === '',
  }
}

function httpChain(direction: ProxyListener['direction']): FilterChainMessage {
  return {
    name: '',
    filterChainMatch: null,
    filters: [
      { name: 'cilium.network', typedConfig: networkFilter() },
      { name: 'envoy.filters.network.http_connection_manager', typedConfig: httpConnectionManager(direction) },
    ],
  }
}

function networkFilter(): AnyMessage<'cilium.NetworkFilter', NetworkFilterMessage> {
  return { '@type': 'type.googleapis.com/cilium.NetworkFilter', proxylib: '', proxylibParams: {}, accessLogPath: '' }
}

function httpConnectionManager(
  direction: ProxyListener['direction'],
): AnyMessage<
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  HttpConnectionManagerMessage
> {
  return {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    statPrefix: 'proxy',
    routeConfig: {
      name: 'default_route',
      virtualHosts: [{ name: 'default_route', domains: ['*'], routes: routes(`${direction}-cluster`) }],
    },
    httpFilters: [
      {
        name: 'cilium.l7policy',
        typedConfig: { '@type': 'type.googleapis.com/cilium.L7Policy', accessLogPath: '', denied_403Body: '' },
      },
      {
        name: 'envoy.filters.http.router',
        typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
    useRemoteAddress: { value: true },
    xffNumTrustedHops: 0,
    skipXffAppend: true,
    normalizePath: { value: true },
    mergeSlashes: true,
    pathWithEscapedSlashesAction: 'UNESCAPE_AND_REDIRECT',
    streamIdleTimeout: { seconds: STREAM_IDLE_SECONDS, nanos: 0 },
  }
}

/** gRPC streams have no time limit, other requests have one and are tried again after a 5xx. */
function routes(cluster: string): readonly RouteMessage[] {
  return [
    { name: '', match: { prefix: '/', grpc: {} }, route: { cluster, timeout: duration(0), retryPolicy: null } },
    {
      name: '',
      match: { prefix: '/', grpc: null },
      route: {
        cluster,
        timeout: duration(REQUEST_TIMEOUT_SECONDS),
        retryPolicy: { retryOn: '5xx', numRetries: { value: RETRIES_MAX }, perTryTimeout: duration(0) },
      },
    },
  ]
}

const duration = (seconds: number): { readonly seconds: number; readonly nanos: number } => ({ seconds, nanos: 0 })
