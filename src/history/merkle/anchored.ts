/**
 * The tree up to the head of the log, of which only what came after the last signed checkpoint is read. What is stored of the tree before is
 * believed where it leads to that signed root, and is made anew from the log where it does not.
 *
 * So a log whose past was changed is signed on as it was: its new checkpoints do not fit the changed events either, and `verify` says so.
 */
import type { StoredEvent } from '../../../events/codec.ts'
import type { Position } from '../../../events/ids.ts'
import type { EventLog } from '../../ports/log.ts'
import { BLOCK_LEAVES, type TreeStore } from '../../ports/tree-store.ts'
import { type Checkpoint, type NamedCheckpoint, originOf } from '../checkpoint/checkpoint.ts'
import { isoTime, type Moment } from '../position.ts'
import { eventLeaf } from './leaf.ts'
import type { LeafPlace, LogTree } from './log-tree.ts'
import { consistencyRanges, inclusionRanges, isConsistent, isIncluded, type LeafRange } from './proof.ts'
import { StoredTree } from './stored-tree.ts'
import type { CompactRange, TreeHash } from './tree.ts'
import { TreeWriter } from './tree-writer.ts'

export type AnchoredQuestion = {
  readonly log: EventLog
  readonly store: TreeStore
  /** Whose signatures were checked, in any order. Those of other logs do not matter. */
  readonly anchors: readonly NamedCheckpoint[]
  /** Called after each batch with the number of events read so far. */
  readonly progress?: (events: number) => void
}

/** The log is not what it was when somebody signed it. */
export class ContradictionError extends Error {
  override readonly name = 'ContradictionError'
}

type Grown = { readonly head: Checkpoint; readonly read: number }

/** Null for an empty log. Throws `ContradictionError`, `TreeStoreError`, `LogError`. */
export async function anchoredTree(question: AnchoredQuestion): Promise<AnchoredTree | null> {
  const first = await firstEvent(question.log)
  if (first === null) return null
  const origin = originOf(first.id)
  if (question.store.origin() !== origin) question.store.reset(origin)
  const anchors = question.anchors
    .filter(({ checkpoint }) => checkpoint.origin === origin && checkpoint.size > 0)
    .toSorted((a, b) => a.checkpoint.size - b.checkpoint.size)
  return new AnchoredTree({ ...question, anchors }, await grow({ ...question, anchors }, origin))
}

export class AnchoredTree implements LogTree {
  readonly #question: AnchoredQuestion
  readonly #stored: StoredTree
  #grown: Grown

  constructor(question: AnchoredQuestion, grown: Grown) {
    this.#question = question
    this.#stored = new StoredTree(question.log, question.store)
    this.#grown = grown
  }

  get head(): Checkpoint {
    return this.#grown.head
  }

  /** Events that were read to bring the tree to the head. */
  get read(): number {
    return this.#grown.read
  }

  async place(position: Position): Promise<LeafPlace | null> {
    if (position > this.head.position) return null
    return this.#checked(async () => {
      const place = await this.#stored.place(position, this.head.size)
      if (place === null) return { answer: null, holds: !(await isThere(this.#question.log, position)) }
      return { answer: place, holds: await this.#isIncluded(place) }
    })
  }

  async hashes(ranges: readonly LeafRange[]): Promise<readonly TreeHash[]> {
    return this.#stored.hashes(ranges)
  }

  /** Of a moment of this log up to the head as it was when the tree was opened. Throws `RangeError` for any other. */
  async checkpointAt({ position }: Pick<Moment, 'position'>): Promise<Checkpoint> {
    if (position === this.head.position) return this.head
    if (position > this.head.position) throw new RangeError(`${position} is after ${this.head.position}`)
    return this.#checked(async () => {
      const place = await this.#stored.place(position, this.head.size)
      if (place === null) throw new RangeError(`no event stands at ${position}`)
      const { range, last } = await this.#stored.beginning(place.index + 1)
      const checkpoint = checkpointOf(this.head.origin, range, last)
      return { answer: checkpoint, holds: (await this.#isIncluded(place)) && (await this.#isBeginning(checkpoint)) }
    })
  }

  /** What `make` makes of this tree; once more on a tree made anew where the hashes did not lead to the root (`RangeError`). */
  async proof(make: (tree: LogTree) => Promise<string>): Promise<string> {
    try {
      return await make(this)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      await this.#rebuild()
      return make(this)
    }
  }

  async #checked<T>(ask: () => Promise<{ readonly answer: T; readonly holds: boolean }>): Promise<T> {
    const first = await ask().catch(rangeError)
    if (first?.holds === true) return first.answer
    await this.#rebuild()
    const again = await ask()
    if (!again.holds) throw new RangeError('the log changes while it is read')
    return again.answer
  }

  async #isIncluded({ index, stored }: LeafPlace): Promise<boolean> {
    const { size, root } = this.head
    if (index >= size) return false
    const path = await this.#stored.hashes(inclusionRanges(index, size))
    return isIncluded({ leaf: eventLeaf(stored), index, size, path, root })
  }

