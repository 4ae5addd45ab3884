/**
 * Has anyone touched the history? One pass over the log recomputes the tree over all events and compares it with every checkpoint at hand, and
 * with the stored tree.
 *
 * What it sees without a checkpoint: events out of order, times that go back, gaps in a stream. What needs one: a changed body, an event put
 * in or taken out at the end of a stream, a log rewritten as a whole. A log that was cut off is seen by a checkpoint kept elsewhere.
 *
 * With `since` only what came after that checkpoint is read. The stored tree stands for what is before, and only if it leads to the signed root;
 * otherwise everything is read.
 */
import type { StoredEvent } from '../../events/codec.ts'
import type { Position, StreamName, StreamRevision, Timestamp } from '../../events/ids.ts'
import type { EventLog } from '../ports/log.ts'
import { BLOCK_LEAVES, type TreeStore } from '../ports/tree-store.ts'
import { type NamedCheckpoint, originOf } from './checkpoint/checkpoint.ts'
import { firstEvent, startAt } from './merkle/anchored.ts'
import { isOneLineEach } from './merkle/leaf.ts'
import { type CompactRange, hashText } from './merkle/tree.ts'
import { type Differing, TreeWriter } from './merkle/tree-writer.ts'
import { isoTime } from './position.ts'

export type IntegrityCode =
  | 'position-order'
  | 'time-order'
  | 'revision-gap'
  | 'not-canonical'
  | 'root-differs'
  | 'cut-off'
  | 'other-log'
  | 'stored-tree-differs'
export type IntegrityProblem = {
  readonly code: IntegrityCode
  readonly position: string | null
  readonly reason: string
}

export type Verification = {
  readonly origin: string | null
  readonly events: number
  readonly position: string | null
  readonly time: string | null
  /** Base64, as in a checkpoint. */
  readonly root: string
  /** What was not read again, because a checkpoint speaks for it; null where everything was read. */
  readonly notRead: { readonly events: number; readonly position: string; readonly checkpoint: string } | null
  readonly checkpoints: readonly { readonly name: string; readonly size: number; readonly holds: boolean }[]
  readonly problems: readonly IntegrityProblem[]
  /** Problems beyond `PROBLEMS_MAX`. */
  readonly furtherProblems: number
}

export type VerifyQuestion = {
  readonly log: EventLog
  readonly checkpoints: readonly NamedCheckpoint[]
  readonly since?: NamedCheckpoint | undefined
  readonly store?: TreeStore
  /** Called after each batch with the number of events up to there. */
  readonly progress?: (events: number) => void
}

/** A log that someone rewrote would fill the screen; the first problems say where. */
const PROBLEMS_MAX = 100

export async function verifyLog({ log, checkpoints, since, store, progress }: VerifyQuestion): Promise<Verification> {
  const first = await firstEvent(log)
  const origin = first === null ? null : originOf(first.id)
  if (store !== undefined && origin !== null && store.origin() !== origin) store.reset(origin)
  const start = store === undefined || since === undefined ? null : await startAt({ log, store }, since.checkpoint)
  const named = since === undefined ? checkpoints : [since, ...checkpoints]
  const pass = new Pass({ log, origin, store: store ?? null, checkpoints: named, start })
  for await (const batch of log.readAll({ direction: 'forwards', after: start?.last.position ?? null })) {
    await pass.learn(batch)
    for (const stored of batch) pass.take(stored)
    progress?.(pass.size)
  }
  return pass.end()
}

type PassOptions = {
  readonly log: EventLog
  readonly origin: string | null
  readonly store: TreeStore | null
  readonly checkpoints: readonly NamedCheckpoint[]
  readonly start: { readonly range: CompactRange; readonly last: StoredEvent } | null
}

class Pass {
  readonly #options: PassOptions
  readonly #tree: TreeWriter
  /** Blocks that were stored before the log was read. */
  readonly #storedBlocks: number
  readonly #waiting: NamedCheckpoint[]
  readonly #results: { name: string; size: number; holds: boolean }[] = []
  readonly #revisions: Map<StreamName, number> = new Map()
  readonly #problems: IntegrityProblem[] = []
  #differing: Differing | null = null
  #further = 0
  #last: { readonly position: Position; readonly recordedAt: Timestamp } | null
  /** Where the tree last agreed with a checkpoint: what differs was changed after it. */
  #agreed: { readonly position: Position; readonly size: number } | null = null
  #notRead: Verification['notRead'] = null

