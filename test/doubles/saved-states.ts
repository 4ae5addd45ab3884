/** Saved states in memory, and a store that has none. */
import type { SavedState, SavedStates, StateMark } from '../../src/ports/saved-states.ts'

export class MemoryStates implements SavedStates {
  readonly saved: Map<string, SavedState> = new Map()

  load(name: string): SavedState | null {
    return this.saved.get(name) ?? null
  }

  async save(name: string, mark: StateMark, pieces: Iterable<string> | AsyncIterable<string>): Promise<boolean> {
    this.saved.set(name, { ...mark, pieces: await Array.fromAsync(pieces) })
    return true
  }

  [Symbol.dispose](): void {}

  /** As it is now, whatever is saved later. */
  copy(): MemoryStates {
    const copy = new MemoryStates()
    for (const [name, state] of this.saved) copy.saved.set(name, state)
    return copy
  }
}
