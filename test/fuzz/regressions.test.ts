import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { COMPARISONS, REGRESSIONS } from './comparisons.ts'

test('R12 what the fuzzer found stays found', () => {
  const files = existsSync(REGRESSIONS) ? readdirSync(REGRESSIONS).filter((file) => file.endsWith('.json')) : []
  for (const file of files) {
    const found: { readonly comparison: string; readonly case: unknown } = JSON.parse(
      readFileSync(join(REGRESSIONS, file), 'utf8'),
    )
    const comparison = COMPARISONS.find(({ name }) => name === found.comparison)
    assert.ok(comparison !== undefined, `${file} names ${found.comparison}`)
    assert.doesNotThrow(() => comparison.check(found.case), file)
  }
})

test('R12 every comparison takes its own cases as files hold them', () => {
  for (const { cases, check } of COMPARISONS) {
    for (const one of fc.sample(cases, { seed: 1, numRuns: 2 })) check(JSON.parse(JSON.stringify(one)))
  }
})
