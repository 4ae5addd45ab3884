/**
 * The local copy of a history on KurrentDB: an ordinary log file (src/log/sqlite) with a note of how far it follows the server. Every read is
 * answered here, so time travel needs no round trips; deleting the file loses nothing.
 *
 * Positions are made from the server's: `max(commit, last position + 1)` in the server's order. So they are the same on every node, they rise
 * also where records of one append share a commit position, and a server position is never computed with. Recorded times are the server's,
 * raised where its clock went back.
 *
 * Several processes may follow into one file: each takes what the file lacks, in one transaction.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { EventId, Position, StreamName, StreamRevision, Timestamp } from '../../../events/ids.ts'
import { LogError } from '../../ports/log.ts'
import { SqliteReader } from '../sqlite/reader.ts'
import { asLogError, prepareFile } from '../sqlite/schema.ts'
import type { MirrorRecord, ServerPosition } from './records.ts'

/** `heard_at`: when the server was last known to be there, by this machine's clock. */
const TABLE = `CREATE TABLE IF NOT EXISTS mirror
  (origin TEXT NOT NULL, commit_position TEXT, prepare_position TEXT, heard_at INTEGER) STRICT`

export class Mirror implements Disposable {
  readonly reader: SqliteReader
  readonly path: string
  readonly #database: DatabaseSync
  readonly #insert: StatementSync
  readonly #insertStream: StatementSync
  readonly #followed: StatementSync
  readonly #note: StatementSync
  readonly #heard: StatementSync
  readonly #hear: StatementSync
  readonly #last: StatementSync
  readonly #id: StatementSync
  readonly #revision: StatementSync

  /** Throws `LogError`: not ours, damaged, or the copy of another history. */
  constructor(path: string, origin: string) {
    this.path = path
    this.#database = open(path, origin)
    this.reader = new SqliteReader(this.#database)
    this.#insert = this.#database.prepare(
      'INSERT INTO events (position, stream, revision, recorded_at, id, type, v, body, meta) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    this.#insertStream = this.#database.prepare('INSERT INTO streams (name) VALUES (?)')
    this.#followed = this.#database.prepare('SELECT commit_position AS c, prepare_position AS p FROM mirror')
    this.#note = this.#database.prepare('UPDATE mirror SET commit_position = ?, prepare_position = ?')
    this.#heard = this.#database.prepare('SELECT heard_at AS time FROM mirror')
    this.#hear = this.#database.prepare('UPDATE mirror SET heard_at = ?')
    this.#last = this.#database.prepare(
      'SELECT position, recorded_at AS time FROM events ORDER BY position DESC LIMIT 1',
    )
    this.#id = this.#database.prepare('SELECT id FROM events WHERE position = ?')
    this.#revision = this.#database.prepare('SELECT revision FROM events WHERE stream = ? AND revision >= ? AND id = ?')
  }

  /** Up to where the server was followed; null before the first record. */
  followed(): ServerPosition | null {
    const row = this.#followed.get() as {
      readonly c: string | null
      readonly p: string | null
    }
    return row.c === null || row.p === null ? null : { commit: BigInt(row.c), prepare: BigInt(row.p) }
  }

  /** When the server was last known to be there; null: never. */
  heard(): Timestamp | null {
    return (this.#heard.get() as { readonly time: Timestamp | null }).time
  }

  /** Throws `LogError`. */
  hear(time: Timestamp): void {
    try {
      this.#hear.run(time)
    } catch (error) {
      throw asLogError(error, this.path)
    }
  }

  /** Whole batches only, in the server's order. What the file has already is passed over. */
  take(records: readonly MirrorRecord[]): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const followed = this.followed()
      const lacking = records.filter(({ server }) => followed === null || isAfter(server, followed))
      const last = this.#end()
      let [position, time] = [last.position, last.time]
      for (const record of lacking) {
        position = record.server.commit > position ? record.server.commit : position + 1n
        time = Math.max(time, record.created)
        this.#store(record, position, time)
      }
      const end = lacking.at(-1)?.server
      if (end !== undefined) this.#note.run(String(end.commit), String(end.prepare))
      this.#database.exec('COMMIT')
    } catch (error) {
      this.reader.forgetStreams()
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw asLogError(error, this.path)
    }
  }

  /** Ids of a stream from a revision on. */
  idsFrom(stream: StreamName, revision: number, count: number): readonly EventId[] {
    const page = { after: revision - 1, limit: count }
    return this.reader.stream(stream, 'forwards', page).map(({ id }) => id)
  }

  idAt(position: Position): EventId | null {
    const row = this.#id.get(Number(position))
    return (row as { readonly id: EventId } | undefined)?.id ?? null
  }

  /** Where the events stand, if all of them do, in order and from this revision on or later. */
  revisionOf(stream: StreamName, id: EventId, from: number): StreamRevision | null {
    const row = this.reader.streamId(stream)
    if (row === null) return null
    const found = this.#revision.get(row, from, id) as { readonly revision: StreamRevision } | undefined
    return found?.revision ?? null
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }

  #end(): { readonly position: bigint; readonly time: number } {
    const row = this.#last.get()
    const { position, time } = (row ?? { position: 0, time: 0 }) as { readonly position: number; readonly time: number }
    return { position: BigInt(position), time }
  }

  #store({ stream, revision, id, type, v, body, meta }: MirrorRecord, position: bigint, time: number): void {
    const row = this.reader.streamId(stream) ?? Number(this.#insertStream.run(stream).lastInsertRowid)
    this.#insert.run(position, row, revision, time as Timestamp, id, type, v, body, meta)
  }
}

export function isAfter(a: ServerPosition, b: ServerPosition): boolean {
  return a.commit > b.commit || (a.commit === b.commit && a.prepare > b.prepare)
}

function open(path: string, origin: string): DatabaseSync {
  let database: DatabaseSync | null = null
  try {
    database = new DatabaseSync(path)
    prepareFile(database, path, false)
    // A copy: after a power cut the lost tail is followed again.
    database.exec(`PRAGMA synchronous = NORMAL; ${TABLE}`)
    database.prepare('INSERT INTO mirror (origin) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM mirror)').run(origin)
    const { origin: found } = database.prepare('SELECT origin FROM mirror').get() as { readonly origin: string }
    if (found !== origin) throw new LogError('log-corrupt', `${path} is a copy of ${found}, not of ${origin}`)
    return database
  } catch (error) {
    database?.close()
    throw asLogError(error, path)
  }
}
