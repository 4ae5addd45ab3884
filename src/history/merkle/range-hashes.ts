/** Hashes of ranges of the log's leaves, in one pass over the events: memory does not grow with the log. */
import type { StoredEvent } from '../../../events/codec.ts'
import { eventLeaf } from './leaf.ts'
import type { LeafRange } from './proof.ts'
import { CompactRange, type TreeHash } from './tree.ts'

export type LeafSource = AsyncIterable<readonly StoredEvent[]>

/** In the order of `ranges`, which do not overlap. Throws `RangeError` where the log ends before them. */
export async function rangeHashes(source: LeafSource, ranges: readonly LeafRange[]): Promise<readonly TreeHash[]> {
  const open = ranges
    .map((range) => ({ range, hashes: new CompactRange() }))
    .toSorted((a, b) => a.range.from - b.range.from)
  let [index, at] = [0, 0]
  for await (const batch of source) {
    for (const stored of batch) {
      while (open[at] !== undefined && index >= open[at]!.range.to) at += 1
      const current = open[at]
      if (current === undefined) break
      if (index >= current.range.from) current.hashes.append(eventLeaf(stored))
      index += 1
    }
    if (at === open.length) break
  }
  return ranges.map((wanted) => {
    const { hashes } = open.find(({ range }) => range === wanted)!
    if (hashes.size < wanted.to - wanted.from) throw new RangeError(`the log ends before leaf ${wanted.to - 1}`)
    return hashes.root()
  })
}
