/**
 * What an agent goes on from beyond the state of the world: its last reaction, what its proxy said last, the ports it gave, builds that run or wait. It
 * stands at the end of the node's and its endpoints' streams, or just after the agent began.
 */
import type { EventType } from '../../../events/catalogue.ts'
import type { StoredEvent } from '../../../events/codec.ts'
import {
  endpointStream,
  type NodeName,
  nodeStream,
  POLICY_STREAM,
  type Position,
  type StreamName,
} from '../../../events/ids.ts'
import type { Json } from '../../../events/schema.ts'
import { type UnitName, unitParts } from '../../../projections/history/entities.ts'
import type { ReadModel } from '../../ports/read-model.ts'
import { buildOf, type Gathered } from './gathered.ts'
import type { Standing } from './prune.ts'

/** Of a node's stream so much is looked through, backwards from the start of the range. */
const TAIL_MAX = 4_096
/** Of an endpoint's: what was asked for since its last build began. */
const PENDING_MAX = 256
/** Builds that failed in a row, and revisions that an endpoint was bumped to in one state. */
const BUILDS_MAX = 256
const STATUSES_MAX = 65_536
/** An agent that begins says this much at most before it follows the log: what the kernel can do, and which proxies there are. */
const BEGINNING_MAX = 256
/** A listener is published when it has its port. */
const BEFORE_LISTENER_MAX = 1_024
/** An agent is `node`'s newest version that is an `AgentStarted`: it starts and stops in turn. */
const VERSIONS_MAX = 8

/** Of these the last tells the state, by what it is about. */
const LAST: ReadonlyMap<EventType, (body: Body) => string> = new Map<EventType, (body: Body) => string>([
  ['PolicyReaction', () => ''],
  ['KernelProbed', () => ''],
  ['XdsAcked', ({ xds }) => String(xds)],
  ['XdsNacked', ({ xds }) => String(xds)],
  ['ProxyConnectionChanged', ({ client }) => String(client)],
  ['ProxyPortAllocated', ({ listener }) => String(listener)],
  ['ProxyPortReleased', ({ listener }) => String(listener)],
])
const SAID_FIRST: ReadonlySet<string> = new Set<EventType>([
  'KernelProbed',
  'ProxyConnectionChanged',
  'ProxyPortAllocated',
  'ProxyPortReleased',
])
type Body = { readonly [field: string]: unknown }

const bodyOf = (stored: StoredEvent): Body => JSON.parse(stored.body) as Body

/** Of every node and endpoint, and the policies that nobody had reacted to. Gives the endpoints that were deleted and not yet taken down: all of them is kept. */
export async function addTails(found: Gathered, model: ReadModel, standing: Standing): Promise<ReadonlySet<UnitName>> {
  const leaving = new Set<UnitName>()
  let reacted: number | null = null
  for (const [unit, since] of standing) {
    const parts = unitParts(unit)
    // Endpoints that are gone are many.
    if (parts.kind === 'endpoint' && since.size > 0) {
      await addBeginning(found, model, { unit, entity: 'endpoint', first: 'EndpointCreated' })
      await addEndpointTail(found, model, unit, endpointStream(parts.node as NodeName, parts.endpoint))
    }
    if (parts.kind !== 'node') continue
    const stream = nodeStream(parts.node as NodeName)
    const started = await addBeginning(found, model, { unit, entity: 'node', first: 'AgentStarted' })
    if (started !== null) await addAgentBeginning(found, started)
    const last = await addNodeTail(found, stream, started)
    if (last !== null) reacted = Math.min(reacted ?? last, last)
    await addPorts(found, since)
    for (const deleted of await leavingIn(found, stream)) {
      const gone = `endpoint ${parts.node} ${String(bodyOf(deleted)['endpoint'])}`
      leaving.add(gone)
      await addLeaving(found, model, { unit: gone, deleted })
    }
  }
  if (reacted !== null) await addUnreacted(found, reacted)
  return leaving
}

/** The last word of each endpoint that is not gone. */
async function leavingIn(found: Gathered, stream: StreamName): Promise<readonly StoredEvent[]> {
  const [leaving, later]: [StoredEvent[], Set<unknown>] = [[], new Set()]
  let looked = 0
  for await (const stored of found.backwards(stream, null)) {
    looked += 1
    if (looked > TAIL_MAX) break
    if (!['EndpointDeleted', 'EndpointCreated', 'EndpointStateChanged'].includes(stored.type)) continue
    const { endpoint, to } = bodyOf(stored)
    if (stored.type === 'EndpointDeleted' && !later.has(endpoint)) leaving.push(stored)
    if (stored.type !== 'EndpointStateChanged' || to === 'disconnected') later.add(endpoint)
  }
  return leaving
}

/** All that the agent still knows of it. */
async function addLeaving(
  found: Gathered,
  model: ReadModel,
  { unit, deleted }: { readonly unit: UnitName; readonly deleted: StoredEvent },
): Promise<void> {
  found.keep(deleted)
  const parts = unitParts(unit)
  const created = await addBeginning(found, model, { unit, entity: 'endpoint', first: 'EndpointCreated' })
  if (created === null || parts.kind !== 'endpoint') return
  const isIts = ({ type, body }: StoredEvent): boolean =>
    (type.startsWith('Endpoint') || type.startsWith('Program')) &&
    (JSON.parse(body) as Body)['endpoint'] === parts.endpoint
  for (const stream of [endpointStream(parts.node as NodeName, parts.endpoint), deleted.stream]) {
    let looked = 0
    for await (const stored of found.backwards(stream, null)) {
      looked += 1
      if (looked > TAIL_MAX || stored.position <= created.position) break
      if (stored.stream !== deleted.stream || isIts(stored)) found.keep(stored)
    }
  }
}

