/**
 * The intervals in which a node's proxies were told another identity of a prefix (NPHDS) than its ipcache has: meanwhile packets and requests of one address
 * are not judged as the same one's. Only where a listener goes by NPHDS; one that reads the kernel's ipcache is never behind it.
 */
import type { Cidr, NodeName } from '../../../events/ids.ts'
import type { Recorded } from '../../../events/recorded.ts'
import type { Json } from '../../../events/schema.ts'
import { EMPTY_NODE, type NodeView, type World } from '../../../projections/world.ts'
import { type EventRef, refOf } from '../event-at.ts'
import { type Peer, Peers } from './peers.ts'

export type HostsWindow = {
  readonly what: 'hosts'
  readonly node: string
  readonly peer: Peer
  /** As it began; null: none, which is the world. */
  readonly ipcache: number | null
  readonly told: number | null
  readonly since: EventRef | null
  readonly until: EventRef | null
  readonly durationMs: number | null
}

type Open = Pick<HostsWindow, 'peer' | 'ipcache' | 'told'> & { readonly since: Recorded | null }

export class HostWindows {
  readonly #node: NodeName
  readonly #peers: Peers
  /** By prefix, and the prefixes of each identity's resource. */
  readonly #told: Map<Cidr, number> = new Map()
  readonly #prefixes: Map<string, readonly Cidr[]> = new Map()
  readonly #open: Map<Cidr, Open> = new Map()
  #isUsed: boolean

  /** `world`: before the first event that is taken. */
  constructor(node: NodeName, world: World) {
    this.#node = node
    this.#peers = new Peers(node)
    const view = world.nodes.get(node, EMPTY_NODE)
    for (const [name, resource] of view.xds.get('nphds')?.resources ?? []) this.#tell(name, resource)
    this.#isUsed = usesHosts(view)
    for (const prefix of this.#all(view)) this.#look(prefix, world, null)
  }

  /** The windows that end with the event; `world` is with it. */
  take(recorded: Recorded, world: World): readonly HostsWindow[] {
    const { event, stream } = recorded
    if (stream !== `node-${this.#node}`) return []
    this.#peers.follow(recorded)
    const prefixes = this.#touchedBy(event, world.nodes.get(this.#node, EMPTY_NODE))
    const ended = [...new Set(prefixes)].flatMap((prefix) => this.#look(prefix, world, recorded))
    this.#peers.forget(recorded)
    return ended.map((open) => this.#windowOf(open, recorded))
  }

  /** Those that are open after the last event. */
  end(): readonly HostsWindow[] {
    return [...this.#open.values()].map((open) => this.#windowOf(open, null))
  }

  #touchedBy(event: Recorded['event'], view: NodeView): readonly Cidr[] {
    if (event.type === 'IpcacheUpserted' || event.type === 'IpcacheDeleted') return [event.prefix]
    if (event.type !== 'XdsPublished' || event.xds === 'npds') return []
    if (event.xds === 'nphds') {
      const changed = event.changed.flatMap(({ name, resource }) => this.#tell(name, resource))
      return [...changed, ...event.removed.flatMap((name) => this.#tell(name, null))]
    }
    const before = this.#isUsed
    this.#isUsed = usesHosts(view)
    return before === this.#isUsed ? [] : this.#all(view)
  }

  #all(view: NodeView): readonly Cidr[] {
    return [...new Set([...this.#told.keys(), ...[...view.ipcache.values()].map(({ prefix }) => prefix)])]
  }

  /** Prefixes that the resource names now or named before. */
  #tell(name: string, resource: Json): readonly Cidr[] {
    const before = this.#prefixes.get(name) ?? []
    const now =
      resource === null ? [] : (resource as unknown as { readonly hostAddresses: readonly Cidr[] }).hostAddresses
    for (const prefix of before) if (this.#told.get(prefix) === Number(name)) this.#told.delete(prefix)
    for (const prefix of now) this.#told.set(prefix, Number(name))
    if (now.length === 0) this.#prefixes.delete(name)
    else this.#prefixes.set(name, now)
    return [...before, ...now]
  }

  #look(prefix: Cidr, world: World, recorded: Recorded | null): readonly Open[] {
    const ipcache = world.nodes.get(this.#node, EMPTY_NODE).ipcache.get(prefix)?.identity ?? null
    const told = this.#told.get(prefix) ?? null
    const open = this.#open.get(prefix)
    // Other nodes' addresses are told too, and stand on the streams of their nodes.
    const isForeign = (): boolean => ipcache === null && this.#isOfAnother(prefix, world)
    const isWrong = this.#isUsed && ipcache !== told && !isForeign()
    if (isWrong && open === undefined) {
      const peer = this.#peers.of(`prefix ${prefix}`, world)
      this.#open.set(prefix, { peer, ipcache, told, since: recorded })
    }
    if (isWrong || open === undefined) return []
    this.#open.delete(prefix)
    return [open]
  }

  #isOfAnother(prefix: Cidr, { nodes }: World): boolean {
    const [address] = prefix.split('/')
    return [...nodes].some(
      ([name, { endpoints }]) =>
        name !== this.#node && endpoints.some(({ ipv4, ipv6 }) => ipv4 === address || ipv6 === address),
    )
  }

  #windowOf({ peer, ipcache, told, since }: Open, until: Recorded | null): HostsWindow {
    return {
      ...{ what: 'hosts', node: this.#node, peer, ipcache, told },
      since: since === null ? null : refOf(since),
      until: until === null ? null : refOf(until),
      durationMs: since === null || until === null ? null : until.recordedAt - since.recordedAt,
    }
  }
}

type Listener = { readonly listenerFilters?: readonly { readonly typedConfig?: { readonly useNphds?: boolean } }[] }

function usesHosts({ xds }: NodeView): boolean {
  const listeners = [...(xds.get('lds')?.resources.values() ?? [])] as unknown as readonly Listener[]
  return listeners.some(({ listenerFilters = [] }) => listenerFilters.some((one) => one.typedConfig?.useNphds === true))
}
