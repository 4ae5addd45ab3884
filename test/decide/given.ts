/** `given(events).when(command).then(events)`: a decider's test in one line. */
import assert from 'node:assert/strict'
import type { HindcastEvent } from '../../events/catalogue.ts'
import {
  CorrelationId,
  EventId,
  IDENTITY_STREAM,
  NodeName,
  nodeStream,
  POLICY_STREAM,
  Position,
  type StreamName,
  StreamRevision,
  Timestamp,
} from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { type Ledger, ledger } from '../../projections/ledger/ledger.ts'
import { fold, step } from '../../projections/projection.ts'
import { type Command, decide, streamsOf } from '../../src/decide/command.ts'
import type { Decision } from '../../src/decide/decision.ts'

export const NODE: NodeName = NodeName('node1')
const ID = '00000000-0000-4000-8000-000000000000'

export type Then = {
  readonly decision: Decision
  /** Exactly these events, in this order, each on the stream where its type lives. */
  then(...events: readonly HindcastEvent[]): void
  /** Refused with exactly these codes, and nothing to append but the record. */
  thenRefused(...codes: readonly string[]): void
  /** Decided, and there is nothing to do. */
  thenNothing(): void
}

export type Given = {
  when(command: Command): Then
  /** The same with one event more. */
  and(event: HindcastEvent): Given
}

export function given(...events: readonly HindcastEvent[]): Given {
  return after(fold(ledger, events.map(recordedAs)), events.length)
}

function after(state: Ledger, count: number): Given {
  return {
    when: (command) => outcome(command, state),
    and: (event) => after(step(ledger, state, recordedAs(event, count)), count + 1),
  }
}

/** The stream where an event lives, for the one node of these tests. */
export function streamOf(event: HindcastEvent): StreamName {
  if (/^(Policy|Position|CidrGroup|Service)/.test(event.type)) return POLICY_STREAM
  if (event.type === 'IdentityAllocated') return event.scope === 'local' ? nodeStream(NODE) : IDENTITY_STREAM
  if (event.type === 'IdentityReleased') return event.identity > 0xffff ? nodeStream(NODE) : IDENTITY_STREAM
  return nodeStream(NODE)
}

export function recordedAs(event: HindcastEvent, index: number): Recorded {
  return {
    position: Position(BigInt(index + 1)),
    stream: streamOf(event),
    revision: StreamRevision(index),
    recordedAt: Timestamp(index),
    id: EventId(ID),
    event,
    context: {
      actor: { kind: 'user', name: 'vader' },
      source: { kind: 'test', detail: '' },
      correlation: CorrelationId(ID),
      cause: null,
    },
  }
}

function outcome(command: Command, state: Ledger): Then {
  const decision = decide(command, state)
  return {
    decision,
    // biome-ignore lint/suspicious/noThenProperty: the word of the style; nothing here is awaited
    then: (...events) => {
      assert.equal(decision.kind, 'decided', JSON.stringify(decision))
      assertAppends(decision, command)
      assert.deepEqual(appended(decision), events)
    },
    thenRefused: (...codes) => {
      if (decision.kind !== 'refused') return assert.fail(`decided: ${JSON.stringify(decision)}`)
      assert.deepEqual(
        decision.problems.map(({ code }) => code),
        codes,
      )
    },
    thenNothing: () => assert.deepEqual(decision, { kind: 'decided', appends: [] }),
  }
}

/** Each event is on its stream, and the decision was made with that stream in sight. */
function assertAppends(decision: Decision, command: Command): void {
  if (decision.kind !== 'decided') return
  for (const { stream, events } of decision.appends) {
    assert.ok(streamsOf(command).includes(stream), `${stream} was not read`)
    assert.ok(events.length > 0, 'an append holds events')
    for (const event of events) assert.equal(streamOf(event), stream)
  }
}

function appended(decision: Decision): readonly HindcastEvent[] {
  return decision.kind === 'decided' ? decision.appends.flatMap(({ events }) => events) : []
}
