/**
 * All versions of every entity, by unit, key and position: where `blame` and `history` look.
 *
 * Inserted one by one into one table, each version of a long log would rewrite a page of its own. So they are written in runs: what one
 * transaction of the builder brings is sorted and written in pages, one after another. Small runs are merged, sixteen into one, until they
 * are large; a question goes through the runs from the newest to the oldest, and a log of ten million changes has about thirty.
 *
 * Runs follow one another on the log: every position of a run is after those of the runs with smaller ids.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type PackedChange, packVersions, unpackVersions } from './packing.ts'
import { type Row, Rows } from './rows.ts'

/** Versions in one page: so many are read to find one. */
const PAGE_VERSIONS_MAX = 128
/** So many runs become one. */
const MERGED_AT_ONCE = 16
/** Sizes at which a run counts as larger; one above the last is not merged again, which bounds what a transaction moves. */
const SIZES = [4_096, 65_536] as const

export type UnitVersions = { readonly unit: number; readonly versions: readonly PackedChange[] }

type Run = { readonly id: number; readonly first: number; readonly versions: number }
type Page = { readonly packed: Uint8Array }

export class VersionRuns {
  readonly #runs: StatementSync
  readonly #pages: StatementSync
  readonly #units: StatementSync
  readonly #ofUnit: StatementSync
  readonly #addRun: StatementSync
  readonly #removeRun: StatementSync
  readonly #removePages: StatementSync
  readonly #rows: Rows

  constructor(database: DatabaseSync) {
    this.#runs = database.prepare('SELECT id, first, versions FROM runs ORDER BY id DESC')
    // The index says which pages can hold the key, of the runs that have anything of the unit.
    this.#pages = database.prepare(
      `SELECT packed FROM versions INDEXED BY pages WHERE unit = ?1 AND run <= (SELECT max(id) FROM runs WHERE first <= ?3)
       AND key <= ?2 AND last >= ?2 ORDER BY run DESC, key DESC, position DESC`,
    )
    this.#units = database.prepare(
      'SELECT DISTINCT unit FROM versions INDEXED BY pages_by_run WHERE run >= ? ORDER BY unit',
    )
    this.#ofUnit = database.prepare(
      'SELECT packed FROM versions INDEXED BY pages WHERE unit = ? AND run = ? ORDER BY key, position',
    )
    this.#addRun = database.prepare('INSERT INTO runs (id, first, versions) VALUES (?, ?, ?)')
    this.#removeRun = database.prepare('DELETE FROM runs WHERE id = ?')
    this.#removePages = database.prepare('DELETE FROM versions WHERE run = ?')
    this.#rows = new Rows(database, 'versions', ['unit', 'run', 'key', 'position', 'last', 'packed'], 5)
  }

  /** Newest first, at or before `upTo`. */
  find(
    unit: number,
    key: number,
    { upTo, limit }: { readonly upTo: number; readonly limit: number },
  ): readonly PackedChange[] {
    const found: PackedChange[] = []
    for (const { packed } of this.#pages.iterate(unit, key, upTo) as Iterable<unknown> as Iterable<Page>) {
      const own: PackedChange[] = []
      unpackVersions(packed, (of, position, value) => {
        if (of === key && position <= upTo) own.push({ position, key, value })
        return of <= key
      })
      found.push(...own.reverse())
      if (found.length >= limit) break
    }
    return found.slice(0, limit)
  }

  /** Everything that one transaction brings, all of it after what is there. */
  write(first: number, brought: readonly UnitVersions[]): void {
    const rows: Row[] = []
    const id = (this.#all()[0]?.id ?? 0) + 1
    for (const { unit, versions } of brought.toSorted((a, b) => a.unit - b.unit)) {
      rows.push(...pages(id, unit, inOrder(versions)))
    }
    this.#rows.write(rows)
    const versions = brought.reduce((sum, { versions }) => sum + versions.length, 0)
    this.#addRun.run(id, first, versions)
    for (const size of SIZES) this.#mergeBelow(size)
  }

  #all(): readonly Run[] {
    return this.#runs.all() as unknown as readonly Run[]
  }

  /** The newest runs that are no larger, where there are enough of them, become one. */
  #mergeBelow(size: number): void {
    const runs = this.#all()
    const larger = runs.findIndex(({ versions }) => versions >= size)
    const small = larger === -1 ? runs : runs.slice(0, larger)
    if (small.length < MERGED_AT_ONCE) return
    const oldest = small.at(-1)!
    const id = small[0]!.id + 1
    for (const { unit } of this.#units.all(oldest.id) as unknown as { readonly unit: number }[]) {
      const versions: PackedChange[] = []
      for (const run of small.toReversed()) {
        for (const { packed } of this.#ofUnit.all(unit, run.id) as unknown as Page[]) {
          unpackVersions(packed, (key, position, value) => versions.push({ position, key, value }) > 0)
        }
      }
      // Within a key the runs follow one another already, and this sort keeps the order of equals.
      this.#rows.write(
        pages(
          id,
          unit,
          versions.sort((a, b) => a.key - b.key),
        ),
      )
    }
    for (const run of small) {
      this.#removePages.run(run.id)
      this.#removeRun.run(run.id)
    }
    this.#addRun.run(
      id,
      oldest.first,
      small.reduce((sum, { versions }) => sum + versions, 0),
    )
  }
}

/** One event may change an entity twice, as where an endpoint is made anew: the last value counts. */
function inOrder(versions: readonly PackedChange[]): readonly PackedChange[] {
  const sorted = versions.toSorted((a, b) => a.key - b.key || a.position - b.position)
  return sorted.filter(({ key, position }, index) => {
    const next = sorted[index + 1]
    return next === undefined || next.key !== key || next.position !== position
  })
}

function pages(run: number, unit: number, versions: readonly PackedChange[]): readonly Row[] {
  const rows: Row[] = []
  for (let start = 0; start < versions.length; start += PAGE_VERSIONS_MAX) {
    const some = versions.slice(start, start + PAGE_VERSIONS_MAX)
    const [first, last] = [some[0]!, some.at(-1)!]
    rows.push([unit, run, first.key, first.position, last.key, packVersions(some)])
  }
  return rows
}
