/**
 * Each incident of the gallery is recorded anew, and each command of README.md must give the answer that stands there, as a table and as JSON.
 * GOLDEN=update writes the answers into the document.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { answerOf, assertSameAsJson } from './answers.ts'
import { INCIDENTS, KERNEL_INCIDENTS } from './incidents.ts'
import { record } from './stage.ts'
import { commandsOf, masked, README, withAnswers } from './tutorial.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-gallery-'))
const NAMES: readonly string[] = INCIDENTS.map(({ name }) => name)
/** Verbs without a form for programs, whose table is one line. */
const PLAIN = /^hindcast wait /

before(async () => {
  for (const incident of INCIDENTS) await record(folder, incident)
  if (process.env['GOLDEN'] !== 'update') return
  const ours = (section: string): boolean => NAMES.includes(section)
  writeFileSync(README, await withAnswers(readFileSync(README, 'utf8'), ours, (told) => answerOf(folder, told)))
})
after(() => rmSync(folder, { recursive: true }))

for (const name of NAMES) {
  test(`T70 gallery: ${name}`, async () => {
    const told = commandsOf(readFileSync(README, 'utf8')).filter(({ section }) => section === name)
    assert.ok(told.length > 0, `README.md tells of ${name}`)
    for (const one of told) {
      assert.equal(masked(await answerOf(folder, one)), masked(one.answer), one.command)
      if (!PLAIN.test(one.command)) await assertSameAsJson(folder, one)
    }
  })
}

test('T70 every section of the gallery with a command is an incident', () => {
  const names = [...NAMES, ...KERNEL_INCIDENTS.map(({ name }) => name)]
  const sections = new Set(commandsOf(readFileSync(README, 'utf8')).map(({ section }) => section))
  assert.deepEqual([...sections].toSorted(), names.toSorted())
})
