/** One xDS type: what is served, who listens, and who waits for whom to acknowledge. */
import type { ServerDuplexStream } from '@grpc/grpc-js'
import type { XdsType } from '../../events/node.ts'
import type { AckOutcome, XdsSnapshot, XdsStamp } from '../ports/xds.ts'
import { ResourceEncoder } from './encoding.ts'
import { stampText } from './stamp.ts'
import { type Publication, XdsStream } from './stream.ts'
import type { Answer } from './subscription.ts'

export type TypeServerOptions = {
  readonly xds: XdsType
  readonly epoch: string
  readonly answered: (stream: XdsStream, answer: Answer) => void
  readonly ended: (stream: XdsStream) => void
}

type Waiter = {
  readonly order: number
  /** Node ids of those who were subscribed when the wait began. */
  readonly awaited: ReadonlySet<string>
  readonly settle: (outcome: AckOutcome) => void
}

export class TypeServer {
  readonly #options: TypeServerOptions
  readonly #encoder: ResourceEncoder
  readonly #streams = new Set<XdsStream>()
  readonly #waiters = new Set<Waiter>()
  #publication: Publication | null = null

  constructor(options: TypeServerOptions) {
    this.#options = options
    this.#encoder = new ResourceEncoder(options.xds)
  }

  accept(call: ServerDuplexStream<Buffer, Buffer>): void {
    const stream = new XdsStream({
      xds: this.#options.xds,
      call,
      published: () => this.#publication,
      answered: (from, answer) => {
        this.#options.answered(from, answer)
        this.#settle()
      },
      ended: (gone) => {
        this.#streams.delete(gone)
        this.#options.ended(gone)
      },
    })
    this.#streams.add(stream)
  }

  /** Throws `TypeError` and keeps what is served where the version, the stamp or a resource is wrong. */
  publish({ version, resources }: XdsSnapshot, stamp: XdsStamp): void {
    const order = this.#orderOf(version)
    const before = this.#publication?.served ?? null
    if (before !== null && order <= before.order) {
      throw new TypeError(`${this.#options.xds} ${version} does not follow ${before.version}`)
    }
    const known = before?.resources ?? new Map<string, Uint8Array>()
    const encoded = this.#encoder.encode(resources, known)
    const same = encoded.size === known.size && [...encoded].every(([name, bytes]) => known.get(name) === bytes)
    this.#publication = {
      served: { version, order, resources: same && before !== null ? before.resources : encoded },
      stamp: stampText(stamp),
    }
    for (const stream of this.#streams) stream.flush()
    this.#settle()
  }

  async acknowledged(version: string, deadlineMs: number): Promise<AckOutcome> {
    const order = this.#orderOf(version)
    const subscribed = [...this.#streams].filter((stream) => !stream.waitsForNothing)
    const awaited = new Set(subscribed.flatMap(({ client }) => client ?? []))
    if (awaited.size === 0) return { kind: 'no-client' }
    const { promise, resolve } = Promise.withResolvers<AckOutcome>()
    const timer = setTimeout(() => settle({ kind: 'deadline', missing: this.#missing(waiter) }), deadlineMs)
    const settle = (outcome: AckOutcome): void => {
      clearTimeout(timer)
      this.#waiters.delete(waiter)
      resolve(outcome)
    }
    const waiter: Waiter = { order, awaited, settle }
    this.#waiters.add(waiter)
    this.#settle()
    return promise
  }

  /** Nobody is left to wait for. */
  close(): void {
    for (const { settle } of [...this.#waiters]) settle({ kind: 'no-client' })
  }

  #settle(): void {
    for (const waiter of [...this.#waiters]) {
      const outcome = this.#outcome(waiter)
      if (outcome !== null) waiter.settle(outcome)
    }
  }

  #outcome(waiter: Waiter): AckOutcome | null {
    for (const stream of this.#streams) {
      if (stream.client === null || !waiter.awaited.has(stream.client)) continue
      if (stream.standing(waiter.order) === 'nacked') {
        return { kind: 'nacked', client: stream.client, detail: stream.refusal ?? '' }
      }
    }
    return this.#missing(waiter).length === 0 ? { kind: 'acked' } : null
  }

  /**
   * Those who have not acknowledged. A client that went away while it was awaited stays on the list until it is back and acknowledges: it
   * may still be deciding by the version before.
   */
  #missing({ order, awaited }: Waiter): readonly string[] {
    return [...awaited].filter((client) => {
      const own = [...this.#streams].filter((stream) => stream.client === client)
      return own.length === 0 || own.some((stream) => !stream.waitsForNothing && stream.standing(order) !== 'acked')
    })
  }

  /** Of `<epoch>.<seq>` the number. */
  #orderOf(version: string): number {
    const prefix = `${this.#options.epoch}.`
    const sequence = version.slice(prefix.length)
    if (!version.startsWith(prefix) || !/^(0|[1-9][0-9]{0,14})$/.test(sequence)) {
      throw new TypeError(`version ${version} is not ${prefix}<number>`)
    }
    return Number(sequence)
  }
}
