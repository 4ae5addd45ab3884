/**
 * The state at the start of a range as the fewest events of the log that it follows from, each at its own position and cut down to what still holds
 * (prune.ts).
 *
 * Whether they are enough is not argued but looked at: the state is folded from them and compared with that of the log, values, positions and what
 * an agent would go on from. A node where something is missing is taken whole, from its first event on.
 */

import type { EventType } from '../../../events/catalogue.ts'
import { decodeEvent, type StoredEvent } from '../../../events/codec.ts'
import {
  endpointStream,
  type NodeName,
  nodeStream,
  Position,
  type StreamName,
  type StreamRevision,
} from '../../../events/ids.ts'
import type { EventContext } from '../../../events/recorded.ts'
import { touchedBy, type UnitName, unitOf, unitParts } from '../../../projections/history/entities.ts'
import { nodeOfStream } from '../../../projections/world.ts'
import type { EventLog } from '../../ports/log.ts'
import type { ReadModel } from '../../ports/read-model.ts'
import type { History } from '../history.ts'
import { agentDigests } from './agent-state.ts'
import { CapsuleLog } from './capsule-log.ts'
import { pruned, type Standing } from './prune.ts'
import { unitDigest } from './state.ts'

export type StartQuestion = {
  readonly history: History
  readonly start: Position
  /** The range itself: what its events followed from is kept, too. */
  readonly range: readonly StoredEvent[]
  readonly openModel: (log: EventLog) => Promise<ReadModel>
}

/** Small events, and few: who is who, which policies, ports and agents there were. */
const WHOLE: readonly EventType[] = [
  'IdentityAllocated',
  'IdentityReleased',
  'EndpointCreated',
  'EndpointIdentityChanged',
  'EndpointDeleted',
  'AgentStarted',
  'AgentStopped',
  'ProxyPortAllocated',
  'ProxyPortReleased',
]
/** Of these the last of a node tells the state, and those since its last agent began. */
const LAST: readonly EventType[] = [
  'PolicyReaction',
  'KernelProbed',
  'XdsAcked',
  'XdsNacked',
  'ProxyConnectionChanged',
  'EndpointStateChanged',
]
/** A chain of causes that is longer is not followed by anybody. */
const CAUSES_MAX = 16

type Chosen = Map<Position, StoredEvent>

/** In order. Throws `Error` where the log contradicts itself. */
export async function eventsOfStart(question: StartQuestion): Promise<readonly StoredEvent[]> {
  const { history, start } = question
  const standing = standingAt(history.model, start)
  const chosen: Chosen = new Map()
  await addShared(history, start, chosen)
  for (const since of standing.values()) for (const position of since.values()) await add(history, position, chosen)
  await add(history, start, chosen)
  for (const unit of standing.keys()) await addTail(history, unit, start, chosen)
  await addCauses(history, question.range, chosen)
  await addBuilds(history, chosen)
  await addLaterVersions(history, start, chosen)
  const events = inOrder(chosen)
  const lacking = await nodesLacking(question, pruned(events, standing, start))
  if (lacking.size === 0) return pruned(events, standing, start)
  for (const node of lacking) await addNode(history, node, start, chosen)
  const whole = inOrder(chosen)
  const kept = [...whole].filter(({ stream }) => !lacking.has(nodeOfStream(stream) ?? ''))
  const cut = new Map(pruned(kept, standing, start).map((stored) => [stored.position, stored]))
  const result = whole.map((stored) => cut.get(stored.position) ?? stored)
  const still = await nodesLacking(question, result)
  if (still.size > 0)
    throw new Error(`the state of ${[...still].join(', ')} at ${start} does not follow from its events`)
  return result
}

function standingAt(model: ReadModel, start: Position): Standing {
  return new Map(
    model.units(start).map((unit) => {
      const entities = model.entities(unit, start)
      return [unit, new Map([...entities].map(([name, { position }]) => [name, position]))] as const
    }),
  )
}

async function add(history: History, position: Position, chosen: Chosen): Promise<StoredEvent | null> {
  const known = chosen.get(position)
  if (known !== undefined) return known
  const after = Position(position + 1n)
  for await (const [stored] of history.log.readAll({ direction: 'backwards', after, limit: 1 })) {
    if (stored?.position !== position) return null
    chosen.set(position, stored)
    return stored
  }
  return null
}

/** The streams that all share, and the small events of all others. */
async function addShared({ log }: History, start: Position, chosen: Chosen): Promise<void> {
  for (const filter of [{ types: WHOLE }, { streamPrefixes: ['policy', 'identity'] }]) {
    for await (const batch of log.readAll({ direction: 'forwards', after: null, ...filter })) {
      for (const stored of batch) if (stored.position <= start) chosen.set(stored.position, stored)
      if ((batch.at(-1)?.position ?? start) >= start) break
    }
  }
}

