/** Waits for the time at which a failed build is tried again. */
import type { EndpointId, Position } from '../../events/ids.ts'
import type { Clock } from '../ports/clock.ts'
import { awaitingRetry, retry } from '../react/retries.ts'
import type { Journal } from './journal.ts'
import type { View } from './view.ts'

export type RetryOptions = {
  readonly view: View
  readonly journal: Journal
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onEnd: (error: unknown) => void
}

export class Retries {
  readonly #options: RetryOptions
  /** By endpoint, the failure that is waited for. */
  readonly #scheduled: Map<EndpointId, Position> = new Map()

  constructor(options: RetryOptions) {
    this.#options = options
  }

  schedule(): void {
    for (const { created, failure } of awaitingRetry(this.#options.view.now)) {
      if (failure === null || failure.retryAt === null) continue
      if (this.#scheduled.get(created.endpoint) === failure.position) continue
      this.#scheduled.set(created.endpoint, failure.position)
      void this.#wait(created.endpoint, failure.position, failure.retryAt)
    }
  }

  async #wait(id: EndpointId, failedAt: Position, at: number): Promise<void> {
    const { clock, journal, signal, onEnd } = this.#options
    try {
      await clock.sleep(Math.max(0, at - clock.now()), signal)
      await journal.commit((now) => retry(now, id, failedAt))
    } catch (error) {
      if (!signal.aborted) onEnd(error)
    }
  }
}
