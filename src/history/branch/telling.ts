/** What happens on a branch while it is told: events that stand nowhere else, the world after them, and the versions of its entities. */
import { createHash } from 'node:crypto'
import type { HindcastEvent } from '../../../events/catalogue.ts'
import { decodeEvent, encodeEvent, type StoredEvent } from '../../../events/codec.ts'
import {
  CorrelationId,
  EventId,
  type Position,
  type StreamName,
  StreamRevision,
  type Timestamp,
} from '../../../events/ids.ts'
import type { EventContext, Recorded } from '../../../events/recorded.ts'
import { equal } from '../../../projections/history/changes.ts'
import {
  entitiesOf,
  entityOf,
  touchedBy,
  type UnitName,
  type UnitParts,
  unitOf,
  unitParts,
} from '../../../projections/history/entities.ts'
import { step } from '../../../projections/projection.ts'
import { world as fold, type World } from '../../../projections/world.ts'
import type { EntityVersion } from '../../ports/read-model.ts'
import { positionOn } from './place.ts'

/** Versions of a unit's entities on the branch, each list in order of position. */
export type UnitVersions = ReadonlyMap<string, readonly EntityVersion[]>

/** Who says something on a branch; `cause` is null for what the log itself had begun. */
export type Speaker = Pick<EventContext, 'actor' | 'source' | 'cause'>

export class Telling {
  readonly name: string
  readonly fork: Position | null
  readonly events: StoredEvent[] = []
  readonly versions: Map<UnitName, Map<string, EntityVersion[]>> = new Map()
  readonly #recordedAt: Timestamp
  #world: World
  #command = 0
  #step = 0

  constructor({
    name,
    fork,
    world,
    recordedAt,
  }: { name: string; fork: Position | null; world: World; recordedAt: Timestamp }) {
    this.name = name
    this.fork = fork
    this.#world = world
    this.#recordedAt = recordedAt
  }

  get world(): World {
    return this.#world
  }

  get recordedAt(): Timestamp {
    return this.#recordedAt
  }

  get command(): number {
    return this.#command
  }

  nextCommand(): void {
    this.#command += 1
    this.#step = 0
  }

  tell(stream: StreamName, event: HindcastEvent, speaker: Speaker): Recorded {
    const { name, fork } = this
    const position = positionOn({ name, fork, command: this.#command, step: this.#step })
    this.#step += 1
    const context = { ...speaker, correlation: CorrelationId(uuidOf(`${name}/${this.#command}`)) }
    const id = EventId(uuidOf(String(position)))
    // Nobody counts streams of what stands on none.
    const place = { position, stream, revision: StreamRevision(0), recordedAt: this.#recordedAt, id }
    const stored = { ...encodeEvent({ id, event, context }), ...place }
    this.events.push(stored)
    // As a reader of a log would have it.
    const recorded = decodeEvent(stored)
    const before = this.#world
    this.#world = step(fold, before, recorded)
    this.#index(recorded, before)
    return recorded
  }

  #index(recorded: Recorded, before: World): void {
    const unit = unitOf(recorded)
    if (unit === null) return
    const parts = unitParts(unit)
    for (const entity of touchedIn(recorded, parts, [before, this.#world])) {
      const value = entityOf(this.#world, parts, entity) ?? null
      if (equal(entityOf(before, parts, entity) ?? null, value)) continue
      this.#keep(unit, entity, { position: recorded.position, value })
    }
  }

  #keep(unit: UnitName, entity: string, version: EntityVersion): void {
    const entities = this.versions.get(unit) ?? new Map<string, EntityVersion[]>()
    this.versions.set(unit, entities)
    const known = entities.get(entity) ?? []
    entities.set(entity, known)
    known.push(version)
  }
}

function touchedIn(recorded: Recorded, parts: UnitParts, worlds: readonly World[]): Iterable<string> {
  const node = 'node' in parts ? (worlds[0]?.nodes.get(parts.node) ?? null) : null
  const touched = touchedBy(recorded, node)
  if (touched !== 'all') return touched
  return new Set(worlds.flatMap((world) => [...entitiesOf(world, parts).keys()]))
}

/** The same place has the same id, whoever asks. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
