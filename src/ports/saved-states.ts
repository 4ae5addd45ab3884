/**
 * States of folds, kept beside a log so that who comes later need not fold from the first event. Adapter: src/states.
 *
 * A cache: losing it costs time only, and whoever loads a state looks whether it is of this fold and whether its last event still stands where it
 * stood. A state that is damaged is as if it were not there.
 */
import type { EventId } from '../../events/ids.ts'

export type StateMark = {
  /** Which folds, in which version and form. */
  readonly fold: string
  /** The last event that is in the state, */
  readonly event: EventId
  /** and where it stands: a position on the log, or a revision of a stream. */
  readonly at: string
}

export type SavedState = StateMark & {
  /** As they were saved, in order. */
  readonly pieces: readonly string[]
}

export interface SavedStates extends Disposable {
  /** Null where there is none that is whole. */
  load(name: string): SavedState | null
  /**
   * Whole or not at all, instead of an earlier one of the name. False where that cannot be now: the place cannot be written, or somebody else is
   * writing. Rejects with what `pieces` throws.
   */
  save(name: string, mark: StateMark, pieces: Iterable<string> | AsyncIterable<string>): Promise<boolean>
}
