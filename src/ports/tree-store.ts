/**
 * Where hashes of finished subtrees of a log's tree are kept, so that a proof need not read the log again. Adapter: src/tree/sqlite.ts.
 *
 * Kept are the subtrees of 256 events and of each further power of 256: an eighth of a byte an event. It is a cache and no evidence: whoever
 * reads it has to check what it says against a signed root (src/history/merkle/anchored.ts). All of one level stand side by side from 0.
 */
import type { Position } from '../../events/ids.ts'

/** Leaves of the subtrees at each level. The last level is beyond any log that fits on a disk. */
export const LEVEL_LEAVES: readonly number[] = [2 ** 8, 2 ** 16, 2 ** 24, 2 ** 32]
/** Of the lowest level. */
export const BLOCK_LEAVES = 256

export type StoredSubtree = {
  /** Index into `LEVEL_LEAVES`. */
  readonly level: number
  readonly number: number
  /** Of the last event in it. */
  readonly last: Position
  /** 32 bytes. */
  readonly hash: Uint8Array
}

export type SubtreeQuery = { readonly level: number; readonly from: number; readonly to: number }

export interface TreeStore extends Disposable {
  /** For people. */
  readonly location: string
  /** Id of the first event of the log that it is of; null while it is empty. */
  origin(): string | null
  /** How many subtrees of that level there are. */
  count(level: number): number
  /** `from` (inclusive) to `to` (exclusive), in order; fewer where there are not so many. */
  subtrees(query: SubtreeQuery): readonly StoredSubtree[]
  /** All at once or none. What is there at the same places gives way. */
  put(subtrees: readonly StoredSubtree[]): void
  /** Leaves nothing but the subtrees over the first so many events. */
  cut(events: number): void
  /** Empties it, for another log. */
  reset(origin: string): void
}

/** The place cannot be read or written. The log does not depend on it. */
export class TreeStoreError extends Error {
  override readonly name = 'TreeStoreError'
  /** Nobody can read it any more: it may be deleted. */
  readonly isDamaged: boolean

  constructor(message: string, isDamaged: boolean, options?: ErrorOptions) {
    super(message, options)
    this.isDamaged = isDamaged
  }
}
