/**
 * The file of the read model: an ordinary SQLite database beside the log.
 *
 * `meta` says which log it is of (id of the first event), by which projection and version, in which shape, up to which event (position and
 * id). A file where one of these does not fit is not read but made anew. It is written in transactions that move `meta` along, so it
 * is never half there; a power cut may lose the last transactions, which are then made again.
 */
import { rmSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { OtherShape, openShaped, resultCodeOf, type Shape } from '../sqlite/shape.ts'

/** "HRDM" in ASCII. The version is of the tables and of what is packed in them. */
const SHAPE: Shape = { application: 0x4852444d, version: 4 }
/** How long one builder waits for another's transaction. */
const BUSY_TIMEOUT_MS = 10_000
const CACHE_KIB = -16_384
/** Pages between checkpoints of the write-ahead log, 32 MiB: a page that is written again and again moves to the file once. */
const WAL_AUTOCHECKPOINT_PAGES = 8_192

/** What is packed stands in tables by row id, at the end of which it is written; a tree of keys with it inside would be deep. */
const TABLES = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE units (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first INTEGER NOT NULL) STRICT;
  CREATE TABLE keys (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE vals (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
  CREATE TABLE checkpoints (id INTEGER PRIMARY KEY, unit INTEGER NOT NULL, position INTEGER NOT NULL, entries BLOB NOT NULL, UNIQUE (unit, position)) STRICT;
  CREATE TABLE chunks (id INTEGER PRIMARY KEY, unit INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, changes BLOB NOT NULL, UNIQUE (unit, first)) STRICT;
  CREATE TABLE runs (id INTEGER PRIMARY KEY, first INTEGER NOT NULL, versions INTEGER NOT NULL) STRICT;
  CREATE TABLE versions (id INTEGER PRIMARY KEY, unit INTEGER NOT NULL, run INTEGER NOT NULL, key INTEGER NOT NULL, position INTEGER NOT NULL, last INTEGER NOT NULL, packed BLOB NOT NULL) STRICT;
  CREATE UNIQUE INDEX pages ON versions (unit, run, key, position, last);
  CREATE INDEX pages_by_run ON versions (run, unit);
  CREATE TABLE touches (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, units BLOB NOT NULL) STRICT;
  CREATE TABLE revisions (revision INTEGER PRIMARY KEY, position INTEGER NOT NULL) STRICT;
  CREATE TABLE tags (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

export const IN_MEMORY = ':memory:'

/** Throws where the place cannot be written. A file that is not a read model of this shape, or is damaged, is replaced. */
export function openModelFile(path: string): DatabaseSync {
  try {
    return prepared(path)
  } catch (error) {
    if (path === IN_MEMORY || !isOfNoUse(error)) throw error
    removeModelFile(path)
    return prepared(path)
  }
}

function removeModelFile(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
}

/** Empties it, for a build from the beginning. Within a transaction of the caller. */
export function clearModel(database: DatabaseSync): void {
  const rows = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  for (const { name } of rows as unknown as { readonly name: string }[]) database.exec(`DELETE FROM ${name}`)
}

function prepared(path: string): DatabaseSync {
  const waiting = `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`
  const pages = `PRAGMA cache_size = ${CACHE_KIB}; PRAGMA wal_autocheckpoint = ${WAL_AUTOCHECKPOINT_PAGES}`
  return openShaped(path, { pragmas: `${waiting}; ${pages}`, shape: SHAPE, tables: TABLES })
}

/** SQLite result codes 11 corrupt and 26 not a database, and a shape that is not ours. */
function isOfNoUse(error: unknown): boolean {
  return error instanceof OtherShape || [11, 26].includes(resultCodeOf(error))
}
