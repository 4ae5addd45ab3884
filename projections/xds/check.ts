/**
 * What a proxy refuses although it can read it: the rules by which Cilium's Envoy build and the protos' own limits reject an update
 * (cilium/network_policy.cc, host_map.cc, npds.proto). One offence refuses the whole update, so the agent asks before it publishes and the embedded
 * proxy before it takes.
 */
import { RE2JS } from 're2js'
import type { XdsType } from '../../events/node.ts'
import { parseAddress, parsePrefixOrAddress, prefixText } from '../ip/prefix.ts'
import type {
  HttpNetworkPolicyRule,
  ListenerMessage,
  NetworkPolicyHostsMessage,
  NetworkPolicyMessage,
  PortNetworkPolicy,
  PortNetworkPolicyRule,
} from './messages.ts'

export type XdsResource = NetworkPolicyMessage | NetworkPolicyHostsMessage | ListenerMessage

const U16_MAX = 0xffff
const U32_MAX = 0xffff_ffff
const SERVER_NAME = /^[-a-z0-9_*]+(\.[-a-z0-9_*]+)*$/

/** The name that a resource has by its content. */
export function resourceName(xds: XdsType, resource: object): string {
  const field = { npds: 'endpointId', nphds: 'policy', lds: 'name' }[xds]
  return String((resource as { readonly [key: string]: unknown })[field])
}

/** What is wrong with one resource, each with the path inside it; empty where nothing is. */
export function resourceProblems(xds: XdsType, resource: XdsResource): readonly string[] {
  if (xds === 'npds') return policyProblems(resource as NetworkPolicyMessage)
  return xds === 'nphds'
    ? hostsProblems(resource as NetworkPolicyHostsMessage)
    : listenerProblems(resource as ListenerMessage)
}

/** What resources that are each right may not do together: share an address, a prefix or a name. */
export function togetherProblems(xds: XdsType, resources: Iterable<XdsResource>): readonly string[] {
  const holders = new Map<string, string>()
  const problems: string[] = []
  for (const resource of resources) {
    const name = resourceName(xds, resource)
    for (const claim of [`name ${name}`, ...claims(xds, resource)]) {
      const holder = holders.get(claim)
      if (holder !== undefined) problems.push(`${claim} is in ${holder} and in ${name}`)
      holders.set(claim, name)
    }
  }
  return problems
}

function claims(xds: XdsType, resource: XdsResource): readonly string[] {
  if (xds === 'npds')
    return (resource as NetworkPolicyMessage).endpointIps.map((ip) => `address ${canonicalPrefix(ip)}`)
  if (xds === 'nphds') {
    return (resource as NetworkPolicyHostsMessage).hostAddresses.map((text) => `prefix ${canonicalPrefix(text)}`)
  }
  const { address, additionalAddresses } = resource as ListenerMessage
  return [address, ...additionalAddresses.map((other) => other.address)].map(
    (each) => `address ${each?.socketAddress?.address}:${each?.socketAddress?.portValue}`,
  )
}

function canonicalPrefix(text: string): string {
  const prefix = parsePrefixOrAddress(text)
  return prefix === null ? text : prefixText(prefix)
}

function policyProblems(policy: NetworkPolicyMessage): readonly string[] {
  const { endpointIps, endpointId } = policy
  return [
    ...when(endpointId === 0, '/endpointId is 0'),
    ...when(
      endpointIps.length < 1 || endpointIps.length > 2,
      `/endpointIps has ${endpointIps.length} addresses, not 1 or 2`,
    ),
    ...endpointIps.flatMap((ip, i) => when(parseAddress(ip) === null, `/endpointIps/${i} ${ip} is not an address`)),
    ...portsProblems(policy.ingressPerPortPolicies, '/ingressPerPortPolicies'),
    ...portsProblems(policy.egressPerPortPolicies, '/egressPerPortPolicies'),
  ]
}

