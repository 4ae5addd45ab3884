/**
 * The inconsistency windows of one node: each interval in which an endpoint's packets to or from somebody met another verdict than the policies and facts of
 * that moment ask for, because of policy map, identity and ipcache not all had come as far.
 *
 * Invariants:
 * 1. At every position a window is open for a peer exactly where some port of it is judged wrongly then.
 * 2. Before its first build succeeded an endpoint has no windows: it drops everything, and nothing disagrees. Nor has it where its policies cannot be
 *    resolved: what it should do is not known then.
 * 3. What is kept is the state of the node and the open windows, however long the log is.
 */
import type { Direction } from '../../../events/fields.ts'
import type { Cidr, EndpointId, NodeName } from '../../../events/ids.ts'
import type { Recorded } from '../../../events/recorded.ts'
import { step } from '../../../projections/projection.ts'
import {
  EMPTY_NODE,
  type EndpointView,
  world as fold,
  type NodeView,
  nodeOfStream,
  type World,
} from '../../../projections/world.ts'
import { type EventRef, refOf } from '../event-at.ts'
import { Addresses, type Dispute } from './addresses.ts'
import type { Effect, EffectKind, Reach } from './effects.ts'
import { type IdentityEffects, MapDifference } from './map-difference.ts'
import { type Peer, Peers } from './peers.ts'
import { Wanted } from './wanted.ts'

/** What had not come as far as the rest. */
export type Late = 'identity' | 'map' | 'ipcache'

export type Window = {
  readonly what: 'verdict'
  readonly node: string
  readonly endpoint: EndpointId
  readonly name: string
  readonly direction: Direction
  /** `deny`: dropped and should pass. `allow`: passes and should be dropped. */
  readonly kind: EffectKind
  /** Everybody for whom it is the same. */
  readonly peers: readonly Peer[]
  /** All that were judged wrongly at some time of it, the first first. */
  readonly ports: readonly Reach[]
  /** The event that opened it; null where it was open at the beginning of the range. */
  readonly since: EventRef | null
  /** The event that closed it; null where it is open at the end of the range. */
  readonly until: EventRef | null
  readonly durationMs: number | null
  /** What was late, from each event on at which that changed. */
  readonly steps: readonly Step[]
}

export type Step = {
  readonly position: string
  readonly afterMs: number
  readonly type: string
  readonly late: readonly Late[]
}

/** What is wrong for one peer now. */
type Wrong = {
  readonly peer: string
  /** Of the others. */
  readonly except?: readonly number[]
  readonly effects: readonly Effect[]
  readonly late: readonly Late[]
}

type Open = {
  readonly peer: Peer
  readonly direction: Direction
  readonly kind: EffectKind
  readonly since: Recorded | null
  readonly ports: Map<string, Reach>
  readonly steps: Step[]
}

/** Identities from here on stand for prefixes of one node (Cilium pkg/identity). */
const LOCAL_FIRST = 0x0100_0000

export class NodeWindows {
  readonly #node: NodeName
  readonly #wanted: Wanted
  readonly #addresses: Addresses
  readonly #peers: Peers
  readonly #open: Map<EndpointId, Map<string, Open>> = new Map()
  readonly #differences: Map<EndpointId, MapDifference> = new Map()
  #world: World

