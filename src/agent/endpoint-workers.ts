/**
 * One queue per endpoint: builds, comparisons and the end of an endpoint never overlap, and what is pending is looked up when its turn comes, so it
 * always reads the newest state.
 */
import type { Logger } from 'pino'
import type { EndpointId, Position } from '../../events/ids.ts'
import type { AgentEndpoint } from '../../projections/agent/endpoint.ts'
import type { Clock } from '../ports/clock.ts'
import { DatapathError } from '../ports/datapath.ts'
import { announced, detached } from '../react/builds.ts'
import { requestBuild } from '../react/requests.ts'
import { buildEndpoint } from './build.ts'
import { recordFound } from './build-datapath.ts'
import type { BuildTools } from './build-tools.ts'
import type { View } from './view.ts'

/** Between two tries to take away what an endpoint left behind. */
const DETACH_RETRY_MS = 2_000

export type WorkerOptions = {
  readonly tools: BuildTools
  readonly view: View
  readonly clock: Clock
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly onIdle: (error: unknown) => void
}

export class EndpointWorkers {
  readonly #options: WorkerOptions
  readonly #running: Map<EndpointId, Promise<void>> = new Map()
  /** Endpoints whose map is to be compared with the log. */
  readonly #compare: Set<EndpointId> = new Set()
  /** What an earlier endpoint of the id left is gone; by the position at which the present one was created. */
  readonly #cleared: Map<EndpointId, Position> = new Map()

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  get idle(): boolean {
    return this.#running.size === 0 && this.#compare.size === 0
  }

  /** Starts a worker wherever there is something to do and none is at it. */
  dispatch(): void {
    if (this.#options.signal.aborted) return
    for (const [id, endpoint] of this.#options.view.now.state.endpoints) {
      if (!this.#running.has(id) && this.#next(endpoint) !== null) this.#start(id)
    }
  }

  /** Compares every endpoint's map with the log, each in its turn. */
  compareAll(): void {
    for (const [id, { leaving }] of this.#options.view.now.state.endpoints) if (!leaving) this.#compare.add(id)
    this.dispatch()
  }

  async ended(): Promise<void> {
    await Promise.allSettled(this.#running.values())
  }

  #start(id: EndpointId): void {
    const work = this.#work(id).then(
      () => this.#finished(id, null),
      (error: unknown) => this.#finished(id, error),
    )
    this.#running.set(id, work)
  }

  #finished(id: EndpointId, error: unknown): void {
    this.#running.delete(id)
    if (error === null) this.dispatch()
    this.#options.onIdle(error)
  }

  async #work(id: EndpointId): Promise<void> {
    const { view, tools, signal } = this.#options
    for (;;) {
      signal.throwIfAborted()
      const endpoint = view.now.state.endpoints.get(id)
      const next = endpoint === undefined ? null : this.#next(endpoint)
      if (endpoint === undefined || next === null) return
      if (next === 'clear') await this.#clear(endpoint)
      else if (next === 'compare') await this.#compareOne(id)
      else await buildEndpoint(tools, id)
    }
  }

  #next(endpoint: AgentEndpoint): 'clear' | 'compare' | 'build' | null {
    const { created, createdAt, leaving, stale, pending, identity } = endpoint
    const id = created.endpoint
    if (leaving) return announced(endpoint) ? 'clear' : null
    if (stale && this.#cleared.get(id) !== createdAt) return 'clear'
    if (this.#compare.has(id)) return 'compare'
    return pending !== null && identity !== null ? 'build' : null
  }

  async #clear({ created, createdAt, leaving }: AgentEndpoint): Promise<void> {
    const { tools, clock, logger, signal } = this.#options
    const id = created.endpoint
    this.#compare.delete(id)
    try {
      await tools.datapath.detachEndpoint(id)
    } catch (error) {
      if (!(error instanceof DatapathError)) throw error
      logger.warn({ endpoint: id, error: error.message }, 'an endpoint that left could not be taken away')
      await clock.sleep(DETACH_RETRY_MS, signal)
      return
    }
    tools.npds.put({ name: String(id), resource: null, cause: null })
    if (!leaving) this.#cleared.set(id, createdAt)
    await tools.journal.commit((now) => detached(now, id))
  }

  /** The map of an endpoint that was built is what the log says, or it is built again. */
  async #compareOne(id: EndpointId): Promise<void> {
    const { tools, view, logger } = this.#options
    this.#compare.delete(id)
    try {
      const before = view.now.state.endpoints.get(id)?.policyMap
      const found = await recordFound(tools, id)
      if (found === before) return
    } catch (error) {
      if (!(error instanceof DatapathError)) throw error
      logger.warn({ endpoint: id, error: error.message }, 'a policy map could not be compared with the log')
      return
    }
    logger.warn({ endpoint: id }, 'the policy map differs from the log and is built again')
    await tools.journal.commit(({ state }) => {
      const endpoint = state.endpoints.get(id)
      if (endpoint === undefined) return []
      return requestBuild(state, endpoint, { trigger: 'divergence', level: 'rewrite+load', cause: null })
    })
  }
}
