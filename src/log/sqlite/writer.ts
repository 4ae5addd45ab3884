/**
 * Group commit: appends that arrive in one turn of the event loop share one transaction and so one flush of the disk. An append that
 * conflicts takes nothing away from the others, because every batch is placed before its first row is written.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Position, Timestamp } from '../../../events/ids.ts'
import { type AppendOutcome, type Copied, LogError, type StreamAppend } from '../../ports/log.ts'
import { checkBatch, place } from '../placement.ts'
import type { SqliteReader } from './reader.ts'
import { asLogError } from './schema.ts'
import { StreamEnds } from './stream-ends.ts'
import { WalSpace } from './wal-space.ts'

type Pending = {
  readonly batch: readonly StreamAppend[]
  readonly copied: Copied | undefined
  readonly resolve: (outcome: AppendOutcome) => void
  readonly reject: (error: Error) => void
}

/** Events in one transaction; more waits for the next. Bounds the time for which other processes cannot write. */
const GROUP_EVENTS_MAX = 10_000

export class SqliteWriter {
  readonly #database: DatabaseSync
  readonly #reader: SqliteReader
  readonly #now: () => Timestamp
  readonly #path: string
  readonly #insert: StatementSync
  readonly #insertStream: StatementSync
  readonly #positions: StatementSync
  readonly #lastTime: StatementSync
  readonly #begin: StatementSync
  readonly #end: StatementSync
  readonly #ends: StreamEnds
  readonly #space: WalSpace
  #queue: Pending[] = []
  #scheduled = false
  #closed = false

  constructor(
    database: DatabaseSync,
    reader: SqliteReader,
    options: { readonly now: () => Timestamp; readonly path: string },
  ) {
    this.#database = database
    this.#reader = reader
    this.#now = options.now
    this.#path = options.path
    this.#insert = database.prepare(
      'INSERT INTO events (stream, revision, recorded_at, id, type, v, body, meta) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    )
    this.#insertStream = database.prepare('INSERT INTO streams (name) VALUES (?)')
    this.#positions = database.prepare(
      'SELECT position, recorded_at AS time FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?',
    )
    this.#lastTime = database.prepare('SELECT recorded_at AS time FROM events ORDER BY position DESC LIMIT 1')
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#end = database.prepare('COMMIT')
    this.#ends = new StreamEnds(database, reader)
    this.#space = new WalSpace(database, options.path)
  }

  append(batch: readonly StreamAppend[], copied?: Copied): Promise<AppendOutcome> {
    checkBatch(batch)
    if (this.#closed) return Promise.reject(new LogError('log-closed', this.#path))
    const { promise, resolve, reject } = Promise.withResolvers<AppendOutcome>()
    this.#queue.push({ batch, copied, resolve, reject })
    this.#schedule()
    return promise
  }

  /** Writes what is queued; nothing is taken afterwards. */
  close(): void {
    this.#closed = true
    while (this.#queue.length > 0) this.#flush()
  }

  #schedule(): void {
    if (this.#scheduled || this.#queue.length === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#flush()
      this.#schedule()
    })
  }

  #flush(): void {
    const group = this.#takeGroup()
    if (group.length === 0) return
    try {
      const outcomes = this.#commit(group)
      this.#space.afterFlush()
      for (const [index, { resolve }] of group.entries()) resolve(outcomes[index]!)
    } catch (error) {
      for (const { reject } of group) reject(asLogError(error, this.#path))
    }
  }

  #takeGroup(): readonly Pending[] {
    let events = 0
    const end = this.#queue.findIndex(({ batch }, index) => {
      events += batch.reduce((sum, { events }) => sum + events.length, 0)
      return index > 0 && events > GROUP_EVENTS_MAX
    })
    return this.#queue.splice(0, end === -1 ? this.#queue.length : end)
  }

  #commit(group: readonly Pending[]): readonly AppendOutcome[] {
    this.#begin.run()
    try {
      this.#ends.refresh()
      const last = this.#lastTime.get() as { readonly time: number } | undefined
      const now = this.#now()
      let recordedAt = (last?.time ?? 0) as Timestamp
      const outcomes = group.map(({ batch, copied }) => {
        recordedAt = Math.max(copied?.recordedAt ?? now, recordedAt) as Timestamp
        return this.#write(batch, recordedAt)
      })
      this.#end.run()
      return outcomes
    } catch (error) {
      this.#reader.forgetStreams()
      this.#ends.forget()
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #write(batch: readonly StreamAppend[], recordedAt: Timestamp): AppendOutcome {
    const placements = batch.map((append) => place(append, this.#ends.view(append.stream)))
    const found = placements.filter((placement) => placement.kind !== 'conflict')
    if (found.length < placements.length) return placements.find((placement) => placement.kind === 'conflict')!
    if (found.every(({ kind }) => kind === 'present')) return this.#asBefore(batch, found)
    const present = found.findIndex(({ kind }) => kind === 'present')
    // Half of a retry cannot stand there, because batches are atomic: the ids were used for something else.
    if (present !== -1)
      return {
        kind: 'conflict',
        stream: batch[present]!.stream,
        actual: this.#reader.streamHead(batch[present]!.stream),
      }
    const positions = batch.flatMap((append, index) => this.#insertAll(append, found[index]!.first, recordedAt))
    return { kind: 'appended', positions, recordedAt }
  }

  #asBefore(batch: readonly StreamAppend[], placements: readonly { readonly first: number }[]): AppendOutcome {
    const rows = batch.flatMap(({ stream, events }, index) => {
      const id = this.#reader.streamId(stream)!
      return this.#positions.all(id, placements[index]!.first, events.length) as unknown as {
        position: number
        time: Timestamp
      }[]
    })
    return {
      kind: 'appended',
      positions: rows.map(({ position }) => BigInt(position) as Position),
      recordedAt: rows[0]!.time,
    }
  }

  #insertAll({ stream, events }: StreamAppend, first: number, recordedAt: Timestamp): readonly Position[] {
    const row = this.#reader.streamId(stream) ?? Number(this.#insertStream.run(stream).lastInsertRowid)
    const positions = events.map(({ id, type, v, body, meta }, index) => {
      const { lastInsertRowid } = this.#insert.run(row, first + index, recordedAt, id, type, v, body, meta)
      return BigInt(lastInsertRowid) as Position
    })
    this.#ends.appended(
      stream,
      events.map(({ id }) => id),
    )
    return positions
  }
}
