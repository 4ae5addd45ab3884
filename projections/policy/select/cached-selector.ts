/** A selector with the identities that it takes right now. Made and kept by the selector cache only. */
import { Covers } from './covers.ts'
import { NumberSet } from './number-set.ts'
import type { Selector } from './selector.ts'

/** Who wants to know when one identity more or less is taken. */
export type SelectorUser = { selectionChanged(selector: CachedSelector, identity: number): void }

export class CachedSelector {
  readonly selector: Selector
  readonly users: Set<SelectorUser> = new Set()
  /** How many rules and resolved policies hold it. */
  references = 0
  /** What the selector stands for by now: its prefix, the addresses of its names, of its services, the prefixes of its group. */
  readonly covers: Covers = new Covers()
  readonly #identities: NumberSet = new NumberSet()

  constructor(selector: Selector) {
    this.selector = selector
  }

  get text(): string {
    return this.selector.text
  }

  get everyone(): boolean {
    return this.selector.kind === 'everyone'
  }

  get size(): number {
    return this.#identities.size
  }

  has(identity: number): boolean {
    return this.#identities.has(identity)
  }

  /** Ascending; the same list as long as nothing changes, and never changed in place. */
  sorted(): readonly number[] {
    return this.#identities.sorted()
  }

  /** For a selector that nobody uses yet. */
  fill(identities: readonly number[]): void {
    this.#identities.fill(identities)
  }

  add(identity: number): void {
    if (this.#identities.add(identity)) this.#changed(identity)
  }

  remove(identity: number): void {
    if (this.#identities.remove(identity)) this.#changed(identity)
  }

  #changed(identity: number): void {
    for (const user of this.users) user.selectionChanged(this, identity)
  }
}
