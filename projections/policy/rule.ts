/**
 * A policy rule as the engine understands it: parsed, checked, with namespaces and defaults put in, and nothing of YAML or
 * Kubernetes left. Every field of CiliumNetworkPolicy 1.13 and the additions of current Cilium have a place (handbook of the language: SPEC.md).
 *
 * Made by parse/policy.ts only. `pointer`s are JSON pointers into the manifest; together with the resource key they are the origin that events,
 * map entries and explanations name.
 */

export type PolicyRule = {
  /** `/spec` or `/specs/<n>`; the manifest of a bare rule holds it as `/spec` too. */
  readonly pointer: string
  readonly subject: { readonly kind: 'endpoints' | 'node'; readonly selector: LabelSelector }
  readonly ingress: readonly PolicyElement[]
  readonly ingressDeny: readonly PolicyElement[]
  readonly egress: readonly PolicyElement[]
  readonly egressDeny: readonly PolicyElement[]
  /** Whether the rule switches default deny on for its subjects, `enableDefaultDeny` considered. */
  readonly defaultDeny: { readonly ingress: boolean; readonly egress: boolean }
  /** `source:key=value`, or `source:key` without a value: the user's and the derived-from ones, sorted. */
  readonly labels: readonly string[]
  readonly description: string
  /** Shown with the flows that the rule decides; null where nothing is given. */
  readonly log: string | null
}

/** One element of a section: peers AND (ports OR icmps). */
export type PolicyElement = {
  /** `/spec/ingress/0` */
  readonly pointer: string
  /** Alternatives; null where the element names no peers at all (with ports: everyone). An empty list selects nobody. */
  readonly peers: readonly Peer[] | null
  /** fromRequires/toRequires: narrow the endpoint peers of all rules of the subject in this direction. */
  readonly requires: readonly LabelSelector[]
  /** Alternatives; null where toPorts is not given or `[]`. */
  readonly ports: readonly PortRule[] | null
  /** Alternatives; null where icmps is not given or `[]`. Empty (`icmps: [{}]`) allows nothing. */
  readonly icmps: readonly IcmpField[] | null
  readonly auth: 'disabled' | 'required' | 'test-always-fail' | null
}

export type Peer =
  | { readonly kind: 'endpoints'; readonly selector: LabelSelector }
  | { readonly kind: 'entity'; readonly entity: Entity }
  | { readonly kind: 'cidr'; readonly prefix: string; readonly except: readonly string[] }
  | { readonly kind: 'cidr-group'; readonly name: string; readonly except: readonly string[] }
  /** Groups by their labels, whose source is `cidrgroup`; no requirements: all groups. */
  | { readonly kind: 'cidr-group-selector'; readonly selector: LabelSelector; readonly except: readonly string[] }
  | {
      readonly kind: 'service'
      /** Null: any namespace. */
      readonly namespace: string | null
      readonly name: string
    }
  | { readonly kind: 'service-selector'; readonly namespace: string | null; readonly selector: LabelSelector }
  | { readonly kind: 'fqdn-name'; readonly name: string }
  | { readonly kind: 'fqdn-pattern'; readonly pattern: string }

export type Entity =
  | 'all'
  | 'world'
  | 'world-ipv4'
  | 'world-ipv6'
  | 'cluster'
  | 'host'
  | 'remote-node'
  | 'ingress'
  | 'init'
  | 'unmanaged'
  | 'health'
  | 'kube-apiserver'
  | 'none'

/** All requirements must hold. No requirements: everyone. */
export type LabelSelector = { readonly requirements: readonly LabelRequirement[] }

export type LabelRequirement = {
  /** `any` matches every source. */
  readonly source: string
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  /** Sorted and unique; empty for Exists and DoesNotExist. */
  readonly values: readonly string[]
}

export type PortRule = {
  /** Alternatives. Empty (`toPorts: [{}]`) allows nothing. */
  readonly ports: readonly PortProtocol[]
  readonly l7: L7Rules | null
  readonly terminatingTls: TlsContext | null
  readonly originatingTls: TlsContext | null
  readonly serverNames: readonly string[]
  readonly listener: ListenerRef | null
}

export type PortProtocol = {
  readonly port:
    | { readonly kind: 'any' }
    /** `first` = `last` for a single port; both 1 to 65535. */
    | { readonly kind: 'range'; readonly first: number; readonly last: number }
    /** Lower case; resolved per endpoint (ingress) or over all pods (egress). */
    | { readonly kind: 'named'; readonly name: string }
  readonly protocol: 'ANY' | 'TCP' | 'UDP' | 'SCTP' | 'ICMP' | 'ICMPv6'
}

export type IcmpField = { readonly family: 'IPv4' | 'IPv6'; readonly type: number }

export type TlsContext = {
  readonly secret: { readonly namespace: string; readonly name: string }
  readonly trustedCa: string
  readonly certificate: string
  readonly privateKey: string
}

export type ListenerRef = {
  readonly kind: 'CiliumEnvoyConfig' | 'CiliumClusterwideEnvoyConfig' | ''
  readonly config: string
  readonly name: string
  readonly priority: number
}

/** One kind a port rule; an empty list of rules allows everything but goes through the proxy. */
export type L7Rules =
  | { readonly kind: 'http'; readonly rules: readonly HttpRule[] }
  | { readonly kind: 'kafka'; readonly rules: readonly KafkaRule[] }
  | { readonly kind: 'dns'; readonly rules: readonly DnsRule[] }
  | { readonly kind: 'generic'; readonly proto: string; readonly rules: readonly { readonly [key: string]: string }[] }

/** All that is given must match; null is any. Expressions are RE2, matched against the whole value. */
export type HttpRule = {
  readonly method: string | null
  /** Against the path with its query. */
  readonly path: string | null
  readonly host: string | null
  /** `value` null: the header is present. */
  readonly headers: readonly { readonly name: string; readonly value: string | null }[]
  readonly headerMatches: readonly HeaderMatch[]
}

export type HeaderMatch = {
  readonly name: string
  readonly value: string
  readonly secret: { readonly namespace: string; readonly name: string } | null
  /** FAIL stops the request; the others let it pass and log, add, delete or replace the header. */
  readonly mismatch: 'FAIL' | 'LOG' | 'ADD' | 'DELETE' | 'REPLACE'
}

export type KafkaRule = {
  readonly role: 'produce' | 'consume' | null
  readonly apiKey: string | null
  readonly apiVersion: string | null
  readonly clientId: string | null
  readonly topic: string | null
}

export type DnsRule =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'pattern'; readonly pattern: string }
