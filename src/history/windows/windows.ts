/**
 * When did policy map, identities, ipcache and what proxies are told of hosts disagree on a node, and what did that do to whom? Read from the events of a range in one pass, window by window
 * as they close. The order is that of the log: a map is written before its event, the ipcache after.
 */
import type { EventType } from '../../../events/catalogue.ts'
import { decodeEvent } from '../../../events/codec.ts'
import type { NodeName, Position } from '../../../events/ids.ts'
import { world as fold, type World } from '../../../projections/world.ts'
import type { EventLog } from '../../ports/log.ts'
import { type HostsWindow, HostWindows } from './host-windows.ts'
import { NodeWindows, type Window } from './node-windows.ts'

export type FoundWindow = Window | HostsWindow

export type WindowQuestion = {
  readonly log: EventLog
  readonly node: NodeName
  /** Null: from the beginning of the log. `world` is what was there then. */
  readonly from: { readonly position: Position; readonly world: World } | null
  /** The last event that counts. */
  readonly to: Position
  /** Called after each batch with the number of events so far. */
  readonly progress?: (events: number) => void
}

/** In the order in which they close, at last those that are still open. Throws `DecodeError`, and `TypeError` where the log contradicts itself. */
export async function* windowsOf({ log, node, from, to, progress }: WindowQuestion): AsyncIterable<FoundWindow> {
  const before = from?.world ?? fold.initial
  const [walk, hosts] = [new NodeWindows(node, before), new HostWindows(node, before)]
  const types: readonly EventType[] = fold.reads
  let events = 0
  for await (const batch of log.readAll({ direction: 'forwards', after: from?.position ?? null, types })) {
    for (const stored of batch) {
      if (stored.position > to) return yield* [...walk.end(), ...hosts.end()]
      const recorded = decodeEvent(stored)
      yield* walk.take(recorded)
      yield* hosts.take(recorded, walk.world)
    }
    events += batch.length
    progress?.(events)
  }
  yield* [...walk.end(), ...hosts.end()]
}
