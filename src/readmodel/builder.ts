/**
 * Builds the index, event by event in the order of the log, and goes on where it or another builder stopped.
 *
 * Some thousand events are taken in one transaction, which first looks whether the file is still where this builder left it. If another
 * one was faster, what this one remembers is thrown away, and it goes on from there.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { decodeLazily, type StoredEvent } from '../../events/codec.ts'
import { Position } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { type UnitName, unitOf } from '../../projections/history/entities.ts'
import { world } from '../../projections/world.ts'
import type { EventLog } from '../ports/log.ts'
import { clearModel } from './file.ts'
import type { Names, Values } from './names.ts'
import { type PackedChange, packChanges, packEntries } from './packing.ts'
import type { Tables } from './tables.ts'
import { UnitState } from './unit-state.ts'

/** Which fold the values come from. */
const MODEL_PROJECTION: string = `${world.name}@${world.version}`

/** Events in one transaction: some 5 MB of the log. Units of which something changed are written once in it, however often they changed. */
const GROUP_EVENTS = 10_000
/** Units held between transactions; a build over more lets all go and loads those that it meets again. */
const UNITS_MAX = 4_096

type Parts = {
  readonly database: DatabaseSync
  readonly tables: Tables
  readonly names: Names
  readonly values: Values
}

/** Thrown within a transaction of this builder only. */
class Overtaken extends Error {}

export class Builder {
  readonly #parts: Parts
  readonly #write: Writing
  #units: Map<UnitName, UnitState> = new Map()
  readonly #touched: Set<UnitState> = new Set()
  /** The position up to which the file was built when this builder last wrote or looked. */
  #written: string | null

  constructor(parts: Parts) {
    this.#parts = parts
    this.#write = new Writing(parts.database)
    this.#written = parts.tables.meta('position')
  }

  /** Everything up to the head of the log at the time of the call, at least. */
  async catchUp(log: EventLog): Promise<void> {
    for (;;) {
      try {
        await this.#checkIdentity(log)
        const after = this.#written === null ? null : Position(BigInt(this.#written))
        const held: StoredEvent[] = []
        for await (const batch of log.readAll({ direction: 'forwards', after })) {
          held.push(...batch)
          if (held.length >= GROUP_EVENTS) this.#takeGroup(held.splice(0))
        }
        this.#takeGroup(held)
        return
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error
      }
    }
  }

  /** A model of another log, of another fold, or of a log that was cut off or rewritten since, is emptied. */
  async #checkIdentity(log: EventLog): Promise<void> {
    const { database, tables } = this.#parts
    const origin = await firstId(log)
    this.#written = tables.meta('position')
    const fits =
      tables.meta('origin') === origin &&
      tables.meta('projection') === MODEL_PROJECTION &&
      (this.#written === null || (await idAt(log, this.#written)) === tables.meta('id'))
    if (fits) return
    this.#transact(() => {
      clearModel(database)
      this.#write.meta('origin', origin)
      this.#write.meta('projection', MODEL_PROJECTION)
    })
    this.#forget()
    this.#written = null
  }

  #takeGroup(group: readonly StoredEvent[]): void {
    const last = group.at(-1)
    if (last === undefined) return
    this.#transact(() => {
      for (const stored of group) this.#take(stored)
      for (const unit of this.#touched) this.#write.chunk(unit.row.id, unit.open)
      this.#write.versions()
      this.#write.meta('position', String(last.position))
      this.#write.meta('id', last.id)
    })
    this.#written = String(last.position)
    this.#touched.clear()
    if (this.#units.size > UNITS_MAX) this.#units = new Map()
  }

  /** Begun and ended without a pause, so that two builders of one process never wait for each other. */
  #transact(work: () => void): void {
    const { database, tables } = this.#parts
    database.exec('BEGIN IMMEDIATE')
    try {
      if (tables.meta('position') !== this.#written) throw new Overtaken('another builder was faster')
      work()
      database.exec('COMMIT')
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      this.#forget()
      throw error
    }
  }

  #take(stored: StoredEvent): void {
    const isRead = (world.reads as readonly string[]).includes(stored.type)
    if (!isRead && stored.type !== 'PositionTagged') return
    const recorded = decodeLazily(stored)
    this.#index(recorded)
    const unit = unitOf(recorded)
    if (unit !== null) this.#change(unit, recorded)
  }

  #index({ event, position }: Recorded): void {
    if (event.type === 'PositionTagged') this.#write.tag(event.name, Number(event.position))
    if (event.type === 'PolicyAdded' || event.type === 'PolicyDeleted') {
      this.#write.revision(event.revision, Number(position))
    }
  }

  #change(name: UnitName, recorded: Recorded): void {
    const unit = this.#unit(name, recorded)
    const position = Number(recorded.position)
    for (const [entity, value] of unit.take(recorded)) {
      const key = this.#parts.names.idOf(entity)
      const current = unit.current.get(key)?.value ?? null
      const change = { position, key, value: value === undefined ? 0 : this.#parts.values.idOf(value, current) }
      if (unit.note(change)) this.#write.version(unit.row.id, change)
    }
    this.#touched.add(unit)
    if (unit.isChunkFull()) this.#close(unit, position)
  }

  #unit(name: UnitName, { position }: Recorded): UnitState {
    const known = this.#units.get(name)
    if (known !== undefined) return known
    const { tables, names, values } = this.#parts
    const id = tables.unitId(name) ?? this.#write.unit(name, Number(position))
    const saved = tables.savedAt(id, Number.MAX_SAFE_INTEGER)
    const entities = new Map(
      [...saved.current].map(([key, { value }]) => [names.nameOf(key), values.valueOf(value)] as const),
    )
    const unit = new UnitState({ id, name }, { ...saved, entities })
    this.#units.set(name, unit)
    return unit
  }

  /** After the last change of the event at `position`: chunks and checkpoints end between events. */
  #close(unit: UnitState, position: number): void {
    this.#write.chunk(unit.row.id, unit.open)
    unit.open = []
    if (!unit.isCheckpointDue()) return
    const entries = [...unit.current].map(([key, { value, since }]) => ({ key, value, since }))
    this.#write.checkpoint(unit.row.id, position, packEntries(entries))
    unit.sinceCheckpoint = 0
  }

  #forget(): void {
    this.#units = new Map()
    this.#touched.clear()
    this.#write.forget()
    this.#parts.names.forget()
    this.#parts.values.forget()
  }
}

