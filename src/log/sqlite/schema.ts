/**
 * The file of the embedded log: an ordinary SQLite database that any SQLite tool opens.
 *
 * `application_id` says that it is ours, `user_version` which shape it has. Text is canonical JSON (events/codec.ts). There is no index on
 * event ids: a retry is recognised by the ids that stand where it would have been written.
 */
import type { DatabaseSync } from 'node:sqlite'
import { LogError } from '../../ports/log.ts'
import { createIfEmpty, type Shape, shapeOf } from '../../sqlite/shape.ts'

/** "HIND" in ASCII. */
const SHAPE: Shape = { application: 0x48494e44, version: 1 }

/** Pages between checkpoints: 64 MiB of WAL. Bulk loads are twice as fast as with SQLite's 1,000 pages. */
const WAL_AUTOCHECKPOINT_PAGES = 16_384
/** KiB, negative as SQLite wants it. Who only reads goes through the log once, or asks for few events: a large cache would only be memory. */
const CACHE_KIB = -65_536
const CACHE_READING_KIB = -8_192
/** How long an append waits for another process that is writing. Appends take well under a millisecond. */
const BUSY_TIMEOUT_MS = 5_000

const TABLES = `
  CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    stream INTEGER NOT NULL REFERENCES streams (id),
    revision INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    v INTEGER NOT NULL,
    body TEXT NOT NULL,
    meta TEXT NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT;
`

/** Creates the tables in an empty file; refuses what is not a log of this version. Throws `LogError`. */
export function prepareFile(database: DatabaseSync, path: string, readOnly: boolean): void {
  database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
  if (!readOnly) database.exec('PRAGMA journal_mode = WAL')
  database.exec(
    `PRAGMA synchronous = FULL; PRAGMA cache_size = ${readOnly ? CACHE_READING_KIB : CACHE_KIB}; PRAGMA foreign_keys = ON`,
  )
  database.exec(`PRAGMA wal_autocheckpoint = ${WAL_AUTOCHECKPOINT_PAGES}`)
  if (!readOnly) createIfEmpty(database, SHAPE, TABLES)
  const { application, version } = shapeOf(database)
  if (application !== SHAPE.application) throw new LogError('log-corrupt', `${path} is not a Hindcast log`)
  if (version > SHAPE.version) {
    throw new LogError('log-newer', `${path} has shape ${version}; this program reads up to ${SHAPE.version}`)
  }
}

/** The error that the port promises, with SQLite's own words. */
export function asLogError(error: unknown, path: string): Error {
  if (error instanceof LogError || !(error instanceof Error)) return error as Error
  const code = (error as { readonly errcode?: number }).errcode
  if (code === undefined) return error
  return new LogError(codeOf(code & 0xff), `${path}: ${error.message}`, { cause: error })
}

/** Result codes of SQLite (sqlite.org/rescode.html): 5 busy, 6 locked, 11 corrupt, 26 not a database. */
function codeOf(primary: number): 'log-locked' | 'log-corrupt' | 'log-io' {
  if (primary === 5 || primary === 6) return 'log-locked'
  return primary === 11 || primary === 26 ? 'log-corrupt' : 'log-io'
}
