/**
 * Proofs over the tree: that a leaf is in it, and that a smaller tree is its beginning.
 *
 * A proof is made in two steps: first which subtrees it consists of (pure arithmetic, here), then their hashes (range-hashes.ts). The
 * checks are RFC 9162 §2.1.3.2 and §2.1.4.2.
 */
import { nodeHash, type TreeHash } from './tree.ts'

/** Leaves `from` (inclusive) to `to` (exclusive). */
export type LeafRange = { readonly from: number; readonly to: number }

/** The subtrees of RFC 6962's PATH(index, D[size]), from the leaf upwards. Throws `RangeError` where the leaf is not in the tree. */
export function inclusionRanges(index: number, size: number): readonly LeafRange[] {
  if (!(Number.isSafeInteger(size) && index >= 0 && index < size)) {
    throw new RangeError(`leaf ${index} is not in a tree of ${size} leaves`)
  }
  const ranges: LeafRange[] = []
  let [from, to] = [0, size]
  while (to - from > 1) {
    const middle = from + largestPowerBelow(to - from)
    if (index < middle) {
      ranges.unshift({ from: middle, to })
      to = middle
    } else {
      ranges.unshift({ from, to: middle })
      from = middle
    }
  }
  return ranges
}

/** The subtrees of RFC 6962's PROOF(first, D[second]). Nothing is to be proved for an empty or an equal tree. */
export function consistencyRanges(first: number, second: number): readonly LeafRange[] {
  if (!(Number.isSafeInteger(second) && first >= 0 && first <= second)) {
    throw new RangeError(`a tree of ${first} leaves does not begin one of ${second}`)
  }
  if (first === 0 || first === second) return []
  const ranges: LeafRange[] = []
  let [from, to] = [0, second]
  while (first !== to) {
    const middle = from + largestPowerBelow(to - from)
    if (first <= middle) {
      ranges.unshift({ from: middle, to })
      to = middle
    } else {
      ranges.unshift({ from, to: middle })
      from = middle
    }
  }
  // A first tree that is one perfect subtree of the second is known to whoever checks.
  return from === 0 ? ranges : [{ from, to }, ...ranges]
}

/** The largest perfect subtrees side by side that these leaves consist of: at most two for each power of two. */
export function coveringRanges({ from, to }: LeafRange): readonly LeafRange[] {
  if (!(Number.isSafeInteger(to) && from >= 0 && from <= to)) throw new RangeError(`${from} to ${to} are no leaves`)
  const ranges: LeafRange[] = []
  for (let at = from; at < to; at = ranges.at(-1)!.to) {
    let width = 1
    while (at % (width * 2) === 0 && at + width * 2 <= to) width *= 2
    ranges.push({ from: at, to: at + width })
  }
  return ranges
}

export type InclusionClaim = {
  readonly leaf: TreeHash
  readonly index: number
  readonly size: number
  readonly path: readonly TreeHash[]
  readonly root: TreeHash
}

export function isIncluded({ leaf, index, size, path, root }: InclusionClaim): boolean {
  if (!(index >= 0 && index < size)) return false
  let [fn, sn, found] = [index, size - 1, leaf]
  for (const sibling of path) {
    if (sn === 0) return false
    if (isOdd(fn) || fn === sn) {
      found = nodeHash(sibling, found)
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else found = nodeHash(found, sibling)
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sn === 0 && found === root
}

export type ConsistencyClaim = {
  readonly first: { readonly size: number; readonly root: TreeHash }
  readonly second: { readonly size: number; readonly root: TreeHash }
  readonly path: readonly TreeHash[]
}

export function isConsistent({ first, second, path }: ConsistencyClaim): boolean {
  if (first.size === second.size) return path.length === 0 && first.root === second.root
  if (first.size === 0) return path.length === 0
  if (first.size > second.size) return false
  const hashes = isPowerOfTwo(first.size) ? [first.root, ...path] : path
  let [fn, sn] = [first.size - 1, second.size - 1]
  while (isOdd(fn)) [fn, sn] = [half(fn), half(sn)]
  const [start, ...rest] = hashes
  if (start === undefined) return false
  let [fr, sr] = [start, start]
  for (const each of rest) {
    if (sn === 0) return false
    if (isOdd(fn) || fn === sn) {
      fr = nodeHash(each, fr)
      sr = nodeHash(each, sr)
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else sr = nodeHash(sr, each)
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sn === 0 && fr === first.root && sr === second.root
}

/** Sizes go beyond 32 bits, where the shift operators end. */
function half(value: number): number {
  return Math.floor(value / 2)
}

function isOdd(value: number): boolean {
  return value % 2 === 1
}

function isPowerOfTwo(value: number): boolean {
  return 2 ** Math.round(Math.log2(value)) === value
}

/** The largest power of two below `size`, which is at least 2. */
function largestPowerBelow(size: number): number {
  let power = 1
  while (power * 2 < size) power *= 2
  return power
}
