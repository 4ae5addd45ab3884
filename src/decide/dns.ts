/** Wishes about DNS answers of one node: what a DNS proxy saw, or a person knows. */
import type { Problem } from '../../events/fields.ts'
import { EndpointId, IpAddress, type NodeName, nodeStream } from '../../events/ids.ts'
import type { DnsNames, DnsNameView } from '../../projections/facts/dns.ts'
import { addressText, parseAddress } from '../../projections/ip/prefix.ts'
import { bare } from '../../projections/policy/select/selector.ts'
import { type Decision, decided, NOTHING, problemAt, refused } from './decision.ts'
import { nearest } from './nearest.ts'

export type LearnDns = {
  readonly kind: 'learn-dns'
  readonly node: NodeName
  readonly name: string
  readonly addresses: readonly string[]
  /** Null: until it is forgotten. */
  readonly ttlSeconds: number | null
  /** Id of the endpoint that asked; null where it was none. */
  readonly askedBy: number | null
}

export type ForgetDns = {
  readonly kind: 'forget-dns'
  readonly node: NodeName
  readonly name: string
  /** None: all of the name. */
  readonly addresses: readonly string[]
}

/** Addresses that one name may have at a time: names that change all the time must not fill the maps. Cilium keeps 50 (tofqdns-endpoint-max-ip-per-hostname). */
export const DNS_ADDRESSES_MAX = 1_000
/** RFC 2181, 8: a TTL has 31 bits. */
const TTL_MAX = 2 ** 31 - 1
/** RFC 1035, 2.3.4. */
const NAME_MAX = 253
/** Labels of hosts, and of services that begin with an underscore. */
const NAME = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/
const ENDPOINT_MAX = 0xffff

export function decideLearnDns({ node, ttlSeconds, askedBy, ...given }: LearnDns, known: DnsNames): Decision {
  const name = bare(given.name)
  const { addresses, problems } = read({ ...given, name })
  const before = known.get(name)
  const all = new Set([...(before?.addresses ?? []).map(({ address }) => address), ...addresses])
  if (given.addresses.length === 0)
    problems.push(problemAt('addresses-missing', '/addresses', 'an answer has addresses'))
  if (ttlSeconds !== null && !isWhole(ttlSeconds, TTL_MAX)) {
    problems.push(problemAt('ttl-invalid', '/ttlSeconds', `${ttlSeconds} is not a whole number from 1 to ${TTL_MAX}`))
  }
  if (askedBy !== null && !isWhole(askedBy, ENDPOINT_MAX)) {
    problems.push(problemAt('endpoint-invalid', '/askedBy', `${askedBy} is not an endpoint id`))
  }
  if (all.size > DNS_ADDRESSES_MAX) {
    const reason = `${name} would have ${all.size} addresses, more than ${DNS_ADDRESSES_MAX}`
    problems.push(problemAt('addresses-too-many', '/addresses', reason))
  }
  if (problems.length > 0) return refused(problems)
  if (addresses.every((address) => isForGood(before, address))) return NOTHING
  const endpoint = askedBy === null ? null : EndpointId(askedBy)
  return decided(nodeStream(node), [{ type: 'DnsAnswerLearned', v: 1, name, addresses, ttlSeconds, askedBy: endpoint }])
}

export function decideForgetDns({ node, ...given }: ForgetDns, known: DnsNames): Decision {
  const name = bare(given.name)
  const { addresses, problems } = read({ ...given, name })
  if (problems.length > 0) return refused(problems)
  const own = known.get(name)?.addresses.map(({ address }) => address) ?? []
  if (own.length === 0) return refused([notFound(name, known.keys())])
  const missing = addresses.filter((address) => !own.includes(address))
  if (missing.length > 0) {
    const reason = `${name} has no ${missing.join(', ')}; it has ${own.join(', ')}`
    return refused([problemAt('dns-address-not-found', '/addresses', reason)])
  }
  const gone = addresses.length === 0 ? own : addresses
  return decided(nodeStream(node), [{ type: 'DnsAnswerExpired', v: 1, name, addresses: gone, reason: 'forgotten' }])
}

function isForGood(before: DnsNameView | undefined, address: IpAddress): boolean {
  return before?.addresses.some((known) => known.address === address && known.expiresAt === null) ?? false
}

/** Sorted and unique, with everything that is wrong. */
function read({ name, addresses }: { readonly name: string; readonly addresses: readonly string[] }): {
  readonly addresses: readonly IpAddress[]
  readonly problems: Problem[]
} {
  const problems: Problem[] = []
  if (name.length > NAME_MAX || !NAME.test(name)) {
    problems.push(problemAt('dns-name', '/name', `${JSON.stringify(name)} is not a DNS name`))
  }
  const found = addresses.flatMap((text, index) => {
    const address = parseAddress(text)
    if (address !== null && address.bits !== 0n) return [IpAddress(addressText(address))]
    problems.push(problemAt('address-invalid', `/addresses/${index}`, `${text} is not an address of a host`))
    return []
  })
  return { addresses: [...new Set(found)].toSorted(), problems }
}

function notFound(name: string, known: Iterable<string>): Problem {
  const near = nearest(name, known)
  const hint = near.length === 0 ? 'no name is known' : `the nearest are ${near.join(', ')}`
  return problemAt('dns-not-found', '/name', `${name} is not known; ${hint}`)
}

function isWhole(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= max
}
