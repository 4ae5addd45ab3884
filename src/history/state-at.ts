/** The world as the log told it at a moment. Needs nothing but the log: no agent, no kernel. */

import type { EventType } from '../../events/catalogue.ts'
import { decodeEvent } from '../../events/codec.ts'
import { step } from '../../projections/projection.ts'
import { type World, world } from '../../projections/world.ts'
import type { EventLog } from '../ports/log.ts'
import type { Moment } from './position.ts'

/** Throws `DecodeError` where an event cannot be read. A null moment is the world before the first event. */
export async function worldAt(log: EventLog, moment: Moment | null): Promise<World> {
  let state = world.initial
  if (moment === null) return state
  const types: readonly EventType[] = world.reads
  for await (const batch of log.readAll({ direction: 'forwards', after: null, types })) {
    for (const stored of batch) {
      if (stored.position > moment.position) return state
      state = step(world, state, decodeEvent(stored))
    }
  }
  return state
}
