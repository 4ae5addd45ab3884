/** The questions to the file, as prepared statements. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { UnitName } from '../../projections/history/entities.ts'
import { type PackedChange, unpackChanges, unpackEntries, unpackTouches } from './packing.ts'

/** By key id. */
export type Current = Map<number, { value: number; since: number }>

export type SavedUnit = {
  readonly current: Current
  readonly open: readonly PackedChange[]
  readonly sinceCheckpoint: number
}

/** Units whose names and numbers are kept at hand. */
const UNITS_AT_HAND_MAX = 8_192

type Chunk = { readonly changes: Uint8Array }

export class Tables {
  readonly #unitIds: Map<UnitName, number> = new Map()
  readonly #unitNames: Map<number, UnitName> = new Map()
  readonly #unit: StatementSync
  readonly #units: StatementSync
  readonly #checkpoint: StatementSync
  readonly #chunks: StatementSync
  readonly #chunksFrom: StatementSync
  readonly #touches: StatementSync
  readonly #unitName: StatementSync
  readonly #meta: StatementSync

  constructor(database: DatabaseSync) {
    this.#unit = database.prepare('SELECT id FROM units WHERE name = ?')
    this.#units = database.prepare('SELECT name FROM units WHERE first <= ? ORDER BY name')
    this.#checkpoint = database.prepare(
      'SELECT position, entries FROM checkpoints WHERE unit = ? AND position <= ? ORDER BY position DESC LIMIT 1',
    )
    this.#chunks = database.prepare(
      'SELECT changes FROM chunks WHERE unit = ? AND first > ? AND first <= ? ORDER BY first',
    )
    this.#chunksFrom = database.prepare(
      `SELECT changes FROM chunks WHERE unit = ?1 AND first <= ?3
       AND first >= coalesce((SELECT max(first) FROM chunks WHERE unit = ?1 AND first <= ?2), 0) ORDER BY first`,
    )
    this.#touches = database.prepare(`SELECT units FROM touches WHERE ${TOUCHES_OVERLAPPING} ORDER BY first LIMIT ?3`)
    this.#unitName = database.prepare('SELECT name FROM units WHERE id = ?')
    this.#meta = database.prepare('SELECT value FROM meta WHERE name = ?')
  }

  meta(name: string): string | null {
    return (this.#meta.get(name) as { readonly value: string } | undefined)?.value ?? null
  }

  unitId(name: UnitName): number | null {
    const known = this.#unitIds.get(name)
    if (known !== undefined) return known
    const row = this.#unit.get(name) as { readonly id: number } | undefined
    if (row === undefined) return null
    this.#keep(row.id, name)
    return row.id
  }

  /** Where somebody else may have built the file anew. */
  forget(): void {
    this.#unitIds.clear()
    this.#unitNames.clear()
  }

  unitsAt(position: number): readonly UnitName[] {
    return (this.#units.all(position) as unknown as { readonly name: string }[]).map(({ name }) => name)
  }

  /** A unit's values after the event at `position`, and how far it is from its last checkpoint. */
  savedAt(unit: number, position: number): SavedUnit {
    const current: Current = new Map()
    const checkpoint = this.#checkpoint.get(unit, position) as { position: number; entries: Uint8Array } | undefined
    if (checkpoint !== undefined) {
      unpackEntries(checkpoint.entries, (key, value, since) => current.set(key, { value, since }))
    }
    const rows = this.#chunks.all(unit, checkpoint?.position ?? -1, position) as unknown as { changes: Uint8Array }[]
    let [open, sinceCheckpoint]: [PackedChange[], number] = [[], 0]
    for (const { changes } of rows) {
      open = []
      unpackChanges(changes, (at, key, value) => {
        if (at > position) return
        open.push({ position: at, key, value })
        sinceCheckpoint += 1
        if (value === 0) current.delete(key)
        else current.set(key, { value, since: at })
      })
    }
    return { current, open, sinceCheckpoint }
  }

  /** In order. One row after another, so that a long range takes time and no memory. */
  changesIn(
    unit: number,
    { after, upTo }: { readonly after: number; readonly upTo: number },
    take: (position: number, key: number, value: number) => void,
  ): void {
    for (const { changes } of this.#chunksFrom.iterate(unit, after, upTo) as Iterable<unknown> as Iterable<Chunk>) {
      unpackChanges(changes, (position, key, value) => {
        if (position > after && position <= upTo) take(position, key, value)
      })
    }
  }

  /** As `savedAt`, without since when: value ids by key. */
  valuesAt(unit: number, position: number): ReadonlyMap<number, number> {
    const found = new Map<number, number>()
    this.#walk(unit, position, (key, value) => {
      if (value === 0) found.delete(key)
      else found.set(key, value)
    })
    return found
  }

  /** The same for a few of its keys; 0 for what is not there. */
  someAt(unit: number, position: number, keys: Iterable<number>): ReadonlyMap<number, number> {
    const found = new Map<number, number>()
    for (const key of keys) found.set(key, 0)
    this.#walk(unit, position, (key, value) => {
      if (found.has(key)) found.set(key, value)
    })
    return found
  }

  /** What the last checkpoint says, and then every change up to the position. */
  #walk(unit: number, position: number, take: (key: number, value: number) => void): void {
    const checkpoint = this.#checkpoint.get(unit, position) as { position: number; entries: Uint8Array } | undefined
    if (checkpoint !== undefined) unpackEntries(checkpoint.entries, take)
    const rows = this.#chunks.all(unit, checkpoint?.position ?? -1, position) as unknown as { changes: Uint8Array }[]
    for (const { changes } of rows) {
      unpackChanges(changes, (at, key, value) => {
        if (at <= position) take(key, value)
      })
    }
  }

  /** Units that events of the range changed; null where finding them would be more work than asking every unit. */
  unitsTouched({ after, upTo }: { readonly after: number; readonly upTo: number }): readonly UnitName[] | null {
    const rows = this.#touches.all(after, upTo, TOUCH_ROWS_MAX + 1) as unknown as { readonly units: Uint8Array }[]
    if (rows.length > TOUCH_ROWS_MAX) return null
    const found = new Set<number>()
    for (const { units } of rows) {
      unpackTouches(units, (position, unit) => {
        if (position > after && position <= upTo) found.add(unit)
      })
    }
    return [...found].map((unit) => this.#nameOf(unit))
  }

  #nameOf(unit: number): UnitName {
    const known = this.#unitNames.get(unit)
    if (known !== undefined) return known
    const { name } = this.#unitName.get(unit) as { readonly name: UnitName }
    this.#keep(unit, name)
    return name
  }

  #keep(unit: number, name: UnitName): void {
    if (this.#unitIds.size >= UNITS_AT_HAND_MAX) this.forget()
    this.#unitIds.set(name, unit)
    this.#unitNames.set(unit, name)
  }
}

/** Of the range after ?1 up to ?2. Rows do not overlap one another. */
const TOUCHES_OVERLAPPING = 'first <= ?2 AND first >= coalesce((SELECT max(first) FROM touches WHERE first <= ?1), 0)'
/** Some 100,000 touches, about two milliseconds. */
const TOUCH_ROWS_MAX = 64
