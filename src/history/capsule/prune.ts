/**
 * Events of before the range, cut down to what still holds at its start. A map write keeps the entries that nobody has written since, a
 * publication the resources; position, time, actor and cause stay, so that whoever asks who put an entry there gets the same answer.
 */
import { canonicalText } from '../../../events/canonical.ts'
import type { EventOf } from '../../../events/catalogue.ts'
import { decodeEvent, type StoredEvent } from '../../../events/codec.ts'
import type { Position } from '../../../events/ids.ts'
import type { Json } from '../../../events/schema.ts'
import { policyMapKeyText } from '../../../projections/datapath/policy-map.ts'
import { type UnitName, unitOf } from '../../../projections/history/entities.ts'
import { snapshotDigest } from '../../../projections/xds/snapshot.ts'
import type { Acknowledged } from './acknowledged.ts'

/** Since when each entity is as it is, by unit. */
export type Standing = ReadonlyMap<UnitName, ReadonlyMap<string, Position>>

export type Kept = {
  readonly standing: Standing
  readonly acked: Acknowledged
  /** Units that the world knows no more, and their agent does. */
  readonly leaving: ReadonlySet<UnitName>
}

/** `events` in order; those at `start` itself stay whole. */
export function pruned(
  events: readonly StoredEvent[],
  { standing, acked, leaving }: Kept,
  start: Position,
): readonly StoredEvent[] {
  const served = new Map<string, Map<string, Json>>()
  return events.map((stored) => {
    if (stored.type !== 'PolicyMapWritten' && stored.type !== 'XdsPublished') return stored
    const recorded = decodeEvent(stored)
    const unit = unitOf(recorded)
    const since = unit === null ? undefined : standing.get(unit)
    const stands = (entity: string): boolean =>
      stored.position === start ||
      (unit !== null && leaving.has(unit)) ||
      since?.get(entity) === stored.position ||
      acked.get(`${unit}\n${entity}`) === stored.position
    if (recorded.event.type === 'PolicyMapWritten') {
      const deltas = recorded.event.deltas.filter(({ key }) => stands(`map ${policyMapKeyText(key)}`))
      return { ...stored, body: canonicalText({ ...recorded.event, deltas }) }
    }
    const event = recorded.event as EventOf<'XdsPublished'>
    const changed = event.changed.filter(({ name }) => stands(`xds ${event.xds} ${name}`))
    const place = `${stored.stream} ${event.xds}`
    const resources = served.get(place) ?? new Map<string, Json>()
    served.set(place, resources)
    // What a proxy had taken before may have gone since.
    const removed = event.removed.filter((name) => resources.delete(name))
    for (const { name, resource } of changed) resources.set(name, resource)
    const digest = snapshotDigest(resources)
    return { ...stored, body: canonicalText({ ...event, changed, removed, digest }) }
  })
}
