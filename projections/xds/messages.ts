/**
 * The xDS messages of package `cilium` as plain data: protobufjs' object form with camelCase names, as `toObject` gives it with
 * `{ defaults: true, arrays: true, enums: String, longs: Number }` and as `fromObject` takes it. So scalars, lists and enums are always
 * present, a message that is not set is null, and a member of a oneof that is not set is left out.
 *
 * Fields and numbers: cilium/api/npds.proto of proxy-1.37; header matchers: envoy/config/route/v3/route_components.proto.
 */

/** Resource name: the endpoint id in decimal. A direction with an empty list denies everything. */
export type NetworkPolicyMessage = {
  /** One or two, IPv6 first. */
  readonly endpointIps: readonly string[]
  readonly endpointId: number
  readonly ingressPerPortPolicies: readonly PortNetworkPolicy[]
  readonly egressPerPortPolicies: readonly PortNetworkPolicy[]
}

export type PortNetworkPolicy = {
  /** 0: every port. */
  readonly port: number
  /** Last port of a range, 0 where `port` is the only one. */
  readonly endPort: number
  readonly protocol: 'TCP' | 'UDP'
  /** An empty list allows everything. */
  readonly rules: readonly PortNetworkPolicyRule[]
}

export type PortNetworkPolicyRule = {
  /** Of the oneof `verdict`; absent: allow. */
  readonly deny?: boolean
  /** Higher wins. */
  readonly precedence: number
  /** Identities, ascending and unique; empty: everyone. */
  readonly remotePolicies: readonly number[]
  readonly name: string
  readonly l7Proto: string
  /** Proxy port of the one listener that the rule is for; 0: every listener. */
  readonly proxyId: number
  readonly downstreamTlsContext: TlsContextMessage | null
  readonly upstreamTlsContext: TlsContextMessage | null
  /** SNI patterns, lower case, sorted; empty: any, also none. */
  readonly serverNames: readonly string[]
  /** Of the oneof `l7`: at most one of the three. */
  readonly httpRules?: HttpNetworkPolicyRules
  readonly kafkaRules?: KafkaNetworkPolicyRules
  readonly l7Rules?: L7NetworkPolicyRules
}

/** Allows everyone and asks for nothing: what a rule says beyond it is all that it says. */
export const PLAIN_RULE: PortNetworkPolicyRule = {
  precedence: 0,
  remotePolicies: [],
  name: '',
  l7Proto: '',
  proxyId: 0,
  downstreamTlsContext: null,
  upstreamTlsContext: null,
  serverNames: [],
}

export type TlsContextMessage = {
  readonly trustedCa: string
  readonly certificateChain: string
  readonly privateKey: string
  readonly serverNames: readonly string[]
  readonly validationContextSdsSecret: string
  readonly tlsSdsSecret: string
  readonly alpnProtocols: readonly string[]
}

/** Alternatives, at least one. */
export type HttpNetworkPolicyRules = { readonly httpRules: readonly HttpNetworkPolicyRule[] }

/** All of `headers` must match; `headerMatches` then act on the request. */
export type HttpNetworkPolicyRule = {
  readonly headers: readonly HeaderMatcher[]
  readonly headerMatches: readonly HeaderMatchMessage[]
}

/** envoy.config.route.v3.HeaderMatcher, as far as policies need it: exactly one of `stringMatch` and `presentMatch`. */
export type HeaderMatcher = {
  /** Lower case, or one of `:method`, `:path`, `:authority`. */
  readonly name: string
  readonly invertMatch: boolean
  readonly stringMatch?: StringMatcher
  readonly presentMatch?: boolean
}

/** envoy.type.matcher.v3.StringMatcher: exactly one. `safeRegex` is RE2 against the whole value. */
export type StringMatcher = {
  readonly ignoreCase: boolean
  readonly exact?: string
  readonly safeRegex?: { readonly regex: string }
}

/** A header that should have this value, and what happens where it has or has not. */
export type HeaderMatchMessage = {
  readonly name: string
  readonly value: string
  readonly matchAction: 'CONTINUE_ON_MATCH' | 'FAIL_ON_MATCH' | 'DELETE_ON_MATCH'
  readonly mismatchAction:
    | 'FAIL_ON_MISMATCH'
    | 'CONTINUE_ON_MISMATCH'
    | 'ADD_ON_MISMATCH'
    | 'DELETE_ON_MISMATCH'
    | 'REPLACE_ON_MISMATCH'
  readonly valueSdsSecret: string
}

export type KafkaNetworkPolicyRules = { readonly kafkaRules: readonly KafkaNetworkPolicyRule[] }

export type KafkaNetworkPolicyRule = {
  /** -1: any. */
  readonly apiVersion: number
  /** Empty: any. */
  readonly apiKeys: readonly number[]
  readonly clientId: string
  readonly topic: string
}

export type L7NetworkPolicyRules = {
  readonly l7AllowRules: readonly L7NetworkPolicyRule[]
  readonly l7DenyRules: readonly L7NetworkPolicyRule[]
}

export type L7NetworkPolicyRule = {
  readonly name: string
  readonly rule: { readonly [key: string]: string }
}

/** Resource name: the identity in decimal. */
export type NetworkPolicyHostsMessage = {
  readonly policy: number
  /** Addresses or prefixes, sorted. */
  readonly hostAddresses: readonly string[]
}

