/**
 * The policies, identities and names that a policy is resolved from, kept so that a change costs what it touches.
 */
import type { NamedPort } from '../../events/fields.ts'
import type { Cidr, IdentityId, LabelText } from '../../events/ids.ts'
import type { PortNetworkPolicy } from '../xds/messages.ts'
import type { DesiredPolicy, UnresolvablePolicy } from './desired.ts'
import type { PolicyRule } from './rule.ts'

/** Cilium's options of the same names. */
export type PolicyOptions = {
  readonly enforcement: 'default' | 'always' | 'never'
  /** `always`: the host is let into every endpoint, whatever the policies say, unless one denies it. */
  readonly allowLocalhost: 'always' | 'policy'
  /** Where false, remote nodes count as the host. */
  readonly enableRemoteNodeIdentity: boolean
  readonly enableHostFirewall: boolean
  readonly clusterName: string
  readonly enableL7Proxy: boolean
  readonly enableIcmpRules: boolean
}

export const DEFAULT_POLICY_OPTIONS: PolicyOptions = {
  enforcement: 'default',
  allowLocalhost: 'always',
  enableRemoteNodeIdentity: true,
  enableHostFirewall: false,
  clusterName: 'default',
  enableL7Proxy: true,
  enableIcmpRules: true,
}

/** `prefix` where the identity stands for an IP prefix; its `cidr:` labels need not be listed. */
export type KnownIdentity = {
  readonly id: IdentityId
  readonly labels: readonly LabelText[]
  readonly prefix: Cidr | null
}

export type PolicySubject = { readonly identity: IdentityId; readonly namedPorts: readonly NamedPort[] }

/** A Kubernetes service as `toServices` sees it: `backends` are addresses outside of the cluster. */
export type ExternalService = {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly backends: readonly string[]
}

export type PolicyChange =
  /** The rules of a resource, `key` being its `resourceKey`; older ones of the same key go, the new ones come last. */
  | { readonly kind: 'policy-set'; readonly key: string; readonly rules: readonly PolicyRule[] }
  | { readonly kind: 'policy-removed'; readonly key: string }
  /** One update; an id that is known already is replaced. */
  | {
      readonly kind: 'identities'
      readonly added: readonly KnownIdentity[]
      readonly removed: readonly IdentityId[]
    }
  /** The named ports of one pod anywhere, for egress rules that name a port; an empty list forgets the pod. */
  | { readonly kind: 'pod-ports'; readonly pod: string; readonly ports: readonly NamedPort[] }
  /** Each of the four replaces what was said before about its one name; null forgets it. */
  | { readonly kind: 'service'; readonly key: string; readonly service: ExternalService | null }
  | { readonly kind: 'dns'; readonly name: string; readonly addresses: readonly string[] | null }
  | { readonly kind: 'cidr-group'; readonly name: string; readonly prefixes: readonly string[] | null }
  /** `key` is `namespace/name`. */
  | { readonly kind: 'secret'; readonly key: string; readonly items: Readonly<Record<string, string>> | null }

export type NetworkPolicyRules = {
  readonly ingress: readonly PortNetworkPolicy[]
  readonly egress: readonly PortNetworkPolicy[]
}

export type ResolvedPolicy = (DesiredPolicy & { readonly networkPolicy: NetworkPolicyRules }) | UnresolvablePolicy
