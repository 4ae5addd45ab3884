/**
 * The stored tree: an ordinary SQLite file beside the log. Deleting it loses nothing.
 *
 * A short log is read faster than a file is opened, so a tree stays in memory until it has `FILE_BLOCKS_MIN` blocks. The file is written in
 * transactions, so it is never half there; a power cut may lose the last ones, which are then made again.
 */
import { existsSync, rmSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { Position } from '../../events/ids.ts'
import {
  LEVEL_LEAVES,
  type StoredSubtree,
  type SubtreeQuery,
  type TreeStore,
  TreeStoreError,
} from '../ports/tree-store.ts'
import { OtherShape, openShaped, resultCodeOf, type Shape } from '../sqlite/shape.ts'

/** "HTRE" in ASCII. */
const SHAPE: Shape = { application: 0x48545245, version: 1 }
/** How long one process waits for another's transaction, which takes milliseconds. */
const BUSY_TIMEOUT_MS = 10_000
/** 4,096 events, which are read in some 20 ms. */
const FILE_BLOCKS_MIN = 16
const IN_MEMORY = ':memory:'

const TABLES = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE subtrees (
    level INTEGER, number INTEGER, last INTEGER NOT NULL, hash BLOB NOT NULL CHECK (length(hash) = 32), PRIMARY KEY (level, number)
  ) STRICT, WITHOUT ROWID;
`

type Row = readonly [level: number, number: number, last: number, hash: Uint8Array]

/** Null keeps it in memory. Throws `TreeStoreError` where the place cannot be used; a damaged file, or one of another shape, is replaced. */
export function openTreeStore(path: string | null): TreeStore {
  return new SqliteTreeStore(path)
}

export function removeTreeFile(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
}

class SqliteTreeStore implements TreeStore {
  /** Where it is to go once it is long enough; null once it is there, or never. */
  #target: string | null
  #location: string
  #database: DatabaseSync

  constructor(path: string | null) {
    const isThere = path !== null && existsSync(path)
    this.#target = isThere ? null : path
    this.#location = isThere ? path : IN_MEMORY
    this.#database = trying(this.#location, () => openFile(this.#location))
  }

  get location(): string {
    return this.#location
  }

  origin(): string | null {
    return this.#trying(() => {
      const row = this.#database.prepare("SELECT value FROM meta WHERE name = 'origin'").get()
      return (row as { readonly value: string } | undefined)?.value ?? null
    })
  }

  count(level: number): number {
    return this.#trying(() => {
      const row = this.#database.prepare('SELECT max(number) + 1 AS found FROM subtrees WHERE level = ?').get(level)
      return (row as { readonly found: number | null }).found ?? 0
    })
  }

  subtrees({ level, from, to }: SubtreeQuery): readonly StoredSubtree[] {
    return this.#trying(() => {
      const statement = this.#database.prepare(
        'SELECT level, number, last, hash FROM subtrees WHERE level = ? AND number >= ? AND number < ? ORDER BY number',
      )
      statement.setReturnArrays(true)
      return (statement.all(level, from, to) as unknown as readonly Row[]).map(subtree)
    })
  }

  put(subtrees: readonly StoredSubtree[]): void {
    this.#change(() => {
      const insert = this.#database.prepare('INSERT OR REPLACE INTO subtrees VALUES (?, ?, ?, ?)')
      for (const { level, number, last, hash } of subtrees) insert.run(level, number, last, hash)
    })
    if (this.#target !== null && this.count(0) >= FILE_BLOCKS_MIN) this.#moveToFile(this.#target)
  }

  cut(events: number): void {
    this.#change(() => {
      const remove = this.#database.prepare('DELETE FROM subtrees WHERE level = ? AND number >= ?')
      for (const [level, leaves] of LEVEL_LEAVES.entries()) remove.run(level, Math.floor(events / leaves))
    })
  }

  reset(origin: string): void {
    this.#change(() => {
      this.#database.exec('DELETE FROM subtrees; DELETE FROM meta')
      this.#database.prepare("INSERT INTO meta VALUES ('origin', ?)").run(origin)
    })
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close()
  }

  /** Another process may have made the file meanwhile, then it gets the same rows once more. */
  #moveToFile(path: string): void {
    const [origin, rows] = [
      this.origin()!,
      LEVEL_LEAVES.flatMap((_, level) => this.subtrees({ level, from: 0, to: this.count(level) })),
    ]
    this.#database.close()
    this.#database = trying(path, () => openFile(path))
    this.#location = path
    this.#target = null
    if (this.origin() !== origin) this.reset(origin)
    this.put(rows)
  }

  #change(work: () => void): void {
    this.#trying(() => {
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        work()
        this.#database.exec('COMMIT')
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
        throw error
      }
    })
  }

  #trying<T>(work: () => T): T {
    return trying(this.#location, work)
  }
}

function trying<T>(location: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Error) || (error as { readonly errcode?: number }).errcode === undefined) throw error
    throw new TreeStoreError(`${location}: ${error.message}`, isOfNoUse(error), { cause: error })
  }
}

function subtree([level, number, last, hash]: Row): StoredSubtree {
  return { level, number, last: Position(BigInt(last)), hash }
}

function openFile(path: string): DatabaseSync {
  try {
    return prepared(path)
  } catch (error) {
    if (path === IN_MEMORY || !isOfNoUse(error)) throw error
    removeTreeFile(path)
    return prepared(path)
  }
}

function prepared(path: string): DatabaseSync {
  const pragmas = `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`
  const database = openShaped(path, { pragmas, shape: SHAPE, tables: TABLES })
  try {
    database.exec('SELECT name, value FROM meta LIMIT 0; SELECT level, number, last, hash FROM subtrees LIMIT 0')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** SQLite result codes 11 corrupt and 26 not a database, a table that is missing (1), and a shape that is not ours. */
function isOfNoUse(error: unknown): boolean {
  return error instanceof OtherShape || [1, 11, 26].includes(resultCodeOf(error))
}
