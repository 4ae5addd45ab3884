/** The read model as a whole: opened, brought up to the log's head, asked. */
import type { DatabaseSync } from 'node:sqlite'
import { Position } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import type { Entities, UnitName } from '../../projections/history/entities.ts'
import type { EventLog } from '../ports/log.ts'
import type {
  ChangeQuery,
  EntityDifference,
  EntityVersion,
  EntityVersions,
  ReadModel,
  VersionQuery,
} from '../ports/read-model.ts'
import { Builder } from './builder.ts'
import { IN_MEMORY, openModelFile } from './file.ts'
import { Names, Values } from './names.ts'
import { Tables } from './tables.ts'
import { VersionRuns } from './version-runs.ts'

export { IN_MEMORY }

/** Up to the head of the log. Throws where the path cannot be written; `IN_MEMORY` always can. */
export async function openReadModel(log: EventLog, path: string): Promise<ReadModel> {
  const model = new SqliteReadModel(path)
  try {
    await model.catchUp(log)
    return model
  } catch (error) {
    model[Symbol.dispose]()
    throw error
  }
}

class SqliteReadModel implements ReadModel {
  readonly location: string
  readonly #database: DatabaseSync
  readonly #tables: Tables
  readonly #names: Names
  readonly #values: Values
  readonly #runs: VersionRuns
  readonly #builder: Builder
  readonly #revision: ReturnType<DatabaseSync['prepare']>
  readonly #tag: ReturnType<DatabaseSync['prepare']>

  constructor(path: string) {
    this.location = path
    this.#database = openModelFile(path)
    this.#tables = new Tables(this.#database)
    this.#names = new Names(this.#database)
    this.#values = new Values(this.#database)
    this.#runs = new VersionRuns(this.#database)
    this.#builder = new Builder({
      database: this.#database,
      tables: this.#tables,
      names: this.#names,
      values: this.#values,
    })
    this.#revision = this.#database.prepare('SELECT position FROM revisions WHERE revision = ?')
    this.#tag = this.#database.prepare('SELECT position FROM tags WHERE name = ?')
  }

  async catchUp(log: EventLog): Promise<void> {
    this.#unpin()
    this.#tables.forget()
    await this.#builder.catchUp(log)
    // All answers until the next catching up come from one state of the file, whatever other processes do to it.
    this.#database.exec('BEGIN')
    this.builtTo()
  }

  builtTo(): Position | null {
    const position = this.#tables.meta('position')
    return position === null ? null : Position(BigInt(position))
  }

  units(at: Position): readonly UnitName[] {
    return this.#tables.unitsAt(Number(at))
  }

  entities(unit: UnitName, at: Position, isWanted: (entity: string) => boolean = () => true): EntityVersions {
    const id = this.#tables.unitId(unit)
    const found = new Map<string, EntityVersion>()
    if (id === null) return found
    for (const [key, { value, since }] of this.#tables.savedAt(id, Number(at)).current) {
      const name = this.#names.nameOf(key)
      if (isWanted(name)) found.set(name, this.#version(since, value))
    }
    return found
  }

  values(unit: UnitName, at: Position, isWanted: (entity: string) => boolean = () => true): Entities {
    const id = this.#tables.unitId(unit)
    const found = new Map<string, Json>()
    if (id === null) return found
    for (const [key, value] of this.#tables.valuesAt(id, Number(at))) {
      const name = this.#names.nameOf(key)
      if (isWanted(name)) found.set(name, this.#values.valueOf(value))
    }
    return found
  }

  versions({ unit, entity, upTo, limit }: VersionQuery): readonly EntityVersion[] {
    const [id, key] = [this.#tables.unitId(unit), this.#names.find(entity)]
    if (id === null || key === null) return []
    const rows = this.#runs.find(id, key, { upTo: Number(upTo), limit })
    return rows.map(({ position, value }) => this.#version(position, value))
  }

  changed({ unit, after, upTo }: ChangeQuery): readonly string[] {
    const id = this.#tables.unitId(unit)
    if (id === null) return []
    const keys = new Set<number>()
    this.#tables.changesIn(id, { after: Number(after), upTo: Number(upTo) }, (_, key) => keys.add(key))
    return [...keys].map((key) => this.#names.nameOf(key))
  }

  touched({ after, upTo }: Omit<ChangeQuery, 'unit'>): readonly UnitName[] {
    return this.#tables.unitsTouched({ after: Number(after), upTo: Number(upTo) }) ?? this.units(upTo)
  }

  changes({ unit, after, upTo }: ChangeQuery): readonly EntityDifference[] {
    const id = this.#tables.unitId(unit)
    if (id === null) return []
    const last = new Map<number, number>()
    const range = { after: Number(after), upTo: Number(upTo) }
    this.#tables.changesIn(id, range, (_, key, value) => last.set(key, value))
    if (last.size === 0) return []
    const before = this.#tables.someAt(id, Number(after), last.keys())
    const differing = [...last].filter(([key, value]) => !this.#values.areEqual(before.get(key)!, value))
    const differences = differing.map(([key, value]) => {
      return { entity: this.#names.nameOf(key), before: this.#value(before.get(key)!), after: this.#value(value) }
    })
    return differences.sort((a, b) => (a.entity < b.entity ? -1 : 1))
  }

  changePositions({ unit, after, upTo }: ChangeQuery, isWanted: (entity: string) => boolean): readonly Position[] {
    const id = this.#tables.unitId(unit)
    if (id === null) return []
    const wanted = new Map<number, boolean>()
    const found: number[] = []
    this.#tables.changesIn(id, { after: Number(after), upTo: Number(upTo) }, (position, key) => {
      const counts = wanted.get(key) ?? isWanted(this.#names.nameOf(key))
      wanted.set(key, counts)
      if (counts && found.at(-1) !== position) found.push(position)
    })
    return found.map((position) => Position(BigInt(position)))
  }

  revisionAt(revision: number): Position | null {
    return this.#positionIn(this.#revision.get(revision))
  }

  tag(name: string): Position | null {
    return this.#positionIn(this.#tag.get(name))
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #unpin(): void {
    if (this.#database.isTransaction) this.#database.exec('COMMIT')
  }

  #version(position: number, value: number): EntityVersion {
    return { position: Position(BigInt(position)), value: this.#value(value) }
  }

  #value(id: number): Json | null {
    return id === 0 ? null : this.#values.valueOf(id)
  }

  #positionIn(row: unknown): Position | null {
    return row === undefined ? null : Position(BigInt((row as { readonly position: number }).position))
  }
}
