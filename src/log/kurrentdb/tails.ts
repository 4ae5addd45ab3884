/**
 * The last ids of streams, as they came by: an append asks for little else, and a query each time would cost more than the rest of it. What is
 * not known here is in the copy.
 */
import type { EventId, StreamName, StreamRevision } from '../../../events/ids.ts'

/** More than any append but a copied one holds. */
const IDS_MAX = 64
/** About four megabytes; then everything is forgotten and comes again. */
const STREAMS_MAX = 10_000

type Tail = { head: StreamRevision; readonly ids: EventId[] }

export class Tails {
  readonly #tails: Map<StreamName, Tail> = new Map()

  came({
    stream,
    revision,
    id,
  }: {
    readonly stream: StreamName
    readonly revision: StreamRevision
    readonly id: EventId
  }): void {
    const known = this.#tails.get(stream)
    if (known !== undefined && known.head + 1 === revision) {
      known.head = revision
      known.ids.push(id)
      if (known.ids.length > 2 * IDS_MAX) known.ids.splice(0, IDS_MAX)
      return
    }
    if (this.#tails.size >= STREAMS_MAX) this.#tails.clear()
    this.#tails.set(stream, { head: revision, ids: [id] })
  }

  headOf(stream: StreamName): StreamRevision | null {
    return this.#tails.get(stream)?.head ?? null
  }

  /** Null where it is not known here. */
  idsFrom(stream: StreamName, revision: number, count: number): readonly EventId[] | null {
    const tail = this.#tails.get(stream)
    if (tail === undefined) return null
    const first = tail.head + 1 - tail.ids.length
    return revision < first ? null : tail.ids.slice(revision - first, revision - first + count)
  }

  forget(): void {
    this.#tails.clear()
  }
}