/**
 * A `google.protobuf.Any` in its readable form: the type URL beside the fields of the message. Codecs turn it into bytes and back.
 * Only the types below travel inside an Any.
 */
export type AnyMessage<Name extends string, Message> = { readonly '@type': `type.googleapis.com/${Name}` } & Message

/** envoy.config.listener.v3.Listener, as far as Cilium's HTTP listeners need it. Resource name: `name`. */
export type ListenerMessage = {
  /** `<listener>:<port>`, for example `cilium-http-ingress:14567`. */
  readonly name: string
  readonly address: AddressMessage
  readonly additionalAddresses: readonly { readonly address: AddressMessage }[]
  readonly filterChains: readonly FilterChainMessage[]
  readonly listenerFilters: readonly ListenerFilterMessage[]
  readonly transparent: BoolMessage | null
  readonly socketOptions: readonly SocketOptionMessage[]
  readonly trafficDirection: 'UNSPECIFIED' | 'INBOUND' | 'OUTBOUND'
}

/** google.protobuf.BoolValue: null is "not said". */
export type BoolMessage = { readonly value: boolean }
export type UInt32Message = { readonly value: number }
export type DurationMessage = { readonly seconds: number; readonly nanos: number }

export type AddressMessage = {
  readonly socketAddress: {
    readonly protocol: 'TCP' | 'UDP'
    readonly address: string
    readonly portValue: number
    readonly ipv4Compat: boolean
  }
}

/** setsockopt(2) on the listening socket. */
export type SocketOptionMessage = {
  readonly description: string
  readonly level: number
  readonly name: number
  readonly intValue: number
  readonly state: 'STATE_PREBIND' | 'STATE_BOUND' | 'STATE_LISTENING'
}

export type ListenerFilterMessage = {
  readonly name: string
  readonly typedConfig:
    | AnyMessage<'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', unknown>
    | AnyMessage<'cilium.BpfMetadata', BpfMetadataMessage>
}

export type FilterChainMessage = {
  readonly name: string
  /** Null: every connection that no other chain matches. */
  readonly filterChainMatch: {
    readonly transportProtocol: string
    readonly applicationProtocols: readonly string[]
  } | null
  readonly filters: readonly NetworkFilterSlot[]
}

export type NetworkFilterSlot = {
  readonly name: string
  readonly typedConfig:
    | AnyMessage<'cilium.NetworkFilter', NetworkFilterMessage>
    | AnyMessage<
        'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
        HttpConnectionManagerMessage
      >
}

/** cilium/api/bpf_metadata.proto */
export type BpfMetadataMessage = {
  readonly bpfRoot: string
  readonly isIngress: boolean
  readonly useOriginalSourceAddress: boolean
  readonly isL7lb: boolean
  readonly ipv4SourceAddress: string
  readonly ipv6SourceAddress: string
  readonly enforcePolicyOnL7lb: boolean
  /** The listener's proxy port; rules with another `proxyId` do not apply on it. */
  readonly proxyId: number
  readonly l7lbPolicyName: string
  readonly ipcacheName: string
  readonly useNphds: boolean
}

/** cilium/api/network_filter.proto */
export type NetworkFilterMessage = {
  readonly proxylib: string
  readonly proxylibParams: { readonly [key: string]: string }
  readonly accessLogPath: string
}

/** cilium/api/l7policy.proto */
export type L7PolicyMessage = {
  readonly accessLogPath: string
  /** Empty: `Access denied`. A missing CRLF is appended. */
  readonly denied_403Body: string
}

export type HttpConnectionManagerMessage = {
  readonly statPrefix: string
  readonly routeConfig: RouteConfigurationMessage
  readonly httpFilters: readonly HttpFilterSlot[]
  readonly useRemoteAddress: BoolMessage | null
  readonly xffNumTrustedHops: number
  readonly skipXffAppend: boolean
  readonly normalizePath: BoolMessage | null
  readonly mergeSlashes: boolean
  readonly pathWithEscapedSlashesAction:
    | 'IMPLEMENTATION_SPECIFIC_DEFAULT'
    | 'KEEP_UNCHANGED'
    | 'REJECT_REQUEST'
    | 'UNESCAPE_AND_REDIRECT'
    | 'UNESCAPE_AND_FORWARD'
  readonly streamIdleTimeout: DurationMessage | null
}

export type HttpFilterSlot = {
  readonly name: string
  readonly typedConfig:
    | AnyMessage<'cilium.L7Policy', L7PolicyMessage>
    | AnyMessage<'envoy.extensions.filters.http.router.v3.Router', unknown>
}

export type RouteConfigurationMessage = {
  readonly name: string
  readonly virtualHosts: readonly {
    readonly name: string
    readonly domains: readonly string[]
    readonly routes: readonly RouteMessage[]
  }[]
}

export type RouteMessage = {
  readonly name: string
  readonly match: { readonly prefix: string; readonly grpc: Readonly<Record<string, never>> | null }
  readonly route: {
    readonly cluster: string
    /** Zero: no limit. */
    readonly timeout: DurationMessage | null
    readonly retryPolicy: {
      readonly retryOn: string
      readonly numRetries: UInt32Message | null
      readonly perTryTimeout: DurationMessage | null
    } | null
  }
}
