/**
 * The log on KurrentDB: appends go to the server, everything is read from the local copy that follows it.
 *
 * An append over one stream uses the server's batch append; one over several streams its append session (25.1 or newer), which writes all or
 * nothing; an older server refuses it by name. Ids are the caller's, so an append that was tried again after a lost answer stands once.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AppendStreamState, EventData } from '@kurrent/kurrentdb-client'
import type { Observable } from 'rxjs'
import type { StoredEvent, UnstoredEvent } from '../../../events/codec.ts'
import type { Position, StreamName, StreamRevision, Timestamp } from '../../../events/ids.ts'
import {
  type AppendOutcome,
  type Copied,
  type EventLog,
  type ExpectedRevision,
  type Link,
  LogError,
  type ReadAllOptions,
  type ReadStreamOptions,
  type StreamAppend,
  type SubscriptionMessage,
} from '../../ports/log.ts'
import { pages } from '../paging.ts'
import { checkBatch, type Placement, place } from '../placement.ts'
import { follow } from '../subscription.ts'
import type { KurrentAddress } from './address.ts'
import { Follower } from './follower.ts'
import { Mirror } from './mirror.ts'
import { type Batch, causeOf, metadataOf } from './records.ts'
import { asLogError, connect, isConflict, isPassing, type Server, serverHead } from './server.ts'

export type KurrentLogOptions = {
  readonly address: KurrentAddress
  /** File of the local copy; made where it is missing. */
  readonly mirrorPath: string
  readonly now: () => Timestamp
  /** Longest wait for the server: at the start, and for an append with all its tries. */
  readonly deadlineMs?: number
  /** Where the server is away at the start: `refuse`, or `go-on` with the copy as it is; `link` says so. */
  readonly whenAway?: 'refuse' | 'go-on'
}

const DEADLINE_MS = 15_000
/** A call that is not answered leaves time for so many in all. */
const TRIES_MIN = 3
const RETRY_FIRST_MS = 50
const RETRY_MAX_MS = 2_000

export type KurrentLog = EventLog & Required<Pick<EventLog, 'link'>>

/** Resolves when the copy has caught up with the server. Rejects with `LogError`. */
export async function openKurrentLog(options: KurrentLogOptions): Promise<KurrentLog> {
  const { address, mirrorPath, now, deadlineMs = DEADLINE_MS, whenAway = 'refuse' } = options
  const server = await connect(address)
  const mirror = new Mirror(mirrorPath, `${address.shown} prefix ${address.prefix}`)
  const follower = new Follower(server, mirror, now)
  const log = new MirroredLog({ server, mirror, follower, deadlineMs })
  try {
    await follower.live(deadlineMs)
    return log
  } catch (error) {
    const away = error instanceof LogError && error.code === 'log-unavailable'
    if (away && whenAway === 'go-on') {
      follower.lost(error)
      return log
    }
    await log[Symbol.asyncDispose]()
    throw error
  }
}

type Parts = {
  readonly server: Server
  readonly mirror: Mirror
  readonly follower: Follower
  readonly deadlineMs: number
}

/** The last revisions of the batch's streams when it was begun. */
type Heads = readonly (StreamRevision | 'no-stream')[]

