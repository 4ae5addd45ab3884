/** How policies are read where nobody says otherwise; Cilium's defaults in a Kubernetes cluster. */
import type { PolicyOptions } from '../../events/policy-options.ts'

export const DEFAULT_POLICY_OPTIONS: PolicyOptions = {
  enforcement: 'default',
  allowLocalhost: 'always',
  enableRemoteNodeIdentity: true,
  enableHostFirewall: false,
  clusterName: 'default',
  enableL7Proxy: true,
  enableIcmpRules: true,
}
