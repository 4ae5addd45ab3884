/**
 * The embedded proxy's xDS client. What was taken stays in force until something else is: over refusals, lost connections and restarts of the
 * server. Updates are handed over one at a time, policies and hosts before listeners; of updates that wait only the newest of a type counts.
 */
import { type Observable, Subject } from 'rxjs'
import type { XdsType } from '../../events/node.ts'
import type { DiscoveryResponseMessage } from '../../proto/messages.ts'
import { XDS_TYPES } from '../../proto/messages.ts'
import type { XdsClient, XdsClientEvent, XdsConsumer, XdsUpdate } from '../ports/xds-client.ts'
import { XdsIntake } from './intake.ts'
import { XdsSession } from './session.ts'
import { parseStamp } from './stamp.ts'

export type XdsClientOptions = {
  /** Path of the server's Unix socket; it need not exist yet. */
  readonly socket: string
  readonly node: string
}

type Arrival = { readonly session: XdsSession; readonly response: DiscoveryResponseMessage }

const BACKOFF_FIRST_MS = 50
/** More are not counted: the wait has its limit long before. */
const FAILURES_MAX = 10
/** A server that restarts is found again within this time. */
const BACKOFF_MAX_MS = 2_000
/** A connection that lasted this long was a good one: the next tries begin quickly again. */
const LIVED_MS = 1_000

export function createXdsClient(options: XdsClientOptions): XdsClient {
  return new GrpcXdsClient(options)
}

class GrpcXdsClient implements XdsClient {
  readonly node: string
  readonly #socket: string
  readonly #events = new Subject<XdsClientEvent>()
  readonly #intakes = new Map(XDS_TYPES.map((xds) => [xds, new XdsIntake(xds)]))
  readonly #running = new Map<XdsType, string>()
  readonly #arrived = new Map<XdsType, Arrival>()
  #consumer: XdsConsumer | null = null
  #session: XdsSession | null = null
  #heard = false
  #failures = 0
  #connectedAt = 0
  #retry: NodeJS.Timeout | null = null
  #working: Promise<void> | null = null
  #closed = false

  constructor({ socket, node }: XdsClientOptions) {
    this.#socket = socket
    this.node = node
  }

  get events(): Observable<XdsClientEvent> {
    return this.#events.asObservable()
  }

  start(consumer: XdsConsumer): void {
    if (this.#consumer !== null || this.#closed) throw new TypeError('an xDS client is started once')
    this.#consumer = consumer
    this.#connect()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#retry !== null) clearTimeout(this.#retry)
    this.#arrived.clear()
    this.#session?.close('closed')
    await this.#working
    this.#events.complete()
  }

  #connect(): void {
    this.#retry = null
    this.#heard = false
    this.#connectedAt = performance.now()
    this.#session = new XdsSession({
      socket: this.#socket,
      node: this.node,
      running: (xds) => this.#running.get(xds) ?? null,
      received: (session, xds, response) => this.#receive(xds, { session, response }),
      ended: (_, detail) => this.#ended(detail),
    })
  }

  #ended(detail: string): void {
    this.#session = null
    if (this.#heard) this.#events.next({ kind: 'disconnected', detail })
    if (this.#closed) return
    if (this.#heard && performance.now() - this.#connectedAt > LIVED_MS) this.#failures = 0
    const waitMs = Math.min(BACKOFF_FIRST_MS * 2 ** this.#failures, BACKOFF_MAX_MS)
    this.#failures = Math.min(this.#failures + 1, FAILURES_MAX)
    // Half of it by chance, so that many proxies do not come back at once.
    this.#retry = setTimeout(() => this.#connect(), waitMs * (0.5 + Math.random() / 2))
  }

  #receive(xds: XdsType, arrival: Arrival): void {
    if (!this.#heard) this.#events.next({ kind: 'connected', detail: this.#socket })
    this.#heard = true
    this.#arrived.set(xds, arrival)
    this.#working ??= this.#work()
  }

  async #work(): Promise<void> {
    for (let next = this.#takeArrival(); next !== null; next = this.#takeArrival()) {
      await this.#take(next.xds, next.arrival)
    }
    this.#working = null
  }

  #takeArrival(): { readonly xds: XdsType; readonly arrival: Arrival } | null {
    for (const xds of XDS_TYPES) {
      const arrival = this.#arrived.get(xds)
      this.#arrived.delete(xds)
      if (arrival !== undefined) return { xds, arrival }
    }
    return null
  }

  async #take(xds: XdsType, { session, response }: Arrival): Promise<void> {
    const detail = await this.#refusal(xds, response)
    const version = response.versionInfo
    if (detail === null) this.#running.set(xds, version)
    session.answer(xds, response.nonce, { running: this.#running.get(xds) ?? null, detail })
    this.#events.next(detail === null ? { kind: 'acked', xds, version } : { kind: 'nacked', xds, version, detail })
  }

  /** Null where the update is in use. */
  async #refusal(xds: XdsType, response: DiscoveryResponseMessage): Promise<string | null> {
    const intake = this.#intakes.get(xds)!
    const read = intake.read(response)
    if (read.kind === 'refused') return read.detail
    if (read.kind === 'unchanged') return null
    const stamp = parseStamp(response.controlPlane?.identifier ?? null)
    // The intake of a type reads that type's message.
    const update = { xds, version: response.versionInfo, stamp, resources: read.resources } as XdsUpdate
    const outcome = await this.#handOver(update)
    if (outcome === null) intake.keep()
    return outcome
  }

  async #handOver(update: XdsUpdate): Promise<string | null> {
    try {
      const taken = await this.#consumer!(update)
      return taken.kind === 'taken' ? null : taken.detail
    } catch (error) {
      // A bug of the consumer must not look like an acknowledgement.
      return `the proxy failed: ${error instanceof Error ? error.message : String(error)}`
    }
  }
}
