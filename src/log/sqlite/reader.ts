/** Reading the file: pages of events as arrays, because one row object an event would halve the speed. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { StoredEvent } from '../../../events/codec.ts'
import type { EventId, Position, StreamName, StreamRevision, Timestamp } from '../../../events/ids.ts'
import { READ_BATCH_MAX, type ReadAllOptions } from '../../ports/log.ts'

type Row = readonly [number, number, number, number, string, string, number, string, string]

const COLUMNS = 'position, stream, revision, recorded_at, id, type, v, body, meta'
/** Beyond every position and revision that SQLite can give. */
const BEYOND = Number.MAX_SAFE_INTEGER

export type Page = { readonly after: number | null; readonly limit: number }

export class SqliteReader {
  readonly #database: DatabaseSync
  readonly #statements: Map<string, StatementSync> = new Map()
  readonly #names: Map<number, StreamName> = new Map()
  readonly #ids: Map<string, number> = new Map()
  readonly #after: StatementSync
  readonly #last: StatementSync
  readonly #head: StatementSync
  readonly #id: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#after = this.#rows(`SELECT ${COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?`)
    this.#last = database.prepare('SELECT max(position) AS position FROM events')
    this.#head = database.prepare('SELECT max(revision) AS revision FROM events WHERE stream = ?')
    this.#id = database.prepare('SELECT id FROM streams WHERE name = ?')
  }

  after(position: Position | null): readonly StoredEvent[] {
    return this.#events(this.#after, [Number(position ?? -1n), READ_BATCH_MAX])
  }

  head(): Position | null {
    const { position } = this.#last.get() as { readonly position: number | null }
    return position === null ? null : asPosition(position)
  }

  /** A page of the whole log; `after` is a position. */
  all(options: ReadAllOptions, { after, limit }: Page): readonly StoredEvent[] {
    const [compare, order, start] = options.direction === 'forwards' ? ['>', 'ASC', -1] : ['<', 'DESC', BEYOND]
    const types = options.types === undefined ? '' : 'AND type IN (SELECT value FROM json_each(?))'
    const streams = options.streamPrefixes === undefined ? '' : `AND stream IN (${STREAMS_BY_PREFIX})`
    const sql = `SELECT ${COLUMNS} FROM events WHERE position ${compare} ? ${types} ${streams} ORDER BY position ${order} LIMIT ?`
    const filters = [options.types, options.streamPrefixes].filter((filter) => filter !== undefined)
    return this.#events(this.#rows(sql), [after ?? start, ...filters.map((filter) => JSON.stringify(filter)), limit])
  }

  /** A page of one stream; `after` is a revision. */
  stream(name: StreamName, direction: 'forwards' | 'backwards', { after, limit }: Page): readonly StoredEvent[] {
    const stream = this.streamId(name)
    if (stream === null) return []
    const [compare, order, start] = direction === 'forwards' ? ['>', 'ASC', -1] : ['<', 'DESC', BEYOND]
    const sql = `SELECT ${COLUMNS} FROM events WHERE stream = ? AND revision ${compare} ? ORDER BY revision ${order} LIMIT ?`
    return this.#events(this.#rows(sql), [stream, after ?? start, limit])
  }

  /** The row id of the stream; null where it does not exist. */
  streamId(name: StreamName): number | null {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const row = this.#id.get(name) as { id: number } | undefined
    if (row === undefined) return null
    this.#ids.set(name, row.id)
    return row.id
  }

  streams(): readonly StreamName[] {
    const rows = this.#database.prepare('SELECT name FROM streams').all()
    return (rows as unknown as readonly { readonly name: StreamName }[]).map(({ name }) => name)
  }

  streamHead(name: StreamName): StreamRevision | 'no-stream' {
    const stream = this.streamId(name)
    if (stream === null) return 'no-stream'
    const row = this.#head.get(stream)
    return ((row as { revision: number | null }).revision ?? 'no-stream') as StreamRevision | 'no-stream'
  }

  /** The last position recorded at or before `time`. Times never go back on the log, so positions can be searched by halves. */
  positionAtTime(time: Timestamp): Position | null {
    const at = this.#database.prepare('SELECT position, recorded_at AS time FROM events WHERE position >= ? LIMIT 1')
    let [low, high] = [0, Number(this.head() ?? 0n)]
    let found: number | null = null
    while (low <= high) {
      const middle = low + Math.floor((high - low) / 2)
      const row = at.get(middle) as { readonly position: number; readonly time: number } | undefined
      if (row !== undefined && row.time <= time) {
        found = row.position
        low = row.position + 1
      } else high = middle - 1
    }
    return found === null ? null : asPosition(found)
  }

  /** Forget names that a rolled-back transaction invented. */
  forgetStreams(): void {
    this.#ids.clear()
    this.#names.clear()
  }

  /** There are few different questions, and preparing one takes as long as a short answer. */
  #rows(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    statement.setReturnArrays(true)
    this.#statements.set(sql, statement)
    return statement
  }

  #events(statement: StatementSync, parameters: readonly (string | number)[]): readonly StoredEvent[] {
    return (statement.all(...parameters) as unknown as readonly Row[]).map((row) => this.#event(row))
  }

  #event([position, stream, revision, recordedAt, id, type, v, body, meta]: Row): StoredEvent {
    return {
      position: asPosition(position),
      stream: this.#name(stream),
      revision: revision as StreamRevision,
      recordedAt: recordedAt as Timestamp,
      id: id as EventId,
      type,
      v,
      body,
      meta,
    }
  }

  #name(stream: number): StreamName {
    const known = this.#names.get(stream)
    if (known !== undefined) return known
    const { name } = this.#database.prepare('SELECT name FROM streams WHERE id = ?').get(stream) as { name: StreamName }
    this.#names.set(stream, name)
    return name
  }
}

const STREAMS_BY_PREFIX =
  'SELECT streams.id FROM streams, json_each(?) AS prefix WHERE substr(streams.name, 1, length(prefix.value)) = prefix.value'

/** SQLite's own row id, checked by its column type. */
function asPosition(position: number): Position {
  return BigInt(position) as Position
}
