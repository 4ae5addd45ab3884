/**
 * Events to and from the text that a log stores.
 *
 * `StoredEvent` is what every log adapter reads and writes: it needs no knowledge of the catalogue. `encodeEvent` checks before bytes are
 * written and `decodeEvent` after they are read, so neither a bug nor a damaged file gets past the boundary.
 */
import { canonicalText } from './canonical.ts'
import { type Catalogue, catalogue, type EventType, type HindcastEvent } from './catalogue.ts'
import { CorrelationId, type EventId, Position, type StreamName, type StreamRevision, type Timestamp } from './ids.ts'
import { type Actor, actor, type EventContext, type NewEvent, type Recorded, type Source, source } from './recorded.ts'
import type { Schema, SchemaProblem } from './schema.ts'
import { upcast, type VersionedBody } from './upcast.ts'

/** An event with its body and metadata still as canonical JSON text. */
export type StoredEvent = {
  readonly position: Position
  readonly stream: StreamName
  readonly revision: StreamRevision
  readonly recordedAt: Timestamp
  readonly id: EventId
  readonly type: string
  readonly v: number
  readonly body: string
  readonly meta: string
}

/** What a log adapter is given to append. */
export type UnstoredEvent = Pick<StoredEvent, 'id' | 'type' | 'v' | 'body' | 'meta'>

export type DecodeErrorCode = 'unknown-event-type' | 'newer-event-version' | 'corrupt-event'

/** The log holds something that this program cannot read; the message says what and where. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly code: DecodeErrorCode
  readonly position: Position

  constructor(code: DecodeErrorCode, stored: StoredEvent, reason: string) {
    super(`${code} at position ${stored.position}, revision ${stored.revision} of stream ${stored.stream}: ${reason}`)
    this.code = code
    this.position = stored.position
  }
}

/** Throws `TypeError` with every problem where the event is not of its schema: that is a bug of the writer. */
export function encodeEvent({ id, event, context }: NewEvent): UnstoredEvent {
  const problems = check(catalogue[event.type].schema, event)
  if (problems.length > 0) throw new TypeError(`${event.type} is not of its schema: ${sentence(problems)}`)
  return {
    id,
    type: event.type,
    v: event.v,
    body: canonicalText(event),
    meta: encodeContext(context),
  }
}

/** Only the body, for a fold that asks nothing else. Throws `DecodeError`. */
export function decodeBody(stored: StoredEvent): HindcastEvent {
  const entry = known.get(stored.type)
  if (entry === undefined) {
    throw new DecodeError(
      'unknown-event-type',
      stored,
      `${stored.type} v${stored.v} is not in this version's catalogue`,
    )
  }
  if (stored.v > entry.v) {
    throw new DecodeError('newer-event-version', stored, `${stored.type} v${stored.v} is newer than v${entry.v}`)
  }
  const body = parse(stored, stored.body) as VersionedBody
  const event = stored.v === entry.v ? body : upcast(body)
  const problems = check(entry.schema, event)
  if (event.type !== stored.type || event.v !== entry.v)
    problems.push({ path: '/type', reason: 'differs from the header' })
  if (problems.length > 0) throw new DecodeError('corrupt-event', stored, sentence(problems))
  return event as unknown as HindcastEvent
}

/** Throws `DecodeError`. */
export function decodeEvent(stored: StoredEvent): Recorded {
  return withBody(stored, decodeBody(stored))
}

/** The whole event, where its body is decoded already. Throws `DecodeError`. */
export function withBody(stored: StoredEvent, event: HindcastEvent): Recorded {
  const { position, stream, revision, recordedAt, id } = stored
  return { position, stream, revision, recordedAt, id, event, context: decodeContext(stored) }
}

type StoredContext = {
  readonly actor: Actor
  readonly source: Source
  readonly correlation: string
  readonly cause: string | null
}

function encodeContext(context: EventContext): string {
  const stored: StoredContext = {
    ...context,
    cause: context.cause === null ? null : String(context.cause),
  }
  return canonicalText(stored)
}

/** Who, from what and why, without the event itself. Throws `DecodeError`. */
export function decodeContext(stored: StoredEvent): EventContext {
  const meta = parse(stored, stored.meta) as StoredContext
  const problems = [...check(actor, meta?.actor, '/actor'), ...check(source, meta?.source, '/source')]
  if (problems.length > 0) throw new DecodeError('corrupt-event', stored, `metadata: ${sentence(problems)}`)
  try {
    const cause = meta.cause === null ? null : Position(BigInt(meta.cause))
    return {
      actor: meta.actor,
      source: meta.source,
      correlation: CorrelationId(meta.correlation),
      cause,
    }
  } catch (error) {
    throw new DecodeError('corrupt-event', stored, `metadata: ${String(error)}`)
  }
}

function parse(stored: StoredEvent, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new DecodeError('corrupt-event', stored, error instanceof Error ? error.message : String(error))
  }
}

/** Types of stored events are new strings each time: a map finds them faster than an object does. */
const known: ReadonlyMap<string, Catalogue[EventType]> = new Map(Object.entries(catalogue))

function check(schema: Schema<unknown>, value: unknown, path = ''): SchemaProblem[] {
  const problems: SchemaProblem[] = []
  schema.check(value, path, problems)
  return problems
}

function sentence(problems: readonly SchemaProblem[]): string {
  return problems.map(({ path, reason }) => `${path || '/'} ${reason}`).join('; ')
}
