/** What a builder has gathered and not written yet, and how it is written: each table once, in the order of its key. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { UnitName } from '../../projections/history/entities.ts'
import type { Names, Values } from './names.ts'
import { type PackedChange, packChanges, packTouches } from './packing.ts'
import { type Row, Rows } from './rows.ts'
import type { UnitState } from './unit-state.ts'
import { type UnitVersions, VersionRuns } from './version-runs.ts'

/** Touches in one row: a question about a range reads at most twice so many that it does not need. */
const TOUCHES_AT_ONCE = 2_048

type Gathered = {
  readonly units: Row[]
  readonly chunks: (readonly [unit: number, first: number, last: number, changes: Uint8Array])[]
  readonly checkpoints: (readonly [unit: number, position: number, entries: Uint8Array])[]
  readonly touches: { readonly positions: number[]; readonly units: number[] }
  readonly versions: UnitVersions[]
  readonly revisions: Row[]
  readonly tags: Row[]
}

export class Writing {
  readonly #names: Names
  readonly #values: Values
  readonly #runs: VersionRuns
  readonly #lastUnit: StatementSync
  readonly #tables: Readonly<Record<Exclude<keyof Gathered, 'versions'> | 'meta', Rows>>
  #gathered: Gathered = nothing()
  #last: number | null = null

  constructor({
    database,
    names,
    values,
  }: { readonly database: DatabaseSync; readonly names: Names; readonly values: Values }) {
    this.#names = names
    this.#values = values
    this.#runs = new VersionRuns(database)
    this.#lastUnit = database.prepare('SELECT coalesce(max(id), 0) AS id FROM units')
    this.#tables = {
      meta: new Rows(database, 'meta', ['name', 'value']),
      units: new Rows(database, 'units', ['id', 'name', 'first']),
      chunks: new Rows(database, 'chunks', ['unit', 'first', 'last', 'changes'], 2),
      checkpoints: new Rows(database, 'checkpoints', ['unit', 'position', 'entries'], 2),
      touches: new Rows(database, 'touches', ['first', 'last', 'units']),
      revisions: new Rows(database, 'revisions', ['revision', 'position']),
      tags: new Rows(database, 'tags', ['name', 'position']),
    }
  }

  /** Its number, from now on. */
  unit(name: UnitName, first: number): number {
    this.#last ??= (this.#lastUnit.get() as { readonly id: number }).id
    this.#last += 1
    this.#gathered.units.push([this.#last, name, first])
    return this.#last
  }

  chunk(unit: number, changes: readonly PackedChange[]): void {
    if (changes.length === 0) return
    this.#gathered.chunks.push([unit, changes[0]!.position, changes.at(-1)!.position, packChanges(changes)])
  }

  checkpoint(unit: number, position: number, entries: Uint8Array): void {
    this.#gathered.checkpoints.push([unit, position, entries])
  }

  /** Events in order. */
  touch(position: number, unit: number): void {
    this.#gathered.touches.positions.push(position)
    this.#gathered.touches.units.push(unit)
  }

  revision(revision: number, position: number): void {
    this.#gathered.revisions.push([revision, position])
  }

  tag(name: string, position: number): void {
    this.#gathered.tags.push([name, position])
  }

  /** What changed in them. */
  units(touched: Iterable<UnitState>): void {
    for (const unit of touched) {
      this.chunk(unit.id, unit.open)
      this.#gathered.versions.push({ unit: unit.id, versions: unit.fresh })
      unit.fresh = []
    }
  }

  /** Within a transaction. */
  all(meta: Readonly<Record<string, string>>): void {
    const { units, chunks, checkpoints, touches, versions, revisions, tags } = this.#gathered
    this.#names.write()
    this.#values.write()
    this.#tables.units.write(units)
    this.#tables.chunks.write(chunks.sort(([a, x], [b, y]) => a - b || x - y))
    this.#tables.checkpoints.write(checkpoints.sort(([a, x], [b, y]) => a - b || x - y))
    this.#tables.touches.write(inRows(touches))
    if (versions.length > 0) this.#runs.write(touches.positions[0]!, versions)
    this.#tables.revisions.write(revisions)
    this.#tables.tags.write(tags)
    this.meta(meta)
    this.#gathered = nothing()
  }

  /** Within a transaction. */
  meta(values: Readonly<Record<string, string>>): void {
    this.#tables.meta.write(Object.entries(values))
  }

  /** After a rollback, and where somebody else may have written. */
  forget(): void {
    this.#gathered = nothing()
    this.#last = null
  }
}

function nothing(): Gathered {
  return {
    units: [],
    chunks: [],
    checkpoints: [],
    touches: { positions: [], units: [] },
    versions: [],
    revisions: [],
    tags: [],
  }
}

function inRows({ positions, units }: Gathered['touches']): readonly Row[] {
  const rows: Row[] = []
  for (let start = 0; start < positions.length; start += TOUCHES_AT_ONCE) {
    const end = Math.min(start + TOUCHES_AT_ONCE, positions.length)
    const packed = packTouches(positions.slice(start, end), units.slice(start, end))
    rows.push([positions[start]!, positions[end - 1]!, packed])
  }
  return rows
}
