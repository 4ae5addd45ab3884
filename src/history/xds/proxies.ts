/**
 * What a node serves its proxies and what each of them runs, event by event.
 *
 * A proxy runs the version that it took last. One that connects may be a new one, so what it runs is known again with its first answer. The connections
 * of an agent end with it.
 */
import { Map as PersistentMap } from 'immutable'
import type { EventOf } from '../../../events/catalogue.ts'
import type { XdsType } from '../../../events/node.ts'
import type { Recorded } from '../../../events/recorded.ts'
import type { Json } from '../../../events/schema.ts'
import type { NodeView } from '../../../projections/world.ts'
import { acknowledged } from '../../../projections/xds/view.ts'
import { type EventRef, refOf } from '../event-at.ts'

export type Resources = PersistentMap<string, Json>
export type Snapshot = { readonly version: string; readonly resources: Resources }

/** What a proxy said of one type last. */
export type Answer = {
  readonly kind: 'acked' | 'refused'
  readonly version: string
  /** Of a refusal. */
  readonly detail: string | null
  readonly event: EventRef
}

/** `running` null: nothing, or nobody knows. */
export type Standing = { readonly running: Snapshot | null; readonly answer: Answer }

export type Client = {
  readonly client: string
  readonly connected: EventRef
  readonly standings: ReadonlyMap<XdsType, Standing>
}

export const XDS_TYPES: readonly XdsType[] = ['lds', 'npds', 'nphds']

/** A proxy that runs an older version than the last so many is not known by its resources any more. */
const VERSIONS_MAX = 1_024

export class Proxies {
  readonly #served: Map<XdsType, Snapshot & { readonly event: EventRef | null }> = new Map()
  readonly #versions: Map<string, Snapshot> = new Map()
  readonly #clients: Map<string, Client> = new Map()
  /** What was taken before the first event: what a proxy runs that was connected then. */
  readonly #taken: Map<XdsType, Snapshot> = new Map()

  /** `before`: what was served before the first event. */
  constructor(before: NodeView['xds']) {
    for (const [type, view] of before) {
      const { version, resources, acked } = view
      this.#serve(type, { version, resources, event: null })
      if (acked === null) continue
      const behind = [...view.unacked.keys()]
      const taken = resources.withMutations((map) => {
        for (const name of behind) {
          const resource = acknowledged(view, name)
          if (resource === null) map.delete(name)
          else map.set(name, resource)
        }
      })
      this.#taken.set(type, { version: acked, resources: taken })
    }
  }

  served(xds: XdsType): (Snapshot & { readonly event: EventRef | null }) | null {
    return this.#served.get(xds) ?? null
  }

  /** Those that are connected, in order of their ids. */
  clients(): readonly Client[] {
    return [...this.#clients.values()].toSorted((a, b) => (a.client < b.client ? -1 : 1))
  }

  /** What a proxy runs; of one that was connected before the first event, what was taken then. */
  runningOf(client: string, xds: XdsType): Snapshot | null {
    const known = this.#clients.get(client)
    const standing = known?.standings.get(xds)
    if (standing !== undefined) return standing.running
    return known?.connected.type === 'ProxyConnectionChanged' ? null : (this.#taken.get(xds) ?? null)
  }

  take(recorded: Recorded): void {
    const { event } = recorded
    if (event.type === 'AgentStarted') {
      this.#clients.clear()
      this.#taken.clear()
    } else if (event.type === 'ProxyConnectionChanged') this.#connect(event, refOf(recorded))
    else if (event.type === 'XdsPublished') {
      this.#serve(event.xds, { ...this.#published(event), event: refOf(recorded) })
    } else if (event.type === 'XdsAcked' || event.type === 'XdsNacked') this.#answer(event, refOf(recorded))
  }

  /** Null where it is too long ago. */
  version(xds: XdsType, version: string): Snapshot | null {
    return this.#versions.get(`${xds} ${version}`) ?? null
  }

  #connect({ client, connected }: EventOf<'ProxyConnectionChanged'>, event: EventRef): void {
    if (connected) this.#clients.set(client, { client, connected: event, standings: new Map() })
    else this.#clients.delete(client)
  }

  #published({ xds, version, changed, removed }: EventOf<'XdsPublished'>): Snapshot {
    const before = this.#served.get(xds)?.resources ?? PersistentMap<string, Json>()
    const resources = before.withMutations((map) => {
      for (const { name, resource } of changed) map.set(name, resource)
      for (const name of removed) map.delete(name)
    })
    return { version, resources }
  }

  #serve(xds: XdsType, snapshot: Snapshot & { readonly event: EventRef | null }): void {
    this.#served.set(xds, snapshot)
    const { version, resources } = snapshot
    this.#versions.set(`${xds} ${version}`, { version, resources })
    if (this.#versions.size > VERSIONS_MAX) this.#versions.delete(this.#versions.keys().next().value!)
  }

  /** A proxy that answers is there, whether or not its connection is on the log. */
  #answer(event: EventOf<'XdsAcked' | 'XdsNacked'>, ref: EventRef): void {
    const { xds, client, version } = event
    const before = this.#clients.get(client) ?? { client, connected: ref, standings: new Map<XdsType, Standing>() }
    const runs = event.type === 'XdsAcked' ? version : event.running
    const kept = before.standings.get(xds)?.running ?? null
    const known = runs === null ? null : this.version(xds, runs)
    const running = known ?? (runs !== null && kept?.version === runs ? kept : null)
    const isAcked = event.type === 'XdsAcked'
    const detail = isAcked ? null : event.detail
    const answer: Answer = { kind: isAcked ? 'acked' : 'refused', version, detail, event: ref }
    const standings = new Map(before.standings).set(xds, { running, answer })
    this.#clients.set(client, { ...before, standings })
  }
}

/** Names of resources that the one has otherwise than the other, or alone; in order. */
export function differingNames(one: Resources, other: Resources): readonly string[] {
  const names = new Set([...one.keys(), ...other.keys()])
  return [...names]
    .filter((name) => !sameResource(one.get(name), other.get(name)))
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}

export function sameResource(one: Json | undefined, other: Json | undefined): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}

/** The rules that a network policy was made of. */
export function rulesOf(resource: Json | undefined): readonly string[] {
  if (typeof resource !== 'object' || resource === null || Array.isArray(resource)) return []
  const { ingressPerPortPolicies = [], egressPerPortPolicies = [] } = resource as unknown as PortPolicies
  const rules = [...ingressPerPortPolicies, ...egressPerPortPolicies].flatMap(({ rules: own = [] }) => own)
  return [...new Set(rules.map(({ name }) => name).filter((name) => name !== '' && !name.startsWith('reserved:')))]
}

type Ports = readonly { readonly rules: readonly { readonly name: string }[] }[]
type PortPolicies = { readonly ingressPerPortPolicies?: Ports; readonly egressPerPortPolicies?: Ports }
