/**
 * Expressions of HTTP rules: RE2 against the whole value, in time linear in the value.
 *
 * Values longer than `VALUE_MAX` are not matched at all: a rule that cannot see the whole value does not allow it. Compiled expressions are
 * kept by their text; that is a memo of a pure function, bounded, and not state.
 */
import { RE2JS, RE2JSException, RE2Set } from 're2js'

/** Characters. The longest path that common servers take; it bounds what one hostile request can cost. */
export const VALUE_MAX = 8_192
/** Below this many alternatives one after the other is as fast as their set. */
export const SET_MIN = 8
/** Characters of an expression; its program is a few hundred times as large, and every request pays for it. */
const EXPRESSION_MAX = 4_096
/** Expressions that are kept, and sets: a set's automaton may grow to 8 MiB. */
const EXPRESSIONS_KEPT = 4_096
const SETS_KEPT = 64

export type Expression = { readonly text: string; readonly matches: (value: string) => boolean }

/** Which of many expressions match a value, in one pass over it. */
export type ExpressionSet = {
  /** Text to the number by which `matching` names it. */
  readonly numbers: ReadonlyMap<string, number>
  readonly matching: (value: string) => ReadonlySet<number>
}

export type CompiledExpression =
  | { readonly kind: 'compiled'; readonly expression: Expression }
  | { readonly kind: 'invalid'; readonly reason: string }

/** These mean themselves, so equality answers for them. */
const LITERAL = /^[A-Za-z0-9_/-]*$/
const NONE: ReadonlySet<number> = new Set()

export const compileExpression: (text: string) => CompiledExpression = memo(compile, EXPRESSIONS_KEPT)

/** All `texts` must compile. */
export function compileExpressionSet(texts: readonly string[]): ExpressionSet {
  return setByKey(JSON.stringify(texts))
}

const setByKey: (key: string) => ExpressionSet = memo((key) => {
  const texts = JSON.parse(key) as readonly string[]
  const set = new RE2Set(RE2Set.ANCHOR_BOTH)
  for (const text of texts) set.add(text)
  set.compile()
  const numbers = new Map(texts.map((text, i) => [text, i]))
  return { numbers, matching: (value) => (value.length > VALUE_MAX ? NONE : new Set(set.match(value))) }
}, SETS_KEPT)

function compile(text: string): CompiledExpression {
  if (LITERAL.test(text)) return { kind: 'compiled', expression: { text, matches: (value) => value === text } }
  if (text.length > EXPRESSION_MAX) return { kind: 'invalid', reason: `longer than ${EXPRESSION_MAX} characters` }
  try {
    const program = RE2JS.compile(text)
    const matches = (value: string): boolean => value.length <= VALUE_MAX && program.testExact(value)
    return { kind: 'compiled', expression: { text, matches } }
  } catch (error) {
    if (error instanceof RE2JSException) return { kind: 'invalid', reason: error.message }
    throw error
  }
}

/** The oldest goes when the bound is reached. */
function memo<T>(make: (key: string) => T, max: number): (key: string) => T {
  const made = new Map<string, T>()
  return (key) => {
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(key)
    if (made.size >= max) made.delete(made.keys().next().value!)
    made.set(key, value)
    return value
  }
}
