/** The world as the log told it at a moment. Needs nothing but the log: no agent, no kernel. */
import type { EventType } from '../../events/catalogue.ts'
import { decodeEvent } from '../../events/codec.ts'
import type { EndpointId, Position } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { type Entities, endpointOf, worldOf } from '../../projections/history/entities.ts'
import { step } from '../../projections/projection.ts'
import { type EndpointView, type World, world } from '../../projections/world.ts'
import type { EventLog } from '../ports/log.ts'
import type { EntityVersions, ReadModel } from '../ports/read-model.ts'
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

/** The same through the read model: its cost does not depend on the length of the log. */
export function worldFrom(model: ReadModel, at: Position): World {
  return worldOf(model.units(at).map((unit) => ({ unit, entities: model.values(unit, at) })))
}

/** Of the policy repository, without the rest of the world. */
export function revisionOf(model: ReadModel, at: Position): number {
  const [last] = model.versions({ unit: 'policy', entity: 'revision', upTo: at, limit: 1 })
  return (last?.value as number | null | undefined) ?? world.initial.revision
}

/** One endpoint alone; null where it did not exist. */
export function endpointAt(
  model: ReadModel,
  { node, endpoint, at }: { readonly node: string; readonly endpoint: EndpointId; readonly at: Position },
): EndpointView | null {
  return endpointOf(model.values(`endpoint ${node} ${endpoint}`, at))
}

export function valuesOf(versions: EntityVersions): Entities {
  const values = new Map<string, Json>()
  for (const [name, { value }] of versions) if (value !== null) values.set(name, value)
  return values
}
