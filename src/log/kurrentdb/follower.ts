/**
 * Follows the server into the local copy: a subscription from where the copy is, and again after every drop, with back-off. Nothing here is lost
 * by a drop, because the copy itself is the checkpoint.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Subject } from 'rxjs'
import { LogError } from '../../ports/log.ts'
import { isAfter, type Mirror } from './mirror.ts'
import { type KurrentRecord, type MirrorRecord, mirrorRecord, type ServerPosition } from './records.ts'
import { asLogError, isPassing, recordOf, type Server, subscribe } from './server.ts'

const BACKOFF_FIRST_MS = 100
const BACKOFF_MAX_MS = 10_000
/** Records that may wait for the next transaction; the subscription pauses above it. */
const BUFFER_MAX = 4_096

export class Follower implements AsyncDisposable {
  /** After every transaction, after a drop and after the end. */
  readonly signals: Subject<void> = new Subject()
  readonly #server: Server
  readonly #mirror: Mirror
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #failure: Error | null = null
  #lastTrouble: Error | null = null

  constructor(server: Server, mirror: Mirror) {
    this.#server = server
    this.#mirror = mirror
    this.#running = this.#run()
  }

  /** Resolves when the copy holds everything up to `target`. Rejects with what ended the following, or at the deadline with the last trouble. */
  async reached(target: ServerPosition | null, deadlineMs: number): Promise<void> {
    await this.until(() => target === null || !isAfter(target, this.#mirror.followed() ?? NOTHING), deadlineMs)
  }

  async until(done: () => boolean, deadlineMs: number): Promise<void> {
    const deadline = AbortSignal.timeout(deadlineMs)
    while (!done()) {
      if (this.#failure !== null) throw this.#failure
      if (deadline.aborted) throw this.#late(deadlineMs)
      await this.#signalOr(deadline)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.signals.complete()
    await this.#running
  }

  async #run(): Promise<void> {
    let backoffMs = BACKOFF_FIRST_MS
    while (!this.#stop.signal.aborted && this.#failure === null) {
      const before = this.#mirror.followed()
      try {
        await this.#follow()
      } catch (error) {
        const named = asLogError(error, this.#server.address)
        if (!isPassing(error) && isFinal(named)) this.#failure = named
        this.#lastTrouble = named
      }
      this.signals.next()
      if (this.#mirror.followed()?.commit !== before?.commit) backoffMs = BACKOFF_FIRST_MS
      await sleep(backoffMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {})
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS)
    }
  }

  /** One subscription, until it ends. */
  #follow(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const subscription = subscribe(this.#server, this.#mirror.followed())
    const buffer = new Buffered(this.#mirror, this.#server.address.prefix)
    let scheduled = false
    const flush = (): void => {
      scheduled = false
      try {
        if (buffer.flush()) this.signals.next()
        subscription.resume()
      } catch (error) {
        reject(error)
      }
    }
    subscription.on('data', (resolved: unknown) => {
      const record = recordOf(resolved as { readonly event?: unknown })
      if (record === null) return
      try {
        if (buffer.add(record) >= BUFFER_MAX) subscription.pause()
      } catch (error) {
        return reject(error)
      }
      if (scheduled) return
      scheduled = true
      setImmediate(flush)
    })
    subscription.on('error', reject)
    subscription.on('end', resolve)
    this.#stop.signal.addEventListener('abort', () => resolve(), { once: true })
    return promise.finally(() => {
      // Its later errors belong to nobody.
      subscription.on('error', () => {})
      return subscription.unsubscribe().catch(() => {})
    })
  }

  async #signalOr(deadline: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const listening = this.signals.subscribe({ next: () => resolve(), complete: () => resolve() })
    const aborted = (): void => resolve()
    deadline.addEventListener('abort', aborted, { once: true })
    await promise
    listening.unsubscribe()
    deadline.removeEventListener('abort', aborted)
    if (this.#stop.signal.aborted) throw new LogError('log-closed', this.#server.address.shown)
  }

  #late(deadlineMs: number): LogError {
    const trouble = this.#lastTrouble === null ? '' : `; last trouble: ${this.#lastTrouble.message}`
    return new LogError(
      'log-unavailable',
      `${this.#server.address.shown}: not followed within ${deadlineMs} ms${trouble}`,
    )
  }
}

const NOTHING: ServerPosition = { commit: -1n, prepare: -1n }

/** Waiting longer helps against none of these. */
function isFinal(error: Error): boolean {
  return error instanceof LogError && error.code !== 'log-unavailable'
}

/** Records on their way into the copy: the tail of an append that has not come whole stays here. */
class Buffered {
  readonly #mirror: Mirror
  readonly #prefix: string
  #records: MirrorRecord[] = []

  constructor(mirror: Mirror, prefix: string) {
    this.#mirror = mirror
    this.#prefix = prefix
  }

  /** How many wait now. Throws where a record is not ours. */
  add(record: KurrentRecord): number {
    this.#records.push(mirrorRecord(record, this.#prefix))
    return this.#records.length
  }

  /** Whether anything was written. */
  flush(): boolean {
    const end = this.#records.findLastIndex(({ batch }) => batch.index === batch.size - 1) + 1
    if (end === 0) return false
    this.#mirror.take(this.#records.splice(0, end))
    return true
  }
}
