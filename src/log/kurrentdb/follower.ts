/**
 * Follows the server into the local copy: a subscription from where the copy is, and again after every drop, with back-off. Nothing here is lost
 * by a drop, because the copy itself is the checkpoint.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { BehaviorSubject, Subject } from 'rxjs'
import type { Timestamp } from '../../../events/ids.ts'
import { type Link, LogError, type LogErrorCode, mayPass } from '../../ports/log.ts'
import { Arrivals } from './arrivals.ts'
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
  /** Own appends on their way back. */
  readonly arrivals: Arrivals = new Arrivals()
  /** Away until the server has spoken. */
  readonly link: BehaviorSubject<Link>
  readonly #now: () => Timestamp
  readonly #server: Server
  readonly #mirror: Mirror
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #live = false
  #failure: Error | null = null
  #lastTrouble: Error | null = null

  constructor(server: Server, mirror: Mirror, now: () => Timestamp) {
    this.#server = server
    this.#mirror = mirror
    this.#now = now
    this.link = new BehaviorSubject<Link>({ kind: 'away', since: mirror.heard(), reason: 'not connected yet' })
    this.#running = this.#run()
  }

  /** Resolves when the copy has caught up with the server. Rejects as `reached`, and at once where waiting will not help. */
  async live(silenceMs: number): Promise<void> {
    await this.#while(() => {
      if (this.#lastTrouble instanceof LogError && HOPELESS.includes(this.#lastTrouble.code)) throw this.#lastTrouble
      return !this.#live
    }, silenceMs)
  }

  /**
   * Resolves when the copy holds everything up to `target`. Rejects with what ended the following, or with the last trouble where nothing has
   * come for `silenceMs`: copying a long history takes its time.
   */
  async reached(target: ServerPosition | null, silenceMs: number): Promise<void> {
    await this.#while(() => target !== null && isAfter(target, this.#mirror.followed() ?? NOTHING), silenceMs)
  }

  async until(done: () => boolean, deadlineMs: number): Promise<void> {
    const deadline = AbortSignal.timeout(deadlineMs)
    while (!done()) {
      if (this.#failure !== null) throw this.#failure
      if (deadline.aborted) throw this.late(deadlineMs)
      await this.#signalOr(deadline)
    }
  }

  /** Throws what ended the following. */
  check(): void {
    if (this.#failure !== null) throw this.#failure
  }

  /** The server does not answer (any more). */
  lost(error: Error): void {
    if (this.link.value.kind === 'up') this.#hear()
    this.link.next({ kind: 'away', since: this.#mirror.heard(), reason: error.message })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.arrivals.fail(new LogError('log-closed', this.#server.address.shown))
    this.signals.complete()
    this.link.complete()
    await this.#running
  }

  #caughtUp(): void {
    this.arrivals.caughtUp()
    if (this.#live && this.link.value.kind === 'up') return
    this.#live = true
    this.#hear()
    this.link.next({ kind: 'up' })
    this.signals.next()
  }

  async #while(lacking: () => boolean, silenceMs: number): Promise<void> {
    while (lacking()) {
      const before = this.#mirror.followed()?.commit
      await this.until(() => !lacking() || this.#mirror.followed()?.commit !== before, silenceMs)
    }
  }

  /** For people only: where it cannot be noted, nothing else suffers. */
  #hear(): void {
    try {
      this.#mirror.hear(this.#now())
    } catch (error) {
      if (!(error instanceof LogError)) throw error
    }
  }

  async #run(): Promise<void> {
    let backoffMs = BACKOFF_FIRST_MS
    while (!this.#stop.signal.aborted && this.#failure === null) {
      const before = this.#mirror.followed()
      try {
        await this.#follow()
      } catch (error) {
        const named = asLogError(error, this.#server.address)
        if (!isPassing(error) && isFinal(named)) {
          this.#failure = named
          this.arrivals.fail(named)
        }
        this.#lastTrouble = named
        this.#live = false
        if (!this.#stop.signal.aborted) this.lost(named)
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
    const subscription = subscribe(this.#server, this.#mirror.begin())
    const buffer = new Buffered(this.#mirror, this.arrivals, this.#server.address.prefix)
    let [scheduled, caughtUp] = [false, false]
    const schedule = (): void => {
      if (scheduled) return
      scheduled = true
      setImmediate(flush)
    }
    const flush = (): void => {
      scheduled = false
      try {
        if (buffer.flush()) this.signals.next()
        // What came before the mark may still be on its way through the client.
        if (caughtUp && subscription.readableLength === 0) {
          caughtUp = false
          this.#caughtUp()
        }
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
      schedule()
    })
    subscription.on('caughtUp', () => {
      caughtUp = true
      schedule()
    })
    subscription.on('error', reject)
    subscription.on('end', () =>
      reject(new LogError('log-unavailable', `${this.#server.address.shown}: the subscription ended`)),
    )
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

  late(deadlineMs: number): LogError {
    const { shown } = this.#server.address
    const trouble = this.#lastTrouble?.message.replace(/^log-[a-z]+: /, '').replace(`${shown}: `, '')
    return new LogError('log-unavailable', `${shown}: not followed within ${deadlineMs} ms: ${trouble ?? 'no answer'}`)
  }
}

const NOTHING: ServerPosition = { commit: -1n, prepare: -1n }

/** Whoever opens a log is told of these at once; a log that is open already may find them gone. */
const HOPELESS: readonly LogErrorCode[] = ['log-denied', 'log-untrusted']

/** Following on would not show what the log says. */
function isFinal(error: Error): boolean {
  return error instanceof LogError && !mayPass(error)
}

/** Records on their way into the copy: the tail of an append that has not come whole stays here. */
class Buffered {
  readonly #mirror: Mirror
  readonly #arrivals: Arrivals
  readonly #prefix: string
  #append: MirrorRecord[] = []
  #held = 0

  constructor(mirror: Mirror, arrivals: Arrivals, prefix: string) {
    this.#mirror = mirror
    this.#arrivals = arrivals
    this.#prefix = prefix
  }

  /** How many wait now. Throws where a record is not ours. */
  add(record: KurrentRecord): number {
    const taken = mirrorRecord(record, this.#prefix)
    this.#append.push(taken)
    if (taken.batch.index === taken.batch.size - 1) {
      const records = this.#append
      this.#append = []
      this.#held += records.length
      this.#arrivals.taken(records, this.#mirror.take(records))
    }
    return this.#held + this.#append.length
  }

  /** Whether anything was written. */
  flush(): boolean {
    if (this.#held === 0) return false
    this.#held = 0
    this.#mirror.settle()
    return true
  }
}
