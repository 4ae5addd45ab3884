/** Reading page by page, the same for every adapter that can answer "so many after this". */
import type { StoredEvent } from '../../events/codec.ts'
import { READ_BATCH_MAX } from '../ports/log.ts'

export type Paging = {
  /** In all. */
  readonly limit: number | undefined
  /** Exclusive; null is the beginning in the direction of reading. */
  readonly start: number | null
  readonly read: (after: number | null, limit: number) => readonly StoredEvent[]
  /** Of an event, what `after` of the next page is. */
  readonly cursor: (event: StoredEvent) => number
}

export async function* pages({ limit, start, read, cursor }: Paging): AsyncGenerator<readonly StoredEvent[]> {
  let after = start
  let left = limit ?? Number.POSITIVE_INFINITY
  while (left > 0) {
    const size = Math.min(left, READ_BATCH_MAX)
    const events = read(after, size)
    if (events.length > 0) yield events
    if (events.length < size) return
    after = cursor(events.at(-1)!)
    left -= events.length
  }
}
