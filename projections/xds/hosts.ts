/** NPHDS: which addresses each identity has, as the node's ipcache says. */
import type { Cidr, IdentityId } from '../../events/ids.ts'
import { comparePrefixes, parsePrefix, prefixText } from '../ip/prefix.ts'
import type { NetworkPolicyHostsMessage } from './messages.ts'

/**
 * One resource per identity that has an address, by its decimal name, in order of the number; the addresses in order of
 * `comparePrefixes`. A prefix belongs to one identity, because it is the key of the ipcache.
 */
export function networkPolicyHosts(
  ipcache: Iterable<{ readonly prefix: Cidr; readonly identity: IdentityId }>,
): ReadonlyMap<string, NetworkPolicyHostsMessage> {
  const byIdentity = Map.groupBy(ipcache, ({ identity }) => identity)
  const resources = [...byIdentity]
    .toSorted(([a], [b]) => a - b)
    .map(([policy, entries]) => ({ policy, hostAddresses: addresses(entries) }))
  return new Map(resources.map((resource) => [String(resource.policy), resource]))
}

function addresses(entries: readonly { readonly prefix: Cidr }[]): readonly string[] {
  return entries
    .map(({ prefix }) => {
      const parsed = parsePrefix(prefix)
      if (parsed === null) throw new TypeError(`${prefix} is not a prefix`)
      return parsed
    })
    .toSorted(comparePrefixes)
    .map(prefixText)
}
