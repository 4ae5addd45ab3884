/** Overlapping port ranges as disjoint ones, each with everything that covers it; found by bisection. */

export type PortRange = { readonly first: number; readonly last: number }
export type Covered<T> = PortRange & { readonly covering: readonly T[] }

/** In order and disjoint; ports that nothing covers are in none. The narrower range comes first in `covering`, then the order given. */
export function disjointRanges<T>(ranges: readonly (PortRange & { readonly value: T })[]): readonly Covered<T>[] {
  const starts = new Set(ranges.flatMap(({ first, last }) => [first, last + 1]))
  const cuts = [...starts].toSorted((a, b) => a - b)
  const narrowFirst = ranges.toSorted((a, b) => a.last - a.first - (b.last - b.first))
  return cuts.slice(0, -1).flatMap((first, i) => {
    const covering = narrowFirst
      .filter((range) => range.first <= first && first <= range.last)
      .map(({ value }) => value)
    return covering.length === 0 ? [] : [{ first, last: cuts[i + 1]! - 1, covering }]
  })
}

export function rangeOf<T extends PortRange>(ranges: readonly T[], port: number): T | null {
  let low = 0
  let high = ranges.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const range = ranges[middle]!
    if (port < range.first) high = middle - 1
    else if (port > range.last) low = middle + 1
    else return range
  }
  return null
}
