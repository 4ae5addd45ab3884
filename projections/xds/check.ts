/**
 * What a proxy refuses although it can read it: the rules by which Cilium's Envoy build and the protos' own limits reject an update
 * (cilium/network_policy.cc, host_map.cc, npds.proto; ports and rules: projections/l7/check.ts). One offence refuses the whole update, so the
 * agent asks before it publishes and the embedded proxy before it takes.
 */
import type { XdsType } from '../../events/node.ts'
import { parseAddress, parsePrefixOrAddress, prefixText } from '../ip/prefix.ts'
import { checkNetworkPolicy, problemText } from '../l7/check.ts'
import type { ListenerMessage, NetworkPolicyHostsMessage, NetworkPolicyMessage } from './messages.ts'

export type XdsResource = NetworkPolicyMessage | NetworkPolicyHostsMessage | ListenerMessage

const U16_MAX = 0xffff

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
    ...checkNetworkPolicy(policy).map(problemText),
    ...unsupportedProblems(policy),
  ]
}

/** Fields that the protos have and this project's messages do not. */
function unsupportedProblems(policy: NetworkPolicyMessage): readonly string[] {
  const rules = [...policy.ingressPerPortPolicies, ...policy.egressPerPortPolicies].flatMap((port) => port.rules)
  return when(
    rules.some((rule) => 'passPrecedence' in rule),
    'passPrecedence is not supported by this proxy',
  )
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
