/**
 * The state at the start of a range as the fewest events of the log that it follows from, each at its own position and cut down to what still holds
 * (prune.ts). Their number is that of the entries of the state, however long the log is, and so is the work.
 *
 * Whether they are enough is not argued but looked at: the state is folded from them and compared with that of the log, values and positions, and of a
 * log that is short before the range also what an agent would go on from. A node where something is missing is taken whole, from its first
 * event on.
 */
import { decodeEvent, type StoredEvent } from '../../../events/codec.ts'
import { Position } from '../../../events/ids.ts'
import { touchedBy, unitOf, unitParts } from '../../../projections/history/entities.ts'
import { nodeOfStream } from '../../../projections/world.ts'
import type { EventLog } from '../../ports/log.ts'
import type { ReadModel } from '../../ports/read-model.ts'
import type { History } from '../history.ts'
import { addAcknowledged } from './acknowledged.ts'
import { agentDigests } from './agent-state.ts'
import { CapsuleLog } from './capsule-log.ts'
import { buildOf, causeOf, Gathered } from './gathered.ts'
import { pruned, type Standing } from './prune.ts'
import { unitDigest } from './state.ts'
import { addTails } from './tails.ts'

export type StartQuestion = {
  readonly history: History
  readonly start: Position
  /** The range itself: what its events followed from is kept, too. */
  readonly range: readonly StoredEvent[]
  readonly openModel: (log: EventLog) => Promise<ReadModel>
  /** Of a log with more events than this before the start what agents would go on from is not compared. */
  readonly shortMax?: number
}

/** A chain of causes that is longer is not followed by anybody. */
const CAUSES_MAX = 16
/** Until an endpoint's programs and maps are taken down. */
const GOING_EVENTS_MAX = 256
/** Events up to the start of which every agent's state is folded, to compare: some seconds. */
const SHORT_MAX = 100_000

/** In order. Throws `Error` where the log contradicts itself. */
export async function eventsOfStart(question: StartQuestion): Promise<readonly StoredEvent[]> {
  const { history, start } = question
  const standing = standingAt(history.model, start)
  const found = new Gathered(history.log, start)
  for (const since of standing.values()) for (const position of new Set(since.values())) await found.at(position)
  await found.at(start)
  const leaving = await addTails(found, history.model, standing)
  const acked = await addAcknowledged(found, history.model, standing)
  await addCauses(found, question.range)
  await addBuilds(found)
  await addReads(found, question.range)
  await addLaterVersions(found, history.model)
  await addGone(found, history.model, standing)
  const few = pruned(found.events(), { standing, acked, leaving }, start)
  const isShort = await isShortUpTo(history.log, start, question.shortMax ?? SHORT_MAX)
  const lacking = await nodesLacking(question, few, isShort)
  if (lacking.size === 0) return few
  await addWhole(found, history.log, lacking)
  const kept = found.events().filter(({ stream }) => !lacking.has(nodeOfStream(stream) ?? ''))
  const cut = new Map(pruned(kept, { standing, acked, leaving }, start).map((stored) => [stored.position, stored]))
  const result = found.events().map((stored) => cut.get(stored.position) ?? stored)
  const still = await nodesLacking(question, result, isShort)
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

async function isShortUpTo(log: EventLog, start: Position, limit: number): Promise<boolean> {
  if (limit === 0) return false
  let last: Position | null = null
  for await (const batch of log.readAll({ direction: 'forwards', after: null, limit })) {
    last = batch.at(-1)?.position ?? last
    if (last !== null && last >= start) return true
  }
  const head = await log.head()
  return head === null || last === null || last >= head
}

/** A map write counts only while its build runs, and at most one does. */
async function addBuilds(found: Gathered): Promise<void> {
  for (const { stream, revision, type, body } of found.events()) {
    if (type !== 'PolicyMapWritten') continue
    const { build } = JSON.parse(body) as { readonly build: number | null }
    if (build === null) continue
    for await (const stored of found.backwards(stream, revision)) {
      if (stored.type !== 'EndpointRegenerationStarted') continue
      if (buildOf(stored) === build) found.keep(stored)
      break
    }
  }
}

/** A build is made again where the last event stands that it had read. */
async function addReads(found: Gathered, range: readonly StoredEvent[]): Promise<void> {
  for (const { type, body } of [...found.events(), ...range]) {
    if (type !== 'EndpointRegenerationStarted') continue
    const { reads } = JSON.parse(body) as { readonly reads: string }
    const position = Position(BigInt(reads))
    if (position <= found.upTo) await found.at(position)
  }
}

/** Whoever asks why an entry is there is led up the chain of causes. */
async function addCauses(found: Gathered, range: readonly StoredEvent[]): Promise<void> {
  const inRange = new Map(range.map((stored) => [stored.position, stored]))
  for (const stored of [...found.events(), ...range]) {
    let current: StoredEvent | null = stored
    for (let step = 0; step < CAUSES_MAX && current !== null; step += 1) {
      const { cause, byAgent } = causeOf(current)
      if (cause === null || (step > 0 && !byAgent)) break
      current = inRange.get(cause) ?? (await found.at(cause))
    }
  }
}

/** An event that is kept for another reason may have been undone since: then what undid it is kept, too. */
async function addLaterVersions(found: Gathered, model: ReadModel): Promise<void> {
  for (const stored of found.events()) {
    const recorded = decodeEvent(stored)
    const unit = unitOf(recorded)
    const touched = touchedBy(recorded, null)
    if (unit === null || touched === 'all' || unitParts(unit).kind === 'endpoint' || stored.type === 'XdsPublished')
      continue
    for (const entity of touched) {
      const [version] = model.versions({ unit, entity, upTo: found.upTo, limit: 1 })
      if (version !== undefined) await found.at(version.position)
    }
  }
}

/** An endpoint whose beginning is kept for another reason is kept to its end. */
async function addGone(found: Gathered, model: ReadModel, standing: Standing): Promise<void> {
  for (const stored of found.events()) {
    if (stored.type !== 'EndpointCreated') continue
    const unit = unitOf(decodeEvent(stored))!
    if ((standing.get(unit)?.size ?? 0) > 0) continue
    const [last] = model.versions({ unit, entity: 'endpoint', upTo: found.upTo, limit: 1 })
    const deleted = last === undefined ? null : await found.at(last.position)
    if (deleted === null) continue
    for (const later of await found.forwards(deleted.stream, deleted.revision, GOING_EVENTS_MAX)) {
      if (later.type === 'EndpointStateChanged' && later.body.includes('"to":"disconnected"')) found.keep(later)
    }
  }
}

/** Those nodes, and the streams that all share: an agent that never reacted has all policies before it. */
async function addWhole(found: Gathered, log: EventLog, nodes: ReadonlySet<string>): Promise<void> {
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) {
    for (const stored of batch) {
      const node = nodeOfStream(stored.stream)
      if (stored.position <= found.upTo && (node === null || nodes.has(node))) found.keep(stored)
    }
    if ((batch.at(-1)?.position ?? found.upTo) >= found.upTo) return
  }
}

/** Nodes whose state at the start is another one when it is folded from these events. */
async function nodesLacking(
  { history, start, openModel }: StartQuestion,
  events: readonly StoredEvent[],
  withAgents: boolean,
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
  if (!withAgents) return lacking
  const [whole, kept] = [await agentDigests(history.log, start), await agentDigests(part, start)]
  for (const [node, digest] of whole) if (kept.get(node) !== digest) lacking.add(node)
  return lacking
}
