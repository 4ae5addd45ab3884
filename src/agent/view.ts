/**
 * The log as this process has read it: state, ledger and policies folded up to one position, always in the order of the log. The agent's own
 * events come in here too, by the subscription and not by the append.
 */
import { decodeEvent, type StoredEvent, type UnstoredEvent } from '../../events/codec.ts'
import {
  type CorrelationId,
  type EventId,
  type IdentityId,
  type NodeName,
  Position,
  type StreamName,
  type StreamRevision,
} from '../../events/ids.ts'
import type { NewEvent, Recorded } from '../../events/recorded.ts'
import { type AgentState, agentState } from '../../projections/agent/state.ts'
import { type Ledger, ledger } from '../../projections/ledger/ledger.ts'
import { inOrder, type PolicyInputs, policyInputs } from '../../projections/policy/inputs.ts'
import { type Projection, step } from '../../projections/projection.ts'
import type { Notice } from '../react/reactions.ts'
import type { Situation } from '../react/situation.ts'
import type { Folded, Mark } from './checkpoint.ts'
import type { PolicyView } from './policy-view.ts'

/** Correlations of at least this many events are remembered: enough for reactions, which follow their cause closely. */
export const CORRELATIONS_MAX = 20_000

/** An event as it was handed to the log, in both forms. */
export type Written = { readonly written: NewEvent; readonly stored: UnstoredEvent }

type Waiter = { readonly condition: () => boolean; readonly resolve: () => void }

export class View {
  readonly #projection: Projection<AgentState>
  readonly #inputsProjection: ReturnType<typeof policyInputs>
  readonly #policy: PolicyView
  readonly #heads: Map<StreamName, StreamRevision> = new Map()
  readonly #written: Map<EventId, Written> = new Map()
  #correlations: Map<Position, CorrelationId> = new Map()
  #older: ReadonlyMap<Position, CorrelationId> = new Map()
  #state: AgentState
  #ledger: Ledger = ledger.initial
  #inputs: PolicyInputs
  #position: Position = Position(0n)
  /** Id of the last event. */
  #last: EventId | null = null
  #notices: readonly Notice[] = []
  #waiters: readonly Waiter[] = []

  constructor(node: NodeName, policy: PolicyView) {
    // A projection of fewer types is asked only about those: `step` looks.
    this.#projection = agentState(node) as Projection<AgentState>
    this.#state = this.#projection.initial
    this.#inputsProjection = policyInputs(node)
    this.#inputs = this.#inputsProjection.initial
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
    if (position === null) return null
    return this.#correlations.get(position) ?? this.#older.get(position) ?? null
  }

  /** Events on their way to the log: when they come back they need not be read from their text again. */
  expect(events: readonly Written[]): void {
    for (const event of events) this.#written.set(event.stored.id, event)
  }

  /** They are not on the log after all. */
  forget(events: readonly Written[]): void {
    for (const { stored } of events) this.#written.delete(stored.id)
  }

  /** Throws `DecodeError`, and `TypeError` where the log contradicts itself. */
  fold(events: readonly StoredEvent[]): void {
    for (const stored of events) this.#step(this.#decode(stored))
    this.wake()
  }

  /** All of it, as it stays whatever is folded later; no mark where nothing was folded yet. */
  snapshot(): { readonly mark: Mark | null; readonly folded: Folded } {
    const mark = this.#last === null ? null : { position: this.#position, event: this.#last }
    const [state, inputs, heads] = [this.#state, this.#inputs, new Map(this.#heads)]
    return { mark, folded: { state, ledger: this.#ledger, inputs, heads } }
  }

  /** As if every event up to the mark had been folded here. Only before the first one is. Throws like `fold`. */
  restore(folded: Folded, { position, event }: Mark, correlations: ReadonlyMap<Position, CorrelationId>): void {
    if (this.#last !== null) throw new TypeError('a view is restored before anything is folded')
    this.#state = folded.state
    this.#ledger = folded.ledger
    this.#inputs = folded.inputs
    for (const [stream, revision] of folded.heads) this.#heads.set(stream, revision)
    for (const recorded of inOrder(folded.inputs)) this.#policy.advance(recorded)
    this.#correlations = new Map(correlations)
    this.#position = position
    this.#last = event
    // Nothing was resolved yet, so no change of a policy touched anybody.
    this.#notices = folded.state.unreacted.map((change) => ({ ...change, affected: new Set<IdentityId>() }))
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
    const { position, stream, revision, event, context, id } = recorded
    this.#state = step(this.#projection, this.#state, recorded)
    this.#ledger = step(ledger, this.#ledger, recorded)
    this.#inputs = step(this.#inputsProjection, this.#inputs, recorded)
    this.#heads.set(stream, revision)
    this.#position = position
    this.#last = id
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

  /** Two generations: of the older one nothing is taken out singly, which would cost more the longer it lives. */
  #remember(position: Position, correlation: CorrelationId): void {
    if (this.#correlations.size >= CORRELATIONS_MAX) {
      this.#older = this.#correlations
      this.#correlations = new Map()
    }
    this.#correlations.set(position, correlation)
  }

  /** The event as it was written here, where the log holds the same text; else what the text says. */
  #decode(stored: StoredEvent): Recorded {
    const own = this.#written.get(stored.id)
    if (own === undefined) return decodeEvent(stored)
    this.#written.delete(stored.id)
    if (own.stored.body !== stored.body || own.stored.meta !== stored.meta) return decodeEvent(stored)
    const { position, stream, revision, recordedAt, id } = stored
    return { position, stream, revision, recordedAt, id, event: own.written.event, context: own.written.context }
  }
}
