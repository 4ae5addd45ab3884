/** Reading page by page, the same for every adapter that can answer "so many after this". */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StoredEvent } from '../../events/codec.ts'
import { READ_BATCH_MAX } from '../ports/log.ts'

/** Pages after which the event loop gets its turn: a log of millions is read without keeping timers and sockets of the process waiting. */
const PAGES_IN_A_TURN = 16

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
  for (let page = 1; left > 0; page += 1) {
    if (page % PAGES_IN_A_TURN === 0) await nextTurn()
    const size = Math.min(left, READ_BATCH_MAX)
    const events = read(after, size)
    if (events.length > 0) yield events
    if (events.length < size) return
    after = cursor(events.at(-1)!)
    left -= events.length
  }
}
