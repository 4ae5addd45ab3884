/** One event of the log, for showing, and what it followed from. */
import type { EventOf } from '../../events/catalogue.ts'
import { decodeEvent, type StoredEvent } from '../../events/codec.ts'
import { Position, type StreamName, type StreamRevision } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { nodeOfStream } from '../../projections/world.ts'
import type { EventLog } from '../ports/log.ts'
import { placeOf, positionText } from './branch/place.ts'
import type { History } from './history.ts'
import { isoTime } from './position.ts'

/** An event for people: where, when, who. */
export type EventRef = {
  readonly position: string
  readonly time: string
  readonly type: string
  readonly actor: string
  readonly source: string
}

/** Longer than any chain that the agent makes; a loop in a damaged log ends here. */
const CAUSES_MAX = 16
/** Events of a stream that are looked through for a build, or for the agent that asked for it: first so many, at last so many at once. */
const LOOK_BACK_MIN = 8
const LOOK_BACK_MAX = 4_096

/** Up the chain of causes to the first event that is not the agent's; null where the write has no cause. */
export async function causeOf(history: Pick<History, 'log'>, written: Recorded): Promise<EventRef | null> {
  let current = written
  for (let step = 0; step < CAUSES_MAX; step += 1) {
    const cause = await causeBefore(history, current)
    const found = cause === null || cause >= current.position ? null : await eventAt(history, cause)
    if (found === null) break
    current = found
    if (found.context.actor.kind !== 'agent') break
  }
  return current === written ? null : refOf(current)
}

/** What a build did followed from what it was asked for, and not from what it happened to read last. */
async function causeBefore(history: Pick<History, 'log'>, recorded: Recorded): Promise<Position | null> {
  const { event, context } = recorded
  // On a branch everything follows from its command.
  if (placeOf(recorded.position) !== null) return context.cause
  const isAsked = event.type === 'EndpointRegenerationRequested' && event.trigger === 'endpoint-restored'
  if (isAsked && context.cause === null) return agentBefore(history, recorded)
  const started = await buildOf(history, recorded)
  const trigger = started?.triggers.at(-1)
  return trigger === undefined ? context.cause : Position(BigInt(trigger.cause))
}

type Started = EventOf<'EndpointRegenerationStarted'>

/** The beginning of the build that wrote this; null where none did, or it is not to be found. */
async function buildOf({ log }: Pick<History, 'log'>, recorded: Recorded): Promise<Started | null> {
  const { event, stream, position, context } = recorded
  const own = 'build' in event ? stream : null
  const network = event.type === 'XdsPublished' && event.xds === 'npds' ? event.changed.at(-1) : undefined
  const published = network === undefined ? null : stream.replace(/^node-(.*)$/, `endpoint-$1-${network.name}`)
  const wanted = own ?? published
  if (event.type === 'EndpointRegenerationStarted') return event
  if (wanted === null) return null
  const isIt = (started: Started): boolean =>
    'build' in event ? started.build === event.build : started.reads === String(context.cause)
  const before = own === null ? await revisionAt(log, wanted as StreamName, position) : recorded.revision
  for await (const stored of streamBefore(log, wanted as StreamName, before)) {
    if (stored.type !== 'EndpointRegenerationStarted') continue
    const earlier = decodeEvent(stored).event as Started
    if (isIt(earlier)) return earlier
    // Of an endpoint one build runs at a time: what it writes comes before the next begins.
    if (own !== null) return null
  }
  return null
}

/** Every endpoint is built again when an agent starts, and asked for in the same append. */
async function agentBefore({ log }: Pick<History, 'log'>, { stream, position }: Recorded): Promise<Position | null> {
  const node = `node-${nodeOfStream(stream)}` as StreamName
  for await (const earlier of streamBefore(log, node, await revisionAt(log, node, position))) {
    if (earlier.type === 'AgentStarted') return earlier.position
  }
  return null
}

/** Events of a stream before a revision, newest first: a few, then more, because what is looked for is nearly always near. */
async function* streamBefore(log: EventLog, stream: StreamName, revision: StreamRevision): AsyncIterable<StoredEvent> {
  let after = revision
  for (let limit = LOOK_BACK_MIN; limit <= LOOK_BACK_MAX && after > 0; limit *= 8) {
    for await (const batch of log.readStream(stream, { direction: 'backwards', after, limit })) {
      yield* batch
      after = batch.at(-1)?.revision ?? after
    }
  }
}

/** How many events of a stream stand before the position, found by halves. */
async function revisionAt(log: EventLog, stream: StreamName, position: Position): Promise<StreamRevision> {
  const head = await log.streamHead(stream)
  let [low, high] = [0, head === 'no-stream' ? 0 : head + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const reading = log.readStream(stream, { direction: 'backwards', after: (middle + 1) as StreamRevision, limit: 1 })
    let found: bigint | null = null
    for await (const [stored] of reading) found = stored?.position ?? null
    if (found !== null && found < position) low = middle + 1
    else high = middle
  }
  return low as StreamRevision
}

export async function eventAt({ log }: Pick<History, 'log'>, position: Position): Promise<Recorded | null> {
  const after = (position + 1n) as Position
  for await (const [stored] of log.readAll({ direction: 'backwards', after, limit: 1 })) {
    return stored?.position === position ? decodeEvent(stored) : null
  }
  return null
}

export function refOf({ position, recordedAt, event, context }: Recorded): EventRef {
  const { actor, source } = context
  return {
    position: positionText(position),
    time: isoTime(recordedAt),
    type: event.type,
    actor: `${actor.kind} ${actor.name}`,
    source: source.detail === '' ? source.kind : `${source.kind} ${source.detail}`,
  }
}
