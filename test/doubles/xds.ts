/** An xDS server with one proxy behind it. The proxy outlives the server, as Envoy outlives the agent. */
import { type Observable, Subject } from 'rxjs'
import type { XdsType } from '../../events/node.ts'
import type { Json } from '../../events/schema.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { AckOutcome, XdsServer, XdsServerEvent, XdsSnapshot, XdsStamp } from '../../src/ports/xds.ts'
import { type Life, turns } from './gate.ts'

export const CLIENT = 'host~127.0.0.1~no-id~localdomain'

/** What the proxy is up to. A resource that contains the word `refused` is refused. */
export type FakeProxy = {
  connected: boolean
  hung: boolean
  /** Types of which it refuses whatever it gets, with what it says. */
  readonly refuses: Map<XdsType, string>
  readonly running: Record<XdsType, ReadonlyMap<string, Json>>
}

export const aProxy = (): FakeProxy => ({
  connected: true,
  hung: false,
  refuses: new Map(),
  running: { npds: new Map(), nphds: new Map(), lds: new Map() },
})

type Answer = { readonly version: string; readonly refusal: string | null }
type Waiter = { readonly version: string; readonly xds: XdsType; readonly settle: (outcome: AckOutcome) => void }

export type FakeXdsOptions = {
  readonly epoch: string
  readonly proxy: FakeProxy
  readonly clock: Clock
  readonly life?: Life
  readonly delay?: () => number
  /** Called at each publication; a `TypeError` from here means that a resource cannot be encoded. */
  readonly check?: (snapshot: XdsSnapshot) => void
}

export class FakeXdsServer implements XdsServer {
  readonly socket = '/nowhere'
  readonly epoch: string
  readonly #options: FakeXdsOptions
  readonly #events: Subject<XdsServerEvent> = new Subject()
  readonly #served: Map<XdsType, XdsSnapshot> = new Map()
  readonly #answers: Map<XdsType, Answer> = new Map()
  readonly #busy: Set<XdsType> = new Set()
  #waiters: readonly Waiter[] = []

  constructor(options: FakeXdsOptions) {
    this.#options = options
    this.epoch = options.epoch
  }

  get events(): Observable<XdsServerEvent> {
    return this.#events
  }

  publish(xds: XdsType, snapshot: XdsSnapshot, _stamp: XdsStamp): void {
    if (!this.#alive) return
    this.#options.check?.(snapshot)
    this.#served.set(xds, snapshot)
    void this.#answer(xds)
  }

  acknowledged(xds: XdsType, version: string, deadlineMs: number): Promise<AckOutcome> {
    if (!this.#alive) return new Promise(() => undefined)
    if (!this.#options.proxy.connected) return Promise.resolve({ kind: 'no-client' })
    return new Promise((resolve) => {
      const late = new AbortController()
      const settle = (outcome: AckOutcome): void => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter)
        late.abort()
        if (this.#alive) resolve(outcome)
      }
      const waiter = { version, xds, settle }
      this.#waiters = [...this.#waiters, waiter]
      const wait = this.#options.clock.sleep(deadlineMs, late.signal)
      wait.then(
        () => settle({ kind: 'deadline', missing: [CLIENT] }),
        () => undefined,
      )
      this.#settle()
    })
  }

  /** The proxy was connected, disconnected, hung up or came to itself. */
  changed(): void {
    if (!this.#alive) return
    const { connected } = this.#options.proxy
    this.#events.next({ kind: connected ? 'connected' : 'disconnected', client: CLIENT })
    for (const xds of this.#served.keys()) void this.#answer(xds)
  }

  /** The proxy went and is back with nothing. */
  restarted(): void {
    if (!this.#alive) return
    const { proxy } = this.#options
    for (const xds of this.#served.keys()) proxy.running[xds] = new Map()
    this.#answers.clear()
    this.#events.next({ kind: 'disconnected', client: CLIENT })
    this.changed()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#events.complete()
  }

  get #alive(): boolean {
    return this.#options.life?.alive ?? true
  }

  async #answer(xds: XdsType): Promise<void> {
    if (this.#busy.has(xds)) return
    this.#busy.add(xds)
    await turns(1 + (this.#options.delay?.() ?? 0))
    this.#busy.delete(xds)
    const { proxy } = this.#options
    const served = this.#served.get(xds)
    if (!this.#alive || !proxy.connected || proxy.hung || served === undefined) return
    const before = this.#answers.get(xds)
    if (before?.version === served.version) return
    const refusal = refusedIn(served)
    const detail = proxy.refuses.get(xds) ?? (refusal === undefined ? null : `resource ${refusal[0]} is refused`)
    this.#answers.set(xds, { version: served.version, refusal: detail })
    const head = { xds, version: served.version, nonce: served.version, client: CLIENT }
    if (detail === null) {
      proxy.running[xds] = served.resources
      this.#events.next({ kind: 'acked', ...head })
    } else {
      this.#events.next({ kind: 'nacked', ...head, running: before?.version ?? null, detail })
    }
    this.#settle()
  }

  #settle(): void {
    for (const { xds, version, settle } of this.#waiters) {
      const answer = this.#answers.get(xds)
      if (answer === undefined || order(answer.version) < order(version)) continue
      settle(answer.refusal === null ? { kind: 'acked' } : { kind: 'nacked', client: CLIENT, detail: answer.refusal })
    }
  }
}

/** The first resource that a proxy refuses. */
export function refusedIn({ resources }: XdsSnapshot): readonly [string, Json] | undefined {
  return [...resources].find(([, resource]) => JSON.stringify(resource).includes('refused'))
}

const order = (version: string): number => Number(version.slice(version.lastIndexOf('.') + 1))
