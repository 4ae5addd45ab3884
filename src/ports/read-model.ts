/**
 * The history index of a log: versions of entities (projections/history/entities.ts), found without reading the log again. Adapter:
 * src/readmodel. It is a cache: deleting it loses nothing, and it answers only for positions up to `builtTo`.
 */
import type { Position } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import type { Entities, UnitName } from '../../projections/history/entities.ts'
import type { EventLog } from './log.ts'

/** An entity from `position` on; a null value says that it went there. */
export type EntityVersion = { readonly position: Position; readonly value: Json | null }

/** By entity name; only what is there. */
export type EntityVersions = ReadonlyMap<string, EntityVersion>

export type VersionQuery = {
  readonly unit: UnitName
  readonly entity: string
  readonly upTo: Position
  readonly limit: number
}

/** Null on the side where the entity is not there. */
export type EntityDifference = { readonly entity: string; readonly before: Json | null; readonly after: Json | null }

export type ChangeQuery = { readonly unit: UnitName; readonly after: Position; readonly upTo: Position }

export interface ReadModel extends Disposable {
  /** Where it is kept, for people. */
  readonly location: string
  /** Takes in what the log has gained. */
  catchUp(log: EventLog): Promise<void>
  /** The last event that it knows; null before the first. */
  builtTo(): Position | null
  /** Units that any event up to the position has touched, in order of name. */
  units(at: Position): readonly UnitName[]
  /** The entities of a unit, or those of them that are wanted, after the event at the position; none for a unit that is not there. */
  entities(unit: UnitName, at: Position, isWanted?: (entity: string) => boolean): EntityVersions
  /** The same without since when: most questions ask only what was. */
  values(unit: UnitName, at: Position, isWanted?: (entity: string) => boolean): Entities
  /** Versions of one entity at or before a position, newest first. */
  versions(query: VersionQuery): readonly EntityVersion[]
  /** Names of the entities with a version in the range, in order of their first change in it. */
  changed(query: ChangeQuery): readonly string[]
  /** Units that events of the range changed, in no order; for a long range it may name others, too. */
  touched(range: Omit<ChangeQuery, 'unit'>): readonly UnitName[]
  /** What of a unit is different at the end of the range from what it was at its start, in order of entity. */
  changes(query: ChangeQuery): readonly EntityDifference[]
  /** Positions in the range at which one of the entities changed, ascending, each once. */
  changePositions(query: ChangeQuery, isWanted: (entity: string) => boolean): readonly Position[]
  /** Where the policy repository came to this revision; null where it never did (1 is there from the beginning). */
  revisionAt(revision: number): Position | null
  /** Where the tag was last put, and on what; null where there is none. */
  tag(name: string): Position | null
}
