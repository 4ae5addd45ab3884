/**
 * A fold over the log: state from events, nothing else.
 *
 * `name` and `version` are the identity of its checkpoints: raise `version` when the same log would give another state.
 * `evolve` sees exactly the types in `reads`, so a switch over them is complete or the file does not compile.
 */
import { catalogue, type EventOf, type EventType } from '../events/catalogue.ts'
import type { Recorded } from '../events/recorded.ts'

export type Projection<State, Reads extends EventType = EventType> = {
  readonly name: string
  readonly version: number
  readonly reads: readonly Reads[]
  readonly initial: State
  readonly evolve: (state: State, recorded: Recorded<EventOf<Reads>>) => State
}

export function projection<State, const Reads extends EventType>(
  definition: Projection<State, Reads>,
): Projection<State, Reads> {
  return definition
}

/** One step: a projection that does not read the event's type keeps its state, the same object. */
export function step<State, Reads extends EventType>(
  { reads, evolve }: Projection<State, Reads>,
  state: State,
  recorded: Recorded,
): State {
  return isOneOf(reads, recorded) ? evolve(state, recorded) : state
}

export function fold<State, Reads extends EventType>(
  projection: Projection<State, Reads>,
  events: Iterable<Recorded>,
  from: State = projection.initial,
): State {
  let state = from
  for (const recorded of events) state = step(projection, state, recorded)
  return state
}

function isOneOf<Reads extends EventType>(
  reads: readonly Reads[],
  recorded: Recorded,
): recorded is Recorded<EventOf<Reads>> {
  return (reads as readonly EventType[]).includes(recorded.event.type)
}

type Named = { readonly name: string; readonly version: number; readonly reads: readonly EventType[] }

/**
 * Under which name a state of these folds may be kept: another version of one, or of an event that one reads, is another name. That a state of another
 * form has another version, test/states/forms.test.ts holds.
 */
export function foldName(folds: readonly Named[]): string {
  const types = [...new Set(folds.flatMap(({ reads }) => reads))].toSorted()
  const versions = types.map((type) => `${type}@${catalogue[type].v}`)
  return [...folds.map(({ name, version }) => `${name}@${version}`), ...versions].join(' ')
}
