/** The state of a log at a position in one word, through the read model: values, and since when each is so. */
import { digestOf } from '../../../events/canonical.ts'
import type { Digest, Position } from '../../../events/ids.ts'
import type { Json } from '../../../events/schema.ts'
import type { UnitName } from '../../../projections/history/entities.ts'
import type { ReadModel } from '../../ports/read-model.ts'

export function stateDigest(model: ReadModel, at: Position): Digest {
  const units = model.units(at).map((unit) => [unit, unitDigest(model, unit, at)] as const)
  return digestOf(units.filter(([, digest]) => digest !== NOTHING).map((entry) => [...entry]))
}

/** Of one unit: entities with their values and the positions from which these hold. */
export function unitDigest(model: ReadModel, unit: UnitName, at: Position): Digest {
  const rows = [...model.entities(unit, at)].map(([name, { position, value }]): Json => [name, String(position), value])
  return digestOf(rows.toSorted((a, b) => order((a as readonly string[])[0]!, (b as readonly string[])[0]!)))
}

/** A unit of which nothing is left. */
const NOTHING: Digest = digestOf([])

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
