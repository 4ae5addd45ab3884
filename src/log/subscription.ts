/** Catch-up and following, the same for every adapter that can read after a position and say when to look again. */
import { Observable } from 'rxjs'
import type { StoredEvent } from '../../events/codec.ts'
import type { Position } from '../../events/ids.ts'
import type { SubscriptionMessage } from '../ports/log.ts'

export type Followable = {
  /** Up to `READ_BATCH_MAX` events after the position; an empty array at the head. Synchronous. */
  readonly readAfter: (after: Position | null) => readonly StoredEvent[]
  /** Emits whenever there may be more. */
  readonly signals: Observable<void>
}

/**
 * Reads in turns of one batch, so that a long catch-up leaves the event loop free; the next batch is read only after `next` has returned.
 */
export function follow({ readAfter, signals }: Followable, after: Position | null): Observable<SubscriptionMessage> {
  return new Observable((subscriber) => {
    let last = after
    let reading = false
    let caughtUp = false
    const read = (): void => {
      reading = false
      if (subscriber.closed) return
      try {
        const events = readAfter(last)
        if (events.length > 0) {
          last = events.at(-1)!.position
          caughtUp = false
          subscriber.next({ kind: 'events', events })
          schedule()
        } else if (!caughtUp) {
          caughtUp = true
          subscriber.next({ kind: 'caught-up', position: last })
        }
      } catch (error) {
        subscriber.error(error)
      }
    }
    const schedule = (): void => {
      if (reading || subscriber.closed) return
      reading = true
      setImmediate(read)
    }
    subscriber.add(signals.subscribe({ next: schedule, complete: () => subscriber.complete() }))
    schedule()
  })
}
