/**
 * Builds the index, event by event in the order of the log, and goes on where it or another builder stopped.
 *
 * Some thousand events are taken in at a time: folded in memory on one unchanging state of the file, then written in one transaction, which
 * first looks whether the file is still where this builder left it. If another one was faster, what this one remembers is thrown away, and
 * it goes on from there. What is held in memory is bounded by the group and by what is kept at hand, not by the log.
 */
import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { HindcastEvent } from '../../events/catalogue.ts'
import { decodeBody, type StoredEvent } from '../../events/codec.ts'
import { Position, type StreamName } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { endpointIn, isRead, type UnitName, unitOf } from '../../projections/history/entities.ts'
import { world } from '../../projections/world.ts'
import type { EventLog } from '../ports/log.ts'
import { clearModel } from './file.ts'
import type { Names, Values } from './names.ts'
import { packEntries } from './packing.ts'
import type { Tables } from './tables.ts'
import { unitFold } from './unit-fold.ts'
import { UnitState } from './unit-state.ts'
import { Writing } from './writing.ts'

/** Which fold the values come from. */
const MODEL_PROJECTION: string = `${world.name}@${world.version}`

/** Events in one transaction. Units of which something changed are written once in it, however often they changed. */
const GROUP_EVENTS = 32_768
/** Characters of their bodies: what is gathered until the transaction is made of them. */
const GROUP_CHARS = 24 * 2 ** 20
/** Entities of the units that are held between transactions, about 100 bytes each; beyond that all are let go, and loaded when met again. */
const ENTITIES_MAX = 200_000

type Parts = {
  readonly database: DatabaseSync
  readonly tables: Tables
  readonly names: Names
  readonly values: Values
}

/** Where a builder left the file: the last event in it, and the mark of the build, which is another one after each beginning. */
type Place = { readonly position: string | null; readonly build: string | null }

/** Thrown within a transaction of this builder only. */
class Overtaken extends Error {}

export class Builder {
  readonly #parts: Parts
  readonly #write: Writing
  readonly #units: Map<UnitName, UnitState> = new Map()
  /** The endpoint that a stream last spoke of. */
  readonly #byStream: Map<StreamName, UnitState> = new Map()
  readonly #touched: Set<UnitState> = new Set()
  #place: Place

  constructor(parts: Parts) {
    this.#parts = parts
    this.#write = new Writing(parts)
    this.#place = this.#placeInFile()
  }

  /** Everything up to the head of the log at the time of the call, at least. */
  async catchUp(log: EventLog): Promise<void> {
    for (;;) {
      try {
        await this.#checkIdentity(log)
        return await this.#takeAll(log)
      } catch (error) {
        this.#giveUp()
        if (!(error instanceof Overtaken)) throw error
      }
    }
  }

