/** The history index of a log with branches on it: at a place of a branch stands what the branch tells, and below it what the index has at the fork. */
import type { Position } from '../../../events/ids.ts'
import { equal } from '../../../projections/history/changes.ts'
import type { Entities, UnitName } from '../../../projections/history/entities.ts'
import type { EventLog } from '../../ports/log.ts'
import type {
  ChangeQuery,
  EntityDifference,
  EntityVersion,
  EntityVersions,
  ReadModel,
  VersionQuery,
} from '../../ports/read-model.ts'
import { valuesOf } from '../state-at.ts'
import { placeOf } from './place.ts'
import type { Telling } from './telling.ts'

/** Where a position stands: on the log up to `base` (null: before it), and on a branch above that. */
type Standing = { readonly base: Position | null; readonly telling: Telling | null; readonly upTo: Position }

export class BranchedModel implements ReadModel {
  readonly #model: ReadModel
  readonly #told: ReadonlyMap<string, Telling>

  /** `told` by name of the branch; it may grow. */
  constructor(model: ReadModel, told: ReadonlyMap<string, Telling>) {
    this.#model = model
    this.#told = told
  }

  get location(): string {
    return this.#model.location
  }

  catchUp(log: EventLog): Promise<void> {
    return this.#model.catchUp(log)
  }

  builtTo(): Position | null {
    return this.#model.builtTo()
  }

  units(at: Position): readonly UnitName[] {
    const { base, telling } = this.#standing(at)
    const below = base === null ? [] : this.#model.units(base)
    return telling === null ? below : [...new Set([...below, ...telling.versions.keys()])].toSorted()
  }

  entities(unit: UnitName, at: Position, isWanted?: (entity: string) => boolean): EntityVersions {
    const { base, telling, upTo } = this.#standing(at)
    const below: EntityVersions = base === null ? new Map() : this.#model.entities(unit, base, isWanted)
    const own = telling?.versions.get(unit)
    if (own === undefined) return below
    const found = new Map(below)
    for (const [entity, versions] of own) {
      const last = versions.findLast(({ position }) => position <= upTo)
      if (last === undefined || (isWanted !== undefined && !isWanted(entity))) continue
      if (last.value === null) found.delete(entity)
      else found.set(entity, last)
    }
    return found
  }

  values(unit: UnitName, at: Position, isWanted?: (entity: string) => boolean): Entities {
    const { base, telling } = this.#standing(at)
    if (telling?.versions.has(unit) === true) return valuesOf(this.entities(unit, at, isWanted))
    return base === null ? new Map() : this.#model.values(unit, base, isWanted)
  }

  versions({ unit, entity, upTo: at, limit }: VersionQuery): readonly EntityVersion[] {
    const { base, telling, upTo } = this.#standing(at)
    const all = telling?.versions.get(unit)?.get(entity) ?? []
    const own = all
      .filter(({ position }) => position <= upTo)
      .toReversed()
      .slice(0, limit)
    if (base === null || own.length >= limit) return own
    return [...own, ...this.#model.versions({ unit, entity, upTo: base, limit: limit - own.length })]
  }

  changed({ unit, after, upTo }: ChangeQuery): readonly string[] {
    const [from, to] = [this.#standing(after), this.#standing(upTo)]
    if (from.telling === null && to.telling === null) return this.#model.changed({ unit, after, upTo })
    if (from.telling !== null && from.telling === to.telling) return ownChanges(unit, to, after)
    // What changed on the log between the two, and on each branch since its fork.
    const [low, high] = ordered(from.base, to.base)
    const between =
      high === null || high === low ? [] : this.#model.changed({ unit, after: low ?? BEFORE_EVERYTHING, upTo: high })
    return [
      ...new Set([
        ...between,
        ...ownChanges(unit, from, BEFORE_EVERYTHING),
        ...ownChanges(unit, to, BEFORE_EVERYTHING),
      ]),
    ]
  }

  touched({ after, upTo }: Omit<ChangeQuery, 'unit'>): readonly UnitName[] {
    const [from, to] = [this.#standing(after), this.#standing(upTo)]
    if (from.telling === null && to.telling === null) return this.#model.touched({ after, upTo })
    const [low, high] = ordered(from.base, to.base)
    const between =
      high === null || high === low ? [] : this.#model.touched({ after: low ?? BEFORE_EVERYTHING, upTo: high })
    const own = [from, to].flatMap(({ telling }) => [...(telling?.versions.keys() ?? [])])
    return [...new Set([...between, ...own])]
  }

  changes(query: ChangeQuery): readonly EntityDifference[] {
    const { unit, after, upTo } = query
    if (placeOf(upTo) === null) return this.#model.changes(query)
    return this.changed(query)
      .toSorted()
      .flatMap((entity) => {
        const [before, now] = [after, upTo].map(
          (at) => this.versions({ unit, entity, upTo: at, limit: 1 })[0]?.value ?? null,
        )
        return equal(before ?? null, now ?? null) ? [] : [{ entity, before: before ?? null, after: now ?? null }]
      })
  }

  changePositions({ unit, after, upTo }: ChangeQuery, isWanted: (entity: string) => boolean): readonly Position[] {
    const { base, telling, upTo: end } = this.#standing(upTo)
    const below =
      base === null || after >= base ? [] : this.#model.changePositions({ unit, after, upTo: base }, isWanted)
    const own = [...(telling?.versions.get(unit) ?? [])].flatMap(([entity, versions]) =>
      isWanted(entity) ? versions.map(({ position }) => position) : [],
    )
    const inRange = own.filter((position) => position > after && position <= end)
    return [...below, ...[...new Set(inRange)].toSorted((a, b) => (a < b ? -1 : 1))]
  }

  /** Of the log: a branch's own revisions are asked for by its commands. */
  revisionAt(revision: number): Position | null {
    return this.#model.revisionAt(revision)
  }

  tag(name: string): Position | null {
    return this.#model.tag(name)
  }

  [Symbol.dispose](): void {
    this.#model[Symbol.dispose]()
  }

  #standing(at: Position): Standing {
    const place = placeOf(at)
    if (place === null) return { base: at, telling: null, upTo: at }
    return { base: place.fork, telling: this.#told.get(place.name) ?? null, upTo: at }
  }
}

const BEFORE_EVERYTHING = 0n as Position

/** Null is before everything. */
function ordered(one: Position | null, other: Position | null): readonly [Position | null, Position | null] {
  return one !== null && (other === null || one > other) ? [other, one] : [one, other]
}

function ownChanges(unit: UnitName, { telling, upTo }: Standing, after: Position): readonly string[] {
  const entities = [...(telling?.versions.get(unit) ?? [])]
  return entities.flatMap(([entity, versions]) =>
    versions.some(({ position }) => position > after && position <= upTo) ? [entity] : [],
  )
}
