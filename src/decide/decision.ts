/** What a decider answers: events to append, or everything that is wrong with the wish. */
import type { HindcastEvent } from '../../events/catalogue.ts'
import type { Problem } from '../../events/fields.ts'
import type { StreamName } from '../../events/ids.ts'

/** To be appended in one batch, each stream at the revision up to which it was read. */
export type Decided = { readonly stream: StreamName; readonly events: readonly HindcastEvent[] }

export type Decision =
  /** Nothing to append: it is so already. */
  | { readonly kind: 'decided'; readonly appends: readonly Decided[] }
  /** `record` is what the log keeps of the refusal; mostly nothing. */
  | { readonly kind: 'refused'; readonly problems: readonly Problem[]; readonly record: readonly Decided[] }

export const NOTHING: Decision = { kind: 'decided', appends: [] }

export function decided(stream: StreamName, events: readonly HindcastEvent[]): Decision {
  return events.length === 0 ? NOTHING : { kind: 'decided', appends: [{ stream, events }] }
}

export function refused(problems: readonly Problem[]): Decision {
  return { kind: 'refused', problems, record: [] }
}

/** A problem of something that was not read from a text: `path` is a flag or a field. */
export function problemAt(code: string, path: string, reason: string): Problem {
  return { code, path, reason, line: null, column: null }
}
