/** Stream `node-<node>`: the endpoints of a node and their states. */
import { endpointId, identityId, ipAddress, label, type NamedPort, namedPort } from './fields.ts'
import type { EndpointId, IdentityId, IpAddress, LabelText } from './ids.ts'
import { eventSchema, list, oneOf, orNull, type Schema, text } from './schema.ts'

/** Cilium pkg/endpoint/endpoint.go. The machine of allowed transitions is projections/endpoint/state-machine.ts. */
export type EndpointState =
  | 'waiting-for-identity'
  | 'waiting-to-regenerate'
  | 'regenerating'
  | 'restoring'
  | 'ready'
  | 'disconnecting'
  | 'disconnected'
  | 'invalid'
const endpointState: Schema<EndpointState> = oneOf(
  'waiting-for-identity',
  'waiting-to-regenerate',
  'regenerating',
  'restoring',
  'ready',
  'disconnecting',
  'disconnected',
  'invalid',
)

/** An endpoint is known, with all labels it was given; its identity follows by `EndpointIdentityChanged`. */
export type EndpointCreated = {
  readonly type: 'EndpointCreated'
  readonly v: 1
  readonly endpoint: EndpointId
  /** `namespace/pod`, or any name that people use for it. */
  readonly name: string
  /** Sorted, unique, before the identity label filter. */
  readonly labels: readonly LabelText[]
  readonly ipv4: IpAddress | null
  readonly ipv6: IpAddress | null
  /** The device on the node's side, for example the veth peer of the pod's eth0; null where there is none to attach to. */
  readonly device: string | null
  /** MAC of the pod's side and of the node's side, `aa:bb:cc:dd:ee:ff`. */
  readonly mac: string | null
  readonly nodeMac: string | null
  readonly namedPorts: readonly NamedPort[]
}
export const endpointCreated: Schema<EndpointCreated> = eventSchema('EndpointCreated', 1, {
  endpoint: endpointId,
  name: text,
  labels: list(label),
  ipv4: orNull(ipAddress),
  ipv6: orNull(ipAddress),
  device: orNull(text),
  mac: orNull(text),
  nodeMac: orNull(text),
  namedPorts: list(namedPort),
})

/** The endpoint's filtered labels now resolve to this identity. */
export type EndpointIdentityChanged = {
  readonly type: 'EndpointIdentityChanged'
  readonly v: 1
  readonly endpoint: EndpointId
  readonly identity: IdentityId
  readonly labels: readonly LabelText[]
}
export const endpointIdentityChanged: Schema<EndpointIdentityChanged> = eventSchema('EndpointIdentityChanged', 1, {
  endpoint: endpointId,
  identity: identityId,
  labels: list(label),
})

export type EndpointStateChanged = {
  readonly type: 'EndpointStateChanged'
  readonly v: 1
  readonly endpoint: EndpointId
  readonly from: EndpointState
  readonly to: EndpointState
  readonly reason: string
}
export const endpointStateChanged: Schema<EndpointStateChanged> = eventSchema('EndpointStateChanged', 1, {
  endpoint: endpointId,
  from: endpointState,
  to: endpointState,
  reason: text,
})

/** The endpoint is gone; its programs, maps and ipcache entries go by events of their own. */
export type EndpointDeleted = {
  readonly type: 'EndpointDeleted'
  readonly v: 1
  readonly endpoint: EndpointId
}
export const endpointDeleted: Schema<EndpointDeleted> = eventSchema('EndpointDeleted', 1, {
  endpoint: endpointId,
})
