/** The log as a tree: how many events it has, which leaf an event is, and the hashes that proofs need. */
import type { StoredEvent } from '../../../events/codec.ts'
import type { Position } from '../../../events/ids.ts'
import type { EventLog } from '../../ports/log.ts'
import type { LeafRange } from './proof.ts'
import { rangeHashes } from './range-hashes.ts'
import type { TreeHash } from './tree.ts'

/** The place of one event in the tree. */
export type LeafPlace = { readonly index: number; readonly stored: StoredEvent }

export interface LogTree {
  /** The event at exactly this position; null where there is none. */
  place(position: Position): Promise<LeafPlace | null>
  hashes(ranges: readonly LeafRange[]): Promise<readonly TreeHash[]>
}

/** By reading the log from its beginning, each time: right whatever stands beside the log, and as slow as the log is long. */
export function scannedTree(log: EventLog): LogTree {
  const all = (): AsyncIterable<readonly StoredEvent[]> => log.readAll({ direction: 'forwards', after: null })
  return {
    place: async (position) => {
      let index = 0
      for await (const batch of all()) {
        const last = batch.at(-1)!
        if (last.position < position) index += batch.length
        else {
          const offset = batch.findIndex((stored) => stored.position === position)
          return offset === -1 ? null : { index: index + offset, stored: batch[offset]! }
        }
      }
      return null
    },
    hashes: (ranges) => rangeHashes(all(), ranges),
  }
}
