/**
 * The log as this process has read it: state, ledger and policies folded up to one position, always in the order of the log. The agent's own
 * events come in here too, by the subscription and not by the append.
 */
import { decodeEvent, type StoredEvent } from '../../events/codec.ts'
import { type CorrelationId, type NodeName, Position, type StreamName, type StreamRevision } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { type AgentState, agentState } from '../../projections/agent/state.ts'
import { type Ledger, ledger } from '../../projections/ledger/ledger.ts'
import { type Projection, step } from '../../projections/projection.ts'
import type { Notice } from '../react/reactions.ts'
import type { Situation } from '../react/situation.ts'
import type { PolicyView } from './policy-view.ts'

/** Correlations of this many events are remembered: enough for reactions, which follow their cause closely. */
const CORRELATIONS_MAX = 20_000

type Waiter = { readonly condition: () => boolean; readonly resolve: () => void }

export class View {
  readonly #projection: Projection<AgentState>
  readonly #policy: PolicyView
  readonly #heads: Map<StreamName, StreamRevision> = new Map()
  readonly #correlations: Map<Position, CorrelationId> = new Map()
  #state: AgentState
  #ledger: Ledger = ledger.initial
  #position: Position = Position(0n)
  #notices: readonly Notice[] = []
  #waiters: readonly Waiter[] = []

  constructor(node: NodeName, policy: PolicyView) {
    // A projection of fewer types is asked only about those: `step` looks.
    this.#projection = agentState(node) as Projection<AgentState>
    this.#state = this.#projection.initial
    this.#policy = policy
  }

  get now(): Situation {
    return { state: this.#state, ledger: this.#ledger }
  }

  /** Of the last event that is in `now`. */
  get position(): Position {
    return this.#position
  }

  get notices(): readonly Notice[] {
    return this.#notices
  }

  head(stream: StreamName): StreamRevision | 'no-stream' {
    return this.#heads.get(stream) ?? 'no-stream'
  }

  correlationOf(position: Position | null): CorrelationId | null {
    return position === null ? null : (this.#correlations.get(position) ?? null)
  }

  /** Throws `DecodeError`, and `TypeError` where the log contradicts itself. */
  fold(events: readonly StoredEvent[]): void {
    for (const stored of events) this.#step(decodeEvent(stored))
    this.wake()
  }

  /** Looks at the conditions again, because something else than the log has changed. */
  wake(): void {
    const ready = this.#waiters.filter(({ condition }) => condition())
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter))
    for (const { resolve } of ready) resolve()
  }

  /** Those of revisions stay until the reaction to them is on the log. */
  dropNotices(answered: readonly Notice[]): void {
    this.#notices = this.#notices.filter((notice) => notice.revision !== null || !answered.includes(notice))
  }

  /** Resolves when the condition holds after some event; the condition is looked at once per batch of events. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiters = [...this.#waiters, { condition, resolve }]
    })
  }

  #step(recorded: Recorded): void {
    const { position, stream, revision, event, context } = recorded
    this.#state = step(this.#projection, this.#state, recorded)
    this.#ledger = step(ledger, this.#ledger, recorded)
    this.#heads.set(stream, revision)
    this.#position = position
    this.#remember(position, context.correlation)
    const affected = this.#policy.advance(recorded)
    const change = event.type === 'PolicyAdded' || event.type === 'PolicyDeleted'
    if (change || affected.size > 0) {
      this.#notices = [...this.#notices, { position, revision: change ? event.revision : null, affected }]
    }
    if (event.type === 'PolicyReaction') {
      this.#notices = this.#notices.filter((notice) => notice.revision === null || notice.revision > event.revision)
    }
  }

  #remember(position: Position, correlation: CorrelationId): void {
    this.#correlations.set(position, correlation)
    if (this.#correlations.size <= CORRELATIONS_MAX) return
    const [oldest] = this.#correlations.keys()
    if (oldest !== undefined) this.#correlations.delete(oldest)
  }
}
