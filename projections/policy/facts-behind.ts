/** Which services, DNS answers and groups make a rule's peers stand for a prefix: the second half of why an entry is in a map. */

import { ascending } from '../../events/order.ts'
import type { DnsNames } from '../facts/dns.ts'
import { externalService, type FactStamp, type SharedFacts, serviceKey } from '../facts/shared.ts'
import { contains, type IpPrefix, prefixText } from '../ip/prefix.ts'
import { DEFAULT_POLICY_OPTIONS } from './default-options.ts'
import type { Peer } from './rule.ts'
import { Names } from './select/names.ts'
import { type Selector, selectorsOf } from './select/selector.ts'

export type FactBehind = {
  readonly kind: 'service' | 'dns' | 'cidr-group'
  /** `namespace/name` of a service. */
  readonly name: string
  readonly since: FactStamp
}

export type KnownFacts = SharedFacts & { readonly dns: DnsNames }

/** In order of kind and name. An identity of a prefix is taken where a peer stands for a prefix around it. */
export function factsBehind(peers: readonly Peer[], prefix: IpPrefix, facts: KnownFacts): readonly FactBehind[] {
  const selectors = peers.flatMap((peer) => selectorsOf(peer, DEFAULT_POLICY_OPTIONS))
  if (!selectors.some(({ kind }) => NAMED.includes(kind))) return []
  const takes = (names: Names): boolean =>
    selectors.some((selector) =>
      names
        .coversOf(selector)
        .some((cover) => contains(cover.prefix, prefix) && !cover.except.some((one) => contains(one, prefix))),
    )
  return alone(facts)
    .filter(({ names, kind }) => selectors.some((one) => one.kind === kind) && takes(names))
    .map(bare)
}

const NAMED: readonly Selector['kind'][] = ['service', 'dns', 'cidr-group']

type Alone = FactBehind & { readonly names: Names }

function bare({ kind, name, since }: Alone): FactBehind {
  return { kind, name, since }
}

/** Each fact as if it were the only one. */
function alone({ cidrGroups, services, dns }: KnownFacts): readonly Alone[] {
  const groups = [...cidrGroups.values()].map(({ name, labels, prefixes, since }): Alone => {
    const names = new Names()
    names.setGroup(name, { labels, prefixes })
    return { kind: 'cidr-group', name, since, names }
  })
  const answers = [...dns.values()].flatMap(({ name, addresses }) =>
    addresses.map(({ address, since }): Alone => {
      const names = new Names()
      names.setDns(name, [address])
      return { kind: 'dns', name, since, names }
    }),
  )
  const served = [...services.values()].map((service): Alone => {
    const names = new Names()
    names.setService(serviceKey(service), externalService(service))
    return { kind: 'service', name: serviceKey(service), since: service.since, names }
  })
  const order = (a: Alone, b: Alone): number => ascending(a.name, b.name)
  return [...groups.toSorted(order), ...answers.toSorted(order), ...served.toSorted(order)]
}

/** A peer that is said by name, and how many prefixes it stands for by now, with the first of them. */
export type NamedPeer = { readonly peer: string; readonly prefixes: readonly string[]; readonly further: number }

/** So many prefixes are named. */
const PREFIXES_MAX = 3

/** Of the peers those that are services, DNS names and groups. */
export function namedPeers(peers: readonly Peer[], { cidrGroups, services, dns }: KnownFacts): readonly NamedPeer[] {
  const names = new Names()
  for (const { name, labels, prefixes } of cidrGroups.values()) names.setGroup(name, { labels, prefixes })
  for (const [key, service] of services) names.setService(key, externalService(service))
  for (const { name, addresses } of dns.values()) {
    names.setDns(
      name,
      addresses.map(({ address }) => address),
    )
  }
  return peers
    .flatMap((peer) => selectorsOf(peer, DEFAULT_POLICY_OPTIONS))
    .filter(({ kind }) => NAMED.includes(kind))
    .map((selector) => {
      const all = [...new Set(names.coversOf(selector).map(({ prefix }) => prefixText(prefix)))].toSorted()
      const prefixes = all.slice(0, PREFIXES_MAX)
      return { peer: peerText(selector), prefixes, further: all.length - prefixes.length }
    })
}

/** `DNS name cantina.example`, `service default/db`. */
function peerText({ kind, text }: Selector): string {
  return kind === 'dns' ? `DNS ${text}` : text.replace('cidr-group', 'CIDR group')
}
