/**
 * A set of numbers that is asked for in order: a sorted list that never changes in place, and a few changes that are not in it yet.
 *
 * Eight bytes a number. The changes are put into the list when somebody asks for it, or when they are many beside it, so that a change costs
 * little however large the set is.
 */
export class NumberSet {
  #list: readonly number[] = []
  readonly #added: Set<number> = new Set()
  readonly #removed: Set<number> = new Set()

  get size(): number {
    return this.#list.length + this.#added.size - this.#removed.size
  }

  has(value: number): boolean {
    if (this.#added.has(value)) return true
    return !this.#removed.has(value) && this.#list[lowerBound(this.#list, value)] === value
  }

  /** In place of everything that was there. */
  fill(values: readonly number[]): void {
    this.#list = sortedUnique(values)
    this.#added.clear()
    this.#removed.clear()
  }

  /** Whether it was not there. */
  add(value: number): boolean {
    if (this.has(value)) return false
    if (!this.#removed.delete(value)) this.#added.add(value)
    this.#settleMany()
    return true
  }

  /** Whether it was there. */
  remove(value: number): boolean {
    if (!this.has(value)) return false
    if (!this.#added.delete(value)) this.#removed.add(value)
    this.#settleMany()
    return true
  }

  /** Ascending; the same list as long as nothing changes, and never changed in place. */
  sorted(): readonly number[] {
    this.#settle()
    return this.#list
  }

  #settleMany(): void {
    if (this.#added.size + this.#removed.size > PENDING_MIN + this.#list.length / PENDING_SHARE) this.#settle()
  }

  #settle(): void {
    if (this.#added.size + this.#removed.size === 0) return
    const added = [...this.#added].sort((a, b) => a - b)
    const merged: number[] = []
    let next = 0
    for (const value of this.#list) {
      while (next < added.length && Number(added[next]) < value) merged.push(Number(added[next++]))
      if (!this.#removed.has(value)) merged.push(value)
    }
    while (next < added.length) merged.push(Number(added[next++]))
    this.#list = merged
    this.#added.clear()
    this.#removed.clear()
  }
}

export function sortedUnique(values: readonly number[]): readonly number[] {
  const sorted = Uint32Array.from(values).sort()
  const unique: number[] = []
  let last = -1
  for (const value of sorted) {
    if (value !== last) unique.push(value)
    last = value
  }
  return unique
}

/** Fewer changes than this wait, and fewer than an eighth of what is in the list. */
const PENDING_MIN = 64
const PENDING_SHARE = 8

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
