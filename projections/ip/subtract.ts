/** What is left of a prefix when others are taken out of it. */
import { comparePrefixes, contains, type IpPrefix, overlaps, widthOf } from './prefix.ts'

/**
 * The fewest prefixes that cover `prefix` without `removed`, in order. Each removed prefix adds at most as many as it is longer than
 * `prefix`, so the result is bounded by 128 times the number removed.
 */
export function subtract(prefix: IpPrefix, removed: readonly IpPrefix[]): readonly IpPrefix[] {
  const cutting = removed.filter((other) => overlaps(prefix, other))
  if (cutting.length === 0) return [prefix]
  if (cutting.some((other) => contains(other, prefix))) return []
  const [low, high] = halves(prefix)
  return [...subtract(low, cutting), ...subtract(high, cutting)].toSorted(comparePrefixes)
}

function halves({ family, bits, length }: IpPrefix): readonly [IpPrefix, IpPrefix] {
  const upper = 1n << BigInt(widthOf(family) - length - 1)
  return [
    { family, bits, length: length + 1 },
    { family, bits: bits | upper, length: length + 1 },
  ]
}
