/** The messages that travel, typed: resources by xDS type, and the requests and responses of the transport. */
import type { XdsType } from '../events/node.ts'
import type { ListenerMessage, NetworkPolicyHostsMessage, NetworkPolicyMessage } from '../projections/xds/messages.ts'
import { cilium, envoy, type Static } from './gen/messages.js'
import { type AnyTypes, decodeLenient, decodeStrict, encodeStrict, type PackedAny } from './strict.ts'

export type { PackedAny } from './strict.ts'

export type ResourceMessages = {
  readonly npds: NetworkPolicyMessage
  readonly nphds: NetworkPolicyHostsMessage
  readonly lds: ListenerMessage
}

export const XDS_TYPES: readonly XdsType[] = ['npds', 'nphds', 'lds']

const URL_PREFIX = 'type.googleapis.com/'
const TYPE_NAMES = {
  npds: 'cilium.NetworkPolicy',
  nphds: 'cilium.NetworkPolicyHosts',
  lds: 'envoy.config.listener.v3.Listener',
} as const
const RESOURCE_TYPES: { readonly [Type in XdsType]: Static } = {
  npds: cilium.NetworkPolicy,
  nphds: cilium.NetworkPolicyHosts,
  lds: envoy.config.listener.v3.Listener,
}

/** What may stand in a listener's `typedConfig`. */
const CONFIG_TYPES: AnyTypes = new Map<string, Static>([
  [`${URL_PREFIX}cilium.BpfMetadata`, cilium.BpfMetadata],
  [`${URL_PREFIX}cilium.NetworkFilter`, cilium.NetworkFilter],
  [`${URL_PREFIX}cilium.L7Policy`, cilium.L7Policy],
  [
    `${URL_PREFIX}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager,
  ],
  [`${URL_PREFIX}envoy.extensions.filters.http.router.v3.Router`, envoy.extensions.filters.http.router.v3.Router],
  [
    `${URL_PREFIX}envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector`,
    envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector,
  ],
])

export const typeUrlOf = (xds: XdsType): string => URL_PREFIX + TYPE_NAMES[xds]

/** Throws `TypeError` with every field that the message does not have, or not in this type. */
export function packResource(xds: XdsType, resource: unknown): PackedAny {
  return { type_url: typeUrlOf(xds), value: encodeStrict(RESOURCE_TYPES[xds], resource, CONFIG_TYPES) }
}

/** Throws where the bytes are not the type's message, or carry fields that we do not know. */
export function unpackResource<Type extends XdsType>(
  xds: Type,
  { type_url, value }: PackedAny,
): ResourceMessages[Type] {
  if (type_url !== typeUrlOf(xds))
    throw new TypeError(`a ${type_url || 'resource without type'} among ${typeUrlOf(xds)}`)
  // The generated code has read the bytes by the same proto that the type describes.
  return decodeStrict(RESOURCE_TYPES[xds], value, CONFIG_TYPES) as unknown as ResourceMessages[Type]
}

/** google.rpc.Status. */
export type StatusMessage = { readonly code: number; readonly message: string }

export type DiscoveryRequestMessage = {
  readonly versionInfo: string
  readonly node: { readonly id: string } | null
  readonly resourceNames: readonly string[]
  readonly typeUrl: string
  readonly responseNonce: string
  readonly errorDetail: StatusMessage | null
}

export type DiscoveryResponseMessage = {
  readonly versionInfo: string
  readonly resources: readonly PackedAny[]
  readonly typeUrl: string
  readonly nonce: string
  readonly controlPlane: { readonly identifier: string } | null
}

const { DiscoveryRequest, DiscoveryResponse } = envoy.service.discovery.v3

export const encodeRequest = (request: DiscoveryRequestMessage): Buffer =>
  asBuffer(encodeStrict(DiscoveryRequest, request, CONFIG_TYPES))
export const decodeRequest = (bytes: Uint8Array): DiscoveryRequestMessage =>
  decodeLenient(DiscoveryRequest, bytes) as unknown as DiscoveryRequestMessage
/** The repeated field `resources` of a response, so that one encoding serves every stream. */
export const encodeResources = (resources: readonly PackedAny[]): Buffer =>
  asBuffer(DiscoveryResponse.encode(DiscoveryResponse.fromObject({ resources })).finish())
/** Concatenated messages merge, and so the encoded resources follow the head as they are. */
export const encodeResponse = (head: Omit<DiscoveryResponseMessage, 'resources'>, resources: Uint8Array): Buffer =>
  Buffer.concat([DiscoveryResponse.encode(DiscoveryResponse.fromObject(head)).finish(), resources])
export const decodeResponse = (bytes: Uint8Array): DiscoveryResponseMessage =>
  decodeLenient(DiscoveryResponse, bytes) as unknown as DiscoveryResponseMessage

/** gRPC wants Buffers; no bytes are copied. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
