import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT, sourceFiles } from './source-files.ts'

const RULE = /^- \*\*([A-Z][0-9]+)\*\*/gm
const NAMED = /['"`]((?:[A-Z][0-9]+(?:, )?)+) /g

function specText(): string {
  return readFileSync(join(ROOT, 'SPEC.md'), 'utf8')
}

function rulesOf(text: string): readonly string[] {
  return [...text.matchAll(RULE)].map((match) => match[1]!)
}

function rulesOfSpec(): ReadonlySet<string> {
  return new Set(rulesOf(specText()))
}

function rulesOfTests(): ReadonlySet<string> {
  const titles = sourceFiles('test', 'bpf').flatMap(({ text }) => [...text.matchAll(NAMED)].map((match) => match[1]!))
  return new Set(titles.flatMap((names) => names.split(', ').map((name) => name.trim())))
}

test('G4 every rule of SPEC.md is named by a test', () => {
  const named = rulesOfTests()
  assert.deepEqual(
    [...rulesOfSpec()].filter((rule) => !named.has(rule)),
    [],
  )
})

test('G4 every rule that a test names stands in SPEC.md', () => {
  const known = rulesOfSpec()
  const sections = new Set([...known].map((rule) => rule[0]))
  const unknown = [...rulesOfTests()].filter((rule) => sections.has(rule[0]) && !known.has(rule))
  assert.deepEqual(unknown, [])
})

test('G4 a rule stands once, in the section of its letter, in the order of its number', () => {
  const sections = specText().split(/^(?=## [A-Z] · )/m)
  assert.deepEqual(rulesOf(sections.shift()!), [], 'no rule before the first section')
  for (const section of sections) {
    const letter = section[3]!
    const rules = rulesOf(section)
    const numbers = rules.map((rule) => Number(rule.slice(1)))
    assert.deepEqual(
      rules,
      [...new Set(numbers)].toSorted((a, b) => a - b).map((number) => `${letter}${number}`),
    )
  }
})
