/** One unit while the index is built: its part of the world, and which values its entities have in the file. */
import type { UnitName } from '../../projections/history/entities.ts'
import type { PackedChange } from './packing.ts'
import type { Current, SavedUnit } from './tables.ts'
import type { UnitFold } from './unit-fold.ts'

/** Changes in one chunk: a question about a position reads at most so many that it does not need. */
const CHUNK_CHANGES_MAX = 256
/** A checkpoint costs as much as its entries, so it is written when at least as many changes have gone by. */
const CHECKPOINT_CHANGES_MIN = 64

export class UnitState {
  readonly id: number
  readonly name: UnitName
  readonly fold: UnitFold
  /** By key id: value id and since when. */
  readonly current: Current
  /** Changes of the chunk that is not full yet. */
  open: PackedChange[]
  /** Changes that the file does not have yet. */
  fresh: PackedChange[] = []
  /** Changes since the last checkpoint, closed chunks included. */
  sinceCheckpoint: number

  constructor({ id, name }: { readonly id: number; readonly name: UnitName }, saved: SavedUnit, fold: UnitFold) {
    this.id = id
    this.name = name
    this.fold = fold
    this.current = saved.current
    this.open = [...saved.open]
    this.sinceCheckpoint = saved.sinceCheckpoint
  }

  /** Notes the change; false where the entity had this value already. */
  note(change: PackedChange): boolean {
    const { key, value, position } = change
    if ((this.current.get(key)?.value ?? 0) === value) return false
    if (value === 0) this.current.delete(key)
    else this.current.set(key, { value, since: position })
    this.open.push(change)
    this.fresh.push(change)
    this.sinceCheckpoint += 1
    return true
  }

  isChunkFull(): boolean {
    return this.open.length >= CHUNK_CHANGES_MAX || this.isCheckpointDue()
  }

  isCheckpointDue(): boolean {
    return this.sinceCheckpoint >= Math.max(CHECKPOINT_CHANGES_MIN, this.current.size)
  }
}
