/** What is different between two moments, entity by entity, with both sides: so a difference can be applied, and taken back. */
import type { Json } from '../../events/schema.ts'
import type { Entities, UnitName } from './entities.ts'

/** An added entity has no `before`, a removed one no `after`. */
export type EntityChange = {
  readonly unit: UnitName
  readonly entity: string
  readonly before: Json | null
  readonly after: Json | null
}

/** By unit. Throws `RangeError` where a change does not fit: its `before` is not what is there. */
export function applyChanges(
  units: ReadonlyMap<UnitName, Entities>,
  changes: readonly EntityChange[],
): ReadonlyMap<UnitName, Entities> {
  const next = new Map(units)
  const own = new Map<UnitName, Map<string, Json>>()
  for (const { unit, entity, before, after } of changes) {
    const entities = own.get(unit) ?? new Map(units.get(unit))
    own.set(unit, entities)
    next.set(unit, entities)
    if (!equal(entities.get(entity) ?? null, before))
      throw new RangeError(`${entity} of ${unit} is not as the change has it`)
    if (after === null) entities.delete(entity)
    else entities.set(entity, after)
  }
  return next
}

export function inverted(changes: readonly EntityChange[]): readonly EntityChange[] {
  return changes.map(({ unit, entity, before, after }) => ({ unit, entity, before: after, after: before }))
}

/** Deep equality of JSON; the order of keys does not matter. */
export function equal(a: Json, b: Json): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [Object.entries(a), b as Readonly<Record<string, Json>>]
  return (
    left.length === Object.keys(b).length &&
    left.every(([key, value]) => Object.hasOwn(b, key) && equal(value, right[key]!))
  )
}

/** One place at which two JSON values differ; `path` is a JSON pointer. An undefined side is not there. */
export type JsonDifference = {
  readonly path: string
  readonly before: Json | undefined
  readonly after: Json | undefined
}

/** Down to the smallest differing members; lists of different lengths are compared as wholes, because their elements have no names. */
export function jsonDifferences(
  before: Json | undefined,
  after: Json | undefined,
  path = '',
): readonly JsonDifference[] {
  if (before !== undefined && after !== undefined && equal(before, after)) return []
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((element: Json, index) => jsonDifferences(element, after[index], `${path}/${index}`))
  }
  if (!isRecord(before) || !isRecord(after)) return [{ path, before, after }]
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted()
  return names.flatMap((name) => jsonDifferences(before[name], after[name], `${path}/${escaped(name)}`))
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** RFC 6901. */
function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
