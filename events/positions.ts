/** The positions that an event speaks of, in another log: where one history is copied, everything else stays as it was. */
import { canonicalText } from './canonical.ts'
import { catalogue } from './catalogue.ts'
import { DecodeError, decodeEvent, type StoredEvent, type UnstoredEvent } from './codec.ts'
import type { Position } from './ids.ts'

export type MapPosition = (position: Position) => Position

/** The same event for another log. Throws `DecodeError` where it cannot be read or is older than this program's shapes. */
export function moveEvent(stored: StoredEvent, map: MapPosition): UnstoredEvent {
  const { event, context } = decodeEvent(stored)
  const { v, schema } = catalogue[event.type]
  if (stored.v !== v) {
    const reason = `version ${stored.v} is older than ${v}: what positions it holds is not known any more`
    throw new DecodeError('corrupt-event', stored, reason)
  }
  const replace = (position: string): string => String(map(BigInt(position) as Position))
  const body = schema.withPositions === undefined ? stored.body : canonicalText(schema.withPositions(event, replace))
  const cause = context.cause === null ? null : replace(String(context.cause))
  const meta = cause === null ? stored.meta : canonicalText({ ...context, cause })
  return { id: stored.id, type: stored.type, v: stored.v, body, meta }
}

/** Every position that the event speaks of. Throws `DecodeError`. */
export function positionsIn(stored: StoredEvent): readonly Position[] {
  const found: Position[] = []
  moveEvent(stored, (position) => {
    found.push(position)
    return position
  })
  return found
}