/** Rows in one statement: most of a row's cost is the call. */
const VERSIONS_AT_ONCE = 32

/** The statements that write; each within a transaction of the builder. */
class Writing {
  readonly #meta: StatementSync
  readonly #unit: StatementSync
  readonly #chunk: StatementSync
  readonly #checkpoint: StatementSync
  readonly #version: StatementSync
  readonly #versions: StatementSync
  readonly #revision: StatementSync
  readonly #tag: StatementSync
  readonly #gathered: (PackedChange & { readonly unit: number })[] = []

  constructor(database: DatabaseSync) {
    this.#meta = database.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)')
    this.#unit = database.prepare('INSERT INTO units (name, first) VALUES (?, ?)')
    this.#chunk = database.prepare('INSERT OR REPLACE INTO chunks (unit, first, last, changes) VALUES (?, ?, ?, ?)')
    this.#checkpoint = database.prepare('INSERT OR REPLACE INTO checkpoints (unit, position, entries) VALUES (?, ?, ?)')
    // One event may change an entity twice, as where an endpoint is made anew: the last value counts.
    this.#version = database.prepare('INSERT OR REPLACE INTO versions (unit, key, position, value) VALUES (?, ?, ?, ?)')
    const row = '(?, ?, ?, ?)'
    this.#versions = database.prepare(
      `INSERT OR REPLACE INTO versions (unit, key, position, value) VALUES ${Array(VERSIONS_AT_ONCE).fill(row).join(', ')}`,
    )
    this.#revision = database.prepare('INSERT OR REPLACE INTO revisions (revision, position) VALUES (?, ?)')
    this.#tag = database.prepare('INSERT OR REPLACE INTO tags (name, position) VALUES (?, ?)')
  }

  meta(name: string, value: string): void {
    this.#meta.run(name, value)
  }

  unit(name: UnitName, first: number): number {
    return Number(this.#unit.run(name, first).lastInsertRowid)
  }

  chunk(unit: number, changes: readonly PackedChange[]): void {
    if (changes.length > 0) this.#chunk.run(unit, changes[0]!.position, changes.at(-1)!.position, packChanges(changes))
  }

  checkpoint(unit: number, position: number, entries: Uint8Array): void {
    this.#checkpoint.run(unit, position, entries)
  }

  version(unit: number, change: PackedChange): void {
    this.#gathered.push({ unit, ...change })
  }

  /** In the order of the table, so that each of its pages is touched once. */
  versions(): void {
    const rows = this.#gathered.splice(0)
    rows.sort((a, b) => a.unit - b.unit || a.key - b.key || a.position - b.position)
    for (let start = 0; start < rows.length; start += VERSIONS_AT_ONCE) {
      const some = rows.slice(start, start + VERSIONS_AT_ONCE)
      const values = some.flatMap(({ unit, key, position, value }) => [unit, key, position, value])
      if (some.length === VERSIONS_AT_ONCE) this.#versions.run(...values)
      else for (const { unit, key, position, value } of some) this.#version.run(unit, key, position, value)
    }
  }

  /** After a rollback. */
  forget(): void {
    this.#gathered.length = 0
  }

  revision(revision: number, position: number): void {
    this.#revision.run(revision, position)
  }

  tag(name: string, position: number): void {
    this.#tag.run(name, position)
  }
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
