/**
 * Reads JSON of unknown shape and collects everything that is wrong with it.
 *
 * Two kinds of problems are kept apart, as in Cilium: what the engine refuses (`problems`), and what only the Kubernetes schema or its
 * unknown-field check refuses (`schemaProblems`). Every method gives a value of the asked type, so that reading goes on and finds more.
 */
import type { Problem } from '../../../events/fields.ts'
import type { Json } from '../../../events/schema.ts'
import { DEPTH_MAX } from './document.ts'
import { nearest } from './nearest.ts'

export type JsonObject = { readonly [key: string]: Json }

/** Instructions that regular expressions may still have; shared by all that is read from one text. */
export type ExpressionBudget = { left: number }

export class Reader {
  readonly problems: Problem[] = []
  readonly schemaProblems: Problem[] = []
  readonly budget: ExpressionBudget

  constructor(budget: ExpressionBudget) {
    this.budget = budget
  }

  refuse(code: string, path: string, reason: string): void {
    collect(this.problems, { code, path, reason, line: null, column: null })
  }

  refuseBySchema(code: string, path: string, reason: string): void {
    collect(this.schemaProblems, { code, path, reason, line: null, column: null })
  }

  /** The object; fields that are not in `known` are schema problems. Null, as in Go's JSON, is an object without fields. */
  object(value: Json | undefined, path: string, known: readonly string[]): JsonObject {
    const object = this.anyObject(value, path)
    for (const key of Object.keys(object)) {
      if (!known.includes(key)) this.#unknown(pointer(path, key), key, object[key] ?? null, known)
    }
    return object
  }

  /** An unknown field stays in the manifest, so it must be one that can be written down. */
  #unknown(path: string, key: string, value: Json, known: readonly string[]): void {
    const likely = this.schemaProblems.length < PROBLEMS_MAX ? nearest(key, known) : null
    const hint = likely === null ? '' : `; did you mean ${likely}?`
    this.refuseBySchema('unknown-field', path, `${key} is not a known field${hint}`)
    if (isDeeperThan(value, DEPTH_MAX)) this.refuse('too-deep', path, `more than ${DEPTH_MAX} levels`)
  }

  anyObject(value: Json | undefined, path: string): JsonObject {
    if (value === undefined || value === null) return {}
    if (isJsonObject(value)) return value
    this.refuse('not-an-object', path, `expected an object, found ${kindOf(value)}`)
    return {}
  }

  /** Null where the field is not given. */
  list(object: JsonObject, key: string, path: string): readonly Json[] | null {
    const value = object[key]
    if (value === undefined || value === null) return null
    if (Array.isArray(value)) return value
    this.refuse('not-a-list', pointer(path, key), `expected a list, found ${kindOf(value)}`)
    return null
  }

  /** Each element read with its path; null where the field is not given. */
  each<T>(object: JsonObject, key: string, path: string, read: (value: Json, path: string) => T): readonly T[] | null {
    const list = this.list(object, key, path)
    if (list === null) return null
    const at = pointer(path, key)
    return list.map((value, index) => read(value, pointer(at, index)))
  }

  /** Null where the field is not given. */
  text(object: JsonObject, key: string, path: string): string | null {
    const value = object[key]
    return value === undefined || value === null ? null : this.asText(value, pointer(path, key))
  }

  asText(value: Json, path: string): string {
    if (typeof value === 'string') return value
    const hint = typeof value === 'number' || typeof value === 'boolean' ? ': write it in quotes' : ''
    this.refuse('not-text', path, `expected text, found ${kindOf(value)}${hint}`)
    return ''
  }

  /** Null where the field is not given or not a whole number within the bounds. */
  integer(object: JsonObject, key: string, path: string, max: number): number | null {
    const value = object[key]
    if (value === undefined || value === null) return null
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) return value
    this.refuse(
      'not-an-integer',
      pointer(path, key),
      `expected a whole number from 0 to ${max}, found ${JSON.stringify(value)}`,
    )
    return null
  }

  flag(object: JsonObject, key: string, path: string): boolean | null {
    const value = object[key]
    if (value === undefined || value === null) return null
    if (typeof value === 'boolean') return value
    this.refuse('not-a-flag', pointer(path, key), `expected true or false, found ${kindOf(value)}`)
    return null
  }

  /** Text values by key. */
  dictionary(object: JsonObject, key: string, path: string): readonly (readonly [string, string])[] {
    if (object[key] === undefined) return []
    const at = pointer(path, key)
    return Object.entries(this.anyObject(object[key], at)).map(([name, value]) => [
      name,
      this.asText(value, pointer(at, name)),
    ])
  }
}

/** Problems of one kind in one input: nobody reads more, and a hostile input could have millions. */
export const PROBLEMS_MAX = 1_000

function collect(problems: Problem[], problem: Problem): void {
  const last = problems.at(-1)
  // What is found wrong with the value that stands in for one of another type says nothing new.
  if (last !== undefined && last.path === problem.path && last.code.startsWith('not-')) return
  if (problems.length < PROBLEMS_MAX) problems.push(problem)
  else if (problems.length === PROBLEMS_MAX) {
    const reason = `only the first ${PROBLEMS_MAX} problems are listed`
    problems.push({ ...problem, code: 'more-problems', reason })
  }
}

function isDeeperThan(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner: Json) => isDeeperThan(inner, levels - 1))
}

/** JSON pointer (RFC 6901). Made for every value that is read, so the common case only joins. */
export function pointer(path: string, key: string | number): string {
  return typeof key === 'string' && (key.includes('/') || key.includes('~'))
    ? `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    : `${path}/${key}`
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: Json): string {
  if (value === null) return 'null'
  return Array.isArray(value)
    ? 'a list'
    : isJsonObject(value)
      ? 'an object'
      : `${typeof value} ${JSON.stringify(value)}`
}
