/** The machine's time and chance. */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { EventId, Timestamp } from '../../events/ids.ts'
import type { Clock } from '../ports/clock.ts'

export const systemClock: Clock = {
  now: () => Timestamp(Date.now()),
  monotonicUs: () => performance.now() * 1_000,
  sleep: async (ms, signal) => {
    await pause(ms, undefined, signal === undefined ? {} : { signal })
  },
  newId: () => EventId(randomUUID()),
}
