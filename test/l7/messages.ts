/** NPDS messages for tests, with proto3's defaults where nothing is said. */
import {
  type HeaderMatcher,
  type HeaderMatchMessage,
  type HttpNetworkPolicyRule,
  type NetworkPolicyMessage,
  PLAIN_RULE,
  type PortNetworkPolicy,
  type PortNetworkPolicyRule,
} from '../../projections/xds/messages.ts'

export const portPolicy = (
  port: number,
  rules: readonly Partial<PortNetworkPolicyRule>[],
  more: Partial<PortNetworkPolicy> = {},
): PortNetworkPolicy => ({ port, endPort: 0, protocol: 'TCP', rules: rules.map(portRule), ...more })

export const portRule = (rule: Partial<PortNetworkPolicyRule>): PortNetworkPolicyRule => ({
  ...PLAIN_RULE,
  ...rule,
})

export const http = (...rules: readonly Partial<HttpNetworkPolicyRule>[]): Partial<PortNetworkPolicyRule> => ({
  httpRules: { httpRules: rules.map((rule) => ({ headers: [], headerMatches: [], ...rule })) },
})

export const regex = (name: string, text: string): HeaderMatcher => ({
  name,
  invertMatch: false,
  stringMatch: { ignoreCase: false, safeRegex: { regex: text } },
})
export const exact = (name: string, value: string): HeaderMatcher => ({
  name,
  invertMatch: false,
  stringMatch: { ignoreCase: false, exact: value },
})
export const present = (name: string): HeaderMatcher => ({ name, invertMatch: false, presentMatch: true })

/** Method and path together, the usual rule. */
export const route = (method: string, path: string): HttpNetworkPolicyRule => ({
  headers: [regex(':method', method), regex(':path', path)],
  headerMatches: [],
})

export const headerMatch = (
  name: string,
  value: string,
  more: Partial<HeaderMatchMessage> = {},
): HeaderMatchMessage => ({
  name,
  value,
  matchAction: 'CONTINUE_ON_MATCH',
  mismatchAction: 'FAIL_ON_MISMATCH',
  valueSdsSecret: '',
  ...more,
})

export const ingress = (...policies: readonly PortNetworkPolicy[]): NetworkPolicyMessage =>
  endpoint(7, '10.0.0.7', policies)

export const endpoint = (
  endpointId: number,
  ip: string,
  ingressPerPortPolicies: readonly PortNetworkPolicy[],
  egressPerPortPolicies: readonly PortNetworkPolicy[] = [],
): NetworkPolicyMessage => ({ endpointIps: [ip], endpointId, ingressPerPortPolicies, egressPerPortPolicies })
