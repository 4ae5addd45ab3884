/** Keeps the datapath's ipcache as the log says it should be. One writer: what it knows of the datapath is what it wrote or read itself. */
import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { EventOf } from '../../events/catalogue.ts'
import type { Cidr, IdentityId } from '../../events/ids.ts'
import type { Clock } from '../ports/clock.ts'
import { type Datapath, DatapathError, type IpcacheEntry } from '../ports/datapath.ts'
import type { View } from './view.ts'

const RETRY_MS = 2_000

export type IpcacheOptions = {
  readonly datapath: Datapath
  readonly view: View
  readonly clock: Clock
  readonly logger: Logger
  readonly signal: AbortSignal
  /** The datapath agrees with the log. */
  readonly onSynced: () => void
  readonly onEnd: (error: unknown) => void
}

export class IpcacheSync {
  readonly #options: IpcacheOptions
  #known: ReadonlyMap<Cidr, IpcacheEntry> = new Map()
  #identities: ReadonlySet<IdentityId> = new Set()
  #wanted: object | null = null
  #running = false

  constructor(options: IpcacheOptions) {
    this.#options = options
  }

  get idle(): boolean {
    return !this.#running && this.#wanted === this.#options.view.now.state.desiredIpcache
  }

  has(prefix: Cidr): boolean {
    return this.#known.has(prefix)
  }

  /** Identities that the datapath's ipcache names. */
  get identities(): ReadonlySet<IdentityId> {
    return this.#identities
  }

  /** What the datapath holds by its own word, also from before this process. */
  async read(): Promise<void> {
    const entries = await this.#options.datapath.readIpcache()
    this.#learn(new Map(entries.map((entry) => [entry.prefix, entry])))
    this.#wanted = null
  }

  /** Begins to write where the log has changed; returns at once. */
  sync(): void {
    if (!this.#running && !this.idle) void this.#run()
  }

  /** Reads again what the datapath holds and writes what differs from the log. */
  async compare(): Promise<void> {
    if (this.#running) return
    await this.#reread()
    this.sync()
  }

  async #run(): Promise<void> {
    const { view, onSynced, onEnd } = this.#options
    this.#running = true
    try {
      while (this.#wanted !== view.now.state.desiredIpcache) await this.#write()
      this.#running = false
      onSynced()
    } catch (error) {
      this.#running = false
      onEnd(error)
    }
  }

  async #write(): Promise<void> {
    const { datapath, view, clock, logger, signal } = this.#options
    const wanted = view.now.state.desiredIpcache
    const target = new Map([...wanted].map(([prefix, event]) => [prefix, entryOf(event)]))
    const { upserts, removals } = ipcacheChange(this.#known, target)
    try {
      if (upserts.length + removals.length > 0) await datapath.writeIpcache({ upserts, removals })
      this.#learn(target)
      this.#wanted = wanted
    } catch (error) {
      if (!(error instanceof DatapathError)) throw error
      logger.warn({ error: error.message }, 'the ipcache could not be written')
      await clock.sleep(RETRY_MS, signal)
      await this.#reread()
    }
  }

  /** After a failure nobody knows how much was written. */
  async #reread(): Promise<void> {
    try {
      await this.read()
    } catch (error) {
      if (!(error instanceof DatapathError)) throw error
      this.#options.logger.warn({ error: error.message }, 'the ipcache could not be read')
    }
  }

  #learn(entries: ReadonlyMap<Cidr, IpcacheEntry>): void {
    this.#known = entries
    this.#identities = new Set([...entries.values()].map(({ identity }) => identity))
  }
}

/** What turns the one into the other. */
export function ipcacheChange(
  known: ReadonlyMap<Cidr, IpcacheEntry>,
  target: ReadonlyMap<Cidr, IpcacheEntry>,
): { readonly upserts: readonly IpcacheEntry[]; readonly removals: readonly Cidr[] } {
  return {
    upserts: [...target.values()].filter((entry) => !isDeepStrictEqual(known.get(entry.prefix), entry)),
    removals: [...known.keys()].filter((prefix) => !target.has(prefix)),
  }
}

export function entryOf(event: EventOf<'IpcacheUpserted'>): IpcacheEntry {
  const { prefix, identity, tunnelEndpoint, encryptKey, skipTunnel } = event
  return { prefix, identity, tunnelEndpoint, encryptKey, skipTunnel }
}
