/** What each proxy of a node runs at a moment beside what it is served, and where that does not go together with what is enforced, since which event. */
import type { EventType } from '../../../events/catalogue.ts'
import { decodeEvent } from '../../../events/codec.ts'
import { EndpointId, type NodeName, nodeStream, Position } from '../../../events/ids.ts'
import type { XdsType } from '../../../events/node.ts'
import type { Recorded } from '../../../events/recorded.ts'
import { step } from '../../../projections/projection.ts'
import { EMPTY_NODE, world as fold, type NodeView, nodeOfStream, type World } from '../../../projections/world.ts'
import { type EventRef, refOf } from '../event-at.ts'
import type { History } from '../history.ts'
import { worldFrom } from '../state-at.ts'
import { type Disagreement, disagreementKey, disagreementsOf } from './disagreements.ts'
import { type Answer, type Client, differingNames, Proxies, XDS_TYPES } from './proxies.ts'

export type ServedType = { readonly xds: XdsType; readonly version: string; readonly resources: number }

/** `current`: runs what is served. `behind`: has not answered to it. `refused`: its last answer. `unknown`: has not answered since it connected. */
export type ProxyState = 'current' | 'behind' | 'refused' | 'unknown'

export type ProxyType = {
  readonly xds: XdsType
  readonly state: ProxyState
  readonly serves: string
  readonly runs: string | null
  /** Resources that it has otherwise than they are served, where it is known what it has. */
  readonly differs: readonly string[]
  /** Its last one. */
  readonly answer: Answer | null
}

export type ProxyStatus = {
  readonly client: string
  readonly connected: EventRef
  readonly types: readonly ProxyType[]
}

export type XdsStatus = {
  readonly node: string
  readonly served: readonly ServedType[]
  /** Those that are connected. */
  readonly proxies: readonly ProxyStatus[]
  /** Each with the event since which it is so. */
  readonly disagreements: readonly (Disagreement & { readonly since: EventRef })[]
}

const CONCERNS_ALL: readonly EventType[] = [
  'XdsPublished',
  'XdsAcked',
  'XdsNacked',
  'ProxyConnectionChanged',
  'AgentStarted',
]
const READS: readonly EventType[] = [...fold.reads, 'ProxyConnectionChanged']
/** Starts and stops of agents that are looked through. */
const VERSIONS_MAX = 100

/** Reads the node's events since its agent started. Throws `DecodeError`. */
export async function xdsStatus({ log, model }: History, node: NodeName, at: Position): Promise<XdsStatus> {
  const start = Position(startOf({ model }, node, at) - 1n)
  const walk = new Walk(node, start > 0n ? worldFrom(model, start) : fold.initial)
  const own = { types: READS, streamPrefixes: [nodeStream(node), `endpoint-${node}-`] }
  for await (const batch of log.readAll({ direction: 'forwards', after: start > 0n ? start : null, ...own })) {
    for (const stored of batch) {
      if (stored.position > at) return walk.status()
      if (nodeOfStream(stored.stream) === node) walk.take(decodeEvent(stored))
    }
  }
  return walk.status()
}

/** Where the agent of the moment started, or an earlier one after which none stopped. */
function startOf({ model }: Pick<History, 'model'>, node: NodeName, at: Position): bigint {
  const versions = model.versions({ unit: `node ${node}`, entity: 'node', upTo: at, limit: VERSIONS_MAX })
  const stopped = versions.findIndex(({ value }) => (value as { readonly running?: boolean } | null)?.running !== true)
  const first = stopped === -1 ? versions.at(-1) : (versions[stopped - 1] ?? versions[stopped])
  return first?.position ?? 1n
}

type Found = { readonly disagreement: Disagreement; readonly since: EventRef }

class Walk {
  readonly #node: NodeName
  readonly #proxies: Proxies
  /** By key, of each endpoint. */
  readonly #found: Map<EndpointId, ReadonlyMap<string, Found>> = new Map()
  #world: World

  constructor(node: NodeName, world: World) {
    this.#node = node
    this.#world = world
    this.#proxies = new Proxies(world.nodes.get(node, EMPTY_NODE).xds)
  }

  take(recorded: Recorded): void {
    this.#world = step(fold, this.#world, recorded)
    this.#proxies.take(recorded)
    for (const endpoint of this.#touchedBy(recorded)) this.#look(endpoint, refOf(recorded))
  }

  status(): XdsStatus {
    const proxies = this.#proxies
    const found = [...this.#found].toSorted(([a], [b]) => a - b).flatMap(([, all]) => [...all.values()])
    return {
      node: this.#node,
      served: XDS_TYPES.flatMap((xds) => {
        const served = proxies.served(xds)
        return served === null ? [] : [{ xds, version: served.version, resources: served.resources.size }]
      }),
      proxies: proxies.clients().map((client) => proxyStatus(client, proxies)),
      disagreements: found.map(({ disagreement, since }) => ({ ...disagreement, since })),
    }
  }

  get #endpoints(): NodeView['endpoints'] {
    return this.#world.nodes.get(this.#node, EMPTY_NODE).endpoints
  }

  /** A publication of network policies concerns those that it names; whatever else is said of proxies may concern everybody. */
  #touchedBy({ event }: Recorded): Iterable<EndpointId> {
    if (event.type === 'XdsPublished' && event.xds === 'npds') {
      return [...event.changed.map(({ name }) => name), ...event.removed].map((name) => EndpointId(Number(name)))
    }
    if (CONCERNS_ALL.includes(event.type)) return new Set([...this.#found.keys(), ...this.#endpoints.keys()])
    const isOne = event.type === 'EndpointCreated' || event.type === 'EndpointDeleted'
    return isOne || event.type === 'PolicyMapWritten' ? [event.endpoint] : []
  }

  #look(id: EndpointId, event: EventRef): void {
    const endpoint = this.#endpoints.get(id)
    const disagreements = endpoint === undefined ? [] : disagreementsOf(endpoint, this.#proxies)
    const before = this.#found.get(id)
    const found = disagreements.map((disagreement): readonly [string, Found] => {
      const key = disagreementKey(disagreement)
      return [key, { disagreement, since: before?.get(key)?.since ?? event }]
    })
    if (found.length === 0) this.#found.delete(id)
    else this.#found.set(id, new Map(found))
  }
}

function proxyStatus({ client, connected, standings }: Client, proxies: Proxies): ProxyStatus {
  const types = XDS_TYPES.flatMap((xds): readonly ProxyType[] => {
    const served = proxies.served(xds)
    if (served === null) return []
    const standing = standings.get(xds)
    const running = standing?.running ?? null
    const answer = standing?.answer ?? null
    const differs = running === null ? [] : differingNames(running.resources, served.resources)
    const runs = running?.version ?? null
    return [{ xds, state: stateOf(answer, runs === served.version), serves: served.version, runs, differs, answer }]
  })
  return { client, connected, types }
}

function stateOf(answer: Answer | null, isCurrent: boolean): ProxyState {
  if (answer === null) return 'unknown'
  if (answer.kind === 'refused') return 'refused'
  return isCurrent ? 'current' : 'behind'
}
