/**
 * Who is meant: an endpoint by name or id, an identity by number, an address, a label selector, or a reserved name such as `world`, in the world
 * at a moment. `endpoint:`, `identity:`, `ip:` and `label:` in front say which of them, where a word could be several.
 */

import { IdentityId, type IpAddress } from '../../events/ids.ts'
import { ascending } from '../../events/order.ts'
import { identityLabels } from '../../projections/identity/label-filter.ts'
import { keyOf, RESERVED_IDENTITIES } from '../../projections/identity/reserved.ts'
import { addressText, contains, parseAddress, parsePrefix } from '../../projections/ip/prefix.ts'
import { ipcacheOfNode } from '../../projections/ipcache.ts'
import type { EndpointView, World } from '../../projections/world.ts'

export type Party = {
  readonly identity: IdentityId
  readonly labels: readonly string[]
  /** Null for who is no endpoint of a node: policies are not enforced there. */
  readonly endpoint: { readonly node: string; readonly view: EndpointView } | null
  readonly address: string | null
}

export type PartyOutcome =
  | { readonly kind: 'found'; readonly party: Party }
  | { readonly kind: 'not-found' | 'ambiguous'; readonly reason: string }

const WORLD = IdentityId(2)
const DEFAULT_NAMESPACE = 'default'
const NAMED_MAX = 5

/** `node`: whose ipcache tells the identity of an address that is no endpoint's; null where there is one node only. */
export function partyOf(world: World, text: string, node: string | null): PartyOutcome {
  const [, kind, rest] = /^(endpoint|identity|ip|label):(.+)$/.exec(text) ?? [null, null, text]
  const word = rest ?? text
  if (kind === 'ip' || (kind === null && parseAddress(word) !== null)) return byAddress(world, word, node)
  if (kind === 'label' || (kind === null && word.includes('='))) return byLabels(world, word)
  if (kind === 'identity') return byIdentity(world, word)
  if (kind === 'endpoint') return byEndpoint(world, word) ?? none(world, text)
  const reserved = byReservedName(world, word)
  if (reserved !== null) return reserved
  const endpoint = byEndpoint(world, word)
  if (!/^[0-9]+$/.test(word)) return endpoint ?? none(world, text)
  const identity = byIdentity(world, word)
  if (endpoint?.kind === 'found' && identity.kind === 'found') {
    return {
      kind: 'ambiguous',
      reason: `${word} is an endpoint and an identity: say endpoint:${word} or identity:${word}`,
    }
  }
  return endpoint ?? identity
}

export type PartiesOutcome =
  | { readonly kind: 'found'; readonly from: Party; readonly to: Party }
  | { readonly kind: 'not-found' | 'ambiguous'; readonly side: 'from' | 'to'; readonly reason: string }

/** Both ends of a connection. An address outside is what the node of the other end knows of it, so endpoints are looked for first. */
export function partiesOf(world: World, ends: { readonly from: string; readonly to: string }): PartiesOutcome {
  const nodeOf = (text: string): string | null => {
    const found = partyOf(world, text, null)
    return found.kind === 'found' ? (found.party.endpoint?.node ?? null) : null
  }
  const from = partyOf(world, ends.from, nodeOf(ends.to))
  if (from.kind !== 'found') return { ...from, side: 'from' }
  const to = partyOf(world, ends.to, nodeOf(ends.from))
  if (to.kind !== 'found') return { ...to, side: 'to' }
  return { kind: 'found', from: from.party, to: to.party }
}

export function labelsOf(world: World, identity: IdentityId, node: string | null): readonly string[] {
  const local = node === null ? undefined : world.nodes.get(node)?.localIdentities.get(identity)
  return (world.identities.get(identity) ?? local)?.labels ?? RESERVED_IDENTITIES.get(identity) ?? []
}

type Placed = { readonly node: string; readonly view: EndpointView }

/** In order of node and id, because the first of several sometimes stands for all. */
function endpointsOf(world: World): readonly Placed[] {
  return [...world.nodes.entries()]
    .toSorted(([a], [b]) => ascending(a, b))
    .flatMap(([node, { endpoints }]) => [...endpoints.values()].map((view) => ({ node, view })))
    .toSorted((a, b) => (a.node === b.node ? a.view.endpoint - b.view.endpoint : 0))
}

