/** The NPDS resource of an endpoint: its resolved policy with the proxy ports at hand. */
import type { EndpointId, IpAddress, Port } from '../../events/ids.ts'
import type { NetworkPolicyMessage, PortNetworkPolicy } from '../xds/messages.ts'
import type { NetworkPolicyRules } from './engine.ts'

/**
 * A rule that holds on one listener carries its proxy port; as long as that port is not known, the rule is left out, because without a port
 * it would hold on every listener.
 */
export function networkPolicyMessage(
  rules: NetworkPolicyRules,
  {
    endpoint,
    addresses,
    proxyPorts,
  }: {
    readonly endpoint: EndpointId
    readonly addresses: readonly IpAddress[]
    /** By redirect id. */
    readonly proxyPorts: ReadonlyMap<string, Port>
  },
): NetworkPolicyMessage {
  const place = (policies: readonly PortNetworkPolicy[]): readonly PortNetworkPolicy[] =>
    rules.listeners.size === 0 ? policies : policies.flatMap((policy) => withPorts(policy, rules, proxyPorts))
  return {
    endpointIps: addresses.toSorted((a, b) => Number(b.includes(':')) - Number(a.includes(':'))),
    endpointId: endpoint,
    ingressPerPortPolicies: place(rules.ingress),
    egressPerPortPolicies: place(rules.egress),
  }
}

function withPorts(
  policy: PortNetworkPolicy,
  { listeners }: NetworkPolicyRules,
  proxyPorts: ReadonlyMap<string, Port>,
): readonly PortNetworkPolicy[] {
  if (policy.rules.length === 0) return [policy]
  const rules = policy.rules.flatMap((rule) => {
    const redirect = listeners.get(rule)
    if (redirect === undefined) return [rule]
    const proxyId = proxyPorts.get(redirect)
    return proxyId === undefined ? [] : [{ ...rule, proxyId }]
  })
  return rules.length === 0 ? [] : [{ ...policy, rules }]
}
