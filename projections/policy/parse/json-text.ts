/**
 * JSON texts (RFC 8259), one value after another as jq and kubectl write them, with the place of every key and value.
 *
 * `JSON.parse` takes the last of two equal keys silently and tells no places: a rule that is overwritten unseen is not what was written.
 */
import type { Json } from '../../../events/schema.ts'
import { DEPTH_MAX, stepsOf, type TextDocument, type TextFault } from './document.ts'

/** Offsets of the members in order: of the key and of the value for an object, of the value twice for a list. */
type Places = ReadonlyMap<Json, readonly number[]>

/** The documents, or the first fault: after it nothing that is read means anything. */
export function readJsonText(text: string): readonly TextDocument[] | TextFault {
  const scanner = new Scanner(text)
  const documents: TextDocument[] = []
  try {
    for (scanner.skipBlanks(); scanner.at < text.length; scanner.skipBlanks()) {
      const start = scanner.at
      const value = scanner.value(0)
      documents.push({ value, locate: locator(value, start, scanner.places) })
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { code: error.code, reason: error.message, offset: error.offset }
  }
  return documents
}

function locator(value: Json, start: number, places: Places): TextDocument['locate'] {
  const indexes = new Map<Json, ReadonlyMap<string, number>>()
  return (pointer, part) => {
    let found = start
    let node: Json = value
    for (const step of stepsOf(pointer)) {
      const offsets = places.get(node)
      if (offsets === undefined || node === null || typeof node !== 'object') break
      const index = indexes.get(node) ?? new Map(Object.keys(node).map((key, position) => [key, position]))
      indexes.set(node, index)
      const position = index.get(step)
      if (position === undefined) break
      found = offsets[2 * position + (part === 'key' ? 0 : 1)] ?? found
      node = (node as { readonly [key: string]: Json })[step] ?? null
    }
    return found
  }
}

class Fault extends Error {
  readonly code: string
  readonly offset: number

  constructor(code: string, reason: string, offset: number) {
    super(reason)
    this.code = code
    this.offset = offset
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y
const CONTROL = /[\u0000-\u001f]/
const BLANKS = /[ \t\r\n]*/y

class Scanner {
  at = 0
  readonly places: Map<Json, readonly number[]> = new Map()
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  skipBlanks(): void {
    BLANKS.lastIndex = this.at
    BLANKS.test(this.#text)
    this.at = BLANKS.lastIndex
  }

  value(depth: number): Json {
    switch (this.#text[this.at]) {
      case '{':
        return this.#object(depth + 1)
      case '[':
        return this.#list(depth + 1)
      case '"':
        return this.#string()
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  #object(depth: number): Json {
    this.#descend(depth)
    const entries: [string, Json][] = []
    const offsets: number[] = []
    const seen = new Set<string>()
    while (this.#more('}', entries.length)) {
      const start = this.at
      if (this.#text[this.at] !== '"') this.#expected('a key in quotes')
      const key = this.#string()
      if (seen.has(key)) throw new Fault('duplicate-key', `${JSON.stringify(key)} is given twice`, start)
      seen.add(key)
      this.skipBlanks()
      if (this.#text[this.at] !== ':') this.#expected('a colon')
      this.at += 1
      this.skipBlanks()
      offsets.push(start, this.at)
      entries.push([key, this.value(depth)])
    }
    // Not by assignment: a key `__proto__` is a key like any other.
    const object: Json = Object.fromEntries(entries)
    this.places.set(object, inKeyOrder(object, entries, offsets))
    return object
  }

  #list(depth: number): Json {
    this.#descend(depth)
    const list: Json[] = []
    const offsets: number[] = []
    while (this.#more(']', list.length)) {
      offsets.push(this.at, this.at)
      list.push(this.value(depth))
    }
    this.places.set(list, offsets)
    return list
  }

  #descend(depth: number): void {
    if (depth > DEPTH_MAX) throw new Fault('too-deep', `more than ${DEPTH_MAX} levels`, this.at)
    this.at += 1
  }

  /** Whether another member follows: past the comma then, past the bracket otherwise. */
  #more(close: '}' | ']', count: number): boolean {
    this.skipBlanks()
    const next = this.#text[this.at]
    if (next === close) {
      this.at += 1
      return false
    }
    if (count === 0) return true
    if (next !== ',') this.#expected(`a comma or ${close}`)
    this.at += 1
    this.skipBlanks()
    return true
  }

  #string(): string {
    const start = this.at
    const end = this.#endOfString(start)
    const found = this.#text.slice(start, end)
    this.at = end
    if (CONTROL.test(found)) throw new Fault('syntax', 'a control character stands in quotes without escape', start)
    if (!found.includes('\\')) return found.slice(1, -1)
    try {
      return JSON.parse(found) as string
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      throw new Fault('syntax', `${found.slice(0, 40)} has an unknown escape`, start)
    }
  }

  /** Past the first quote after `start` that no odd number of backslashes stands before. */
  #endOfString(start: number): number {
    for (let quote = start; ; ) {
      quote = this.#text.indexOf('"', quote + 1)
      if (quote < 0) throw new Fault('syntax', 'the text in quotes does not end', start)
      let escapes = 0
      while (this.#text[quote - 1 - escapes] === '\\') escapes += 1
      if (escapes % 2 === 0) return quote + 1
    }
  }

  #number(): number {
    NUMBER.lastIndex = this.at
    const [found] = NUMBER.exec(this.#text) ?? []
    if (found === undefined) this.#expected('a value')
    const value = Number(found)
    if (!Number.isFinite(value)) throw new Fault('number-too-large', `${found} has no value`, this.at)
    this.at += found.length
    return value
  }

  #word<T extends Json>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.at)) this.#expected('a value')
    this.at += word.length
    return value
  }

  #expected(what: string): never {
    const found = this.at < this.#text.length ? JSON.stringify(this.#text[this.at]) : 'the end'
    throw new Fault('syntax', `expected ${what}, found ${found}`, this.at)
  }
}

/** Number-like keys come first in an object, whatever the order in the text. */
function inKeyOrder(
  object: Json,
  entries: readonly (readonly [string, Json])[],
  offsets: readonly number[],
): readonly number[] {
  const keys = Object.keys(object as { readonly [key: string]: Json })
  if (keys.every((key, index) => key === entries[index]?.[0])) return offsets
  const places = new Map(entries.map(([key], index) => [key, index]))
  return keys.flatMap((key) => [offsets[2 * places.get(key)!]!, offsets[2 * places.get(key)! + 1]!])
}
