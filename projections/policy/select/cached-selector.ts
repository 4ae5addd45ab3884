/** A selector with the identities that it takes right now. Made and kept by the selector cache only. */
import type { IpPrefix } from '../../ip/prefix.ts'
import type { Selector } from './selector.ts'

/** Who wants to know when one identity more or less is taken. */
export type SelectorUser = { selectionChanged(selector: CachedSelector, identity: number): void }

/** Prefixes of which one has to contain the identity's prefix. */
export type Cover = { readonly prefix: IpPrefix; readonly except: readonly IpPrefix[] }

/** Up to this many changes are put into the sorted list one by one; more are sorted anew. */
const INSERTIONS_MAX = 16

export class CachedSelector {
  readonly selector: Selector
  readonly users: Set<SelectorUser> = new Set()
  /** How many rules and resolved policies hold it. */
  references = 0
  /** What the selector stands for by now: its prefix, the addresses of its names, of its services, the prefixes of its group. */
  covers: readonly Cover[] = []
  readonly #identities: Set<number> = new Set()
  #sorted: readonly number[] = []
  #pending: number[] = []

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

  identities(): Iterable<number> {
    return this.#identities
  }

  add(identity: number): void {
    if (this.#identities.has(identity)) return
    this.#identities.add(identity)
    this.#changed(identity)
  }

  remove(identity: number): void {
    if (this.#identities.delete(identity)) this.#changed(identity)
  }

  /** Ascending; the same list as long as nothing changes, and never changed in place. */
  sorted(): readonly number[] {
    if (this.#pending.length === 0) return this.#sorted
    if (this.#pending.length > INSERTIONS_MAX) {
      this.#sorted = [...Uint32Array.from(this.#identities).sort()]
    } else {
      for (const identity of this.#pending) {
        this.#sorted = this.#identities.has(identity)
          ? withNumber(this.#sorted, identity)
          : withoutNumber(this.#sorted, identity)
      }
    }
    this.#pending = []
    return this.#sorted
  }

  #changed(identity: number): void {
    if (this.#pending.length <= INSERTIONS_MAX) this.#pending.push(identity)
    for (const user of this.users) user.selectionChanged(this, identity)
  }
}

export function withNumber(sorted: readonly number[], value: number): readonly number[] {
  const at = lowerBound(sorted, value)
  return sorted[at] === value ? sorted : sorted.toSpliced(at, 0, value)
}

export function withoutNumber(sorted: readonly number[], value: number): readonly number[] {
  const at = lowerBound(sorted, value)
  return sorted[at] === value ? sorted.toSpliced(at, 1) : sorted
}

function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const found = sorted[middle]
    if (found !== undefined && found < value) low = middle + 1
    else high = middle
  }
  return low
}
