/** Field shapes that several event families share. */
import { Cidr, Digest, EndpointId, IdentityId, IpAddress, LabelText, NodeName, PolicyRevision, Port } from './ids.ts'
import { id, integer, list, oneOf, orNull, record, type Schema, text } from './schema.ts'

export const endpointId: Schema<EndpointId> = id('endpoint', 'number', EndpointId)
export const identityId: Schema<IdentityId> = id('identity', 'number', IdentityId)
export const policyRevision: Schema<PolicyRevision> = id('revision', 'number', PolicyRevision)
export const port: Schema<Port> = id('port', 'number', Port)
export const digest: Schema<Digest> = id('digest', 'string', Digest)
export const cidr: Schema<Cidr> = id('cidr', 'string', Cidr)
export const ipAddress: Schema<IpAddress> = id('address', 'string', IpAddress)
export const label: Schema<LabelText> = id('label', 'string', LabelText)
export const nodeName: Schema<NodeName> = id('node', 'string', NodeName)

/** Seen from the endpoint. */
export type Direction = 'ingress' | 'egress'
export const direction: Schema<Direction> = oneOf('ingress', 'egress')

/** The Kubernetes-like object that a policy comes from. `namespace` is null for cluster-wide kinds and bare rules. */
export type ResourceRef = {
  readonly kind: 'CiliumNetworkPolicy' | 'CiliumClusterwideNetworkPolicy' | 'NetworkPolicy' | 'Rule'
  readonly namespace: string | null
  readonly name: string
}
export const resourceRef: Schema<ResourceRef> = record({
  kind: oneOf('CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy', 'NetworkPolicy', 'Rule'),
  namespace: orNull(text),
  name: text,
})

/** One thing that is wrong with an input: `path` is a JSON pointer into the document, line and column start at 1. */
export type Problem = {
  readonly code: string
  readonly path: string
  readonly reason: string
  readonly line: number | null
  readonly column: number | null
}
export const problem: Schema<Problem> = record({
  code: text,
  path: text,
  reason: text,
  line: orNull(integer),
  column: orNull(integer),
})

export type NamedPort = {
  readonly name: string
  readonly port: Port
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
}
export const namedPort: Schema<NamedPort> = record({
  name: text,
  port,
  protocol: oneOf('TCP', 'UDP', 'SCTP'),
})

/** `resource` in one word, unique: `CiliumNetworkPolicy/default/rule1`; `-` stands for no namespace. */
export function resourceKey(resource: ResourceRef): string {
  return `${resource.kind}/${resource.namespace ?? '-'}/${resource.name}`
}

/**
 * A policy map entry's key. The map is an LPM trie (Cilium bpf/lib/policy.h): identity and direction are never
 * wildcarded by prefix (identity 0 is the wildcard), `protocol` 0 means any, and `portBits` leading bits of `port` count (0 to 16, and
 * only 0 where `protocol` is 0). For ICMP the port is the type.
 */
export type PolicyMapKey = {
  readonly direction: Direction
  readonly identity: IdentityId
  readonly protocol: number
  readonly port: number
  readonly portBits: number
}
const policyMapKey: Schema<PolicyMapKey> = record({
  direction,
  identity: identityId,
  protocol: integer,
  port: integer,
  portBits: integer,
})

/**
 * What a policy map entry says. `proxyPort` is 0 unless the verdict is a redirect; `precedence` is Cilium's u32, higher wins;
 * `authType` is 0 for none; `origins` names the rule elements it comes from, sorted, as `<resource key>#<JSON pointer>` or
 * `reserved:<why>`.
 */
export type PolicyMapValue = {
  readonly verdict: 'allow' | 'deny' | 'redirect'
  readonly proxyPort: number
  readonly precedence: number
  readonly authType: number
  readonly origins: readonly string[]
}
const policyMapValue: Schema<PolicyMapValue> = record({
  verdict: oneOf('allow', 'deny', 'redirect'),
  proxyPort: integer,
  precedence: integer,
  authType: integer,
  origins: list(text),
})

/** One changed entry: added where `before` is null, removed where `after` is null. */
export type PolicyMapDelta = {
  readonly key: PolicyMapKey
  readonly before: PolicyMapValue | null
  readonly after: PolicyMapValue | null
}
export const policyMapDelta: Schema<PolicyMapDelta> = record({
  key: policyMapKey,
  before: orNull(policyMapValue),
  after: orNull(policyMapValue),
})
