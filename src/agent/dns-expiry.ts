/** Waits until the first DNS answer of the node is over and writes that down: the log has no clock of its own. */
import type { DnsNames } from '../../projections/facts/dns.ts'
import { NO_DNS } from '../../projections/facts/dns.ts'
import type { Clock } from '../ports/clock.ts'
import { dnsOf, expireDns, firstExpiry } from '../react/dns.ts'
import type { Journal } from './journal.ts'
import type { View } from './view.ts'

/** Timers take 31 bits of milliseconds, and a machine's clock may be set meanwhile. */
const SLEEP_MAX_MS = 3_600_000

export type DnsExpiryOptions = {
  readonly view: View
  readonly journal: Journal
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onEnd: (error: unknown) => void
}

export class DnsExpiry {
  readonly #options: DnsExpiryOptions
  #seen: DnsNames = NO_DNS
  /** What is waited for now; null where nothing is. */
  #waiting: { readonly until: number; readonly stop: AbortController } | null = null

  constructor(options: DnsExpiryOptions) {
    this.#options = options
  }

  schedule(): void {
    const names = dnsOf(this.#options.view.now)
    if (names === this.#seen) return
    this.#seen = names
    const until = firstExpiry(names)
    if (until === (this.#waiting?.until ?? null)) return
    this.#waiting?.stop.abort()
    this.#waiting = until === null ? null : { until, stop: new AbortController() }
    if (this.#waiting !== null) void this.#wait(this.#waiting.until, this.#waiting.stop.signal)
  }

  /** Nothing was over after all: what was waited for has been renewed or forgotten in between, or the clock was set back. */
  #again(until: number): void {
    if (this.#waiting?.until === until) this.#waiting = null
    this.#seen = NO_DNS
    this.schedule()
  }

  async #wait(until: number, stop: AbortSignal): Promise<void> {
    const { clock, journal, signal, onEnd } = this.#options
    const either = AbortSignal.any([signal, stop])
    try {
      for (let left = until - clock.now(); left > 0; left = until - clock.now()) {
        await clock.sleep(Math.min(left, SLEEP_MAX_MS), either)
      }
      either.throwIfAborted()
      const { facts } = await journal.commit((now) => expireDns(now, clock.now()))
      if (facts.length === 0) this.#again(until)
    } catch (error) {
      if (!either.aborted) onEnd(error)
    }
  }
}
