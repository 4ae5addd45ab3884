/**
 * Saved states in a file: an ordinary SQLite database, so that a writer that is killed leaves what was there before, and two of them do not mix.
 *
 * It is not synchronised with the disk, which would cost more than it is worth: after a power cut the file may be anything. So each state has a
 * digest over its mark and pieces, and a file that SQLite cannot read is made anew.
 */
import { createHash, type Hash } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { SavedState, SavedStates, StateMark } from '../ports/saved-states.ts'
import { OtherShape, openShaped, resultCodeOf, type Shape } from '../sqlite/shape.ts'

/** "HSST" in ASCII. */
const SHAPE: Shape = { application: 0x48535354, version: 1 }
/** Folding instead takes longer, so a reader waits for a writer that is about to end; nobody else does. */
const BUSY_TIMEOUT_MS = 250

const TABLES = `
  CREATE TABLE states (
    name TEXT PRIMARY KEY, fold TEXT NOT NULL, event TEXT NOT NULL, at TEXT NOT NULL, pieces INTEGER NOT NULL, digest TEXT NOT NULL
  ) STRICT;
  CREATE TABLE pieces (name TEXT, number INTEGER, text TEXT NOT NULL, PRIMARY KEY (name, number)) STRICT, WITHOUT ROWID;
`

/** Opens nothing before something is asked or saved: a log that is short has no such file. */
export function openSavedStates(path: string): SavedStates {
  return new SqliteStates(path)
}

type Row = StateMark & { readonly pieces: number; readonly digest: string }

class SqliteStates implements SavedStates {
  readonly #path: string
  #database: DatabaseSync | null = null

  constructor(path: string) {
    this.#path = path
  }

  load(name: string): SavedState | null {
    return this.#unlessUnusable(null, () => {
      if (this.#database === null && !existsSync(this.#path)) return null
      const database = this.#open()
      // One transaction: what another process saves meanwhile does not mix in.
      database.exec('BEGIN')
      try {
        return read(database, name)
      } finally {
        // What cannot be read may have ended it already.
        if (database.isTransaction) database.exec('COMMIT')
      }
    })
  }

  async save(name: string, mark: StateMark, pieces: Iterable<string> | AsyncIterable<string>): Promise<boolean> {
    const database = this.#unlessUnusable(null, () => begun(this.#open()))
    if (database === null) return false
    try {
      const hash = hashOf(mark)
      database.prepare('DELETE FROM pieces WHERE name = ?').run(name)
      const insert = database.prepare('INSERT INTO pieces (name, number, text) VALUES (?, ?, ?)')
      let number = 0
      for await (const text of pieces) {
        insert.run(name, number, text)
        takeIn(hash, text)
        number += 1
      }
      const { fold, event, at } = mark
      const row = 'INSERT OR REPLACE INTO states (name, fold, event, at, pieces, digest) VALUES (?, ?, ?, ?, ?, ?)'
      database.prepare(row).run(name, fold, event, at, number, hash.digest('hex'))
      database.exec('COMMIT')
      return true
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK')
      if (!isOfSqlite(error)) throw error
      this.#throwAway(error)
      return false
    }
  }

  [Symbol.dispose](): void {
    if (this.#database?.isOpen) this.#database.close()
    this.#database = null
  }

  #open(): DatabaseSync {
    this.#database ??= prepared(this.#path)
    return this.#database
  }

  #unlessUnusable<T>(otherwise: T, work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (!isOfSqlite(error) && !(error instanceof OtherShape)) throw error
      this.#throwAway(error)
      return otherwise
    }
  }

  /** What is damaged or of another shape is of no use to anybody; the next one to save makes it anew. */
  #throwAway(error: unknown): void {
    if (!(error instanceof OtherShape) && NOT_OF_THE_FILE.includes(resultCodeOf(error))) return
    this[Symbol.dispose]()
    try {
      for (const suffix of ['', '-journal']) rmSync(`${this.#path}${suffix}`, { force: true })
    } catch {
      // A folder that cannot be written keeps it, and nobody reads it.
    }
  }
}

function prepared(path: string): DatabaseSync {
  const pragmas = `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA synchronous = OFF`
  return openShaped(path, { pragmas, shape: SHAPE, tables: TABLES })
}

function begun(database: DatabaseSync): DatabaseSync {
  database.exec('BEGIN IMMEDIATE')
  return database
}

function read(database: DatabaseSync, name: string): SavedState | null {
  const columns = 'SELECT fold, event, at, pieces, digest FROM states WHERE name = ?'
  const row = database.prepare(columns).get(name) as Row | undefined
  if (row === undefined) return null
  const found = database.prepare('SELECT text FROM pieces WHERE name = ? ORDER BY number').all(name)
  const pieces = (found as unknown as readonly { readonly text: string }[]).map(({ text }) => text)
  const { fold, event, at } = row
  const hash = hashOf({ fold, event, at })
  for (const text of pieces) takeIn(hash, text)
  return pieces.length === row.pieces && hash.digest('hex') === row.digest ? { fold, event, at, pieces } : null
}

function hashOf({ fold, event, at }: StateMark): Hash {
  const hash = createHash('sha256')
  for (const text of [fold, event, at]) takeIn(hash, text)
  return hash
}

/** With its length, so that two pieces are not taken for one. */
function takeIn(hash: Hash, text: string): void {
  hash.update(`${text.length}:${text}`)
}

function isOfSqlite(error: unknown): boolean {
  return (error as { readonly errcode?: number }).errcode !== undefined
}

/**
 * SQLite's primary result codes that say nothing about what is in the file: 5 busy, 6 locked, 7 out of memory, 10 input or output, 13 full,
 * 14 cannot be opened. A damaged header may look like another version of the format, or like one that is only read.
 */
const NOT_OF_THE_FILE: readonly number[] = [5, 6, 7, 10, 13, 14]