  async #isBeginning(first: Checkpoint): Promise<boolean> {
    const path = await this.#stored.hashes(consistencyRanges(first.size, this.head.size))
    return isConsistent({ first, second: this.head, path })
  }

  async #rebuild(): Promise<void> {
    const { store, anchors } = this.#question
    store.reset(this.head.origin)
    // Anchors are compared on the way, and none is started from: the store is empty.
    this.#grown = await grow({ ...this.#question, anchors }, this.head.origin)
  }
}

/** `anchors` of this log, in the order of their size. */
async function grow({ log, store, anchors, progress }: AnchoredQuestion, origin: string): Promise<Grown> {
  const start = await startOf({ log, store, anchors })
  const subtrees = start?.range.subtrees ?? []
  const writer = new TreeWriter({
    store,
    subtrees,
    differs: ({ fromEvent }) => {
      store.cut(fromEvent - 1)
      return 'cut'
    },
  })
  const waiting = anchors.filter(({ checkpoint }) => checkpoint.size > (start?.range.size ?? 0))
  let last = start?.last ?? null
  let read = 0
  for await (const batch of log.readAll({ direction: 'forwards', after: last?.position ?? null })) {
    for (const stored of batch) {
      writer.append(stored)
      while (waiting[0]?.checkpoint.size === writer.range.size) compare(waiting.shift()!, writer.range, stored)
    }
    read += batch.length
    last = batch.at(-1)!
    progress?.(read)
  }
  const { size } = writer.range
  if (waiting[0] !== undefined) throw cutOff(waiting[0], size)
  writer.flush()
  // Left of a log that lost its end.
  if (store.count(0) > Math.floor(size / BLOCK_LEAVES)) store.cut(size)
  return { head: checkpointOf(origin, writer.range, last!), read }
}

/** What stands before: the perfect subtrees that it consists of, and its last event. */
export type TreeStart = { readonly range: CompactRange; readonly last: StoredEvent }

/** Null where the stored subtrees do not lead to the root of the checkpoint. */
export async function startAt(
  { log, store }: Pick<AnchoredQuestion, 'log' | 'store'>,
  { size, root, position }: Checkpoint,
): Promise<TreeStart | null> {
  const stored = new StoredTree(log, store)
  if (size === 0 || size > stored.reach()) return null
  const found = await stored.beginning(size).catch(rangeError)
  return found?.range.root() === root && found.last.position === position ? found : null
}

/** Of the largest checkpoint that the stored subtrees reach. */
async function startOf({ log, store, anchors }: AnchoredQuestion): Promise<TreeStart | null> {
  const reach = new StoredTree(log, store).reach()
  const anchor = anchors.findLast(({ checkpoint }) => checkpoint.size <= reach)
  return anchor === undefined ? null : startAt({ log, store }, anchor.checkpoint)
}

function compare({ name, checkpoint }: NamedCheckpoint, range: CompactRange, { position }: StoredEvent): void {
  if (checkpoint.root === range.root() && checkpoint.position === position) return
  throw new ContradictionError(
    `root-differs: the first ${checkpoint.size} events are not those that ${name} was signed over`,
  )
}

function cutOff({ name, checkpoint }: NamedCheckpoint, size: number): ContradictionError {
  return new ContradictionError(`cut-off: ${name} was signed over ${checkpoint.size} events; there are ${size}`)
}

function checkpointOf(origin: string, range: CompactRange, { position, recordedAt }: StoredEvent): Checkpoint {
  return { origin, size: range.size, root: range.root(), position, time: isoTime(recordedAt) }
}

async function isThere(log: EventLog, position: Position): Promise<boolean> {
  const after = (position + 1n) as Position
  for await (const [stored] of log.readAll({ direction: 'backwards', after, limit: 1 }))
    return stored?.position === position
  return false
}

export async function firstEvent(log: EventLog): Promise<StoredEvent | null> {
  for await (const [stored] of log.readAll({ direction: 'forwards', after: null, limit: 1 })) return stored ?? null
  return null
}

/** The stored tree says what cannot be: as good as nothing. */
function rangeError(error: unknown): null {
  if (error instanceof RangeError) return null
  throw error
}