  /** A model of another log, of another fold, or of a log that was cut off or rewritten since, is emptied. */
  async #checkIdentity(log: EventLog): Promise<void> {
    const { database, tables } = this.#parts
    const origin = await firstId(log)
    const found = this.#placeInFile()
    // What is remembered belongs to the place that it was left at.
    if (!isSame(found, this.#place)) this.#forget()
    this.#place = found
    const fits =
      tables.meta('origin') === origin &&
      tables.meta('projection') === MODEL_PROJECTION &&
      (found.position === null || (await idAt(log, found.position)) === tables.meta('id'))
    if (fits) return
    const build = randomUUID()
    this.#transact(() => {
      clearModel(database)
      this.#write.meta({ origin, projection: MODEL_PROJECTION, build })
    })
    this.#forget()
    this.#place = { position: null, build }
  }

  async #takeAll(log: EventLog): Promise<void> {
    const { position } = this.#place
    let [events, chars]: [number, number] = [0, 0]
    let last: StoredEvent | null = null
    for await (const batch of log.readAll({
      direction: 'forwards',
      after: position === null ? null : Position(BigInt(position)),
    })) {
      if (last === null) this.#begin()
      for (const stored of batch) {
        this.#take(stored)
        chars += stored.body.length
      }
      events += batch.length
      last = batch.at(-1)!
      if (events < GROUP_EVENTS && chars < GROUP_CHARS) continue
      this.#commit(last)
      ;[events, chars, last] = [0, 0, null]
    }
    if (last !== null) this.#commit(last)
  }

  /** All that is read until the group is written comes from one state of the file. Nobody is kept from writing meanwhile. */
  #begin(): void {
    this.#parts.database.exec('BEGIN')
    this.#expectPlace()
  }

  #commit({ position, id }: StoredEvent): void {
    const { database } = this.#parts
    database.exec('ROLLBACK')
    this.#transact(() => {
      this.#write.units(this.#touched)
      this.#write.all({ position: String(position), id })
    })
    this.#place = { ...this.#place, position: String(position) }
    this.#touched.clear()
    let entities = 0
    for (const { current } of this.#units.values()) entities += current.size
    if (entities > ENTITIES_MAX) this.#letUnitsGo()
  }

  #letUnitsGo(): void {
    this.#units.clear()
    this.#byStream.clear()
  }

  /** Begun and ended without a pause, so that two builders of one process never wait for each other. */
  #transact(work: () => void): void {
    const { database } = this.#parts
    database.exec('BEGIN IMMEDIATE')
    try {
      this.#expectPlace()
      work()
      database.exec('COMMIT')
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  #expectPlace(): void {
    if (!isSame(this.#placeInFile(), this.#place)) throw new Overtaken('another builder was faster')
  }

  #placeInFile(): Place {
    const { tables } = this.#parts
    return { position: tables.meta('position'), build: tables.meta('build') }
  }

  #take(stored: StoredEvent): void {
    const ofWorld = isRead(stored.type)
    if (!ofWorld && stored.type !== 'PositionTagged') return
    const event = decodeBody(stored)
    const position = Number(stored.position)
    if (event.type === 'PositionTagged') this.#write.tag(event.name, Number(event.position))
    if (event.type === 'PolicyAdded' || event.type === 'PolicyDeleted') this.#write.revision(event.revision, position)
    const unit = this.#unitOf(event, stored)
    if (unit === null || !this.#takeInto(unit, event, stored, position)) return
    this.#write.touch(position, unit.id)
    this.#touched.add(unit)
    // After the last change of the event: chunks and checkpoints end between events.
    if (unit.isChunkFull()) this.#close(unit, position)
  }

  /** False where everything had the value already that the event gives it. */
  #takeInto(unit: UnitState, event: HindcastEvent, stored: StoredEvent, position: number): boolean {
    const { names } = this.#parts
    let isChanged = false
    if (event.type === 'PolicyMapWritten') {
      // Nearly all of a long log: no names are made for what they write.
      if (!unit.fold.takesMapWrites()) return false
      for (const { key, after } of event.deltas) {
        const value = after === null ? undefined : (after as unknown as Json)
        if (this.#note(unit, names.idOfMapKey(key), value, position)) isChanged = true
      }
      return isChanged
    }
    for (const [entity, value] of unit.fold.take(event, stored, () => this.#namesOf(unit))) {
      if (this.#note(unit, names.idOf(entity), value, position)) isChanged = true
    }
    return isChanged
  }

  /** False where the entity had this value already. */
  #note(unit: UnitState, key: number, value: Json | undefined, position: number): boolean {
    if (value === undefined) return unit.note(key, 0, position)
    return unit.note(key, this.#parts.values.idOf(value, unit.current.get(key)?.value ?? null), position)
  }

  #namesOf(unit: UnitState): Iterable<string> {
    return [...unit.current.keys()].map((key) => this.#parts.names.nameOf(key))
  }

  #unitOf(event: HindcastEvent, { stream, position }: StoredEvent): UnitState | null {
    const ofStream = this.#byStream.get(stream)
    if (ofStream !== undefined && endpointIn(event) === ofStream.endpoint) return ofStream
    const name = unitOf({ stream, event })
    if (name === null) return null
    const unit = this.#unit(name, Number(position))
    if (unit.endpoint !== null) this.#byStream.set(stream, unit)
    return unit
  }

  #unit(name: UnitName, position: number): UnitState {
    const known = this.#units.get(name)
    if (known !== undefined) return known
    const { tables, names, values } = this.#parts
    const id = tables.unitId(name) ?? this.#write.unit(name, position)
    const saved = tables.savedAt(id, Number.MAX_SAFE_INTEGER)
    const entities = (isWanted: (entity: string) => boolean): ReadonlyMap<string, Json> => {
      const named = [...saved.current].map(([key, { value }]) => [names.nameOf(key), value] as const)
      return new Map(
        named.filter(([entity]) => isWanted(entity)).map(([entity, value]) => [entity, values.valueOf(value)]),
      )
    }
    const unit = new UnitState({ id, name }, saved, unitFold(name, entities))
    this.#units.set(name, unit)
    return unit
  }

  #close(unit: UnitState, position: number): void {
    this.#write.chunk(unit.id, unit.open)
    unit.open = []
    if (!unit.isCheckpointDue()) return
    this.#write.checkpoint(unit.id, position, packEntries(unit.current))
    unit.sinceCheckpoint = 0
  }

  #giveUp(): void {
    const { database } = this.#parts
    if (database.isTransaction) database.exec('ROLLBACK')
    this.#forget()
  }

  #forget(): void {
    this.#letUnitsGo()
    this.#touched.clear()
    this.#write.forget()
    this.#parts.tables.forget()
    this.#parts.names.forget()
    this.#parts.values.forget()
  }
}

function isSame(a: Place, b: Place): boolean {
  return a.position === b.position && a.build === b.build
}

async function firstId(log: EventLog): Promise<string> {
  for await (const [first] of log.readAll({ direction: 'forwards', after: null, limit: 1 })) return first?.id ?? ''
  return ''
}

/** The id of the event at exactly this position. */
async function idAt(log: EventLog, position: string): Promise<string | null> {
  const after = Position(BigInt(position) + 1n)
  for await (const [found] of log.readAll({ direction: 'backwards', after, limit: 1 })) {
    return found !== undefined && String(found.position) === position ? found.id : null
  }
  return null
}
