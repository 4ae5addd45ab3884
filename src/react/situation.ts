/**
 * What a reaction decides from, and what it answers with.
 *
 * A reaction is a function of the situation alone. Where several answer one situation, each sees what those before it said, as if it were on the
 * log already, so that two of them never give away the same number or move the same endpoint.
 */
import type { HindcastEvent } from '../../events/catalogue.ts'
import { CorrelationId, EventId, Position, type StreamName, StreamRevision, type Timestamp } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { type AgentState, agentState } from '../../projections/agent/state.ts'
import { type Ledger, ledger } from '../../projections/ledger/ledger.ts'
import { step } from '../../projections/projection.ts'

export type Situation = { readonly state: AgentState; readonly ledger: Ledger }

/** An event to append, and the position of the one that it follows from. */
export type Fact = { readonly stream: StreamName; readonly event: HindcastEvent; readonly cause: Position | null }

export type Reaction = (now: Situation) => readonly Fact[]

export function inTurn(start: Situation, reactions: readonly Reaction[]): readonly Fact[] {
  let now = start
  const facts: Fact[] = []
  for (const [index, react] of reactions.entries()) {
    const said = react(now)
    facts.push(...said)
    if (index + 1 < reactions.length) now = imagine(now, said)
  }
  return facts
}

/** The situation once the facts are on the log. Their positions and times are not known yet and must not be used. */
export function imagine(now: Situation, facts: readonly Fact[]): Situation {
  if (facts.length === 0) return now
  const projection = agentState(now.state.node)
  let { state, ledger: book } = now
  for (const fact of facts) {
    const recorded = imagined(fact)
    state = step(projection, state, recorded)
    book = step(ledger, book, recorded)
  }
  return { state, ledger: book }
}

const NO_ID = '00000000-0000-0000-0000-000000000000'

function imagined({ stream, event, cause }: Fact): Recorded {
  return {
    position: Position(0n),
    stream,
    revision: StreamRevision(0),
    recordedAt: 0 as Timestamp,
    id: EventId(NO_ID),
    event,
    context: {
      actor: { kind: 'agent', name: '' },
      source: { kind: 'agent', detail: '' },
      correlation: CorrelationId(NO_ID),
      cause,
    },
  }
}
