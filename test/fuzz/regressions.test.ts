import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { COMPARISONS, REGRESSIONS } from './comparisons.ts'

type Find = { readonly comparison: string; readonly case: unknown }

const files = existsSync(REGRESSIONS) ? readdirSync(REGRESSIONS).filter((file) => file.endsWith('.json')) : []
const finds = files.map((file): Find & { readonly file: string } => ({
  file,
  ...(JSON.parse(readFileSync(join(REGRESSIONS, file), 'utf8')) as Find),
}))

test('R12 every find belongs to a comparison', () => {
  const names = COMPARISONS.map(({ name }) => name)
  for (const { file, comparison } of finds) assert.ok(names.includes(comparison), `${file} names ${comparison}`)
})

for (const { name, cases, reason, open } of COMPARISONS) {
  test(`R12 what the fuzzer found stays found: ${name}`, { skip: reason ?? false }, async () => {
    await using opened = await open()
    for (const find of finds.filter(({ comparison }) => comparison === name)) {
      await assert.doesNotReject(opened.check(find.case), find.file)
    }
    // It takes its own cases as files hold them.
    for (const one of fc.sample(cases, { seed: 1, numRuns: 2 })) await opened.check(JSON.parse(JSON.stringify(one)))
  })
}