/** What happened to a node since its last agent began, and to an endpoint since the build that succeeded last. */
async function addTail({ log }: History, unit: UnitName, start: Position, chosen: Chosen): Promise<void> {
  const parts = unitParts(unit)
  if (parts.kind === 'node') return addNodeTail(log, parts.node as NodeName, start, chosen)
  if (parts.kind !== 'endpoint') return
  const stream = endpointStream(parts.node as NodeName, parts.endpoint)
  let success: number | null = null
  for await (const batch of log.readStream(stream, { direction: 'backwards', after: null })) {
    for (const stored of batch) {
      if (stored.position > start) continue
      if (success === null || stored.type === 'EndpointRegenerationStarted') chosen.set(stored.position, stored)
      if (stored.type === 'EndpointRegenerationSucceeded') success ??= buildOf(stored)
      if (stored.type === 'EndpointRegenerationStarted' && buildOf(stored) === success) return
    }
  }
}

async function addNodeTail(log: EventLog, node: NodeName, start: Position, chosen: Chosen): Promise<void> {
  const wanted = new Set<string>(LAST.filter((type) => type !== 'EndpointStateChanged'))
  const moved = new Set<number>()
  let begun = false
  for await (const batch of log.readStream(nodeStream(node), { direction: 'backwards', after: null })) {
    for (const stored of batch) {
      if (stored.position > start) continue
      if (stored.type === 'AgentStarted') begun = true
      if (stored.type === 'EndpointStateChanged') {
        const { endpoint } = JSON.parse(stored.body) as { readonly endpoint: number }
        if (!moved.has(endpoint)) chosen.set(stored.position, stored)
        moved.add(endpoint)
      } else if (LAST.includes(stored.type as EventType) && (!begun || wanted.delete(stored.type))) {
        chosen.set(stored.position, stored)
      }
    }
  }
}

/** A map write counts only while its build runs. */
async function addBuilds({ log }: History, chosen: Chosen): Promise<void> {
  for (const { stream, revision, type, body } of [...chosen.values()]) {
    if (type !== 'PolicyMapWritten') continue
    const { build } = JSON.parse(body) as { readonly build: number | null }
    if (build === null) continue
    const started = await startOf(log, { stream, before: revision, build })
    if (started !== null) chosen.set(started.position, started)
  }
}

async function startOf(
  log: EventLog,
  { stream, before, build }: { readonly stream: StreamName; readonly before: StreamRevision; readonly build: number },
): Promise<StoredEvent | null> {
  for await (const batch of log.readStream(stream, { direction: 'backwards', after: before })) {
    const found = batch.find((stored) => stored.type === 'EndpointRegenerationStarted' && buildOf(stored) === build)
    if (found !== undefined) return found
  }
  return null
}

/** Whoever asks why an entry is there is led up the chain of causes. */
async function addCauses(history: History, range: readonly StoredEvent[], chosen: Chosen): Promise<void> {
  const inRange = new Map(range.map((stored) => [stored.position, stored]))
  for (const stored of [...chosen.values(), ...range]) {
    let current: StoredEvent | null = stored
    for (let step = 0; step < CAUSES_MAX && current !== null; step += 1) {
      const { cause, actor }: EventContext = decodeEvent(current).context
      if (cause === null || (step > 0 && actor.kind !== 'agent')) break
      current = inRange.get(cause) ?? (await add(history, cause, chosen))
    }
  }
}

/** An event that is kept for another reason may have been undone since: then what undid it is kept, too. */
async function addLaterVersions(history: History, start: Position, chosen: Chosen): Promise<void> {
  for (const stored of [...chosen.values()]) {
    const recorded = decodeEvent(stored)
    const unit = unitOf(recorded)
    const touched = touchedBy(recorded, null)
    if (unit === null || touched === 'all' || unitParts(unit).kind === 'endpoint' || stored.type === 'XdsPublished')
      continue
    for (const entity of touched) {
      const [version] = history.model.versions({ unit, entity, upTo: start, limit: 1 })
      if (version !== undefined) await add(history, version.position, chosen)
    }
  }
}

async function addNode({ log }: History, node: string, start: Position, chosen: Chosen): Promise<void> {
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) {
    for (const stored of batch) {
      if (stored.position <= start && nodeOfStream(stored.stream) === node) chosen.set(stored.position, stored)
    }
    if ((batch.at(-1)?.position ?? start) >= start) return
  }
}

/** Nodes whose state at the start is another one when it is folded from these events. */
async function nodesLacking(
  { history, start, openModel }: StartQuestion,
  events: readonly StoredEvent[],
): Promise<ReadonlySet<string>> {
  const begins = { position: start, recordedAt: events.at(-1)!.recordedAt }
  const part = new CapsuleLog({ location: 'the start of a capsule', begins, engine: '', events })
  using model = await openModel(part)
  const lacking = new Set<string>()
  for (const unit of history.model.units(start)) {
    if (unitDigest(model, unit, start) === unitDigest(history.model, unit, start)) continue
    const parts = unitParts(unit)
    if (!('node' in parts)) throw new Error(`the state of ${unit} at ${start} does not follow from its events`)
    lacking.add(parts.node)
  }
  const [whole, kept] = [await agentDigests(history.log, start), await agentDigests(part, start)]
  for (const [node, digest] of whole) if (kept.get(node) !== digest) lacking.add(node)
  return lacking
}

function buildOf(stored: StoredEvent): number {
  return (JSON.parse(stored.body) as { readonly build: number }).build
}

function inOrder(chosen: Chosen): readonly StoredEvent[] {
  return [...chosen.values()].toSorted((a, b) => (a.position < b.position ? -1 : 1))
}
