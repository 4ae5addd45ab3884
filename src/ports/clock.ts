/** Time and chance, which only the shell may have. Adapters: src/agent/system-clock.ts, and a virtual one in test/. */
import type { EventId, Timestamp } from '../../events/ids.ts'

export interface Clock {
  now(): Timestamp
  /** Microseconds from an arbitrary start, never going back: for durations. */
  monotonicUs(): number
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  newId(): EventId
}
