/**
 * The flow store in one SQLite file: one process writes, any number read meanwhile.
 *
 * Flows wait in memory and are written in groups, each small enough that the event loop is held for a few milliseconds. The file is bounded by rows
 * and by bytes, the oldest go first. It is a store of its own and no part of the log: a damaged one is put aside and a new one begun.
 */
import { type Flow, type FlowQuery, type FlowStore, FlowStoreError, type NewFlow } from '../ports/flows.ts'
import { asFlowError, openToRead } from './file.ts'
import { flowOf, selectOf } from './rows.ts'
import { FlowWriter } from './writer.ts'

/** About a day of one connection in 90 ms. */
const FLOW_ROWS_MAX = 1_000_000
/** Of the database file; the write-ahead log beside it has a few MiB more. */
const FLOW_BYTES_MAX: number = 512 * 1_024 * 1_024

export type FlowStoreOptions = {
  readonly path: string
  readonly rowsMax?: number
  readonly bytesMax?: number
  /** Called with each new warning. */
  readonly report?: (warning: string) => void
}

/** `warning`: the last thing that went wrong, a damaged file put aside or flows that could not be written; null where nothing did. */
export type WritableFlowStore = FlowStore & { readonly warning: string | null }

/** Throws `FlowStoreError` where the file is another program's, a newer one, or cannot be written. */
export function openFlowStore({
  path,
  rowsMax = FLOW_ROWS_MAX,
  bytesMax = FLOW_BYTES_MAX,
  report = () => undefined,
}: FlowStoreOptions): WritableFlowStore {
  return new SqliteFlowStore(path, new FlowWriter({ path, rowsMax, bytesMax, report }))
}

/** For other processes. Each query opens the file anew, so that it never reads one that was put aside. Throws `FlowStoreError` at the query. */
export function openFlowReader(path: string): Pick<FlowStore, 'query'> {
  return { query: async (query) => select(path, query) }
}

class SqliteFlowStore implements WritableFlowStore {
  readonly #path: string
  readonly #writer: FlowWriter

  constructor(path: string, writer: FlowWriter) {
    this.#path = path
    this.#writer = writer
  }

  get warning(): string | null {
    return this.#writer.warning
  }

  add(flows: readonly NewFlow[]): void {
    this.#writer.add(flows)
  }

  flush(): Promise<void> {
    return this.#writer.flush()
  }

  async query(query: FlowQuery): Promise<readonly Flow[]> {
    if (this.#writer.closed) throw new FlowStoreError('flows-closed', this.#path)
    return select(this.#path, query)
  }

  lost(): number {
    return this.#writer.lost
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close()
  }
}

function select(path: string, query: FlowQuery): readonly Flow[] {
  const database = openToRead(path)
  try {
    const { sql, parameters, newestFirst } = selectOf(query)
    const flows = database
      .prepare(sql)
      .all(...parameters)
      .map(flowOf)
    return newestFirst ? flows.toReversed() : flows
  } catch (error) {
    throw asFlowError(error, path)
  } finally {
    database.close()
  }
}
