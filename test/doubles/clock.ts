/** A clock that only goes when it is told to. */
import { EventId, Timestamp } from '../../events/ids.ts'
import type { Clock } from '../../src/ports/clock.ts'

type Sleeper = { readonly at: number; readonly wake: () => void }

export class VirtualClock implements Clock {
  #nowMs: number
  #ids = 0
  #sleepers: readonly Sleeper[] = []

  constructor(startMs: number = Date.UTC(2026, 4, 4, 14)) {
    this.#nowMs = startMs
  }

  now(): Timestamp {
    return Timestamp(this.#nowMs)
  }

  monotonicUs(): number {
    return this.#nowMs * 1_000
  }

  newId(): EventId {
    this.#ids += 1
    return EventId(`00000000-0000-4000-8000-${this.#ids.toString(16).padStart(12, '0')}`)
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      const sleeper = { at: this.#nowMs + ms, wake: resolve }
      this.#sleepers = [...this.#sleepers, sleeper]
      const stop = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', stop, { once: true })
    })
  }

  /** Wakes whoever sleeps until then, in order. */
  advance(ms: number): void {
    this.#nowMs += ms
    const due = this.#sleepers.filter(({ at }) => at <= this.#nowMs).toSorted((a, b) => a.at - b.at)
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#nowMs)
    for (const { wake } of due) wake()
  }
}
