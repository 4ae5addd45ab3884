/**
 * A log with branches on it: below the places of a branch stand the events that the branch tells, below them the log up to the fork. Whoever reads
 * forwards from the log's own positions, appends or follows meets the log alone.
 */
import type { Observable } from 'rxjs'
import type { StoredEvent } from '../../../events/codec.ts'
import { Position, type StreamName, type StreamRevision, type Timestamp } from '../../../events/ids.ts'
import type {
  AppendOutcome,
  Copied,
  EventLog,
  Link,
  LogPart,
  ReadAllOptions,
  ReadStreamOptions,
  StreamAppend,
  SubscriptionMessage,
} from '../../ports/log.ts'
import { placeOf } from './place.ts'
import type { Telling } from './telling.ts'

export class BranchedLog implements EventLog {
  readonly #log: EventLog
  readonly #told: ReadonlyMap<string, Telling>

  /** `told` by name of the branch; it may grow. */
  constructor(log: EventLog, told: ReadonlyMap<string, Telling>) {
    this.#log = log
    this.#told = told
    if (log.link !== undefined) this.link = log.link
    if (log.begins !== undefined) this.begins = log.begins
  }

  readonly link?: Observable<Link>
  readonly begins?: LogPart

  get location(): string {
    return this.#log.location
  }

  append(batch: readonly StreamAppend[], copied?: Copied): Promise<AppendOutcome> {
    return this.#log.append(batch, copied)
  }

  readAll(options: ReadAllOptions): AsyncIterable<readonly StoredEvent[]> {
    const place = options.after === null ? null : placeOf(options.after)
    return place === null ? this.#log.readAll(options) : this.#readOn(place.name, options)
  }

  readStream(stream: StreamName, options: ReadStreamOptions): AsyncIterable<readonly StoredEvent[]> {
    return this.#log.readStream(stream, options)
  }

  subscribe(after: Position | null): Observable<SubscriptionMessage> {
    return this.#log.subscribe(after)
  }

  head(): Promise<Position | null> {
    return this.#log.head()
  }

  positionAtTime(time: Timestamp): Promise<Position | null> {
    return this.#log.positionAtTime(time)
  }

  streamHead(stream: StreamName): Promise<StreamRevision | 'no-stream'> {
    return this.#log.streamHead(stream)
  }

  streams(): Promise<readonly StreamName[]> {
    return this.#log.streams()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log[Symbol.asyncDispose]()
  }

  async *#readOn(name: string, options: ReadAllOptions): AsyncIterable<readonly StoredEvent[]> {
    const { direction, limit = Number.POSITIVE_INFINITY } = options
    // The caller has looked: a place without its branch is nobody's.
    const after = options.after!
    const telling = this.#told.get(name)
    const isNext = ({ position }: StoredEvent): boolean =>
      direction === 'forwards' ? position > after : position < after
    const own = (telling?.events ?? []).filter((stored) => isNext(stored) && isWanted(stored, options))
    const found = (direction === 'forwards' ? own : own.toReversed()).slice(0, limit)
    if (found.length > 0) yield found
    if (direction === 'forwards' || telling === undefined || telling.fork === null || found.length >= limit) return
    const below = { ...options, after: Position(telling.fork + 1n) }
    yield* this.#log.readAll(limit === Number.POSITIVE_INFINITY ? below : { ...below, limit: limit - found.length })
  }
}

function isWanted({ type, stream }: StoredEvent, { types, streamPrefixes }: ReadAllOptions): boolean {
  const isOf = streamPrefixes === undefined || streamPrefixes.some((prefix) => stream.startsWith(prefix))
  return isOf && (types === undefined || types.includes(type))
}
