/**
 * Names and values as numbers: each text stands once in the file, and what is often asked for is kept at hand. New ones get their numbers at
 * once and are written together at the end of the builder's group.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { PolicyMapKey } from '../../events/fields.ts'
import type { Json } from '../../events/schema.ts'
import { policyMapKeyText } from '../../projections/datapath/policy-map.ts'
import { Rows } from './rows.ts'

/** Characters of text kept at hand for each table, about so many bytes; beyond that all are let go. */
const AT_HAND_CHARS_MAX = 4 * 2 ** 20
/** What is kept at hand besides the text, in characters of the bound above. */
const ENTRY_CHARS = 100

class Texts {
  readonly #byId: StatementSync
  readonly #lastId: StatementSync
  readonly #rows: Rows
  readonly #ids: Map<string, number> = new Map()
  readonly #texts: Map<number, string> = new Map()
  #fresh: (readonly [id: number, text: string])[] = []
  #last: number | null = null
  #chars = 0

  constructor(database: DatabaseSync, table: string, column: string) {
    this.#byId = database.prepare(`SELECT ${column} AS text FROM ${table} WHERE id = ?`)
    this.#lastId = database.prepare(`SELECT coalesce(max(id), 0) AS id FROM ${table}`)
    this.#rows = new Rows(database, table, ['id', column])
  }

  /** Undefined where it is not at hand. */
  idAtHand(text: string): number | undefined {
    return this.#ids.get(text)
  }

  textOf(id: number): string {
    const known = this.#texts.get(id)
    if (known !== undefined) return known
    const { text } = this.#byId.get(id) as { readonly text: string }
    this.keep(text, id)
    return text
  }

  add(text: string): number {
    this.#last ??= (this.#lastId.get() as { readonly id: number }).id
    this.#last += 1
    this.keep(text, this.#last)
    this.#fresh.push([this.#last, text])
    return this.#last
  }

  keep(text: string, id: number): void {
    // What is not written yet must stay at hand.
    if (this.#chars > AT_HAND_CHARS_MAX && this.#fresh.length === 0) this.#letGo()
    this.#ids.set(text, id)
    this.#texts.set(id, text)
    this.#chars += text.length + ENTRY_CHARS
  }

  /** Within the builder's transaction. */
  write(): void {
    this.#rows.write(this.#fresh)
    this.#fresh = []
  }

  /** After a rollback, and where somebody else may have written. */
  forget(): void {
    this.#fresh = []
    this.#last = null
    this.#letGo()
  }

  #letGo(): void {
    this.#ids.clear()
    this.#texts.clear()
    this.#chars = 0
  }
}

/** Keys of map entries whose numbers are kept at hand besides. */
const MAP_KEYS_MAX = 65_536

export class Names {
  readonly #texts: Texts
  readonly #byName: StatementSync
  /** By identity, then by the rest of the key as one number. */
  readonly #mapKeys: Map<number, Map<number, number>> = new Map()
  #mapKeyCount = 0

  constructor(database: DatabaseSync) {
    this.#texts = new Texts(database, 'keys', 'name')
    this.#byName = database.prepare('SELECT id FROM keys WHERE name = ?')
  }

  /** Null for a name that no event ever touched. */
  find(name: string): number | null {
    const known = this.#texts.idAtHand(name)
    if (known !== undefined) return known
    const row = this.#byName.get(name) as { readonly id: number } | undefined
    if (row === undefined) return null
    this.#texts.keep(name, row.id)
    return row.id
  }

  /** For the builder. */
  idOf(name: string): number {
    return this.find(name) ?? this.#texts.add(name)
  }

  /** The same for the entity of a map entry, without making its name. */
  idOfMapKey(key: PolicyMapKey): number {
    const { direction, identity, protocol, port, portBits } = key
    const entity = (): number => this.idOf(`map ${policyMapKeyText(key)}`)
    // 1 + 8 + 16 + 5 bits.
    if (((protocol & 0xff) ^ protocol) | ((port & 0xffff) ^ port) | ((portBits & 0x1f) ^ portBits)) return entity()
    const rest = (((((direction === 'egress' ? 1 : 0) << 8) | protocol) << 16) | port) * 32 + portBits
    const known = this.#mapKeys.get(identity)?.get(rest)
    if (known !== undefined) return known
    const id = entity()
    if (this.#mapKeyCount >= MAP_KEYS_MAX) this.#letMapKeysGo()
    const own = this.#mapKeys.get(identity) ?? new Map<number, number>()
    this.#mapKeys.set(identity, own.set(rest, id))
    this.#mapKeyCount += 1
    return id
  }

  nameOf(id: number): string {
    return this.#texts.textOf(id)
  }

  write(): void {
    this.#texts.write()
  }

  forget(): void {
    this.#texts.forget()
    this.#letMapKeysGo()
  }

  #letMapKeysGo(): void {
    this.#mapKeys.clear()
    this.#mapKeyCount = 0
  }
}

/** Values are never 0: that says that there is none. Two ids may stand for equal values, where the first was no longer at hand. */
export class Values {
  readonly #texts: Texts
  readonly #values: Map<number, Json> = new Map()
  #chars = 0

  constructor(database: DatabaseSync) {
    this.#texts = new Texts(database, 'vals', 'json')
  }

  /** For the builder. `current` is the value that is there, so that an equal one is seen as no change. */
  idOf(value: Json, current: number | null): number {
    // Values keep the order of their fields on their way from the log into the file and back, so equal ones have equal texts.
    const text = JSON.stringify(value)
    const known = this.#texts.idAtHand(text)
    if (known !== undefined && (current === null || known === current)) return known
    if (current !== null && this.#texts.textOf(current) === text) return current
    return known ?? this.#texts.add(text)
  }

  /** Are these the same value? */
  areEqual(a: number, b: number): boolean {
    return a === b || (a !== 0 && b !== 0 && this.#texts.textOf(a) === this.#texts.textOf(b))
  }

  /** Shared between callers: not to be changed. */
  valueOf(id: number): Json {
    const known = this.#values.get(id)
    if (known !== undefined) return known
    const text = this.#texts.textOf(id)
    if (this.#chars > AT_HAND_CHARS_MAX) this.#letGo()
    const value = JSON.parse(text) as Json
    this.#values.set(id, value)
    this.#chars += text.length + ENTRY_CHARS
    return value
  }

  write(): void {
    this.#texts.write()
  }

  forget(): void {
    this.#texts.forget()
    this.#letGo()
  }

  #letGo(): void {
    this.#values.clear()
    this.#chars = 0
  }
}
