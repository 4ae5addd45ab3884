/**
 * A capsule as a log: what stands in it can be read as on the log that it was taken from, at the same positions and revisions. Before the range
 * stands only what the state at its start follows from, so `begins` is the first position that can be asked about.
 */
import { EMPTY, type Observable, of } from 'rxjs'
import type { StoredEvent } from '../../../events/codec.ts'
import type { Position, StreamName, StreamRevision, Timestamp } from '../../../events/ids.ts'
import {
  type AppendOutcome,
  type EventLog,
  LogError,
  type LogPart,
  READ_BATCH_MAX,
  type ReadAllOptions,
  type ReadStreamOptions,
  type SubscriptionMessage,
} from '../../ports/log.ts'

export type CapsuleParts = Pick<CapsuleLog, 'location' | 'begins' | 'engine'> & {
  readonly events: readonly StoredEvent[]
}

export class CapsuleLog implements EventLog {
  readonly location: string
  readonly begins: LogPart
  /** Version of the program that made it. */
  readonly engine: string
  readonly #events: readonly StoredEvent[]
  readonly #streams: ReadonlyMap<StreamName, readonly StoredEvent[]>

  /** `events` in the order of their positions. */
  constructor({ location, begins, engine, events }: CapsuleParts) {
    this.location = location
    this.begins = begins
    this.engine = engine
    this.#events = events
    this.#streams = Map.groupBy(events, ({ stream }) => stream)
  }

  async append(): Promise<AppendOutcome> {
    throw new LogError('log-io', `${this.location} is a capsule, to which nothing is appended`)
  }

  async *readAll(options: ReadAllOptions): AsyncGenerator<readonly StoredEvent[]> {
    const { direction, after, limit = Number.POSITIVE_INFINITY, types, streamPrefixes } = options
    const isWanted = ({ position, type, stream }: StoredEvent): boolean =>
      (after === null || (direction === 'forwards' ? position > after : position < after)) &&
      (types === undefined || types.includes(type)) &&
      (streamPrefixes === undefined || streamPrefixes.some((prefix) => stream.startsWith(prefix)))
    yield* pages(this.#events.filter(isWanted), direction, limit)
  }

  async *readStream(stream: StreamName, options: ReadStreamOptions): AsyncGenerator<readonly StoredEvent[]> {
    const { direction, after, limit = Number.POSITIVE_INFINITY } = options
    const events = (this.#streams.get(stream) ?? []).filter(
      ({ revision }) => after === null || (direction === 'forwards' ? revision > after : revision < after),
    )
    yield* pages(events, direction, limit)
  }

  /** Nothing comes any more. */
  subscribe(after: Position | null): Observable<SubscriptionMessage> {
    const events = this.#events.filter(({ position }) => after === null || position > after)
    return events.length === 0 ? EMPTY : of({ kind: 'events', events } as const)
  }

  async head(): Promise<Position | null> {
    return this.#events.at(-1)?.position ?? null
  }

  async positionAtTime(time: Timestamp): Promise<Position | null> {
    return this.#events.findLast(({ recordedAt }) => recordedAt <= time)?.position ?? null
  }

  async streamHead(stream: StreamName): Promise<StreamRevision | 'no-stream'> {
    return this.#streams.get(stream)?.at(-1)?.revision ?? 'no-stream'
  }

  async streams(): Promise<readonly StreamName[]> {
    return [...this.#streams.keys()]
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function* pages(
  events: readonly StoredEvent[],
  direction: 'forwards' | 'backwards',
  limit: number,
): Generator<readonly StoredEvent[]> {
  const ordered = direction === 'forwards' ? events : events.toReversed()
  const end = Math.min(ordered.length, limit)
  for (let start = 0; start < end; start += READ_BATCH_MAX)
    yield ordered.slice(start, Math.min(start + READ_BATCH_MAX, end))
}
