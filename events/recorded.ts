/** An event on the log, with everything that is known about its recording. */
import type { HindcastEvent } from './catalogue.ts'
import type { CorrelationId, EventId, Position, StreamName, StreamRevision, Timestamp } from './ids.ts'
import { oneOf, record, type Schema, text } from './schema.ts'

/** Who caused it. `agent` is Hindcast itself; `name` is a login, a service account or the node. */
export type Actor = {
  readonly kind: 'user' | 'agent' | 'kubernetes'
  readonly name: string
}
export const actor: Schema<Actor> = record({
  kind: oneOf('user', 'agent', 'kubernetes'),
  name: text,
})

/** Where the wish came from: `detail` is a file, `namespace/name` and field manager, or the command. */
export type Source = {
  readonly kind: 'cli' | 'file' | 'kubernetes' | 'agent' | 'demo' | 'test'
  readonly detail: string
}
export const source: Schema<Source> = record({
  kind: oneOf('cli', 'file', 'kubernetes', 'agent', 'demo', 'test'),
  detail: text,
})

/** What the writer says about an event. */
export type EventContext = {
  readonly actor: Actor
  readonly source: Source
  readonly correlation: CorrelationId
  /** Position of the event that this one follows from; null at the start of a chain. */
  readonly cause: Position | null
}

/** An event as its writer hands it to the log. */
export type NewEvent<E extends HindcastEvent = HindcastEvent> = {
  readonly id: EventId
  readonly event: E
  readonly context: EventContext
}

/** An event as the log gives it back. */
export type Recorded<E extends HindcastEvent = HindcastEvent> = {
  readonly position: Position
  readonly stream: StreamName
  readonly revision: StreamRevision
  readonly recordedAt: Timestamp
  readonly id: EventId
  readonly event: E
  readonly context: EventContext
}
