/**
 * The tree read from its stored subtrees, and from the log only where these do not reach: within a block, and after the last one. What
 * it says is to be checked against a signed root, because anyone who can write the file can lie in it.
 */
import type { StoredEvent } from '../../../events/codec.ts'
import type { Position } from '../../../events/ids.ts'
import type { EventLog } from '../../ports/log.ts'
import { BLOCK_LEAVES, LEVEL_LEAVES, type TreeStore } from '../../ports/tree-store.ts'
import { eventLeaf } from './leaf.ts'
import type { LeafPlace } from './log-tree.ts'
import type { LeafRange } from './proof.ts'
import { CompactRange, type TreeHash, treeHash } from './tree.ts'

export class StoredTree {
  readonly #log: EventLog
  readonly #store: TreeStore
  /** The block that was read last: a proof asks several times within one. */
  #block: { readonly number: number; readonly events: readonly StoredEvent[] } | null = null

  constructor(log: EventLog, store: TreeStore) {
    this.#log = log
    this.#store = store
  }

  /** The first `size` events. Throws `RangeError` where the stored subtrees or the log do not reach so far. */
  async beginning(size: number): Promise<{ readonly range: CompactRange; readonly last: StoredEvent }> {
    const range = await this.#range({ from: 0, to: size })
    const block = await this.#events(Math.floor((size - 1) / BLOCK_LEAVES))
    const last = block[(size - 1) % BLOCK_LEAVES]
    if (last === undefined) throw new RangeError(`the log ends before leaf ${size - 1}`)
    return { range, last }
  }

  /** How many of the first events `beginning` can give. */
  reach(): number {
    return (this.#store.count(0) + 1) * BLOCK_LEAVES - 1
  }

  /** Among the first `size` events. */
  async place(position: Position, size: number): Promise<LeafPlace | null> {
    const number = this.#blockOf(position, Math.floor(size / BLOCK_LEAVES))
    const events = await this.#events(number)
    const offset = events.findIndex((stored) => stored.position === position)
    return offset === -1 ? null : { index: number * BLOCK_LEAVES + offset, stored: events[offset]! }
  }

  async hashes(ranges: readonly LeafRange[]): Promise<readonly TreeHash[]> {
    const found: TreeHash[] = []
    for (const range of ranges) found.push((await this.#range(range)).root())
    return found
  }

  /** Each next part is the largest stored subtree that fits, or one event. */
  async #range({ from, to }: LeafRange): Promise<CompactRange> {
    const range = new CompactRange()
    for (let at = from; at < to; at = from + range.size) {
      const level = this.#levelAt(at, to)
      if (level === null) await this.#addEvents(range, at, to)
      else this.#addSubtrees(range, level, { from: at, to })
    }
    return range
  }

  #levelAt(at: number, to: number): number | null {
    const level = LEVEL_LEAVES.findLastIndex(
      (leaves, index) => at % leaves === 0 && at + leaves <= to && at / leaves < this.#store.count(index),
    )
    return level === -1 ? null : level
  }

  /** As many as stand side by side before a larger one fits. */
  #addSubtrees(range: CompactRange, level: number, { from, to }: LeafRange): void {
    const leaves = LEVEL_LEAVES[level]!
    const larger = LEVEL_LEAVES[level + 1] ?? leaves * BLOCK_LEAVES
    const end = Math.min(to, (Math.floor(from / larger) + 1) * larger)
    const rows = this.#store.subtrees({ level, from: from / leaves, to: Math.floor(end / leaves) })
    if (rows.length === 0) throw new RangeError('the stored tree lost a part')
    for (const { hash } of rows) range.append(treeHash(hash), leaves)
  }

  async #addEvents(range: CompactRange, from: number, to: number): Promise<void> {
    const number = Math.floor(from / BLOCK_LEAVES)
    const start = number * BLOCK_LEAVES
    const events = (await this.#events(number)).slice(from - start, to - start)
    if (events.length === 0) throw new RangeError(`the log ends before leaf ${from}`)
    for (const stored of events) range.append(eventLeaf(stored))
  }

  async #events(number: number): Promise<readonly StoredEvent[]> {
    const known = this.#block
    // The last block of the log may have grown.
    if (known?.number === number && known.events.length === BLOCK_LEAVES) return known.events
    const after = number === 0 ? null : this.#lastOf(number - 1)
    const events: StoredEvent[] = []
    for await (const batch of this.#log.readAll({ direction: 'forwards', after, limit: BLOCK_LEAVES })) {
      events.push(...batch)
    }
    this.#block = { number, events }
    return events
  }

  /** The first block that does not end before the position. */
  #blockOf(position: Position, blocks: number): number {
    let [low, high] = [0, blocks]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.#lastOf(middle) < position) low = middle + 1
      else high = middle
    }
    return low
  }

  #lastOf(number: number): Position {
    const [row] = this.#store.subtrees({ level: 0, from: number, to: number + 1 })
    if (row === undefined) throw new RangeError(`the stored tree ends before block ${number}`)
    return row.last
  }
}
