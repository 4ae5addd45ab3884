/** The log in memory: for tests and for branches. Positions are 100 apart, so that nobody can rely on their being dense. */
import { type Observable, Subject } from 'rxjs'
import type { StoredEvent } from '../../events/codec.ts'
import type { Position, StreamName, StreamRevision, Timestamp } from '../../events/ids.ts'
import {
  type AppendOutcome,
  type Copied,
  type EventLog,
  LogError,
  READ_BATCH_MAX,
  type ReadAllOptions,
  type ReadStreamOptions,
  type StreamAppend,
  type SubscriptionMessage,
} from '../ports/log.ts'
import { checkBatch, place } from './placement.ts'
import { follow } from './subscription.ts'

const POSITION_STEP = 100n

export function openMemoryLog({ now }: { readonly now: () => Timestamp }): EventLog {
  return new MemoryLog(now)
}

class MemoryLog implements EventLog {
  readonly location: string = 'memory:'
  readonly #now: () => Timestamp
  readonly #events: StoredEvent[] = []
  readonly #streams: Map<StreamName, StoredEvent[]> = new Map()
  readonly #signals: Subject<void> = new Subject()
  #closed = false

  constructor(now: () => Timestamp) {
    this.#now = now
  }

  async append(batch: readonly StreamAppend[], copied?: Copied): Promise<AppendOutcome> {
    checkBatch(batch)
    this.#open()
    const placements = batch.map((append) => place(append, this.#view(append.stream)))
    const conflict = placements.find((placement) => placement.kind === 'conflict')
    if (conflict !== undefined) return conflict
    const taken = placements.map((placement, index) => {
      const { stream, events } = batch[index]!
      return placement.kind === 'present'
        ? this.#stream(stream).slice(placement.first, placement.first + events.length)
        : null
    })
    if (taken.every((events) => events !== null)) return appended(taken.flat())
    const present = taken.findIndex((events) => events !== null)
    if (present !== -1) {
      const { stream } = batch[present]!
      return { kind: 'conflict', stream, actual: this.#view(stream).head }
    }
    const recordedAt = Math.max(copied?.recordedAt ?? this.#now(), this.#events.at(-1)?.recordedAt ?? 0) as Timestamp
    const stored = batch.flatMap((append) => this.#store(append, recordedAt))
    this.#signals.next()
    return appended(stored)
  }

  async *readAll(options: ReadAllOptions): AsyncGenerator<readonly StoredEvent[]> {
    this.#open()
    const { direction, after, limit = Number.POSITIVE_INFINITY, types, streamPrefixes } = options
    const wanted = this.#events.filter(
      ({ position, type, stream }) =>
        (after === null || (direction === 'forwards' ? position > after : position < after)) &&
        (types === undefined || types.includes(type)) &&
        (streamPrefixes === undefined || streamPrefixes.some((prefix) => stream.startsWith(prefix))),
    )
    yield* pages(direction === 'forwards' ? wanted : wanted.toReversed(), limit)
  }

  async *readStream(stream: StreamName, options: ReadStreamOptions): AsyncGenerator<readonly StoredEvent[]> {
    this.#open()
    const { direction, after, limit = Number.POSITIVE_INFINITY } = options
    const wanted = this.#stream(stream).filter(
      ({ revision }) => after === null || (direction === 'forwards' ? revision > after : revision < after),
    )
    yield* pages(direction === 'forwards' ? wanted : wanted.toReversed(), limit)
  }

  subscribe(after: Position | null): Observable<SubscriptionMessage> {
    return follow({ readAfter: (from) => this.#readAfter(from), signals: this.#signals }, after)
  }

  async head(): Promise<Position | null> {
    this.#open()
    return this.#events.at(-1)?.position ?? null
  }

  async positionAtTime(time: Timestamp): Promise<Position | null> {
    this.#open()
    return this.#events.findLast(({ recordedAt }) => recordedAt <= time)?.position ?? null
  }

  async streamHead(stream: StreamName): Promise<StreamRevision | 'no-stream'> {
    this.#open()
    return this.#view(stream).head
  }

  async streams(): Promise<readonly StreamName[]> {
    this.#open()
    return [...this.#streams.keys()]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#signals.complete()
  }

  #readAfter(from: Position | null): readonly StoredEvent[] {
    this.#open()
    const start = from === null ? 0 : lowerBound(this.#events, from)
    return this.#events.slice(start, start + READ_BATCH_MAX)
  }

  #store({ stream, events }: StreamAppend, recordedAt: Timestamp): readonly StoredEvent[] {
    const standing = this.#stream(stream)
    this.#streams.set(stream, standing)
    return events.map((event) => {
      const position = ((this.#events.at(-1)?.position ?? 0n) + POSITION_STEP) as Position
      const stored = { ...event, position, stream, revision: standing.length as StreamRevision, recordedAt }
      standing.push(stored)
      this.#events.push(stored)
      return stored
    })
  }

  #stream(stream: StreamName): StoredEvent[] {
    return this.#streams.get(stream) ?? []
  }

  #view(stream: StreamName): Parameters<typeof place>[1] {
    const events = this.#stream(stream)
    return {
      head: events.at(-1)?.revision ?? 'no-stream',
      idsFrom: (revision, count) => events.slice(revision, revision + count).map(({ id }) => id),
    }
  }

  #open(): void {
    if (this.#closed) throw new LogError('log-closed', this.location)
  }
}

function appended(events: readonly StoredEvent[]): AppendOutcome {
  return { kind: 'appended', positions: events.map(({ position }) => position), recordedAt: events[0]!.recordedAt }
}

function* pages(events: readonly StoredEvent[], limit: number): Generator<readonly StoredEvent[]> {
  const end = Math.min(events.length, limit)
  for (let start = 0; start < end; start += READ_BATCH_MAX)
    yield events.slice(start, Math.min(start + READ_BATCH_MAX, end))
}

/** Index of the first event after `position`. */
function lowerBound(events: readonly StoredEvent[], position: Position): number {
  let [low, high] = [0, events.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (events[middle]!.position <= position) low = middle + 1
    else high = middle
  }
  return low
}
