/** The incidents that need a kernel: what stands in README.md is asked of one that was tampered with. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { KERNEL_REASON } from '../kernel/laboratory.ts'
import { placed } from '../kernel/placed.ts'
import { answerOf, assertSameAsJson } from './answers.ts'
import { KERNEL_INCIDENTS } from './incidents.ts'
import { record } from './stage.ts'
import { commandsOf, masked, README, type Told, withAnswers } from './tutorial.ts'

for (const incident of KERNEL_INCIDENTS) {
  test(`T70 gallery, on the kernel: ${incident.name}`, { skip: KERNEL_REASON ?? false }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hindcast-gallery-'))
    try {
      await using opened = await placed()
      await record(folder, incident, opened.datapath)
      const where = ({ command }: Told): readonly string[] =>
        command.startsWith('hindcast drift') ? ['--bpffs', opened.lab.options.bpffs] : []
      const answer = (told: Told): Promise<string> => answerOf(folder, told, ...where(told))
      if (process.env['GOLDEN'] === 'update') {
        const ours = (section: string): boolean => section === incident.name
        writeFileSync(README, await withAnswers(readFileSync(README, 'utf8'), ours, answer))
        return
      }
      const told = commandsOf(readFileSync(README, 'utf8')).filter(({ section }) => section === incident.name)
      assert.ok(told.length > 0, `README.md tells of ${incident.name}`)
      for (const one of told) {
        if (!one.command.includes('--repair')) await assertSameAsJson(folder, one, ...where(one))
        assert.equal(masked(await answer(one)), masked(one.answer), one.command)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}
