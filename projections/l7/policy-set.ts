/** A whole NPDS update: every endpoint's policy by each of its addresses. One wrong resource refuses the update. */
import type { Problem } from '../../events/fields.ts'
import { addressText, parseAddress } from '../ip/prefix.ts'
import type { NetworkPolicyMessage } from '../xds/messages.ts'
import { checkNetworkPolicy } from './check.ts'
import { type CompiledNetworkPolicy, compileNetworkPolicy } from './network-policy.ts'

export type EndpointPolicy = {
  readonly endpoint: number
  readonly message: NetworkPolicyMessage
  readonly compiled: CompiledNetworkPolicy
}

export type PolicySet = {
  readonly byName: ReadonlyMap<string, EndpointPolicy>
  readonly byAddress: ReadonlyMap<string, EndpointPolicy>
}

export type PolicySetOutcome =
  | { readonly kind: 'compiled'; readonly policies: PolicySet }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }

export const NO_POLICIES: PolicySet = { byName: new Map(), byAddress: new Map() }

/** `same` says of a resource's new and running message whether they are equal; then what is compiled is kept. */
export function compilePolicySet(
  resources: ReadonlyMap<string, NetworkPolicyMessage>,
  running: PolicySet,
  same: (a: NetworkPolicyMessage, b: NetworkPolicyMessage) => boolean,
): PolicySetOutcome {
  const changed = [...resources].filter(([name, message]) => {
    const known = running.byName.get(name)
    return known === undefined || !same(known.message, message)
  })
  const problems = [
    ...changed.flatMap(([name, message]) => checkResource(name, message)),
    ...sharedAddresses(resources),
  ]
  if (problems.length > 0) return { kind: 'refused', problems }
  const compiled = new Map(changed.map(([name, message]) => [name, endpointPolicy(message)]))
  // Each resource either changed, and was compiled above, or runs already.
  const byName = new Map([...resources.keys()].map((name) => [name, compiled.get(name) ?? running.byName.get(name)!]))
  const byAddress = new Map(
    [...byName.values()].flatMap((policy) => policy.message.endpointIps.map((ip) => [canonical(ip), policy] as const)),
  )
  return { kind: 'compiled', policies: { byName, byAddress } }
}

function endpointPolicy(message: NetworkPolicyMessage): EndpointPolicy {
  return { endpoint: message.endpointId, message, compiled: compileNetworkPolicy(message) }
}

function checkResource(name: string, message: NetworkPolicyMessage): readonly Problem[] {
  const { endpointId, endpointIps } = message
  const own = [
    ...(endpointId > 0 ? [] : [problem(name, 'endpoint-id-invalid', `${endpointId} is not above 0`)]),
    ...(name === String(endpointId) ? [] : [problem(name, 'name-invalid', `the endpoint is ${endpointId}`)]),
    ...(endpointIps.length === 1 || endpointIps.length === 2
      ? []
      : [problem(name, 'endpoint-ips-count', `${endpointIps.length} addresses, not one or two`)]),
    ...endpointIps
      .filter((ip) => parseAddress(ip) === null)
      .map((ip) => problem(name, 'endpoint-ip-invalid', `'${ip}' is no address`)),
  ]
  return [...own, ...checkNetworkPolicy(message).map((found) => ({ ...found, path: `/${name}${found.path}` }))]
}

function sharedAddresses(resources: ReadonlyMap<string, NetworkPolicyMessage>): readonly Problem[] {
  const owners = new Map<string, string>()
  return [...resources].flatMap(([name, { endpointIps }]) =>
    endpointIps.flatMap((ip) => {
      const owner = owners.get(canonical(ip))
      owners.set(canonical(ip), name)
      return owner === undefined ? [] : [problem(name, 'endpoint-ip-twice', `${ip} belongs to ${owner} already`)]
    }),
  )
}

function canonical(ip: string): string {
  const address = parseAddress(ip)
  return address === null ? ip : addressText(address)
}

function problem(name: string, code: string, reason: string): Problem {
  return { code, path: `/${name}`, reason, line: null, column: null }
}
