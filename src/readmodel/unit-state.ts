/**
 * One unit while the index is built: its part of the world, and which values its entities have in the file.
 *
 * The fold of the log (projections/world.ts) says what an event does; here it runs on a world that holds this unit only, so that its cost
 * does not depend on how many units there are. Map writes, nearly all of a long log, change the map in place: this state holds it alone.
 */
import type { PolicyMapValue } from '../../events/fields.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { type PolicyMapEntry, policyMapKeyText, takePolicyMapDeltas } from '../../projections/datapath/policy-map.ts'
import {
  type Entities,
  entitiesOf,
  entityOf,
  touchedBy,
  type UnitName,
  type UnitParts,
  unitParts,
  worldOf,
} from '../../projections/history/entities.ts'
import { step } from '../../projections/projection.ts'
import { type World, world } from '../../projections/world.ts'
import type { PackedChange } from './packing.ts'

type Touched = readonly [entity: string, value: Json | undefined]

export type UnitRow = { readonly id: number; readonly name: UnitName }

/** Changes in one chunk: a question about a position reads at most so many that it does not need. */
const CHUNK_CHANGES_MAX = 256
/** A checkpoint costs as much as its entries, so it is written when at least as many changes have gone by. */
const CHECKPOINT_CHANGES_MIN = 64

export class UnitState {
  readonly row: UnitRow
  /** By key id: value id and since when. */
  readonly current: Map<number, { readonly value: number; readonly since: number }>
  /** Changes of the chunk that is not full yet. */
  open: PackedChange[]
  /** Changes since the last checkpoint, closed chunks included. */
  sinceCheckpoint: number
  readonly #parts: UnitParts
  #world: World

  constructor(
    row: UnitRow,
    saved: {
      readonly entities: Entities
      readonly current: Map<number, { readonly value: number; readonly since: number }>
      readonly open: readonly PackedChange[]
      readonly sinceCheckpoint: number
    },
  ) {
    this.row = row
    this.current = saved.current
    this.open = [...saved.open]
    this.sinceCheckpoint = saved.sinceCheckpoint
    this.#parts = unitParts(row.name)
    this.#world = worldOf([{ unit: row.name, entities: saved.entities }])
  }

  /** The entities that the event may have changed, as they are after it; undefined for what is not there. */
  take(recorded: Recorded): readonly Touched[] {
    const written = this.#takeMapWrite(recorded)
    if (written !== null) return written
    const touched = touchedBy(recorded)
    const before = touched === 'all' ? this.#names() : touched
    this.#world = step(world, this.#world, recorded)
    const names = touched === 'all' ? [...new Set([...before, ...this.#names()])] : touched
    return names.map((name) => [name, entityOf(this.#world, this.#parts, name)] as const)
  }

  /** Notes the change; false where the entity had this value already. */
  note(change: PackedChange): boolean {
    const { key, value, position } = change
    if ((this.current.get(key)?.value ?? 0) === value) return false
    if (value === 0) this.current.delete(key)
    else this.current.set(key, { value, since: position })
    this.open.push(change)
    this.sinceCheckpoint += 1
    return true
  }

  isChunkFull(): boolean {
    return this.open.length >= CHUNK_CHANGES_MAX || this.isCheckpointDue()
  }

  isCheckpointDue(): boolean {
    return this.sinceCheckpoint >= Math.max(CHECKPOINT_CHANGES_MIN, this.current.size)
  }

  #names(): readonly string[] {
    return [...entitiesOf(this.#world, this.#parts).keys()]
  }

  #takeMapWrite({ event }: Recorded): readonly Touched[] | null {
    if (event.type !== 'PolicyMapWritten' || this.#parts.kind !== 'endpoint') return null
    const map = this.#world.nodes.get(this.#parts.node)?.endpoints.get(this.#parts.endpoint)?.policyMap
    // An endpoint without a map has the shared empty one, and that must stay empty.
    if (map === undefined || map.size === 0) return null
    takePolicyMapDeltas(map as Map<string, PolicyMapEntry>, event.deltas)
    return event.deltas.map(({ key, after }) => [`map ${policyMapKeyText(key)}`, asJson(after)] as const)
  }
}

function asJson(value: PolicyMapValue | null): Json | undefined {
  return value === null ? undefined : (value as unknown as Json)
}
