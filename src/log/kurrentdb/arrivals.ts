/** Appends of this process that are waited for to come back from the server, by the id of their last event. */
import type { EventId, Position, Timestamp } from '../../../events/ids.ts'

/** Where a record stands in the copy. */
export type Placed = { readonly position: Position; readonly recordedAt: Timestamp }

export type Arrival = {
  /** Of all events of the append; null where they are in the copy without having come this way. */
  readonly placed: Promise<readonly Placed[] | null>
  /** The server has said that it stands; from now on the wait has an end. */
  readonly within: (limitMs: number, late: () => Error) => void
  readonly forget: () => void
}

type Waiter = {
  readonly count: number
  acknowledged: boolean
  readonly resolve: (placed: readonly Placed[] | null) => void
  readonly reject: (error: Error) => void
}

export class Arrivals {
  readonly #waiting: Map<EventId, Waiter> = new Map()

  /** `count` events of one append, of which this is the last. */
  expect(id: EventId, count: number): Arrival {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Placed[] | null>()
    promise.catch(() => {})
    const waiter: Waiter = { count, acknowledged: false, resolve, reject }
    this.#waiting.set(id, waiter)
    let timer: NodeJS.Timeout | null = null
    const within: Arrival['within'] = (limitMs, late) => {
      waiter.acknowledged = true
      timer = setTimeout(() => reject(late()), limitMs)
    }
    const forget = (): void => {
      if (timer !== null) clearTimeout(timer)
      if (this.#waiting.get(id) === waiter) this.#waiting.delete(id)
    }
    return { placed: promise, within, forget }
  }

  /** Records in order, whole appends, and for each where it stands. */
  taken(records: readonly { readonly id: EventId }[], placed: readonly Placed[]): void {
    if (this.#waiting.size === 0) return
    for (const [index, { id }] of records.entries()) {
      const waiter = this.#waiting.get(id)
      if (waiter !== undefined) waiter.resolve(placed.slice(index + 1 - waiter.count, index + 1))
    }
  }

  /** A subscription has caught up: what stood before it is in the copy, perhaps by another process. */
  caughtUp(): void {
    for (const { acknowledged, resolve } of this.#waiting.values()) if (acknowledged) resolve(null)
  }

  /** Nothing more will come. */
  fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
  }
}