class MirroredLog implements KurrentLog {
  readonly location: string
  readonly #parts: Parts
  #closed = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.location = parts.server.address.shown
  }

  get link(): Observable<Link> {
    return this.#parts.follower.link
  }

  async append(batch: readonly StreamAppend[], copied?: Copied): Promise<AppendOutcome> {
    checkBatch(batch)
    this.#open()
    const { mirror, follower, deadlineMs } = this.#parts
    const heads = batch.map(({ stream }) => mirror.headOf(stream))
    const known = this.#placed(batch, heads)
    if (known !== null) return known
    follower.check()
    const count = batch.reduce((sum, { events }) => sum + events.length, 0)
    // Neither the batch nor its appends are empty.
    const arrival = follower.arrivals.expect(batch.at(-1)!.events.at(-1)!.id, count)
    try {
      const written = await this.#writeUntil(batch, { heads, copied })
      if (written === 'conflict') return await this.#refused(batch)
      arrival.within(deadlineMs, () => follower.late(deadlineMs))
      const placed = await arrival.placed
      if (placed === null) return await this.#seen(batch, heads)
      return { kind: 'appended', positions: placed.map(({ position }) => position), recordedAt: placed[0]!.recordedAt }
    } finally {
      arrival.forget()
    }
  }

  readAll(options: ReadAllOptions): AsyncIterable<readonly StoredEvent[]> {
    const { reader } = this.#parts.mirror
    const start = options.after === null ? null : Number(options.after)
    this.#open()
    return pages({
      limit: options.limit,
      start,
      read: (after, limit) => reader.all(options, { after, limit }),
      cursor: ({ position }) => Number(position),
    })
  }

  readStream(stream: StreamName, options: ReadStreamOptions): AsyncIterable<readonly StoredEvent[]> {
    const { reader } = this.#parts.mirror
    this.#open()
    return pages({
      limit: options.limit,
      start: options.after,
      read: (after, limit) => reader.stream(stream, options.direction, { after, limit }),
      cursor: ({ revision }) => revision,
    })
  }

  subscribe(after: Position | null): Observable<SubscriptionMessage> {
    const readAfter = (from: Position | null): readonly StoredEvent[] => {
      this.#open()
      return this.#parts.mirror.reader.after(from)
    }
    return follow({ readAfter, signals: this.#parts.follower.signals }, after)
  }

  async head(): Promise<Position | null> {
    this.#open()
    return this.#parts.mirror.reader.head()
  }

  async positionAtTime(time: Timestamp): Promise<Position | null> {
    this.#open()
    return this.#parts.mirror.reader.positionAtTime(time)
  }

  async streamHead(stream: StreamName): Promise<StreamRevision | 'no-stream'> {
    this.#open()
    return this.#parts.mirror.reader.streamHead(stream)
  }

  async streams(): Promise<readonly StreamName[]> {
    this.#open()
    return this.#parts.mirror.reader.streams()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const { server, mirror, follower } = this.#parts
    await follower[Symbol.asyncDispose]()
    mirror[Symbol.dispose]()
    await server.client.dispose()
  }

  /** It stands on the server: once the copy has it, it says where. */
  async #seen(batch: readonly StreamAppend[], heads: Heads): Promise<AppendOutcome> {
    const { follower, deadlineMs } = this.#parts
    let found: readonly number[] | null = null
    await follower.until(() => {
      found = this.#found(batch, heads)
      return found !== null
    }, deadlineMs)
    return this.#appended(batch, found!)
  }

  /** Tries until the server has answered; a batch that an earlier try has left there is not written again. */
  async #writeUntil(
    batch: readonly StreamAppend[],
    { heads, copied }: { readonly heads: Heads; readonly copied: Copied | undefined },
  ): Promise<'written' | 'conflict'> {
    let tries = 0
    return this.#persist(async () => {
      tries += 1
      if (tries > 1) await this.#catchUp()
      return tries > 1 && this.#found(batch, heads) !== null ? 'written' : this.#write(batch, copied)
    })
  }

  /** Writes once. Null when written; what the server refused as another revision otherwise. */
  async #write(batch: readonly StreamAppend[], copied: Copied | undefined): Promise<'written' | 'conflict'> {
    const { client, address } = this.#parts.server
    const size = batch.reduce((sum, { events }) => sum + events.length, 0)
    let index = 0
    const requests = batch.map(({ stream, expected, events }) => ({
      streamName: `${address.prefix}.${stream}`,
      expectedState: streamState(expected),
      events: events.map((event) => this.#event(event, { index: index++, size, copied })),
    }))
    try {
      const [first] = requests
      if (requests.length === 1 && first !== undefined) {
        await client.appendToStream(first.streamName, first.events, { streamState: first.expectedState })
      } else await client.multiStreamAppend(requests)
      return 'written'
    } catch (error) {
      if (isConflict(error)) return 'conflict'
      throw error
    }
  }

  #event(event: UnstoredEvent, batch: Batch & { readonly copied: Copied | undefined }): EventData {
    const { mirror, server } = this.#parts
    const cause = causeOf(event)
    const causeId = cause === null ? null : mirror.idAt(cause)
    const data = JSON.parse(event.body) as Record<string, unknown>
    return server.api.jsonEvent({
      id: event.id,
      type: event.type,
      data,
      metadata: metadataOf(event, batch, causeId),
    })
  }

  /** Tries again while failures are passing ones and the deadline is not reached. */
  async #persist<T>(attempt: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#parts.deadlineMs
    for (let backoffMs = RETRY_FIRST_MS; ; backoffMs = Math.min(backoffMs * 2, RETRY_MAX_MS)) {
      try {
        this.#open()
        return await answered(attempt(), this.#parts.deadlineMs / TRIES_MIN)
      } catch (error) {
        if (!isPassing(error) || performance.now() > deadline) throw asLogError(error, this.#parts.server.address)
        await sleep(backoffMs)
      }
    }
  }

  /** What the copy alone can tell: heads only grow, so a conflict there is one, and what stands there stands. Null: ask the server. */
  #placed(batch: readonly StreamAppend[], heads: Heads): AppendOutcome | null {
    const placements = batch.map((append, index) => this.#place(append, heads[index]!))
    const conflict = placements.find((placement) => placement.kind === 'conflict')
    if (conflict !== undefined) return conflict
    const present = placements.filter((placement) => placement.kind === 'present')
    if (present.length === 0) return null
    if (present.length === batch.length)
      return this.#appended(
        batch,
        present.map(({ first }) => first),
      )
    // Half of a retry cannot stand there, because batches are atomic: the ids were used for something else.
    const { stream } = batch[placements.findIndex(({ kind }) => kind === 'present')]!
    return { kind: 'conflict', stream, actual: this.#parts.mirror.headOf(stream) }
  }

  /** The server knows more than the copy did: once that has come, the copy can say what is in the way. */
  async #refused(batch: readonly StreamAppend[]): Promise<AppendOutcome> {
    let known: AppendOutcome | null = null
    const placed = (): boolean => {
      const heads = batch.map(({ stream }) => this.#parts.mirror.headOf(stream))
      known = this.#placed(batch, heads)
      return known !== null
    }
    await this.#parts.follower.until(placed, this.#parts.deadlineMs)
    return known!
  }

  /** Until the copy holds what the server holds now. */
  async #catchUp(): Promise<void> {
    const { server, follower, deadlineMs } = this.#parts
    await follower.reached(await serverHead(server), deadlineMs)
  }

  #place(append: StreamAppend, head: Heads[number]): Placement {
    const { mirror } = this.#parts
    return place(append, { head, idsFrom: (revision, count) => mirror.idsFrom(append.stream, revision, count) })
  }

  /** First revisions of the batch's events, if all of them stand in the copy after `heads`. */
  #found(batch: readonly StreamAppend[], heads: Heads): readonly number[] | null {
    const { mirror } = this.#parts
    const found = batch.map(({ stream, events }, index) => {
      const head = heads[index]
      const from = head === undefined || head === 'no-stream' ? 0 : head + 1
      const last = mirror.revisionOf(stream, events.at(-1)!.id, from)
      return last === null ? null : last - events.length + 1
    })
    return found.every((first) => first !== null) ? found : null
  }

  #appended(batch: readonly StreamAppend[], first: readonly number[]): AppendOutcome {
    const { reader } = this.#parts.mirror
    const stored = batch.flatMap(({ stream, events }, index) =>
      reader.stream(stream, 'forwards', { after: first[index]! - 1, limit: events.length }),
    )
    return { kind: 'appended', positions: stored.map(({ position }) => position), recordedAt: stored[0]!.recordedAt }
  }

  #open(): void {
    if (this.#closed) throw new LogError('log-closed', this.location)
  }
}

/** The client's batch append waits for ever where the server stays silent. */
async function answered<T>(call: Promise<T>, limitMs: number): Promise<T> {
  const silence = Promise.withResolvers<never>()
  const words = `no answer within ${limitMs} ms`
  const refuse = (): void => silence.reject(Object.assign(new Error(words), { type: 'deadline-exceeded' }))
  const timer = setTimeout(refuse, limitMs).unref()
  try {
    return await Promise.race([call, silence.promise])
  } finally {
    clearTimeout(timer)
  }
}

function streamState(expected: ExpectedRevision): AppendStreamState {
  if (expected === 'any') return 'any'
  return expected === 'no-stream' ? 'no_stream' : BigInt(expected)
}
