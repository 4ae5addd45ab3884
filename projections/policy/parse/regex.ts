/** Regular expressions of policies are RE2 and match whole values; their size is bounded before they are compiled. */
import { RE2JS } from 're2js'
import type { Reader } from './reader.ts'

/** Characters. A compiled expression is a few hundred times its text, and every request pays for it. */
const EXPRESSION_MAX = 2_000

export function checkExpression(reader: Reader, expression: string | null, path: string): void {
  if (expression === null) return
  if (expression.length > EXPRESSION_MAX) {
    reader.refuse('regex-too-long', path, `${expression.length} characters are more than ${EXPRESSION_MAX}`)
    return
  }
  try {
    RE2JS.compile(expression)
  } catch (error) {
    reader.refuse('regex-invalid', path, error instanceof Error ? error.message : String(error))
  }
}
