/**
 * What is different between two moments. Its cost is that of the change, not of the log: units that no event touched between them are not
 * looked at, and of the others only the entities that changed.
 */
import { decodeEvent, type StoredEvent } from '../../events/codec.ts'
import { Position } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { type EntityChange, equal, inverted } from '../../projections/history/changes.ts'
import { type UnitName, unitOf } from '../../projections/history/entities.ts'
import { world } from '../../projections/world.ts'
import type { EntityVersion } from '../ports/read-model.ts'
import type { History } from './history.ts'
import type { Moment } from './position.ts'

/** Null is the empty log. */
export type DiffQuestion = {
  readonly from: Moment | null
  readonly to: Moment | null
  /** Only units for which this is true; all where left out. */
  readonly units?: (unit: UnitName) => boolean
}

/** Up to so many events between the moments, they are read to see which units they touch; beyond it every unit is asked. */
const READ_EVENTS_MAX = 20_000
/** Up to so many changed entities of a unit are looked up one by one; beyond it the unit is read as a whole, twice. */
const LOOKED_UP_MAX = 8
const BEFORE_EVERYTHING = Position(0n)

/** In order of unit and entity. `from` may be after `to`. */
export async function diffMoments(history: History, question: DiffQuestion): Promise<readonly EntityChange[]> {
  const [from, to] = [question.from?.position ?? BEFORE_EVERYTHING, question.to?.position ?? BEFORE_EVERYTHING]
  if (from > to) return inverted(await diffMoments(history, { ...question, from: question.to, to: question.from }))
  const wanted = question.units ?? (() => true)
  const units = (await touchedUnits(history, from, to)).filter(wanted)
  return units.toSorted().flatMap((unit) => unitChanges(history, { unit, after: from, upTo: to }))
}

type UnitRange = { readonly unit: UnitName; readonly after: Position; readonly upTo: Position }

function unitChanges({ model }: History, range: UnitRange): readonly EntityChange[] {
  const { unit, after, upTo } = range
  const names = model.changed(range).toSorted()
  const isFew = names.length <= LOOKED_UP_MAX
  const [left, right] = isFew ? [null, null] : [model.entities(unit, after), model.entities(unit, upTo)]
  const looked = (entity: string, at: Position): EntityVersion | undefined =>
    model.versions({ unit, entity, upTo: at, limit: 1 })[0]
  return names.flatMap((entity) => {
    const before = valueIn(left === null ? looked(entity, after) : left.get(entity))
    const changed = valueIn(right === null ? looked(entity, upTo) : right.get(entity))
    return equal(before, changed) ? [] : [{ unit, entity, before, after: changed }]
  })
}

function valueIn(version: EntityVersion | undefined): Json | null {
  return version?.value ?? null
}

async function touchedUnits({ log, model }: History, after: Position, upTo: Position): Promise<readonly UnitName[]> {
  const touched = new Set<UnitName>()
  let read = 0
  for await (const batch of log.readAll({ direction: 'forwards', after, limit: READ_EVENTS_MAX })) {
    read += batch.length
    for (const stored of batch) {
      if (stored.position > upTo) return [...touched]
      const unit = unitOfStored(stored)
      if (unit !== null) touched.add(unit)
    }
  }
  return read < READ_EVENTS_MAX ? [...touched] : model.units(upTo)
}

/** The stream says most of it; the body is looked at only where it must be. */
function unitOfStored(stored: StoredEvent): UnitName | null {
  const { stream, type } = stored
  if (!(world.reads as readonly string[]).includes(type)) return null
  const endpoint = /^endpoint-(.+)-([0-9]+)$/.exec(stream)
  if (endpoint !== null) return `endpoint ${endpoint[1]} ${endpoint[2]}`
  return stream.startsWith('node-') && !type.startsWith('Endpoint')
    ? `node ${stream.slice('node-'.length)}`
    : unitOf(decodeEvent(stored))
}