function byEndpoint(world: World, word: string): PartyOutcome | null {
  const matches = endpointsOf(world).filter(
    ({ view }) => view.name === word || view.name === `${DEFAULT_NAMESPACE}/${word}` || String(view.endpoint) === word,
  )
  const [only, ...more] = matches
  if (only === undefined) return null
  if (more.length > 0) return { kind: 'ambiguous', reason: `${word} is ${matches.map(nameOf).join(', ')}` }
  return ofEndpoint(world, only)
}

/** Before its agent has given it one, an endpoint has the identity that its labels have. */
function ofEndpoint(world: World, { node, view }: Placed): PartyOutcome {
  const own = identityLabels(view.labels)
  const identity = view.identity ?? world.identities.findKey(({ labels }) => keyOf(labels) === keyOf(own)) ?? null
  if (identity === null) {
    return { kind: 'not-found', reason: `${nameOf({ node, view })} has no identity yet, nor have its labels` }
  }
  const labels = view.identity === null ? own : view.labels
  return { kind: 'found', party: { identity, labels, endpoint: { node, view }, address: view.ipv4 ?? view.ipv6 } }
}

/** The first endpoint that has the identity stands for it: all of them have the same policy, but for named ports. */
function byIdentity(world: World, word: string): PartyOutcome {
  const identity = /^[0-9]{1,10}$/.test(word) ? (Number(word) as IdentityId) : null
  const labels = identity === null ? [] : labelsOf(world, identity, null)
  if (identity === null || labels.length === 0) return none(world, word)
  const endpoint = endpointsOf(world).find(({ view }) => view.identity === identity)
  if (endpoint !== undefined) return ofEndpoint(world, endpoint)
  return { kind: 'found', party: { identity, labels, endpoint: null, address: null } }
}

function byReservedName(world: World, word: string): PartyOutcome | null {
  const label = word.startsWith('reserved:') ? word : `reserved:${word}`
  const found = [...RESERVED_IDENTITIES].find(([, labels]) => labels[0] === label)
  return found === undefined ? null : byIdentity(world, String(found[0]))
}

function byLabels(world: World, word: string): PartyOutcome {
  const wanted = word.split(',').map((text) => text.trim())
  const matches = endpointsOf(world).filter(({ view }) => wanted.every((label) => hasLabel(view.labels, label)))
  const [first, ...more] = matches
  if (first === undefined) return none(world, word)
  if (more.some(({ view }) => view.identity !== first.view.identity)) {
    const names = matches.slice(0, NAMED_MAX).map(nameOf).join(', ')
    return { kind: 'ambiguous', reason: `${word} selects ${matches.length} endpoints of several identities: ${names}` }
  }
  return ofEndpoint(world, first)
}

/** `org=empire` is of any source, `k8s:org=empire` of that one. */
function hasLabel(labels: readonly string[], wanted: string): boolean {
  return labels.some((label) => label === wanted || label.slice(label.indexOf(':') + 1) === wanted)
}

function byAddress(world: World, word: string, wantedNode: string | null): PartyOutcome {
  const value = parseAddress(word)
  if (value === null) return { kind: 'not-found', reason: `${word} is not an address` }
  const address = addressText(value) as IpAddress
  const endpoint = endpointsOf(world).find(({ view }) => view.ipv4 === address || view.ipv6 === address)
  if (endpoint !== undefined) return ofEndpoint(world, endpoint)
  const node = wantedNode ?? world.nodes.keySeq().first() ?? null
  const entries = node === null ? [] : [...ipcacheOfNode(world, node).values()]
  const best = entries
    .map(({ prefix, identity }) => ({ prefix: parsePrefix(prefix), identity }))
    .filter(({ prefix }) => prefix !== null && contains(prefix, value))
    .toSorted((a, b) => (b.prefix?.length ?? 0) - (a.prefix?.length ?? 0))[0]
  const identity = best?.identity ?? WORLD
  return { kind: 'found', party: { identity, labels: labelsOf(world, identity, node), endpoint: null, address } }
}

function none(world: World, word: string): PartyOutcome {
  const names = endpointsOf(world).map(nameOf)
  const known = names.length === 0 ? 'there are no endpoints' : `there are ${names.slice(0, NAMED_MAX).join(', ')}`
  return {
    kind: 'not-found',
    reason: `${word} is no endpoint, identity or label of the log at this position; ${known}`,
  }
}

function nameOf({ view }: Placed): string {
  return `${view.endpoint} (${view.name})`
}
