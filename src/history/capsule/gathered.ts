/** Events of a log, found where they stand: each look costs what it finds and not what the log is long. */
import { decodeEvent, type StoredEvent } from '../../../events/codec.ts'
import { Position, type StreamName, StreamRevision } from '../../../events/ids.ts'
import type { EventLog } from '../../ports/log.ts'

/** Events of one page of a stream that is read backwards; most of what is looked for stands just before. */
const PAGE_FIRST = 8
const PAGE_MAX = 512

export class Gathered {
  readonly #log: EventLog
  /** The last position that counts. */
  readonly upTo: Position
  readonly #found: Map<Position, StoredEvent> = new Map()

  constructor(log: EventLog, upTo: Position) {
    this.#log = log
    this.upTo = upTo
  }

  /** In order. */
  events(): readonly StoredEvent[] {
    return [...this.#found.values()].toSorted((a, b) => (a.position < b.position ? -1 : 1))
  }

  keep(stored: StoredEvent): void {
    this.#found.set(stored.position, stored)
  }

  /** The event at exactly this position, which is kept; null where there is none. */
  async at(position: Position): Promise<StoredEvent | null> {
    const known = this.#found.get(position)
    if (known !== undefined) return known
    const after = Position(position + 1n)
    for await (const [stored] of this.#log.readAll({ direction: 'backwards', after, limit: 1 })) {
      if (stored?.position !== position) return null
      this.keep(stored)
      return stored
    }
    return null
  }

  /** The events of a stream up to the last position that counts, or those before a revision, newest first; nothing is kept. */
  async *backwards(stream: StreamName, before: StreamRevision | null): AsyncGenerator<StoredEvent> {
    let after = before ?? (await this.#endOf(stream))
    for (let limit = PAGE_FIRST; after !== null; limit = Math.min(PAGE_MAX, 2 * limit)) {
      const page = (
        await Array.fromAsync(this.#log.readStream(stream, { direction: 'backwards', after, limit }))
      ).flat()
      yield* page
      after = page.length < limit ? null : page.at(-1)!.revision
    }
  }

  /** The events of a stream from a revision on, oldest first, up to the last position that counts. */
  async forwards(stream: StreamName, after: StreamRevision, limit: number): Promise<readonly StoredEvent[]> {
    const found = await Array.fromAsync(this.#log.readStream(stream, { direction: 'forwards', after, limit }))
    return found.flat().filter(({ position }) => position <= this.upTo)
  }

  /** The revision after the last one that counts, by halves; null for a stream that had none. */
  async #endOf(stream: StreamName): Promise<StreamRevision | null> {
    const head = await this.#log.streamHead(stream)
    if (head === 'no-stream') return null
    let [low, high]: [number, number] = [-1, head]
    while (low < high) {
      const middle = low + Math.ceil((high - low) / 2)
      const after = StreamRevision(middle + 1)
      const page = await Array.fromAsync(this.#log.readStream(stream, { direction: 'backwards', after, limit: 1 }))
      const [last] = page.flat()
      if (last === undefined || last.position <= this.upTo) low = middle
      else high = last.revision - 1
    }
    return low < 0 ? null : StreamRevision(low + 1)
  }
}

export function buildOf(stored: StoredEvent): number {
  return (JSON.parse(stored.body) as { readonly build: number }).build
}

/** Whose cause is to be followed further. */
export function causeOf(stored: StoredEvent): { readonly cause: Position | null; readonly byAgent: boolean } {
  const { cause, actor } = decodeEvent(stored).context
  return { cause, byAgent: actor.kind === 'agent' }
}
