/**
 * A node's kernel beside the fold of the log: what is missing there, what is there too much, what is different.
 *
 * Invariants:
 * 1. A kernel that holds what the log says gives nothing, whatever order it answers in.
 * 2. An endpoint whose map was never made is not drift before its first build: an attached endpoint without a map passes nothing.
 * 3. What counts is the map of the last build that succeeded. What was found since and written down is drift still: nobody asked for it.
 */

import { isDeepStrictEqual } from 'node:util'
import type { EventOf } from '../../../events/catalogue.ts'
import type { PolicyMapKey } from '../../../events/fields.ts'
import type { EndpointId } from '../../../events/ids.ts'
import { ascending } from '../../../events/order.ts'
import type { Json } from '../../../events/schema.ts'
import { type PolicyMap, policyMapKeyText, sortedEntries } from '../../../projections/datapath/policy-map.ts'
import type { EndpointView, NodeView } from '../../../projections/world.ts'
import type { AttachedProgram, IpcacheEntry, KernelPolicyEntry, KernelPolicyValue } from '../../ports/datapath.ts'
import type { KernelView } from './kernel-view.ts'

/**
 * `map`: a whole policy map; `entry`: one entry of it; `slot`: the map is not the one that decides; `program`: at a device; `endpoint`: how the
 * programs find it; `route`: the way to the proxy.
 */
export type DriftWhat = 'map' | 'entry' | 'slot' | 'ipcache' | 'program' | 'endpoint' | 'route'

/** `extra`: not wanted (any more). `foreign`: nothing on the log ever put it there. */
export type DriftKind = 'missing' | 'extra' | 'different' | 'foreign'

export type Drift = {
  readonly what: DriftWhat
  readonly kind: DriftKind
  /** Null for what belongs to the node. */
  readonly endpoint: EndpointId | null
  /** Entry: word of the key. Ipcache: prefix. Program: `<program>/<device>`. Endpoint: address. */
  readonly name: string
  readonly key: PolicyMapKey | null
  /** As the log has it; null where it has nothing. */
  readonly recorded: Json | null
  readonly found: Json | null
}

/** What a node's kernel should hold: `node` with the maps of the last builds, and the whole ipcache, other nodes' addresses included. */
export type Wanted = { readonly node: NodeView; readonly ipcache: ReadonlyMap<string, EventOf<'IpcacheUpserted'>> }

/** In a canonical order: by endpoint, then by kind of thing, then by name. */
export function compareKernel({ node, ipcache }: Wanted, kernel: KernelView): readonly Drift[] {
  const endpoints = [...node.endpoints.values()].toSorted((a, b) => a.endpoint - b.endpoint)
  const strangers = [...kernel.maps.keys()].filter((endpoint) => !node.endpoints.has(endpoint))
  return [
    ...endpoints.flatMap((endpoint) => [...mapDrift(endpoint, kernel), ...entered(endpoint, kernel)]),
    ...strangers.toSorted((a, b) => a - b).map((endpoint) => foreignMap(endpoint, kernel)),
    ...programDrift(node, kernel.programs),
    ...enteredStrangers(node, kernel),
    ...ipcacheDrift(ipcache, kernel.ipcache),
    ...kernel.routeFaults.map((fault) => drift({ what: 'route', kind: 'missing', name: fault })),
  ]
}

function drift(
  found: Pick<Drift, 'what' | 'kind' | 'name'> & Partial<Pick<Drift, 'endpoint' | 'key' | 'recorded' | 'found'>>,
): Drift {
  return { endpoint: null, key: null, recorded: null, found: null, ...found }
}

function mapDrift({ endpoint, policyMap, revision }: EndpointView, { maps, inForce }: KernelView): readonly Drift[] {
  const name = String(endpoint)
  const found = maps.get(endpoint)
  if (found === undefined) {
    const recorded = `${policyMap.size} entries`
    return revision === null ? [] : [drift({ what: 'map', kind: 'missing', endpoint, name, recorded })]
  }
  const entries = entryDrift(endpoint, policyMap, found)
  return inForce.has(endpoint) ? entries : [drift({ what: 'slot', kind: 'different', endpoint, name }), ...entries]
}

function entryDrift(endpoint: EndpointId, policyMap: PolicyMap, found: readonly KernelPolicyEntry[]): readonly Drift[] {
  const live = new Map(found.map((entry) => [policyMapKeyText(entry.key), entry]))
  const drifts: Drift[] = []
  for (const { key, value } of sortedEntries(policyMap)) {
    const name = policyMapKeyText(key)
    const entry = live.get(name)
    live.delete(name)
    const recorded = plain(value)
    const base = { what: 'entry', endpoint, name, key } as const
    if (entry === undefined) drifts.push(drift({ ...base, kind: 'missing', recorded }))
    else if (!isDeepStrictEqual(plain(entry.value), recorded)) {
      drifts.push(drift({ ...base, kind: 'different', recorded, found: plain(entry.value) }))
    }
  }
  for (const [name, { key, value }] of [...live].toSorted(([a], [b]) => ascending(a, b))) {
    drifts.push(drift({ what: 'entry', kind: 'extra', endpoint, name, key, found: plain(value) }))
  }
  return drifts
}

