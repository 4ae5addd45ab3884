/**
 * Regular expressions of policies are RE2 and match whole values. Their size is bounded before they are compiled: a compiled
 * instruction costs microseconds to make, and every request may pay for it at each character.
 */
import { RE2JS, RE2JSSyntaxException } from 're2js'
import type { Reader } from './reader.ts'

/** Characters. */
export const EXPRESSION_MAX = 2_000

/** Instructions of one compiled program. */
export const PROGRAM_MAX = 10_000

/** Instructions that the expressions of one input may have together: about a second of compiling. */
export const PROGRAMS_MAX = 200_000

/**
 * Expressions of which one sees that they are right: literals, dots, common classes and flat groups, each with at most one operator, and
 * alternatives. Most expressions of policies are of this kind and need no compiling.
 */
const PLAIN =
  /^(?:(?:[-\w/ ~%@:,;=&"'<>!#.]|\\[-./dwsDWS]|\[\^?(?:a-z|A-Z|0-9|[_./])+\]|\((?:\?:)?(?:[-\w/ ]|\.[*+]?|\|)*\))[*+?]?|[|^$])+$/

export function isPlainExpression(expression: string): boolean {
  return PLAIN.test(expression)
}

export function checkExpression(reader: Reader, expression: string | null, path: string): void {
  if (expression === null) return
  if (expression.length > EXPRESSION_MAX) {
    reader.refuse('regex-too-long', path, `${expression.length} characters are more than ${EXPRESSION_MAX}`)
    return
  }
  if (isPlainExpression(expression)) return
  const size = expectedSize(expression)
  reader.budget.left -= Math.min(size, PROGRAM_MAX)
  if (size > PROGRAM_MAX) {
    reader.refuse('regex-too-large', path, `repeated parts make more than ${PROGRAM_MAX} instructions`)
  } else if (reader.budget.left < 0) {
    reader.refuse('regexes-too-large', path, 'the expressions up to here have more instructions together than may be')
  } else {
    compile(reader, expression, path)
  }
}

function compile(reader: Reader, expression: string, path: string): void {
  try {
    const size = RE2JS.compile(expression).programSize()
    if (size > PROGRAM_MAX) reader.refuse('regex-too-large', path, `${size} instructions are more than ${PROGRAM_MAX}`)
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error
    reader.refuse('regex-invalid', path, error.message)
  }
}

const TOKEN =
  /\\[pP]\{[^}]*\}|\\x\{[^}]*\}|\\.|\[\^?\]?(?:\\.|\[:\w*:\]|[^\]\\])*\]|\{([0-9]+)(?:,([0-9]*))?\}|[\s\S]/gu

/** About how many instructions: one for each character, class and operator, and counted repetitions multiply what they repeat. */
function expectedSize(expression: string): number {
  const groups: number[] = []
  let sum = 0
  let last = 0
  for (const [token, least, most] of expression.matchAll(TOKEN)) {
    if (token === '(') {
      groups.push(sum)
      sum = 0
      last = 1
    } else if (token === ')') {
      last = sum + 1
      sum = (groups.pop() ?? 0) + last
    } else if (least !== undefined) {
      const times = Math.max(Number(least), Number(most ?? 0), 1)
      sum += last * (times - 1)
      last *= times
    } else {
      last = 1
      sum += 1
    }
  }
  return groups.reduce((total, group) => total + group, sum)
}
