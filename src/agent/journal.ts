/**
 * The agent's one way to write. A commit is decided from the situation and appended at exactly the revisions that the situation was read at, so
 * nothing is ever written on an outdated view: after a conflict the other's events are folded and the commit is decided again.
 *
 * Commits that wait for the log share its next append; each sees what those before it said. A commit resolves when its events are folded.
 */
import type { Logger } from 'pino'
import { encodeEvent } from '../../events/codec.ts'
import {
  CorrelationId,
  type EventId,
  IDENTITY_STREAM,
  type NodeName,
  type Position,
  type StreamName,
} from '../../events/ids.ts'
import type { EventContext } from '../../events/recorded.ts'
import type { Clock } from '../ports/clock.ts'
import { type AppendOutcome, type EventLog, LogError, mayPass, type StreamAppend } from '../ports/log.ts'
import { type Fact, imagine, type Reaction } from '../react/situation.ts'
import { AgentEnd } from './end.ts'
import type { View, Written } from './view.ts'

export type Committed = {
  readonly facts: readonly Fact[]
  readonly ids: readonly EventId[]
}

type Waiting = {
  readonly react: Reaction
  readonly resolve: (committed: Committed) => void
  readonly reject: (error: unknown) => void
}

type Draft = Committed & { readonly waiting: Waiting }

/** One append holds at most this many commits: it stays well below a megabyte. */
const COMMITS_MAX = 256
/**
 * A log that fails is tried again with the same event ids, from 50 ms on and twice as long each time: one on this machine so often, one on a
 * server for as long as it takes, because what is enforced stays enforced and whatever happened meanwhile is read before anything is decided.
 */
const TRIES_MAX = 8
const FIRST_PAUSE_MS = 50
const PAUSE_MAX_MS = 5_000

export type JournalOptions = {
  readonly log: EventLog
  readonly view: View
  readonly clock: Clock
  readonly node: NodeName
  readonly epoch: string
  readonly logger: Logger
  /** Throws where this agent must not write any more. */
  readonly guard: () => void
}

export class Journal {
  readonly #options: JournalOptions
  readonly #queue: Waiting[] = []
  readonly #closed: AbortController = new AbortController()
  #running = false
  #end: AgentEnd | null = null

  constructor(options: JournalOptions) {
    this.#options = options
  }

  get idle(): boolean {
    return !this.#running && this.#queue.length === 0
  }

