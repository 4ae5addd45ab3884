/** One unit while the index is built: its part of the world, and which values its entities have in the file. */
import type { EndpointId } from '../../events/ids.ts'
import { type UnitName, unitParts } from '../../projections/history/entities.ts'
import type { PackedChange } from './packing.ts'
import type { Current, SavedUnit } from './tables.ts'
import type { UnitFold } from './unit-fold.ts'

/** Changes in one chunk: a question about a position reads at most so many that it does not need. */
const CHUNK_CHANGES_MAX = 256
/** A checkpoint costs as much as its entries, so it is written when at least as many changes have gone by. */
const CHECKPOINT_CHANGES_MIN = 128

export class UnitState {
  readonly id: number
  readonly name: UnitName
  /** Null where it is not one. */
  readonly endpoint: EndpointId | null
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
    const parts = unitParts(name)
    this.endpoint = parts.kind === 'endpoint' ? parts.endpoint : null
    this.fold = fold
    this.current = saved.current
    this.open = [...saved.open]
    this.sinceCheckpoint = saved.sinceCheckpoint
  }

  /** Notes that the entity has the value from `position` on, 0 that it is gone; false where it was so already. */
  note(key: number, value: number, position: number): boolean {
    const entry = this.current.get(key)
    if ((entry?.value ?? 0) === value) return false
    if (entry === undefined) this.current.set(key, { value, since: position })
    else if (value === 0) this.current.delete(key)
    else {
      entry.value = value
      entry.since = position
    }
    const change = { position, key, value }
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
