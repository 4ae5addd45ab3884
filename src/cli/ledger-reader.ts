/**
 * What a writer must know, from the streams that its decision rests on: the last state that somebody saved, and what each stream has gained since. So
 * a decision costs what has changed, however long the log is.
 *
 * A saved state counts only where it is of this fold and where its last event stands at the revision that it says: then the stream up to there is
 * the one that it was folded from. Everything after it is read, and the append expects exactly what was read. Without a saved state the streams
 * are folded from their first event.
 */
import type { EventType } from '../../events/catalogue.ts'
import { decodeEvent } from '../../events/codec.ts'
import { type EventId, type StreamName, StreamRevision } from '../../events/ids.ts'
import { type Ledger, ledger } from '../../projections/ledger/ledger.ts'
import { ledgerPart, withLedgerPart } from '../../projections/ledger/parts.ts'
import { foldName, step } from '../../projections/projection.ts'
import type { EventLog, ExpectedRevision } from '../ports/log.ts'
import type { SavedStates } from '../ports/saved-states.ts'

/** Up to which event a stream was read, and how many of them no saved state has. */
type Standing = { readonly revision: StreamRevision; readonly id: EventId; readonly unsaved: number }

export type LedgerSources = {
  readonly log: EventLog
  readonly streams: readonly StreamName[]
  /** Null: everything is folded. */
  readonly states: SavedStates | null
  /** So many events of a stream are worth a saved state. */
  readonly unsavedMax?: number
}

/** Folding so many takes about as long as saving, two milliseconds. */
const UNSAVED_MAX = 100
const FOLD = foldName([ledger])
const READS: ReadonlySet<string> = new Set<EventType>(ledger.reads)

export class LedgerReader {
  readonly #sources: LedgerSources
  readonly #standings: Map<StreamName, Standing> = new Map()
  #ledger: Ledger = ledger.initial
  #begun = false

  constructor(sources: LedgerSources) {
    this.#sources = sources
  }

  get ledger(): Ledger {
    return this.#ledger
  }

  /** The revision up to which the stream was read. */
  expected(stream: StreamName): ExpectedRevision {
    return this.#standings.get(stream)?.revision ?? 'no-stream'
  }

  /** Everything that the streams have now, at least. Throws `LogError`, `DecodeError`. */
  async readOn(): Promise<void> {
    if (!this.#begun) for (const stream of this.#sources.streams) await this.#begin(stream)
    this.#begun = true
    for (const stream of this.#sources.streams) await this.#follow(stream)
  }

  /** Where much was folded, so that the next one need not. */
  async save(): Promise<void> {
    const { states, unsavedMax = UNSAVED_MAX } = this.#sources
    for (const [stream, { revision, id, unsaved }] of this.#standings) {
      if (unsaved < unsavedMax) continue
      const mark = { fold: FOLD, event: id, at: String(revision) }
      await states?.save(nameOf(stream), mark, [ledgerPart(this.#ledger, stream)])
    }
  }

  async #begin(stream: StreamName): Promise<void> {
    const saved = this.#sources.states?.load(nameOf(stream)) ?? null
    const [part] = saved?.pieces ?? []
    if (saved === null || part === undefined || saved.fold !== FOLD) return
    const revision = StreamRevision(Number(saved.at))
    if ((await this.#idAt(stream, revision)) !== saved.event) return
    this.#ledger = withLedgerPart(this.#ledger, stream, part)
    this.#standings.set(stream, { revision, id: saved.event, unsaved: 0 })
  }

  async #follow(stream: StreamName): Promise<void> {
    const { log } = this.#sources
    const after = this.#standings.get(stream)?.revision ?? null
    for await (const batch of log.readStream(stream, { direction: 'forwards', after })) {
      for (const stored of batch) {
        if (READS.has(stored.type)) this.#ledger = step(ledger, this.#ledger, decodeEvent(stored))
      }
      const last = batch.at(-1)
      if (last === undefined) continue
      const unsaved = (this.#standings.get(stream)?.unsaved ?? 0) + batch.length
      this.#standings.set(stream, { revision: last.revision, id: last.id, unsaved })
    }
  }

  async #idAt(stream: StreamName, revision: StreamRevision): Promise<EventId | null> {
    const after = revision === 0 ? null : StreamRevision(revision - 1)
    const found = this.#sources.log.readStream(stream, { direction: 'forwards', after, limit: 1 })
    for await (const [event] of found) return event?.revision === revision ? event.id : null
    return null
  }
}

function nameOf(stream: StreamName): string {
  return `ledger ${stream}`
}