type Beginning = { readonly unit: UnitName; readonly entity: string; readonly first: EventType }

/** The versions of an entity since the event that it began with, which is given back. */
async function addBeginning(
  found: Gathered,
  model: ReadModel,
  { unit, entity, first }: Beginning,
): Promise<StoredEvent | null> {
  for (const { position } of model.versions({ unit, entity, upTo: found.upTo, limit: VERSIONS_MAX })) {
    const stored = await found.at(position)
    if (stored?.type === first) return stored
  }
  return null
}

async function addAgentBeginning(found: Gathered, started: StoredEvent): Promise<void> {
  for (const stored of await found.forwards(started.stream, started.revision, BEGINNING_MAX)) {
    if (SAID_FIRST.has(stored.type)) found.keep(stored)
  }
}

/** Gives the revision of the policies that the agent had reacted to; null where none is near. */
async function addNodeTail(found: Gathered, stream: StreamName, started: StoredEvent | null): Promise<number | null> {
  const seen = new Set<string>()
  let reacted: number | null = null
  let looked = 0
  for await (const stored of found.backwards(stream, null)) {
    looked += 1
    if (looked > TAIL_MAX) break
    const about = LAST.get(stored.type as EventType)
    const hasBegun = started !== null && stored.position < started.position
    if (about === undefined) continue
    const body = bodyOf(stored)
    const key = `${stored.type} ${about(body)}`
    if (seen.has(key)) continue
    seen.add(key)
    // What proxies said to an earlier agent does not count for this one.
    if (!hasBegun || stored.type !== 'ProxyConnectionChanged') found.keep(stored)
    if (stored.type === 'PolicyReaction') reacted ??= Number(body['revision'])
  }
  return reacted
}

/**
 * Since the build that succeeded last, with what made the endpoint's state what it is. Builds and states are found by the versions of `building` and
 * `status`: an endpoint that nothing happens to is bumped with every policy, and its stream is long.
 */
async function addEndpointTail(found: Gathered, model: ReadModel, unit: UnitName, stream: StreamName): Promise<void> {
  const [standing] = model.versions({ unit, entity: 'status', upTo: found.upTo, limit: 1 })
  const began = await addLastBuilds(found, model, { unit, since: standing?.position ?? found.upTo })
  for (const field of ['state', 'revision'] as const) {
    const changed = statusSince(model, { unit, field, upTo: found.upTo })
    if (changed !== null) await found.at(changed)
  }
  let looked = 0
  for await (const stored of found.backwards(stream, null)) {
    looked += 1
    if (looked > PENDING_MAX || (began !== null && stored.position <= began)) return
    // The last one is where the revision is of.
    if (stored.type !== 'EndpointRevisionBumped') found.keep(stored)
  }
}

/**
 * The builds since the start of the one that had succeeded when the status became what it is: a later one may have succeeded without changing it.
 * Gives where the last one began.
 */
async function addLastBuilds(
  found: Gathered,
  model: ReadModel,
  { unit, since }: { readonly unit: UnitName; readonly since: Position },
): Promise<Position | null> {
  let began: Position | null = null
  let success: number | null = null
  for (const { position } of model.versions({ unit, entity: 'building', upTo: found.upTo, limit: BUILDS_MAX })) {
    const stored = await found.at(position)
    if (stored?.type === 'EndpointRegenerationSucceeded' && position <= since) success ??= buildOf(stored)
    if (stored?.type !== 'EndpointRegenerationStarted') continue
    began ??= position
    if (buildOf(stored) === success) break
  }
  return began
}

type StatusField = 'state' | 'revision'
type StatusQuestion = { readonly unit: UnitName; readonly field: StatusField; readonly upTo: Position }

/** Where the endpoint came into its state, or to its revision. */
function statusSince(model: ReadModel, { unit, field, upTo }: StatusQuestion): Position | null {
  const of = (value: Json | null): Json => (value as { readonly [name: string]: Json } | null)?.[field] ?? null
  for (let limit = 16; limit <= STATUSES_MAX; limit *= 8) {
    const versions = model.versions({ unit, entity: 'status', upTo, limit })
    const [now] = versions
    // With the first state an endpoint is made.
    if (now === undefined || (field === 'state' && of(now.value) === 'waiting-for-identity')) return null
    const before = versions.findIndex(({ value }) => of(value) !== of(now.value))
    if (before > 0) return versions[before - 1]!.position
    if (versions.length < limit) return versions.at(-1)!.position
  }
  return null
}

/** Of the listeners that stand. */
async function addPorts(
  found: Gathered,
  since: Standing extends ReadonlyMap<UnitName, infer S> ? S : never,
): Promise<void> {
  for (const [entity, position] of since) {
    const [, listener] = /^xds lds (.*):[0-9]+$/.exec(entity) ?? []
    const published = listener === undefined ? null : await found.at(position)
    if (published === null) continue
    let looked = 0
    for await (const stored of found.backwards(published.stream, published.revision)) {
      looked += 1
      const isIt = stored.type === 'ProxyPortAllocated' && bodyOf(stored)['listener'] === listener
      if (isIt) found.keep(stored)
      if (isIt || looked === BEFORE_LISTENER_MAX) break
    }
  }
}

async function addUnreacted(found: Gathered, reacted: number): Promise<void> {
  let looked = 0
  for await (const stored of found.backwards(POLICY_STREAM, null)) {
    looked += 1
    if (looked > TAIL_MAX) return
    if (stored.type !== 'PolicyAdded' && stored.type !== 'PolicyDeleted') continue
    if (Number(bodyOf(stored)['revision']) <= reacted) return
    found.keep(stored)
  }
}
