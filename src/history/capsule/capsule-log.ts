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
    const isWanted = ({ type, stream }: StoredEvent): boolean =>
      (types === undefined || types.includes(type)) &&
      (streamPrefixes === undefined || streamPrefixes.some((prefix) => stream.startsWith(prefix)))
    const isUpTo = ({ position }: StoredEvent): boolean =>
      direction === 'forwards' ? after === null || position <= after : after !== null && position < after
    yield* pages(walk(this.#events, direction, after === null ? null : isUpTo), { isWanted, limit })
  }

  async *readStream(stream: StreamName, options: ReadStreamOptions): AsyncGenerator<readonly StoredEvent[]> {
    const { direction, after, limit = Number.POSITIVE_INFINITY } = options
    const isUpTo = ({ revision }: StoredEvent): boolean =>
      direction === 'forwards' ? after === null || revision <= after : after !== null && revision < after
    const events = this.#streams.get(stream) ?? []
    yield* pages(walk(events, direction, after === null ? null : isUpTo), { isWanted: () => true, limit })
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

/** All of them, or those that `isUpTo` parts off: the ones after it forwards, it and the ones before it backwards. */
function* walk(
  events: readonly StoredEvent[],
  direction: 'forwards' | 'backwards',
  isUpTo: ((stored: StoredEvent) => boolean) | null,
): Generator<StoredEvent> {
  const forwards = direction === 'forwards'
  const border = isUpTo === null ? (forwards ? 0 : events.length) : borderOf(events, isUpTo)
  if (forwards) for (let index = border; index < events.length; index += 1) yield events[index]!
  else for (let index = border - 1; index >= 0; index -= 1) yield events[index]!
}

/** How many of them `isUpTo` holds for; it holds for those at the beginning. */
function borderOf(events: readonly StoredEvent[], isUpTo: (stored: StoredEvent) => boolean): number {
  let [low, high] = [0, events.length]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (isUpTo(events[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}

function* pages(
  events: Iterable<StoredEvent>,
  { isWanted, limit }: { readonly isWanted: (stored: StoredEvent) => boolean; readonly limit: number },
): Generator<readonly StoredEvent[]> {
  let page: StoredEvent[] = []
  let left = limit
  for (const stored of events) {
    if (left === 0) break
    if (!isWanted(stored)) continue
    left -= 1
    page.push(stored)
    if (page.length < READ_BATCH_MAX) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}
