/**
 * Publishes one xDS type: what is offered while a version waits for its acknowledgement goes out together in the next one.
 *
 * Only one version is under way at a time, so that a refusal can be laid at its door. After a refusal everything that was never acknowledged is taken
 * back and tried one by one: one bad policy blocks nobody else's. What a version changes is on the log before it is served.
 */
import type { Logger } from 'pino'
import type { EventOf } from '../../events/catalogue.ts'
import { nodeStream, type Position } from '../../events/ids.ts'
import type { XdsType } from '../../events/node.ts'
import type { Json } from '../../events/schema.ts'
import { servedOf } from '../../projections/agent/proxy.ts'
import { type ServedSnapshot, snapshotChange } from '../../projections/xds/snapshot.ts'
import type { Clock } from '../ports/clock.ts'
import type { AckOutcome, XdsServer } from '../ports/xds.ts'
import type { Fact, Situation } from '../react/situation.ts'
import type { Journal } from './journal.ts'
import type { View } from './view.ts'

export type Published =
  | { readonly kind: 'acked'; readonly version: string }
  | { readonly kind: 'refused'; readonly detail: string }
  | Extract<AckOutcome, { readonly kind: 'deadline' | 'no-client' }>

/** A resource of null is taken away. */
export type Offer = { readonly name: string; readonly resource: Json | null; readonly cause: Position | null }

type Waiting = Offer & {
  readonly answer: {
    readonly resolve: (published: Published) => void
    readonly reject: (error: unknown) => void
  } | null
}

export type PublisherOptions = {
  readonly xds: XdsType
  readonly server: XdsServer
  readonly journal: Journal
  readonly view: View
  readonly clock: Clock
  readonly logger: Logger
  readonly ackDeadlineMs: number
  /** Versions of all types count together. */
  readonly nextVersion: () => string
  readonly signal: AbortSignal
  /** Nothing is under way any more; `error` where that is the end. */
  readonly onIdle: (error: unknown) => void
}

export class Publisher {
  readonly #options: PublisherOptions
  readonly #queue: Waiting[] = []
  #running = false
  #suspicious = false

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  get idle(): boolean {
    return !this.#running
  }

  /** Resolves when every client has taken the resource, or it is certain that none will; what was not taken is taken back. */
  offer(offer: Offer): Promise<Published> {
    return new Promise((resolve, reject) => this.#enqueue({ ...offer, answer: { resolve, reject } }))
  }

  /** The same without waiting. A resource that nobody waits for stays, unless a client refuses it. */
  put(offer: Offer): void {
    this.#enqueue({ ...offer, answer: null })
  }

  /** A client refused a version while nothing was under way: what it was served when it connected. */
  refused(version: string): void {
    if (this.#running || this.#served().version !== version) return
    this.#suspicious = true
    void this.#run()
  }

  #enqueue(waiting: Waiting): void {
    this.#queue.push(waiting)
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    let under: readonly Waiting[] = []
    let failure: unknown = null
    try {
      // Whoever offers in the same turn of the event loop shares the version.
      await Promise.resolve()
      if (this.#suspicious) await this.#sortOut([], 'refused when it was served first')
      while (this.#queue.length > 0) {
        under = this.#queue.splice(0)
        await this.#round(under)
      }
    } catch (error) {
      failure = error
      for (const { answer } of [...under, ...this.#queue.splice(0)]) answer?.reject(error)
    }
    this.#running = false
    this.#suspicious = false
    this.#options.onIdle(failure)
  }

  async #round(group: readonly Waiting[]): Promise<void> {
    const published = await this.#publish(group)
    if (published.kind === 'refused') {
      await this.#sortOut(group, published.detail)
      return
    }
    if (published.kind !== 'acked') await this.#revert(group.filter(({ answer }) => answer !== null))
    for (const { answer } of group) answer?.resolve(published)
  }

  /**
   * The refusal may be for any resource that was not acknowledged before, also for one that nobody waited for. All of them are taken back, then
   * each is tried alone, on what was acknowledged.
   */
  async #sortOut(group: readonly Waiting[], detail: string): Promise<void> {
    const names = new Set(group.map(({ name }) => name))
    const suspects = [...this.#unacknowledged().filter(({ name }) => !names.has(name)), ...group]
    await this.#revert(suspects)
    const [only, ...others] = suspects
    if (only !== undefined && others.length === 0) return this.#refuse(only, detail)
    for (const [index, suspect] of suspects.entries()) {
      const published = await this.#publish([suspect])
      if (published.kind === 'acked') suspect.answer?.resolve(published)
      else if (published.kind === 'refused') {
        await this.#revert([suspect])
        this.#refuse(suspect, published.detail)
      } else {
        await this.#giveUp(suspects.slice(index), published)
        return
      }
    }
  }

  /** Nobody answers any more, so nobody can be blamed: what is not waited for is served, and is suspect when somebody answers again. */
  async #giveUp(suspects: readonly Waiting[], published: Published): Promise<void> {
    await this.#serve([
      ...suspects.filter(({ answer }) => answer === null),
      ...this.#before(suspects.filter(({ answer }) => answer !== null)),
    ])
    for (const { answer } of suspects) answer?.resolve(published)
  }

