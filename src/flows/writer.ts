/** The queue before the file, and what keeps both bounded. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { FlowStoreError, type NewFlow } from '../ports/flows.ts'
import { asFlowError, isBusy, openToWrite, putAside } from './file.ts'
import { FLOW_COLUMNS, rowOf } from './rows.ts'

export type FlowWriterOptions = {
  readonly path: string
  readonly rowsMax: number
  readonly bytesMax: number
  /** Called with each warning, the same one once until writing works again. */
  readonly report: (warning: string) => void
}

/** Flows in memory, about 25 MiB; those that come after are lost and counted. */
export const FLOW_QUEUE_MAX = 50_000
/** Flows in one transaction, a few milliseconds. */
const GROUP_MAX = 500
/** How long a flow may wait for company. */
const GATHER_MS = 50
/** Tries of one group; what cannot be written then is lost and counted. */
const TRIES_MAX = 50
const RETRY_MS = 100
/** How much of the file goes at once when it has too many bytes. */
const EVICTED_SHARE = 0.1
const EVICTIONS_MAX = 20

export class FlowWriter {
  readonly #options: FlowWriterOptions
  #database: DatabaseSync
  #insert: StatementSync
  #queue: NewFlow[] = []
  #lost = 0
  #warning: string | null = null
  /** The warning that was reported and still holds. */
  #told: string | null = null
  #timer: NodeJS.Timeout | null = null
  #draining: Promise<void> | null = null
  #closed = false

  constructor(options: FlowWriterOptions) {
    this.#options = options
    this.#database = this.#open()
    this.#insert = insertInto(this.#database)
  }

  get closed(): boolean {
    return this.#closed
  }

  get lost(): number {
    return this.#lost
  }

  get warning(): string | null {
    return this.#warning
  }

  add(flows: readonly NewFlow[]): void {
    if (this.#closed) throw new FlowStoreError('flows-closed', this.#options.path)
    const room = FLOW_QUEUE_MAX - this.#queue.length
    for (const flow of flows.slice(0, room)) this.#queue.push(flow)
    this.#lost += Math.max(0, flows.length - room)
    this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS).unref()
  }

  async flush(): Promise<void> {
    while (this.#queue.length > 0) {
      this.#draining ??= this.#drain()
      await this.#draining
    }
    await this.#draining
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.flush()
    this.#stopTimer()
    if (this.#database.isOpen) this.#database.close()
  }

  /** Groups one after another, with room for other work in between. */
  async #drain(): Promise<void> {
    this.#stopTimer()
    try {
      while (this.#queue.length > 0) {
        const group = this.#queue.splice(0, GROUP_MAX)
        if (!(await this.#writePatiently(group))) this.#lost += group.length
        await nextTurn()
      }
    } finally {
      this.#draining = null
    }
  }

  /** False where the group cannot be written. Flows are not worth the process: every error ends here, as a warning. */
  async #writePatiently(group: readonly NewFlow[]): Promise<boolean> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      try {
        this.#write(group)
        this.#told = null
        return true
      } catch (error) {
        if (isBusy(error)) await sleep(RETRY_MS)
        else if (!this.#repaired(error)) return false
      }
    }
    return false
  }

  #write(group: readonly NewFlow[]): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      for (const flow of group) this.#insert.run(...rowOf(flow))
      this.#bound()
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** Ids are dense, so the newest `rowsMax` begin at a known id. */
  #bound(): void {
    this.#database.prepare('DELETE FROM flows WHERE id <= (SELECT max(id) FROM flows) - ?').run(this.#options.rowsMax)
    for (let round = 0; round < EVICTIONS_MAX && this.#bytes() > this.#options.bytesMax; round += 1) {
      this.#database
        .prepare('DELETE FROM flows WHERE id <= (SELECT min(id) + CAST((max(id) - min(id)) * ? AS INTEGER) FROM flows)')
        .run(EVICTED_SHARE)
    }
  }

  /** Bytes in use; pages of deleted rows are used again before the file grows. */
  #bytes(): number {
    const { bytes } = this.#database
      .prepare(
        'SELECT (page_count - freelist_count) * page_size AS bytes FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
      )
      .get() as { readonly bytes: number }
    return bytes
  }

  #open(): DatabaseSync {
    const { path } = this.#options
    try {
      return openToWrite(path)
    } catch (error) {
      if (!isDamage(error)) throw error
      this.#warn(`${error.message}; it is now ${putAside(path)}, and a new flow store was begun`)
      return openToWrite(path)
    }
  }

  /** A damaged file is put aside and a new one begun; everything else (a full disk) is only told. */
  #repaired(error: unknown): boolean {
    const known = asFlowError(error, this.#options.path)
    if (!isDamage(known)) {
      this.#warn(`flows are lost: ${known.message}`)
      return false
    }
    try {
      if (this.#database.isOpen) this.#database.close()
      this.#warn(`${known.message}; it is now ${putAside(this.#options.path)}, and a new flow store was begun`)
      this.#database = openToWrite(this.#options.path)
      this.#insert = insertInto(this.#database)
      return true
    } catch (failure) {
      this.#warn(`${known.message}; a new flow store cannot be begun: ${String(failure)}`)
      return false
    }
  }

  #warn(warning: string): void {
    if (warning !== this.#told) this.#options.report(warning)
    this.#warning = warning
    this.#told = warning
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}

function insertInto(database: DatabaseSync): StatementSync {
  return database.prepare(
    `INSERT INTO flows (${FLOW_COLUMNS}) VALUES (${FLOW_COLUMNS.split(',')
      .map(() => '?')
      .join(', ')})`,
  )
}

function isDamage(error: unknown): error is FlowStoreError {
  return error instanceof FlowStoreError && error.code === 'flows-damaged'
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