function portsProblems(ports: readonly PortNetworkPolicy[], path: string): readonly string[] {
  const seen = new Set<string>()
  return ports.flatMap((policy, i) => {
    const { port, endPort, protocol, rules } = policy
    const range = `${protocol} ${port}-${endPort === 0 ? port : endPort}`
    const again = seen.has(range)
    seen.add(range)
    return [
      ...when(port > U16_MAX || endPort > U16_MAX, `${path}/${i} ${range} is beyond 65535`),
      ...when(port === 0 && endPort !== 0, `${path}/${i} has an end but no first port`),
      ...when(port !== 0 && endPort !== 0 && endPort < port, `${path}/${i} ${range} ends before it begins`),
      ...when(again, `${path}/${i} ${range} is there twice`),
      ...rules.flatMap((rule, j) => ruleProblems(rule, `${path}/${i}/rules/${j}`)),
    ]
  })
}

function ruleProblems(rule: PortNetworkPolicyRule, path: string): readonly string[] {
  const { remotePolicies, proxyId, serverNames, httpRules } = rule
  return [
    ...when('passPrecedence' in rule, `${path}/passPrecedence is not supported by this proxy`),
    ...when(proxyId > U16_MAX, `${path}/proxyId ${proxyId} is beyond 65535`),
    ...when(
      remotePolicies.some((id) => id > U32_MAX),
      `${path}/remotePolicies has an identity beyond 32 bits`,
    ),
    ...when(new Set(remotePolicies).size < remotePolicies.length, `${path}/remotePolicies names an identity twice`),
    ...serverNames.flatMap((name, i) =>
      when(!SERVER_NAME.test(name), `${path}/serverNames/${i} ${JSON.stringify(name)} is not a server name pattern`),
    ),
    ...when(httpRules?.httpRules.length === 0, `${path}/httpRules is empty`),
    ...(httpRules?.httpRules ?? []).flatMap((http, i) => httpProblems(http, `${path}/httpRules/${i}`)),
  ]
}

function httpProblems({ headers, headerMatches }: HttpNetworkPolicyRule, path: string): readonly string[] {
  return [
    ...headers.flatMap(({ name, stringMatch, presentMatch }, i) => [
      ...when(name === '', `${path}/headers/${i} has no name`),
      ...when(stringMatch === undefined && presentMatch === undefined, `${path}/headers/${i} has no match`),
      ...(stringMatch?.safeRegex === undefined
        ? []
        : regexProblems(stringMatch.safeRegex.regex, `${path}/headers/${i}`)),
    ]),
    ...headerMatches.flatMap(({ name }, i) => when(name === '', `${path}/headerMatches/${i} has no name`)),
  ]
}

function regexProblems(regex: string, path: string): readonly string[] {
  try {
    RE2JS.compile(regex)
    return []
  } catch (error) {
    return [`${path} ${JSON.stringify(regex)}: ${error instanceof Error ? error.message : String(error)}`]
  }
}

function hostsProblems({ hostAddresses }: NetworkPolicyHostsMessage): readonly string[] {
  return hostAddresses.flatMap((text, i) => {
    const prefix = parsePrefixOrAddress(text)
    if (prefix === null) return [`/hostAddresses/${i} ${text} is not an address or prefix`]
    const exact = text.includes('/') ? parseAddress(text.slice(0, text.lastIndexOf('/')))?.bits : prefix.bits
    return when(exact !== prefix.bits, `/hostAddresses/${i} ${text} has host bits`)
  })
}

function listenerProblems({ name, address, additionalAddresses, filterChains }: ListenerMessage): readonly string[] {
  const addresses = [address, ...additionalAddresses.map((other) => other.address)]
  return [
    ...when(name === '', '/name is empty'),
    ...addresses.flatMap((each, i) => {
      const socket = each?.socketAddress
      if (socket === undefined || socket === null) return [`address ${i} is not a socket address`]
      return [
        ...when(parseAddress(socket.address) === null, `address ${i} ${socket.address} is not an address`),
        ...when(socket.portValue < 1 || socket.portValue > U16_MAX, `address ${i} has port ${socket.portValue}`),
      ]
    }),
    ...when(filterChains.length === 0, '/filterChains is empty'),
    ...when(chainsRepeat(filterChains), '/filterChains has two chains for the same connections'),
  ]
}

function chainsRepeat(chains: ListenerMessage['filterChains']): boolean {
  const matches = chains.map(({ filterChainMatch: match }) =>
    JSON.stringify([match?.transportProtocol ?? '', (match?.applicationProtocols ?? []).toSorted()]),
  )
  return new Set(matches).size < matches.length
}

function when(wrong: boolean, problem: string): readonly string[] {
  return wrong ? [problem] : []
}
