/**
 * The ends of streams as this connection knows them: what an append needs to be placed. Valid until another connection writes, which
 * SQLite tells by `data_version`; so a busy writer places its appends without asking the file.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { EventId, StreamName, StreamRevision } from '../../../events/ids.ts'
import type { StreamView } from '../placement.ts'
import type { SqliteReader } from './reader.ts'

/** Ids kept for each stream: a retry of at most so many events is recognised without asking the file. */
const TAIL_MAX = 16
/** Streams kept; beyond that all are forgotten and learned anew. About 2 KB each. */
const STREAMS_MAX = 10_000

type End = { head: number; tail: EventId[] }

export class StreamEnds {
  readonly #reader: SqliteReader
  readonly #version: StatementSync
  readonly #ids: StatementSync
  readonly #ends: Map<StreamName, End> = new Map()
  #seen = -1

  constructor(database: DatabaseSync, reader: SqliteReader) {
    this.#reader = reader
    this.#version = database.prepare('PRAGMA data_version')
    this.#ids = database.prepare('SELECT id FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?')
  }

  /** At the start of each transaction. */
  refresh(): void {
    const { data_version } = this.#version.get() as { readonly data_version: number }
    if (data_version !== this.#seen || this.#ends.size > STREAMS_MAX) this.forget()
    this.#seen = data_version
  }

  /** After a rollback: what was noted did not happen. */
  forget(): void {
    this.#ends.clear()
  }

  view(stream: StreamName): StreamView {
    const end = this.#end(stream)
    return {
      head: end.head === -1 ? 'no-stream' : (end.head as StreamRevision),
      idsFrom: (revision, count) => {
        if (revision > end.head) return []
        const known = end.tail.length - (end.head - revision + 1)
        return known >= 0 ? end.tail.slice(known, known + count) : this.#idsFrom(stream, revision, count)
      },
    }
  }

  appended(stream: StreamName, ids: readonly EventId[]): void {
    const end = this.#end(stream)
    end.head += ids.length
    end.tail.push(...ids.slice(-TAIL_MAX))
    if (end.tail.length > 2 * TAIL_MAX) end.tail.splice(0, end.tail.length - TAIL_MAX)
  }

  #end(stream: StreamName): End {
    const known = this.#ends.get(stream)
    if (known !== undefined) return known
    const found = this.#reader.streamHead(stream)
    const head = found === 'no-stream' ? -1 : found
    const end = {
      head,
      tail: head === -1 ? [] : [...this.#idsFrom(stream, Math.max(0, head - TAIL_MAX + 1), TAIL_MAX)],
    }
    this.#ends.set(stream, end)
    return end
  }

  #idsFrom(stream: StreamName, revision: number, count: number): readonly EventId[] {
    const row = this.#reader.streamId(stream)
    if (row === null) return []
    return (this.#ids.all(row, revision, count) as unknown as { id: EventId }[]).map(({ id }) => id)
  }
}