/** As the programs find the endpoint by its address: nobody finds one that is not entered, and its packets are dropped. */
function entered({ endpoint, identity, ipv4, revision }: EndpointView, kernel: KernelView): readonly Drift[] {
  if (ipv4 === null || identity === null || revision === null) return []
  const found = kernel.endpoints.find((entry) => entry.ipv4 === ipv4)
  const base = { what: 'endpoint', endpoint, name: ipv4, recorded: { endpoint, identity } } as const
  if (found === undefined) return [drift({ ...base, kind: 'missing' })]
  if (found.endpoint === endpoint && found.identity === identity) return []
  return [drift({ ...base, kind: 'different', found: { endpoint: found.endpoint, identity: found.identity } })]
}

function enteredStrangers(node: NodeView, { endpoints }: KernelView): readonly Drift[] {
  const known = new Set([...node.endpoints.values()].map(({ ipv4 }) => ipv4))
  return endpoints
    .filter(({ ipv4 }) => !known.has(ipv4))
    .map(({ endpoint, identity, ipv4 }) =>
      drift({ what: 'endpoint', kind: 'extra', endpoint, name: ipv4, found: { endpoint, identity } }),
    )
}

function foreignMap(endpoint: EndpointId, { maps }: KernelView): Drift {
  const found = `${maps.get(endpoint)?.length ?? 0} entries`
  return drift({ what: 'map', kind: 'extra', endpoint, name: String(endpoint), found })
}

function programDrift(node: NodeView, programs: readonly AttachedProgram[]): readonly Drift[] {
  const live = new Map(programs.filter(({ own }) => own).map((program) => [placeOf(program), program]))
  const drifts: Drift[] = []
  const recordedPrograms = [...node.programs.values()].filter(({ endpoint }) => node.endpoints.has(endpoint))
  for (const { endpoint, program, device, hook, tag } of recordedPrograms) {
    const found = live.get(placeOf({ endpoint, device, hook }))
    live.delete(placeOf({ endpoint, device, hook }))
    const base = { what: 'program', endpoint, name: `${program}/${device}`, recorded: { tag, hook } } as const
    if (found === undefined) drifts.push(drift({ ...base, kind: 'missing' }))
    else if (found.tag !== tag) drifts.push(drift({ ...base, kind: 'different', found: { tag: found.tag, hook } }))
  }
  const strangers = [...live.values(), ...programs.filter(({ own }) => !own)]
  for (const { endpoint, program, device, hook, tag, own } of strangers) {
    const kind = own ? 'extra' : 'foreign'
    drifts.push(drift({ what: 'program', kind, endpoint, name: `${program}/${device}`, found: { tag, hook } }))
  }
  return drifts.toSorted((a, b) => (a.endpoint ?? 0) - (b.endpoint ?? 0) || ascending(a.name, b.name))
}

function ipcacheDrift(wanted: Wanted['ipcache'], entries: readonly IpcacheEntry[]): readonly Drift[] {
  const live = new Map<string, IpcacheEntry>(entries.map((entry) => [entry.prefix, entry]))
  const drifts: Drift[] = []
  for (const [prefix, event] of [...wanted].toSorted(([a], [b]) => ascending(a, b))) {
    const entry = live.get(prefix)
    live.delete(prefix)
    const recorded = ipcacheValue(event)
    const base = { what: 'ipcache', name: prefix, recorded } as const
    if (entry === undefined) drifts.push(drift({ ...base, kind: 'missing' }))
    else if (!isDeepStrictEqual(ipcacheValue(entry), recorded)) {
      drifts.push(drift({ ...base, kind: 'different', found: ipcacheValue(entry) }))
    }
  }
  for (const [prefix, entry] of [...live].toSorted(([a], [b]) => ascending(a, b))) {
    drifts.push(drift({ what: 'ipcache', kind: 'extra', name: prefix, found: ipcacheValue(entry) }))
  }
  return drifts
}

/** Without origins, which no kernel holds. */
function plain({ verdict, proxyPort, precedence, authType }: KernelPolicyValue): Json {
  return { verdict, proxyPort, precedence, authType }
}

function ipcacheValue({ identity, tunnelEndpoint, encryptKey, skipTunnel }: Omit<IpcacheEntry, 'prefix'>): Json {
  return { identity, tunnelEndpoint, encryptKey, skipTunnel }
}

function placeOf({ endpoint, device, hook }: Pick<AttachedProgram, 'endpoint' | 'device' | 'hook'>): string {
  return `${endpoint}/${device}/${hook}`
}