  /** `world`: before the first event that is taken. */
  constructor(node: NodeName, world: World) {
    this.#node = node
    this.#world = world
    this.#wanted = new Wanted(node, world)
    this.#addresses = new Addresses(node)
    this.#peers = new Peers(node)
    const prefixes = new Set<Cidr>(this.#wanted.prefixes.keys())
    for (const [name, { endpoints }] of world.nodes) {
      for (const after of endpoints.values()) {
        const key = { node: name, endpoint: after.endpoint }
        for (const prefix of this.#addresses.own(key, { before: undefined, after })) prefixes.add(prefix)
      }
    }
    for (const { prefix } of this.#view.ipcache.values()) prefixes.add(prefix)
    this.#addresses.look(world, prefixes, this.#wanted.prefixes)
    for (const endpoint of this.#view.endpoints.keys()) this.#judge(endpoint, null)
  }

  /** After the events that were taken. */
  get world(): World {
    return this.#world
  }

  /** The windows that end with the event. Throws `TypeError` where the log holds a policy that is none. */
  take(recorded: Recorded): readonly Window[] {
    const before = this.#world
    this.#world = step(fold, before, recorded)
    this.#peers.follow(recorded)
    const { identities, prefixes } = this.#wanted.advance(recorded, this.#world)
    const moved = [...prefixes, ...this.#moved(before, recorded)]
    const everywhere = this.#addresses.look(this.#world, moved, this.#wanted.prefixes)
    const touched = everywhere ? this.#everyEndpoint() : this.#touched(recorded, identities)
    const closed = touched.flatMap((endpoint) => this.#judge(endpoint, recorded))
    this.#peers.forget(recorded)
    return gathered(closed.map((open) => this.#windowOf(open, before, recorded)))
  }

  /** Those that are open after the last event. */
  end(): readonly Window[] {
    const open = [...this.#open].flatMap(([endpoint, all]) => [...all.values()].map((one) => ({ endpoint, open: one })))
    return gathered(open.map((one) => this.#windowOf(one, this.#world, null)))
  }

  get #view(): NodeView {
    return this.#world.nodes.get(this.#node, EMPTY_NODE)
  }

  #everyEndpoint(): readonly EndpointId[] {
    return [...new Set([...this.#view.endpoints.keys(), ...this.#open.keys()])]
  }

  #touched({ event, stream }: Recorded, identities: ReadonlySet<number>): readonly EndpointId[] {
    const touched = new Set<EndpointId>()
    if ('endpoint' in event && nodeOfStream(stream) === this.#node) touched.add(event.endpoint)
    if (identities.size === 0) return [...touched]
    for (const { endpoint, identity } of this.#view.endpoints.values()) {
      if (identity !== null && identities.has(identity)) touched.add(endpoint)
    }
    return [...touched]
  }

  /** Prefixes of which the event says something: by the ipcache, or as an endpoint's address. */
  #moved(before: World, { event, stream }: Recorded): readonly Cidr[] {
    const node = nodeOfStream(stream)
    if (node === null) return []
    switch (event.type) {
      case 'IpcacheUpserted':
      case 'IpcacheDeleted':
        return node === this.#node ? [event.prefix] : []
      case 'EndpointCreated':
      case 'EndpointIdentityChanged':
      case 'EndpointDeleted': {
        const at = (world: World): EndpointView | undefined => world.nodes.get(node)?.endpoints.get(event.endpoint)
        const key = { node, endpoint: event.endpoint }
        return this.#addresses.own(key, { before: at(before), after: at(this.#world) })
      }
      default:
        return []
    }
  }

  /** Opens, goes on with and closes the windows of an endpoint. `recorded` null: as it is at the beginning. */
  #judge(endpoint: EndpointId, recorded: Recorded | null): readonly Closed[] {
    const wrongs = this.#wrongsOf(endpoint)
    const open = this.#open.get(endpoint) ?? new Map<string, Open>()
    if (wrongs.length === 0 && open.size === 0) return []
    const now = new Set<string>()
    for (const { peer, except = [], effects, late } of wrongs) {
      for (const effect of effects) {
        const key = `${peer} ${effect.direction} ${effect.kind}`
        now.add(key)
        const one = open.get(key) ?? this.#opened([peer, ...except].join(' '), effect, recorded)
        open.set(key, one)
        one.ports.set(`${effect.reach.protocol}/${effect.reach.from}-${effect.reach.to}`, effect.reach)
        if (recorded !== null || one.steps.length === 0) addStep(one, late, recorded)
      }
    }
    const closed = [...open].filter(([key]) => !now.has(key))
    for (const [key] of closed) open.delete(key)
    if (open.size === 0) this.#open.delete(endpoint)
    else this.#open.set(endpoint, open)
    return closed.map(([, one]) => ({ endpoint, open: one }))
  }

  #opened(peer: string, { direction, kind }: Effect, since: Recorded | null): Open {
    return { peer: this.#peers.of(peer, this.#world), direction, kind, since, ports: new Map(), steps: [] }
  }

  #wrongsOf(endpoint: EndpointId): readonly Wrong[] {
    const difference = this.#differenceOf(endpoint)
    if (difference === null) return []
    const disputed = this.#addresses.disputes().map((dispute) => disputeWrong(difference, dispute))
    const late = difference.wrong.flatMap((one) => this.#lateMap(one, difference))
    return [...disputed.filter(({ effects }) => effects.length > 0), ...late]
  }

  /** Null where nothing is known to be wrong or right. */
  #differenceOf(endpoint: EndpointId): MapDifference | null {
    const view = this.#view.endpoints.get(endpoint)
    const wanted = view === undefined || view.revision === null ? null : this.#wanted.mapOf(view)
    if (view === undefined || wanted === null) {
      this.#differences.delete(endpoint)
      return null
    }
    const known = this.#differences.get(endpoint)
    if (known?.inForce === view.policyMap && known.wanted === wanted) return known
    const difference = new MapDifference(view.policyMap, wanted)
    this.#differences.set(endpoint, difference)
    return difference
  }

  /** Peers whose address nobody disputes, and for whom the map alone is late. */
  #lateMap({ identity, effects }: IdentityEffects, { named }: MapDifference): readonly Wrong[] {
    const late = ['map'] as const
    if (identity >= LOCAL_FIRST)
      return this.#addresses.prefixesOf(identity).map((prefix) => ({ peer: `prefix ${prefix}`, effects, late }))
    if (identity !== 0) return this.#addresses.isLive(identity) ? [{ peer: `identity ${identity}`, effects, late }] : []
    const isSomebody = this.#addresses.someLive((one) => !named.has(one))
    return isSomebody ? [{ peer: 'others', except: [...named].toSorted((a, b) => a - b), effects, late }] : []
  }

  #windowOf({ endpoint, open }: Closed, before: World, until: Recorded | null): Window {
    const { peer, direction, kind, since, ports, steps } = open
    const view = (world: World): EndpointView | undefined => world.nodes.get(this.#node)?.endpoints.get(endpoint)
    const known = since !== null && until !== null
    return {
      what: 'verdict',
      node: this.#node,
      endpoint,
      name: (view(this.#world) ?? view(before))?.name ?? '',
      direction,
      kind,
      peers: [peer],
      ports: [...ports.values()],
      since: since === null ? null : refOf(since),
      until: until === null ? null : refOf(until),
      durationMs: known ? until.recordedAt - since.recordedAt : null,
      steps,
    }
  }
}

type Closed = { readonly endpoint: EndpointId; readonly open: Open }

function disputeWrong(difference: MapDifference, { prefix, inForce, wanted }: Dispute): Wrong {
  const effects = difference.between(inForce, wanted)
  const peer = `prefix ${prefix}`
  if (effects.length === 0) return { peer, effects, late: [] }
  const identity = Wanted.isImagined(wanted) ? (['identity'] as const) : []
  const map = difference.between(wanted, wanted).length > 0 ? (['map'] as const) : []
  return { peer, effects, late: [...identity, ...map, 'ipcache'] }
}

function addStep({ steps, since }: Open, late: readonly Late[], recorded: Recorded | null): void {
  const last = steps.at(-1)
  if (last !== undefined && last.late.join() === late.join()) return
  const afterMs = recorded === null || since === null ? 0 : recorded.recordedAt - since.recordedAt
  steps.push({ position: String(recorded?.position ?? ''), afterMs, type: recorded?.event.type ?? '', late })
}

/** Windows of an endpoint that differ in nothing but the peer are one. */
function gathered(windows: readonly Window[]): readonly Window[] {
  const groups = Map.groupBy(windows, ({ peers: _, ...rest }) => JSON.stringify(rest))
  return [...groups.values()].map((group) => ({ ...group[0]!, peers: group.flatMap(({ peers }) => peers) }))
}
