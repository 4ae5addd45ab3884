/** Names and values as numbers: each text stands once in the file, and what is often asked for is kept at hand. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Json } from '../../events/schema.ts'

/** Texts kept at hand for each table; beyond that all are let go. */
const AT_HAND_MAX = 50_000

export class Names {
  readonly #byId: StatementSync
  readonly #byName: StatementSync
  readonly #insert: StatementSync
  readonly #ids: Map<string, number> = new Map()
  readonly #names: Map<number, string> = new Map()

  constructor(database: DatabaseSync) {
    this.#byId = database.prepare('SELECT name FROM keys WHERE id = ?')
    this.#byName = database.prepare('SELECT id FROM keys WHERE name = ?')
    this.#insert = database.prepare('INSERT INTO keys (name) VALUES (?)')
  }

  /** Null for a name that no event ever touched. */
  find(name: string): number | null {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const row = this.#byName.get(name) as { readonly id: number } | undefined
    return row === undefined ? null : this.#keep(name, row.id)
  }

  /** Within a transaction. */
  idOf(name: string): number {
    return this.find(name) ?? this.#keep(name, Number(this.#insert.run(name).lastInsertRowid))
  }

  nameOf(id: number): string {
    const known = this.#names.get(id)
    if (known !== undefined) return known
    const { name } = this.#byId.get(id) as { readonly name: string }
    this.#keep(name, id)
    return name
  }

  forget(): void {
    this.#ids.clear()
    this.#names.clear()
  }

  #keep(name: string, id: number): number {
    if (this.#ids.size >= AT_HAND_MAX) this.forget()
    this.#ids.set(name, id)
    this.#names.set(id, name)
    return id
  }
}

/** Values are never 0: that says that there is none. Two ids may stand for equal values, where the first was no longer at hand. */
export class Values {
  readonly #byId: StatementSync
  readonly #insert: StatementSync
  readonly #ids: Map<string, number> = new Map()
  readonly #texts: Map<number, string> = new Map()
  readonly #values: Map<number, Json> = new Map()

  constructor(database: DatabaseSync) {
    this.#byId = database.prepare('SELECT json FROM vals WHERE id = ?')
    this.#insert = database.prepare('INSERT INTO vals (json) VALUES (?)')
  }

  /** Within a transaction. `current` is the value that is there, so that an equal one is seen as no change. */
  idOf(value: Json, current: number | null): number {
    // Values keep the order of their fields on their way from the log into the file and back, so equal ones have equal texts.
    const text = JSON.stringify(value)
    if (current !== null && this.#textOf(current) === text) return current
    return this.#ids.get(text) ?? this.#keep(text, Number(this.#insert.run(text).lastInsertRowid))
  }

  /** Shared between callers: not to be changed. */
  valueOf(id: number): Json {
    const known = this.#values.get(id)
    if (known !== undefined) return known
    const value = JSON.parse(this.#textOf(id)) as Json
    if (this.#values.size >= AT_HAND_MAX) this.#values.clear()
    this.#values.set(id, value)
    return value
  }

  forget(): void {
    this.#ids.clear()
    this.#texts.clear()
    this.#values.clear()
  }

  #textOf(id: number): string {
    const known = this.#texts.get(id)
    if (known !== undefined) return known
    const { json } = this.#byId.get(id) as { readonly json: string }
    this.#keep(json, id)
    return json
  }

  #keep(text: string, id: number): number {
    if (this.#texts.size >= AT_HAND_MAX) {
      this.#ids.clear()
      this.#texts.clear()
    }
    this.#ids.set(text, id)
    this.#texts.set(id, text)
    return id
  }
}