  constructor(options: PassOptions) {
    const { store, start, checkpoints } = options
    this.#options = options
    this.#storedBlocks = store?.count(0) ?? 0
    this.#tree = new TreeWriter({
      store,
      subtrees: start?.range.subtrees ?? [],
      differs: (found) => {
        this.#differing ??= found
        return 'kept'
      },
    })
    this.#last = start?.last ?? null
    this.#waiting = checkpoints.toSorted((a, b) => a.checkpoint.size - b.checkpoint.size)
    if (start !== null) this.#beginAt(start.last)
  }

  get size(): number {
    return this.#tree.range.size
  }

  /** Which revisions the streams had that come up for the first time, where the log is not read from its beginning. */
  async learn(batch: readonly StoredEvent[]): Promise<void> {
    if (this.#notRead === null) return
    for (const { stream, revision } of batch) {
      if (this.#revisions.has(stream)) continue
      this.#revisions.set(stream, await revisionBefore(this.#options.log, stream, revision))
    }
  }

  take(stored: StoredEvent): void {
    this.#checkOrder(stored)
    this.#tree.append(stored)
    this.#last = stored
    while (this.#waiting[0]?.checkpoint.size === this.size) this.#compare(this.#waiting.shift()!, stored)
  }

  end(): Verification {
    for (const named of this.#waiting.splice(0)) {
      const { size, position, time } = named.checkpoint
      this.#answer(named, {
        code: 'cut-off',
        position: null,
        reason: `${named.name} was signed over ${size} events up to position ${position}, ${time}; there are ${this.size}`,
      })
    }
    this.#endStored()
    return {
      origin: this.#options.origin,
      events: this.size,
      position: this.#last === null ? null : String(this.#last.position),
      time: this.#last === null ? null : isoTime(this.#last.recordedAt),
      root: hashText(this.#tree.range.root()),
      notRead: this.#notRead,
      checkpoints: this.#results,
      problems: this.#problems,
      furtherProblems: this.#further,
    }
  }

  /** Those before are answered with the one that the reading starts at: they were compared when it was signed, or are another time. */
  #beginAt(last: StoredEvent): void {
    const [since, ...later] = this.#waiting.filter(({ checkpoint }) => checkpoint.size >= this.size)
    this.#waiting.splice(0, this.#waiting.length, ...later)
    this.#notRead = { events: this.size, position: String(last.position), checkpoint: since!.name }
    this.#compare(since!, last)
  }

  #checkOrder(stored: StoredEvent): void {
    const { position, recordedAt, stream, revision } = stored
    if (this.#last !== null && position <= this.#last.position) {
      this.#report('position-order', position, `position ${position} stands after ${this.#last.position}`)
    }
    if (this.#last !== null && recordedAt < this.#last.recordedAt) {
      this.#report(
        'time-order',
        position,
        `recorded at ${isoTime(recordedAt)}, after ${isoTime(this.#last.recordedAt)}`,
      )
    }
    const expected = (this.#revisions.get(stream) ?? -1) + 1
    if (revision !== expected) {
      this.#report('revision-gap', position, `revision ${revision} of ${stream} stands where ${expected} belongs`)
    }
    this.#revisions.set(stream, revision)
    if (!isOneLineEach(stored)) this.#report('not-canonical', position, 'body or metadata holds a line break')
  }

  #compare(named: NamedCheckpoint, { position }: StoredEvent): void {
    const { checkpoint, name } = named
    if (checkpoint.origin !== this.#options.origin) {
      this.#answer(named, {
        code: 'other-log',
        position: null,
        reason: `${name} is of ${checkpoint.origin}; this log is ${this.#options.origin}`,
      })
    } else if (checkpoint.root !== this.#tree.range.root() || checkpoint.position !== position) {
      const since = this.#agreed === null ? 'its beginning' : `position ${this.#agreed.position}`
      this.#answer(named, {
        code: 'root-differs',
        position: String(position),
        reason: `the first ${checkpoint.size} events are not those of ${name}; changed after ${since}, at or before ${checkpoint.position}`,
      })
    } else {
      this.#agreed = { position, size: checkpoint.size }
      this.#results.push({ name, size: checkpoint.size, holds: true })
    }
  }

  #endStored(): void {
    const { store } = this.#options
    if (store === null) return
    if (this.#storedBlocks * BLOCK_LEAVES > this.size) {
      const reason = `${store.location} was written when there were ${this.#storedBlocks * BLOCK_LEAVES} events or more; there are ${this.size}`
      this.#add({ code: 'cut-off', position: null, reason })
    }
    if (this.#differing === null) this.#tree.flush()
    else this.#reportStored(store, this.#differing)
  }

  #reportStored(store: TreeStore, { fromEvent, toEvent, last }: Differing): void {
    const isConfirmed = (this.#agreed?.size ?? 0) >= toEvent
    const verdict = isConfirmed
      ? 'a checkpoint speaks for the events, so the file was changed; it will be made anew'
      : 'the events were changed since it was written, or the file'
    if (isConfirmed) store.cut(fromEvent - 1)
    const reason = `${store.location} has another hash of the events ${fromEvent} to ${toEvent}: ${verdict}`
    this.#add({ code: 'stored-tree-differs', position: String(last), reason })
  }

  #answer({ name, checkpoint }: NamedCheckpoint, { code, position, reason }: IntegrityProblem): void {
    this.#results.push({ name, size: checkpoint.size, holds: false })
    this.#add({ code, position, reason })
  }

  #report(code: IntegrityCode, position: Position, reason: string): void {
    this.#add({ code, position: String(position), reason })
  }

  #add(problem: IntegrityProblem): void {
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(problem)
    else this.#further += 1
  }
}

/** -1 where the event is the first of its stream. */
async function revisionBefore(log: EventLog, stream: StreamName, revision: StreamRevision): Promise<number> {
  for await (const [stored] of log.readStream(stream, { direction: 'backwards', after: revision, limit: 1 })) {
    return stored?.revision ?? -1
  }
  return -1
}