  #refuse({ name, answer }: Waiting, detail: string): void {
    const { logger, xds } = this.#options
    logger.warn({ xds, resource: name, detail }, 'the proxy refuses a resource; what it took before stays')
    answer?.resolve({ kind: 'refused', detail })
  }

  #unacknowledged(): readonly Waiting[] {
    const { view, xds } = this.#options
    const served = this.#served().resources
    const acknowledged = view.now.state.proxy.acknowledged[xds]
    return [...new Set([...served.keys(), ...acknowledged.keys()])]
      .filter((name) => served.get(name) !== acknowledged.get(name))
      .map((name) => ({ name, resource: served.get(name) ?? null, cause: null, answer: null }))
  }

  /** Serves again what was acknowledged last. Its own outcome changes nothing: there is nothing better to serve. */
  async #revert(group: readonly Offer[]): Promise<void> {
    if (group.length === 0) return
    const { xds, server, ackDeadlineMs } = this.#options
    const served = await this.#serve(this.#before(group))
    if (served.kind === 'served') await this.#whileRunning(server.acknowledged(xds, served.version, ackDeadlineMs))
  }

  /** As acknowledged last; what was taken away stays away, because that cannot be what is refused. */
  #before(group: readonly Offer[]): readonly Offer[] {
    const { view, xds } = this.#options
    const acknowledged = view.now.state.proxy.acknowledged[xds]
    return group.map(({ name, cause, resource }) => {
      return { name, cause, resource: resource === null ? null : (acknowledged.get(name) ?? null) }
    })
  }

  async #publish(group: readonly Waiting[]): Promise<Published> {
    const { server, xds, ackDeadlineMs } = this.#options
    const served = await this.#serve(group)
    if (served.kind === 'refused') return served
    const outcome = await this.#whileRunning(server.acknowledged(xds, served.version, ackDeadlineMs))
    if (outcome.kind === 'nacked') return { kind: 'refused', detail: outcome.detail }
    if (outcome.kind !== 'acked') return outcome
    return this.#recorded(served.version)
  }

  /** The acknowledgement counts when it is on the log. */
  async #recorded(version: string): Promise<Published> {
    const { view, clock, ackDeadlineMs } = this.#options
    const isRecorded = (): boolean =>
      this.#served()
        .clients.values()
        .some(({ running }) => running === version)
    const deadline = new AbortController()
    const late = clock.sleep(ackDeadlineMs, deadline.signal).then(
      () => false,
      () => false,
    )
    const found = await this.#whileRunning(Promise.race([view.until(isRecorded).then(() => true), late]))
    deadline.abort()
    return found ? { kind: 'acked', version } : { kind: 'deadline', missing: [] }
  }

  async #serve(
    offers: readonly Offer[],
  ): Promise<
    { readonly kind: 'served'; readonly version: string } | { readonly kind: 'refused'; readonly detail: string }
  > {
    const { journal, view, server, xds } = this.#options
    const { facts } = await journal.commit((now) => this.#facts(now, offers))
    const snapshot = this.#served()
    // The first version of each type is published when the agent starts.
    const version = snapshot.version!
    if (facts.length === 0) return { kind: 'served', version }
    try {
      const stamp = { position: String(view.position), revision: view.now.state.revision }
      server.publish(xds, { version, resources: snapshot.resources }, stamp)
      return { kind: 'served', version }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      return { kind: 'refused', detail: error.message }
    }
  }

  #facts({ state }: Situation, offers: readonly Offer[]): readonly Fact[] {
    const { xds, nextVersion } = this.#options
    const stream = nodeStream(state.node)
    const served = servedOf(state.proxy, stream, xds)
    const next = new Map(served.resources)
    for (const { name, resource } of offers) {
      if (resource === null) next.delete(name)
      else next.set(name, resource)
    }
    const change = snapshotChange(served, next)
    if (change === null) return []
    const event: EventOf<'XdsPublished'> = { type: 'XdsPublished', v: 1, xds, version: nextVersion(), ...change }
    return [{ stream, event, cause: offers.at(-1)?.cause ?? null }]
  }

  #served(): ServedSnapshot {
    const { view, xds } = this.#options
    const { state } = view.now
    return servedOf(state.proxy, nodeStream(state.node), xds)
  }

  #whileRunning<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.#options
    if (signal.aborted) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
    })
  }
}
