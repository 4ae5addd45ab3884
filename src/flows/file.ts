/**
 * The file of the flow store: an ordinary SQLite database with one table, beside the log.
 *
 * Flows may be lost with the machine's power (`synchronous=NORMAL`: a commit does not wait for the disk) but not with the process, and the file is
 * whole after either.
 */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { FlowStoreError } from '../ports/flows.ts'
import { createIfEmpty, type Shape, shapeOf } from '../sqlite/shape.ts'

/** "HINF" in ASCII. */
const SHAPE: Shape = { application: 0x48494e46, version: 1 }
/** How long a write waits for another process; then it stays queued and is tried again. The agent is the only writer, so this is rare. */
const BUSY_TIMEOUT_MS = 20
/** Size to which SQLite cuts the write-ahead log after a checkpoint. */
const WAL_BYTES_KEPT = 16 * 1_024 * 1_024
const SIDE_FILES = ['-wal', '-shm']

const TABLES = `
  CREATE TABLE flows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    position TEXT NOT NULL,
    revision INTEGER NOT NULL,
    kind TEXT NOT NULL,
    verdict TEXT NOT NULL,
    direction TEXT NOT NULL,
    endpoint INTEGER NOT NULL,
    source_address TEXT NOT NULL,
    source_port INTEGER NOT NULL,
    source_identity INTEGER NOT NULL,
    destination_address TEXT NOT NULL,
    destination_port INTEGER NOT NULL,
    destination_identity INTEGER NOT NULL,
    protocol INTEGER NOT NULL,
    drop_reason INTEGER,
    match_type TEXT,
    proxy_port INTEGER,
    http TEXT
  ) STRICT;
  CREATE INDEX flows_by_time ON flows (time);
`

/** Creates the file where it is missing or empty. Throws `FlowStoreError`, `flows-damaged` among them. */
export function openToWrite(path: string): DatabaseSync {
  return opened(path, false, (database) => {
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`)
    database.exec(`PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}`)
    createIfEmpty(database, SHAPE, TABLES)
  })
}

/** Throws `FlowStoreError`; `flows-missing` where there is no file. */
export function openToRead(path: string): DatabaseSync {
  if (!existsSync(path)) throw new FlowStoreError('flows-missing', `${path} does not exist`)
  const patiently = (database: DatabaseSync): void => database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
  try {
    return opened(path, true, patiently)
  } catch (error) {
    if (!isUnwritablePlace(error)) throw error
    // A copy in a folder that cannot be written: SQLite cannot make its shared memory there, so the file is taken as it is.
    return opened(`${pathToFileURL(path)}?immutable=1`, true, patiently)
  }
}

/** Moves a damaged file out of the way: the one before it is given up. Returns where it is. */
export function putAside(path: string): string {
  const aside = `${path}.damaged`
  for (const suffix of SIDE_FILES) rmSync(path + suffix, { force: true })
  renameSync(path, aside)
  return aside
}

/** The error that the port promises, with SQLite's own words (result codes: sqlite.org/rescode.html). */
export function asFlowError(error: unknown, path: string): Error {
  if (error instanceof FlowStoreError || !(error instanceof Error)) return error as Error
  const code = (error as { readonly errcode?: number }).errcode
  if (code === undefined) return error
  // 11: malformed, 26: not a database. A table that is missing is damage too.
  const damaged = [11, 26].includes(code & 0xff) || error.message.startsWith('no such table')
  return new FlowStoreError(damaged ? 'flows-damaged' : 'flows-io', `${path}: ${error.message}`, { cause: error })
}

/** SQLITE_BUSY and SQLITE_LOCKED. */
export function isBusy(error: unknown): boolean {
  const code = (error as { readonly errcode?: number }).errcode ?? 0
  return [5, 6].includes(code & 0xff)
}

/** SQLITE_READONLY 8, SQLITE_CANTOPEN 14. */
function isUnwritablePlace(error: unknown): boolean {
  const cause = error instanceof FlowStoreError ? (error.cause as { readonly errcode?: number } | undefined) : undefined
  return [8, 14].includes((cause?.errcode ?? 0) & 0xff)
}

function opened(path: string, readOnly: boolean, prepare: (database: DatabaseSync) => void): DatabaseSync {
  let database: DatabaseSync | null = null
  try {
    database = new DatabaseSync(path, { readOnly })
    prepare(database)
    check(database, path)
    return database
  } catch (error) {
    database?.close()
    throw asFlowError(error, path)
  }
}

function check(database: DatabaseSync, path: string): void {
  const { application, version } = shapeOf(database)
  if (application !== SHAPE.application) {
    throw new FlowStoreError('flows-not-ours', `${path} is not a Hindcast flow store`)
  }
  if (version > SHAPE.version) {
    throw new FlowStoreError('flows-newer', `${path} has shape ${version}; this program reads up to ${SHAPE.version}`)
  }
  database.prepare('SELECT min(id), max(id) FROM flows').get()
}
