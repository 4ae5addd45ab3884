/** The tree as it grows event by event, with its finished subtrees put away as they come about. */
import type { StoredEvent } from '../../../events/codec.ts'
import type { Position } from '../../../events/ids.ts'
import { LEVEL_LEAVES, type StoredSubtree, type TreeStore } from '../../ports/tree-store.ts'
import { eventLeaf } from './leaf.ts'
import { CompactRange, hashBytes, type Subtree } from './tree.ts'

/** A subtree that is stored with another hash than its events have. */
export type Differing = { readonly fromEvent: number; readonly toEvent: number; readonly last: Position }

export type TreeWriterOptions = {
  /** Null puts nothing away. */
  readonly store: TreeStore | null
  /** Of what stands before. */
  readonly subtrees?: readonly Subtree[]
  /** Called with what is stored otherwise; from then on nothing is put away, unless the caller has cut the store to what was right. */
  readonly differs: (found: Differing) => 'cut' | 'kept'
}

/** Subtrees between two transactions: those of a million events. */
const PENDING_MAX = 4_096

export class TreeWriter {
  readonly range: CompactRange
  readonly #store: TreeStore | null
  readonly #differs: TreeWriterOptions['differs']
  #pending: StoredSubtree[] = []
  #isKept = false
  /** Of the event that is being taken in. */
  #position: Position | null = null

  constructor({ store, subtrees = [], differs }: TreeWriterOptions) {
    this.#store = store
    this.#differs = differs
    this.range = new CompactRange(subtrees, (subtree) => this.#finished(subtree))
  }

  append(stored: StoredEvent): void {
    this.#position = stored.position
    this.range.append(eventLeaf(stored))
    if (this.#pending.length >= PENDING_MAX) this.flush()
  }

  flush(): void {
    if (this.#pending.length > 0) this.#store?.put(this.#pending)
    this.#pending = []
  }

  #finished({ leaves, hash }: Subtree): void {
    const level = LEVEL_LEAVES.indexOf(leaves)
    if (level === -1 || this.#store === null) return
    const toEvent = this.range.size + 1
    const number = toEvent / leaves - 1
    const row = { level, number, last: this.#position!, hash: hashBytes(hash) }
    const [known] = this.#store.subtrees({ level, from: number, to: number + 1 })
    if (known !== undefined && (known.last !== row.last || !row.hash.equals(known.hash))) {
      const found = { fromEvent: toEvent - leaves + 1, toEvent, last: row.last }
      this.#isKept = this.#differs(found) === 'kept'
      if (this.#isKept) this.#pending = []
    } else if (known !== undefined) return
    if (!this.#isKept) this.#pending.push(row)
  }
}
