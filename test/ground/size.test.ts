import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type SourceFile, sourceFiles } from './source-files.ts'

const FUNCTION_LINES_MAX = 70

/**
 * Functions by their shape after the formatter: a head at some indentation that ends with `{`, and the first `}` at the same indentation.
 * Tests and benchmarks are scripts and do not count.
 */
function longFunctions({ path, text }: SourceFile): readonly string[] {
  const lines = text.split('\n')
  return lines.flatMap((line, start) => {
    const indent = functionIndent(line)
    if (indent === null) return []
    const length = lines.slice(start + 1).findIndex((other) => other.startsWith(`${indent}}`)) + 2
    return length > FUNCTION_LINES_MAX ? [`${path}:${start + 1} has ${length} lines`] : []
  })
}

function functionIndent(line: string): string | null {
  if (!/[{]$/.test(line)) return null
  const declaration = /^(\s*)(export )?(default )?(async )?function\b/.exec(line)
  const method = /^( {2})(static |async |override |get |set |\*|#)*[#\w]+(<[^>]*>)?\(.*\).*\{$/.exec(line)
  const arrow = /^(\s*)(export )?const \w+.*=> \{$/.exec(line)
  if (/^\s*(if|for|while|switch|return|else)\b/.test(line)) return null
  return (declaration ?? method ?? arrow)?.[1] ?? null
}

test('G3 a function has at most 70 lines', () => {
  assert.deepEqual(sourceFiles('events', 'projections', 'src').flatMap(longFunctions), [])
})

test('G3 the check sees a long function', () => {
  const text = `export function long(): void {\n${'  step()\n'.repeat(80)}}\n`
  assert.deepEqual(longFunctions({ path: 'x.ts', text }), ['x.ts:1 has 82 lines'])
})
