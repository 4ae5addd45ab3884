/** The checkpoint of the log as it was at a moment. */
import type { StoredEvent } from '../../../events/codec.ts'
import type { EventLog } from '../../ports/log.ts'
import { eventLeaf } from '../merkle/leaf.ts'
import { CompactRange } from '../merkle/tree.ts'
import { isoTime, type Moment } from '../position.ts'
import { type Checkpoint, originOf } from './checkpoint.ts'

/** Throws `RangeError` where the log ends before the moment, which a moment of this log never does. */
export async function checkpointAt(log: EventLog, moment: Moment): Promise<Checkpoint> {
  const tree = new CompactRange()
  let [first, last]: [StoredEvent | null, StoredEvent | null] = [null, null]
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) {
    for (const stored of batch) {
      if (stored.position > moment.position) break
      first ??= stored
      last = stored
      tree.append(eventLeaf(stored))
    }
    if (batch.at(-1)!.position >= moment.position) break
  }
  if (first === null || last === null) throw new RangeError(`the log has no event up to ${moment.position}`)
  const { position, recordedAt } = last
  return { origin: originOf(first.id), size: tree.size, root: tree.root(), position, time: isoTime(recordedAt) }
}
