/** With which of Cilium's options a node's agent reads policies. They are part of what a policy means there. */
import { flag, oneOf, record, type Schema, text } from './schema.ts'

/** Cilium's options of the same names. */
export type PolicyOptions = {
  readonly enforcement: 'default' | 'always' | 'never'
  /** `always`: the host is let into every endpoint, whatever the policies say, unless one denies it. */
  readonly allowLocalhost: 'always' | 'policy'
  /** Where false, remote nodes count as the host. */
  readonly enableRemoteNodeIdentity: boolean
  readonly enableHostFirewall: boolean
  readonly clusterName: string
  /** Where false, an endpoint that a rule of L7 selects gets no policy. */
  readonly enableL7Proxy: boolean
  /** Where false, an endpoint that a rule of ICMP selects gets no policy. */
  readonly enableIcmpRules: boolean
}
export const policyOptions: Schema<PolicyOptions> = record({
  enforcement: oneOf('default', 'always', 'never'),
  allowLocalhost: oneOf('always', 'policy'),
  enableRemoteNodeIdentity: flag,
  enableHostFirewall: flag,
  clusterName: text,
  enableL7Proxy: flag,
  enableIcmpRules: flag,
})
