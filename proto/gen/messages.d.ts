// Written by proto/generate.ts from the .proto files; do not edit.
import type { Reader, Writer } from 'protobufjs/minimal.js'

/** An instance of a generated class: opaque, only its class reads it. */
export interface Instance {
  readonly $unknowns?: readonly Uint8Array[]
}
export interface Static {
  encode(message: Instance, writer?: Writer): Writer
  decode(reader: Reader | Uint8Array, length?: number): Instance
  fromObject(object: object): Instance
  toObject(message: Instance, options?: object): object
}

export declare const cilium: { readonly BpfMetadata: Static; readonly HeaderMatch: Static; readonly HttpLogEntry: Static; readonly HttpNetworkPolicyRule: Static; readonly HttpNetworkPolicyRules: Static; readonly KafkaNetworkPolicyRule: Static; readonly KafkaNetworkPolicyRules: Static; readonly KeyValue: Static; readonly L7LogEntry: Static; readonly L7NetworkPolicyRule: Static; readonly L7NetworkPolicyRules: Static; readonly L7Policy: Static; readonly LogEntry: Static; readonly NetworkFilter: Static; readonly NetworkPolicy: Static; readonly NetworkPolicyHosts: Static; readonly PortNetworkPolicy: Static; readonly PortNetworkPolicyRule: Static; readonly TLSContext: Static }
export declare const envoy: { readonly config: { readonly core: { readonly v3: { readonly Address: Static; readonly ControlPlane: Static; readonly Node: Static; readonly SocketAddress: Static; readonly SocketOption: Static } }; readonly listener: { readonly v3: { readonly AdditionalAddress: Static; readonly Filter: Static; readonly FilterChain: Static; readonly FilterChainMatch: Static; readonly Listener: Static; readonly ListenerFilter: Static } }; readonly route: { readonly v3: { readonly HeaderMatcher: Static; readonly RetryPolicy: Static; readonly Route: Static; readonly RouteAction: Static; readonly RouteConfiguration: Static; readonly RouteMatch: Static & { readonly GrpcRouteMatchOptions: Static }; readonly VirtualHost: Static } } }; readonly extensions: { readonly filters: { readonly http: { readonly router: { readonly v3: { readonly Router: Static } } }; readonly listener: { readonly tls_inspector: { readonly v3: { readonly TlsInspector: Static } } }; readonly network: { readonly http_connection_manager: { readonly v3: { readonly HttpConnectionManager: Static; readonly HttpFilter: Static } } } } }; readonly service: { readonly discovery: { readonly v3: { readonly DeltaDiscoveryRequest: Static; readonly DeltaDiscoveryResponse: Static; readonly DiscoveryRequest: Static; readonly DiscoveryResponse: Static; readonly Resource: Static } }; readonly listener: { readonly v3: {  } } }; readonly type: { readonly matcher: { readonly v3: { readonly RegexMatcher: Static; readonly StringMatcher: Static } } } }
export declare const google: { readonly protobuf: { readonly Any: Static; readonly BoolValue: Static; readonly BytesValue: Static; readonly DoubleValue: Static; readonly Duration: Static; readonly FloatValue: Static; readonly Int32Value: Static; readonly Int64Value: Static; readonly StringValue: Static; readonly UInt32Value: Static; readonly UInt64Value: Static }; readonly rpc: { readonly Status: Static } }
