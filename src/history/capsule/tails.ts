/**
 * What an agent goes on from beyond the state of the world: its last reaction, what its proxy said last, the ports it gave, builds that run or wait. It
 * stands at the end of the node's and its endpoints' streams, or just after the agent began.
 */
import type { EventType } from '../../../events/catalogue.ts'
import type { StoredEvent } from '../../../events/codec.ts'
import { endpointStream, type NodeName, nodeStream, POLICY_STREAM, type StreamName } from '../../../events/ids.ts'
import { type UnitName, unitParts } from '../../../projections/history/entities.ts'
import type { ReadModel } from '../../ports/read-model.ts'
import { buildOf, type Gathered } from './gathered.ts'
import type { Standing } from './prune.ts'

/** Of a node's stream so much is looked through, backwards from the start of the range. */
const TAIL_MAX = 20_000
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
  ['EndpointStateChanged', ({ endpoint }) => String(endpoint)],
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

/** Of every node and endpoint, and the policies that nobody had reacted to. */
export async function addTails(found: Gathered, model: ReadModel, standing: Standing): Promise<void> {
  let reacted: number | null = null
  for (const [unit, since] of standing) {
    const parts = unitParts(unit)
    if (parts.kind === 'endpoint') {
      await addBeginning(found, model, { unit, entity: 'endpoint', first: 'EndpointCreated' })
      await addEndpointTail(found, endpointStream(parts.node as NodeName, parts.endpoint))
    }
    if (parts.kind !== 'node') continue
    const stream = nodeStream(parts.node as NodeName)
    const started = await addBeginning(found, model, { unit, entity: 'node', first: 'AgentStarted' })
    if (started !== null) await addAgentBeginning(found, started)
    const last = await addNodeTail(found, stream, started)
    if (last !== null) reacted = Math.min(reacted ?? last, last)
    await addPorts(found, since)
  }
  if (reacted !== null) await addUnreacted(found, reacted)
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

/** Since the build that succeeded last. */
async function addEndpointTail(found: Gathered, stream: StreamName): Promise<void> {
  let success: number | null = null
  let looked = 0
  for await (const stored of found.backwards(stream, null)) {
    looked += 1
    if (looked > TAIL_MAX) return
    if (success === null || stored.type === 'EndpointRegenerationStarted') found.keep(stored)
    if (stored.type === 'EndpointRegenerationSucceeded') success ??= buildOf(stored)
    if (stored.type === 'EndpointRegenerationStarted' && buildOf(stored) === success) return
  }
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
