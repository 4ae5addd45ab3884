/**
 * The fold of the log (projections/world.ts) for one unit alone, so that its cost does not depend on how many units there are: which
 * entities an event changes, and what they are after it.
 */
import type { HindcastEvent } from '../../events/catalogue.ts'
import { type StoredEvent, withBody } from '../../events/codec.ts'
import type { Json } from '../../events/schema.ts'
import {
  ENDPOINT_ENTITIES,
  type Entities,
  endpointEntity,
  endpointOf,
  entitiesOf,
  entityOf,
  touchedBy,
  type UnitName,
  type UnitParts,
  unitParts,
  worldOf,
} from '../../projections/history/entities.ts'
import { step } from '../../projections/projection.ts'
import {
  createdEndpoint,
  type EndpointView,
  evolveEndpoint,
  type NodeView,
  type World,
  world,
} from '../../projections/world.ts'

/** An entity as it is after the event; undefined for what is not there. */
export type Touched = readonly [entity: string, value: Json | undefined]

export type UnitFold = {
  /** Whether a map write changes its entries here; what they are after it the write says itself. */
  takesMapWrites(): boolean
  /** Any other event; it is the body of `stored`. `present` are the entities that are there. */
  take(event: HindcastEvent, stored: StoredEvent, present: () => Iterable<string>): readonly Touched[]
}

/** `entity` gives the values that the unit has by now. */
export function unitFold(name: UnitName, entities: (isWanted: (entity: string) => boolean) => Entities): UnitFold {
  const parts = unitParts(name)
  if (parts.kind !== 'endpoint')
    return new WorldFold(
      name,
      parts,
      entities(() => true),
    )
  return new EndpointFold(entities((entity) => ENDPOINT_ENTITIES.includes(entity)))
}

/** Without the map. */
class EndpointFold implements UnitFold {
  #view: EndpointView | null

  constructor(entities: Entities) {
    this.#view = endpointOf(entities)
  }

  /** What is written for an endpoint that is not there the fold does not know. */
  takesMapWrites(): boolean {
    return this.#view !== null
  }

  take(event: HindcastEvent, _: StoredEvent, present: () => Iterable<string>): readonly Touched[] {
    switch (event.type) {
      case 'EndpointCreated':
        return this.#anew(createdEndpoint(event), present)
      case 'EndpointDeleted':
        return this.#anew(null, present)
      case 'EndpointIdentityChanged':
      case 'EndpointStateChanged':
      case 'EndpointRegenerationStarted':
      case 'EndpointRegenerationSucceeded':
      case 'EndpointRegenerationFailed':
      case 'EndpointRevisionBumped': {
        if (this.#view === null) return []
        this.#view = evolveEndpoint(this.#view, event)
        const names = touchedBy({ event }, null)
        return names === 'all' ? [] : names.map((name) => [name, this.#entity(name)] as const)
      }
      default:
        throw new TypeError(`${event.type} does not change an endpoint`)
    }
  }

  #anew(view: EndpointView | null, present: () => Iterable<string>): readonly Touched[] {
    this.#view = view
    const names = new Set([...present(), ...ENDPOINT_ENTITIES])
    return [...names].map((name) => [name, ENDPOINT_ENTITIES.includes(name) ? this.#entity(name) : undefined] as const)
  }

  #entity(name: string): Json | undefined {
    return this.#view === null ? undefined : endpointEntity(this.#view, name)
  }
}

class WorldFold implements UnitFold {
  readonly #parts: UnitParts
  #world: World

  constructor(name: UnitName, parts: UnitParts, entities: Entities) {
    this.#parts = parts
    this.#world = worldOf([{ unit: name, entities }])
  }

  takesMapWrites(): boolean {
    return false
  }

  take(event: HindcastEvent, stored: StoredEvent): readonly Touched[] {
    const touched = touchedBy({ event }, this.#node())
    const before = touched === 'all' ? this.#names() : touched
    this.#world = step(world, this.#world, withBody(stored, event))
    const names = touched === 'all' ? [...new Set([...before, ...this.#names()])] : touched
    return names.map((name) => [name, entityOf(this.#world, this.#parts, name)] as const)
  }

  #node(): NodeView | null {
    return this.#parts.kind === 'node' ? (this.#world.nodes.get(this.#parts.node) ?? null) : null
  }

  #names(): readonly string[] {
    return [...entitiesOf(this.#world, this.#parts).keys()]
  }
}
