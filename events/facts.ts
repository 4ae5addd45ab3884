/**
 * What policies speak of by name and what only the world outside of them can say: groups of prefixes, services whose backends are outside of the
 * cluster, answers of the DNS.
 *
 * Groups and services are the same for everybody, so they are on stream `policy`, beside the policies that name them and in one append with them. A
 * DNS answer is on `node-<node>`: who asked decides what is answered (split horizons), what one node was told must not open another one, and
 * nodes that resolve names all day must not get in one another's way. None of them changes the repository's revision.
 */
import { cidr, endpointId, ipAddress } from './fields.ts'
import type { Cidr, EndpointId, IpAddress } from './ids.ts'
import { dictionary, eventSchema, integer, list, oneOf, orNull, record, type Schema, text } from './schema.ts'

/** The Kubernetes-like object that a fact comes from. `namespace` is null for cluster-wide kinds. */
export type FactRef = {
  readonly kind: 'CiliumCIDRGroup' | 'Service' | 'Endpoints' | 'EndpointSlice'
  readonly namespace: string | null
  readonly name: string
}

/** In one word, unique among all resources: `CiliumCIDRGroup/-/offices`. */
export function factKey({ kind, namespace, name }: FactRef): string {
  return `${kind}/${namespace ?? '-'}/${name}`
}

/** The group now holds these prefixes; an older one of its name is replaced. */
export type CidrGroupSet = {
  readonly type: 'CidrGroupSet'
  readonly v: 1
  readonly name: string
  /** What `cidrGroupSelector` looks at, without a source. */
  readonly labels: { readonly [key: string]: string }
  /** Sorted and unique. */
  readonly prefixes: readonly Cidr[]
}
export const cidrGroupSet: Schema<CidrGroupSet> = eventSchema('CidrGroupSet', 1, {
  name: text,
  labels: dictionary(text),
  prefixes: list(cidr),
})

/** Nobody is in the group any more, and it has no labels. */
export type CidrGroupDeleted = {
  readonly type: 'CidrGroupDeleted'
  readonly v: 1
  readonly name: string
}
export const cidrGroupDeleted: Schema<CidrGroupDeleted> = eventSchema('CidrGroupDeleted', 1, { name: text })

/** Addresses outside of the cluster that serve a service, as one object says. */
export type ServiceBackends = {
  /** `Endpoints/<name>` or `EndpointSlice/<name>`. */
  readonly source: string
  /** Sorted and unique. */
  readonly addresses: readonly IpAddress[]
}

/** All that is known about a service without pods of its own; what was known before is replaced. */
export type ServiceSet = {
  readonly type: 'ServiceSet'
  readonly v: 1
  readonly namespace: string
  readonly name: string
  /** Null while only its backends are known: the service itself was not given, and nobody can select it. */
  readonly labels: { readonly [key: string]: string } | null
  /** By source. */
  readonly backends: readonly ServiceBackends[]
}
export const serviceSet: Schema<ServiceSet> = eventSchema('ServiceSet', 1, {
  namespace: text,
  name: text,
  labels: orNull(dictionary(text)),
  backends: list(record({ source: text, addresses: list(ipAddress) })),
})

/** The service is gone, and with it whatever was known of its backends. */
export type ServiceDeleted = {
  readonly type: 'ServiceDeleted'
  readonly v: 1
  readonly namespace: string
  readonly name: string
}
export const serviceDeleted: Schema<ServiceDeleted> = eventSchema('ServiceDeleted', 1, { namespace: text, name: text })

/**
 * The name was resolved to these addresses. They come to those that are known of it already; each stays until its time is over, counted from
 * `recordedAt`, and the later end counts where an address was answered before.
 */
export type DnsAnswerLearned = {
  readonly type: 'DnsAnswerLearned'
  readonly v: 1
  /** Lower case, without the dot at the end. */
  readonly name: string
  /** Sorted and unique. */
  readonly addresses: readonly IpAddress[]
  /** Null: until it is forgotten. */
  readonly ttlSeconds: number | null
  /** Who asked; null where it was not an endpoint of the node. */
  readonly askedBy: EndpointId | null
}
export const dnsAnswerLearned: Schema<DnsAnswerLearned> = eventSchema('DnsAnswerLearned', 1, {
  name: text,
  addresses: list(ipAddress),
  ttlSeconds: orNull(integer),
  askedBy: orNull(endpointId),
})

/** The name does not stand for these addresses any more. */
export type DnsAnswerExpired = {
  readonly type: 'DnsAnswerExpired'
  readonly v: 1
  readonly name: string
  readonly addresses: readonly IpAddress[]
  /** `ttl`: their time was over, as the node's agent saw on its clock. */
  readonly reason: 'ttl' | 'forgotten'
}
export const dnsAnswerExpired: Schema<DnsAnswerExpired> = eventSchema('DnsAnswerExpired', 1, {
  name: text,
  addresses: list(ipAddress),
  reason: oneOf('ttl', 'forgotten'),
})
