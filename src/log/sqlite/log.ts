/** The embedded log: one SQLite file, shared by any number of processes. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import type { Observable } from 'rxjs'
import type { StoredEvent } from '../../../events/codec.ts'
import type { Position, StreamName, StreamRevision, Timestamp } from '../../../events/ids.ts'
import {
  type AppendOutcome,
  type Copied,
  type EventLog,
  LogError,
  type ReadAllOptions,
  type ReadStreamOptions,
  type StreamAppend,
  type SubscriptionMessage,
} from '../../ports/log.ts'
import { pages } from '../paging.ts'
import { SqliteReader } from './reader.ts'
import { asLogError, prepareFile } from './schema.ts'
import type { Wake } from './wake.ts'
import { SqliteWriter } from './writer.ts'

const require: NodeJS.Require = createRequire(import.meta.url)

export type SqliteLogOptions = {
  readonly path: string
  readonly now: () => Timestamp
  /** A reader creates nothing, locks nobody out and works on a copy in a folder that it may not write. */
  readonly readOnly?: boolean
}

/** Throws `LogError`: not a log, a newer one, damaged, or not reachable. */
export function openSqliteLog(options: SqliteLogOptions): EventLog {
  const { path, readOnly = false } = options
  if (readOnly && !existsSync(path)) throw new LogError('log-io', `${path} does not exist`)
  try {
    return new SqliteLog(openDatabase(path, readOnly), options)
  } catch (error) {
    throw asLogError(error, path)
  }
}

class SqliteLog implements EventLog {
  readonly location: string
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #reader: SqliteReader
  readonly #writer: SqliteWriter | null
  /** Null until somebody follows. */
  #wake: Wake | null = null
  #closed = false

  constructor(database: DatabaseSync, { path, now, readOnly = false }: SqliteLogOptions) {
    this.location = `sqlite:${path}`
    this.#path = path
    this.#database = database
    this.#reader = new SqliteReader(database)
    this.#writer = readOnly ? null : new SqliteWriter(database, this.#reader, { now, path })
  }

  async append(batch: readonly StreamAppend[], copied?: Copied): Promise<AppendOutcome> {
    if (this.#writer === null) throw new LogError('log-io', `${this.#path} is open for reading only`)
    const outcome = await this.#writer.append(batch, copied)
    if (outcome.kind === 'appended') this.#wake?.now()
    return outcome
  }

  readAll(options: ReadAllOptions): AsyncIterable<readonly StoredEvent[]> {
    const start = options.after === null ? null : Number(options.after)
    return pages({
      limit: options.limit,
      start,
      read: (after, limit) => this.#run(() => this.#reader.all(options, { after, limit })),
      cursor: ({ position }) => Number(position),
    })
  }

  readStream(stream: StreamName, options: ReadStreamOptions): AsyncIterable<readonly StoredEvent[]> {
    return pages({
      limit: options.limit,
      start: options.after,
      read: (after, limit) => this.#run(() => this.#reader.stream(stream, options.direction, { after, limit })),
      cursor: ({ revision }) => revision,
    })
  }

  subscribe(after: Position | null): Observable<SubscriptionMessage> {
    const { follow, Wake } = following()
    this.#wake ??= new Wake(this.#path)
    const { signals } = this.#wake
    return follow({ readAfter: (from) => this.#run(() => this.#reader.after(from)), signals }, after)
  }

  async head(): Promise<Position | null> {
    return this.#run(() => this.#reader.head())
  }

  async positionAtTime(time: Timestamp): Promise<Position | null> {
    return this.#run(() => this.#reader.positionAtTime(time))
  }

  async streamHead(stream: StreamName): Promise<StreamRevision | 'no-stream'> {
    return this.#run(() => this.#reader.streamHead(stream))
  }

  async streams(): Promise<readonly StreamName[]> {
    return this.#run(() => this.#reader.streams())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#writer?.close()
    this.#closed = true
    this.#wake?.[Symbol.dispose]()
    this.#database.close()
  }

  #run<T>(query: () => T): T {
    if (this.#closed) throw new LogError('log-closed', this.#path)
    try {
      return query()
    } catch (error) {
      throw asLogError(error, this.#path)
    }
  }
}

/** What following needs of rxjs, two hundred files. Most processes never follow, and `subscribe` is not asynchronous. */
function following(): Pick<typeof import('../subscription.ts'), 'follow'> & Pick<typeof import('./wake.ts'), 'Wake'> {
  return { ...require('../subscription.ts'), ...require('./wake.ts') }
}

function openDatabase(path: string, readOnly: boolean): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly })
  try {
    prepareFile(database, path, readOnly)
    return database
  } catch (error) {
    database.close()
    if (readOnly && isCannotOpen(error)) return openImmutable(path)
    throw error
  }
}

/** A copy in a folder that cannot be written: SQLite cannot make its shared memory there, so the file is taken as it is. */
function openImmutable(path: string): DatabaseSync {
  const database = new DatabaseSync(`${pathToFileURL(path)}?immutable=1`, { readOnly: true })
  prepareFile(database, path, true)
  return database
}

/** SQLITE_CANTOPEN 14, SQLITE_READONLY 8. */
function isCannotOpen(error: unknown): boolean {
  const code = (error as { readonly errcode?: number }).errcode ?? 0
  return [8, 14].includes(code & 0xff)
}
