/**
 * Which number belongs to which label set: the log is the allocator, this is its book.
 *
 * A number that is released stays known: its label set gets it back, and nobody else does while unused numbers are left. So a number that is
 * found in an old flow or map names one label set only.
 */
import { Map as PersistentMap } from 'immutable'
import type { EventOf } from '../../events/catalogue.ts'
import type { IdentityId } from '../../events/ids.ts'
import { keyOf } from '../identity/reserved.ts'

export type NumberBook = {
  /** Numbers in use, with the key of their label set (`keyOf`). */
  readonly used: PersistentMap<IdentityId, string>
  /** The number that a label set has or last had. */
  readonly numberOf: PersistentMap<string, IdentityId>
  /** Every number that was ever used, with its last label set. */
  readonly ever: PersistentMap<IdentityId, string>
  /** The lowest number of the range that was never used; above the range where there is none. */
  readonly next: number
}

export function emptyBook(first: number): NumberBook {
  return { used: PersistentMap(), numberOf: PersistentMap(), ever: PersistentMap(), next: first }
}

export function evolveNumbers(book: NumberBook, event: EventOf<'IdentityAllocated' | 'IdentityReleased'>): NumberBook {
  if (event.type === 'IdentityReleased') return { ...book, used: book.used.delete(event.identity) }
  const key = keyOf(event.labels)
  const ever = book.ever.set(event.identity, key)
  return {
    used: book.used.set(event.identity, key),
    numberOf: book.numberOf.set(key, event.identity),
    ever,
    next: firstUnused(ever, book.next),
  }
}

function firstUnused(ever: NumberBook['ever'], from: number): number {
  let next = from
  while (ever.has(next as IdentityId)) next++
  return next
}
