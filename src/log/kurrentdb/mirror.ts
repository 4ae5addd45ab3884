/**
 * The local copy of a history on KurrentDB: an ordinary log file (src/log/sqlite) with a note of how far it follows the server. Every read is
 * answered here, so time travel needs no round trips; deleting the file loses nothing.
 *
 * Positions are made from the server's: `max(commit, last position + 1)` in the server's order. So they are the same on every node, they rise
 * also where records of one append share a commit position, and a server position is never computed with. Recorded times are the server's,
 * raised where its clock went back.
 *
 * Several processes may follow into one file: each takes what the file lacks, in one transaction. Because positions follow from the server's order
 * alone, what comes is placed at once and written a moment later, many records together; whoever reads here writes it first.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { EventId, Position, StreamName, StreamRevision, Timestamp } from '../../../events/ids.ts'
import { LogError } from '../../ports/log.ts'
import { SqliteReader } from '../sqlite/reader.ts'
import { asLogError, prepareFile } from '../sqlite/schema.ts'
import type { Placed } from './arrivals.ts'
import type { MirrorRecord, ServerPosition } from './records.ts'
import { Tails } from './tails.ts'

/** `heard_at`: when the server was last known to be there, by this machine's clock. */
const TABLE = `CREATE TABLE IF NOT EXISTS mirror
  (origin TEXT NOT NULL, commit_position TEXT, prepare_position TEXT, heard_at INTEGER) STRICT`

export class Mirror implements Disposable {
  readonly path: string
  readonly #reader: SqliteReader
  readonly #database: DatabaseSync
  readonly #insert: StatementSync
  readonly #insertStream: StatementSync
  readonly #followed: StatementSync
  readonly #note: StatementSync
  readonly #heard: StatementSync
  readonly #hear: StatementSync
  readonly #last: StatementSync
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #id: StatementSync
  readonly #ids: StatementSync
  readonly #revision: StatementSync
  readonly #tails: Tails = new Tails()
  #pending: PlacedRecord[] = []
  /** Where the last record that was placed stands. */
  #tail: Placed

  /** Throws `LogError`: not ours, damaged, or the copy of another history. */
  constructor(path: string, origin: string) {
    this.path = path
    this.#database = open(path, origin)
    this.#reader = new SqliteReader(this.#database)
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
    this.#begin = this.#database.prepare('BEGIN IMMEDIATE')
    this.#commit = this.#database.prepare('COMMIT')
    this.#ids = this.#database.prepare(
      'SELECT id FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?',
    )
    this.#id = this.#database.prepare('SELECT id FROM events WHERE position = ?')
    this.#revision = this.#database.prepare('SELECT revision FROM events WHERE stream = ? AND revision >= ? AND id = ?')
    this.#tail = this.#end()
  }

  /** Of everything that was taken. Throws `LogError`. */
  get reader(): SqliteReader {
    this.settle()
    return this.#reader
  }

  /** For a subscription that begins: from where on. What was taken and could not be written comes again. Throws `LogError`. */
  begin(): ServerPosition | null {
    try {
      this.settle()
    } finally {
      this.#pending = []
      this.#tails.forget()
      this.#tail = this.#end()
    }
    return this.followed()
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

  /** Whole appends only, in the server's order. */
  take(records: readonly MirrorRecord[]): readonly Placed[] {
    const placed = records.map((record) => {
      this.#tail = after(this.#tail, record)
      this.#tails.came(record)
      return { record, ...this.#tail }
    })
    this.#pending.push(...placed)
    return placed
  }

  /** Writes what was taken; what another process has written is passed over. Throws `LogError`, and then it stays to be written. */
  settle(): void {
    if (this.#pending.length === 0) return
    this.#begin.run()
    try {
      const followed = this.followed()
      const lacking = this.#pending.filter(({ record }) => followed === null || isAfter(record.server, followed))
      for (const placed of lacking) this.#store(placed)
      const end = lacking.at(-1)?.record.server
      if (end !== undefined) this.#note.run(String(end.commit), String(end.prepare))
      this.#commit.run()
      this.#pending = []
    } catch (error) {
      this.#reader.forgetStreams()
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw asLogError(error, this.path)
    }
  }

  /** Of what was taken, written or not. */
  headOf(stream: StreamName): StreamRevision | 'no-stream' {
    return this.#tails.headOf(stream) ?? this.reader.streamHead(stream)
  }

  /** Ids of a stream from a revision on. */
  idsFrom(stream: StreamName, revision: number, count: number): readonly EventId[] {
    const known = this.#tails.idsFrom(stream, revision, count)
    if (known !== null) return known
    const row = this.reader.streamId(stream)
    if (row === null) return []
    return (this.#ids.all(row, revision, count) as unknown as readonly { readonly id: EventId }[]).map(({ id }) => id)
  }

  idAt(position: Position): EventId | null {
    this.settle()
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

  /** What could not be written is followed again. */
  [Symbol.dispose](): void {
    try {
      this.settle()
    } catch (error) {
      if (!(error instanceof LogError)) throw error
    }
    this.#database.close()
  }

  #end(): Placed {
    const row = this.#last.get()
    const { position, time } = (row ?? { position: 0, time: 0 }) as { readonly position: number; readonly time: number }
    return { position: BigInt(position) as Position, recordedAt: time as Timestamp }
  }

  #store({ record, position, recordedAt }: PlacedRecord): void {
    const { stream, revision, id, type, v, body, meta } = record
    const row = this.#reader.streamId(stream) ?? Number(this.#insertStream.run(stream).lastInsertRowid)
    this.#insert.run(position, row, revision, recordedAt, id, type, v, body, meta)
  }
}

type PlacedRecord = Placed & { readonly record: MirrorRecord }

function after(tail: Placed, { server, created }: MirrorRecord): Placed {
  return {
    position: (server.commit > tail.position ? server.commit : tail.position + 1n) as Position,
    recordedAt: Math.max(tail.recordedAt, created) as Timestamp,
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