  /** Rejects with `AgentEnd` only. `react` may be called several times and must have no effect but its answer. */
  commit(react: Reaction): Promise<Committed> {
    if (this.#end !== null) return Promise.reject(this.#end)
    return new Promise((resolve, reject) => {
      this.#queue.push({ react, resolve, reject })
      if (!this.#running) void this.#run()
    })
  }

  /** Past everything that waits, and only where the log takes it at once: the reason for the end. */
  sayLast(facts: readonly Fact[]): void {
    if (facts.length === 0) return
    const { log, clock, logger } = this.#options
    const ids = facts.map(() => clock.newId())
    log.append(this.#batch(facts, ids).batch).catch((error: unknown) => logger.error({ err: error }, 'no last word'))
  }

  /** What waits is refused, and so is what comes. */
  close(end: AgentEnd): void {
    this.#end ??= end
    this.#closed.abort(end)
    for (const { reject } of this.#queue.splice(0)) reject(this.#end)
    this.#options.view.wake()
  }

  async #run(): Promise<void> {
    this.#running = true
    // Whoever asks in the same turn of the event loop shares the append.
    await Promise.resolve()
    while (this.#queue.length > 0) await this.#appendNext(this.#queue.splice(0, COMMITS_MAX))
    this.#running = false
  }

  async #appendNext(group: readonly Waiting[]): Promise<void> {
    try {
      const drafts = await this.#decideAndAppend(group)
      for (const { waiting, facts, ids } of drafts) waiting.resolve({ facts, ids })
    } catch (error) {
      const end = error instanceof AgentEnd ? error : new AgentEnd('bug', messageOf(error), { cause: error })
      this.close(end)
      for (const { reject } of group) reject(end)
    }
  }

  async #decideAndAppend(group: readonly Waiting[]): Promise<readonly Draft[]> {
    const { view } = this.#options
    for (;;) {
      this.#check()
      const drafts = this.#draft(group)
      const facts = drafts.flatMap((draft) => draft.facts)
      if (facts.length === 0) return drafts
      const ids = drafts.flatMap((draft) => draft.ids)
      const { batch, written } = this.#batch(facts, ids)
      view.expect(written)
      const outcome = await this.#append(batch)
      if (outcome.kind === 'conflict') view.forget(written)
      this.#check()
      if (outcome.kind === 'appended') {
        // A batch is never empty, and its positions rise.
        const last = outcome.positions.at(-1)!
        await view.until(() => view.position >= last || this.#end !== null)
        this.#check()
        return drafts
      }
      const { stream, actual } = outcome
      const known = view.head(stream)
      if (known !== 'no-stream' && (actual === 'no-stream' || actual < known)) {
        throw new AgentEnd('log-failed', `stream ${stream} was read up to ${known} and ends at ${actual} now`)
      }
      await view.until(() => reaches(view.head(stream), actual) || this.#end !== null)
    }
  }

  #check(): void {
    if (this.#end !== null) throw this.#end
    this.#options.guard()
  }

  #draft(group: readonly Waiting[]): readonly Draft[] {
    const { view, clock } = this.#options
    let now = view.now
    return group.map((waiting, index) => {
      const facts = waiting.react(now)
      if (index + 1 < group.length) now = imagine(now, facts)
      return { waiting, facts, ids: facts.map(() => clock.newId()) }
    })
  }

  #batch(
    facts: readonly Fact[],
    ids: readonly EventId[],
  ): { readonly batch: readonly StreamAppend[]; readonly written: readonly Written[] } {
    const { view } = this.#options
    const correlations = new Map<Position | null, CorrelationId>()
    const written = facts.map(({ event, cause }, index): Written => {
      // One id was made for each fact.
      const made = { id: ids[index]!, event, context: this.#context(cause, correlations) }
      return { written: made, stored: encodeEvent(made) }
    })
    const byStream = Map.groupBy(written.keys(), (index) => facts[index]!.stream)
    // Positions follow the order of the streams: what happened to the node comes before what it means for its endpoints.
    const batch = [...byStream]
      .toSorted(([a], [b]) => rank(a) - rank(b))
      .map(([stream, indexes]) => ({
        stream,
        expected: view.head(stream),
        events: indexes.map((index) => written[index]!.stored),
      }))
    return { batch, written }
  }

  #context(cause: Position | null, correlations: Map<Position | null, CorrelationId>): EventContext {
    const { view, clock, node, epoch } = this.#options
    const known = view.correlationOf(cause) ?? correlations.get(cause)
    const correlation = known ?? CorrelationId(clock.newId())
    correlations.set(cause, correlation)
    return { actor: { kind: 'agent', name: node }, source: { kind: 'agent', detail: epoch }, correlation, cause }
  }

  async #append(batch: readonly StreamAppend[]): Promise<AppendOutcome> {
    const { log, clock } = this.#options
    const { signal } = this.#closed
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#unlessClosed(log.append(batch))
      } catch (error) {
        if (!(error instanceof LogError)) throw error
        const lasting = log.link === undefined && attempt === TRIES_MAX
        if (!mayPass(error) || lasting) throw new AgentEnd('log-failed', error.message, { cause: error })
      }
      await clock.sleep(Math.min(PAUSE_MAX_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)), signal).catch(() => undefined)
      this.#check()
    }
  }

  /** An append to a server that is away may take its time; closing does not wait for it. */
  async #unlessClosed<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#closed
    const closed = Promise.withResolvers<never>()
    const close = (): void => closed.reject(signal.reason)
    signal.addEventListener('abort', close, { once: true })
    try {
      return await Promise.race([work, closed.promise])
    } finally {
      signal.removeEventListener('abort', close)
    }
  }
}

function rank(stream: StreamName): number {
  return stream === IDENTITY_STREAM ? 0 : stream.startsWith('node-') ? 1 : 2
}

function reaches(head: number | 'no-stream', wanted: number | 'no-stream'): boolean {
  if (wanted === 'no-stream') return true
  return head !== 'no-stream' && head >= wanted
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
