/** Waits for what happens elsewhere: with a limit, and never for a fixed time. */
import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE_MS = 20_000
const LOOK_MS = 20

/** Tries until it does not throw. */
export async function eventually<T>(attempt: () => T | Promise<T>, patienceMs: number = PATIENCE_MS): Promise<T> {
  const deadline = AbortSignal.timeout(patienceMs)
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (deadline.aborted) throw error
      await sleep(LOOK_MS)
    }
  }
}
