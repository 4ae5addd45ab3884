import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { probeKernel, reasonAgainstKernel } from '../../src/kernel/probe.ts'
import { KERNEL_REASON } from './laboratory.ts'
import { POWERLESS } from './powerless.ts'

const ROOT = join(import.meta.dirname, '../..')

test('D16 the probe tries each feature and says what it did', async () => {
  const report = await probeKernel()
  assert.match(report.release, /^\d+\.\d+/)
  assert.ok(report.features.length > 10)
  for (const { name, detail, since } of report.features) assert.ok(name && detail && since)
  if (KERNEL_REASON === null) assert.equal(reasonAgainstKernel(report), null)
})

test('D16 without privilege the probe names what is refused, and opening fails with no-privilege', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-unprivileged-'))
  const script = `
    const { probeKernel, reasonAgainstKernel } = await import('${ROOT}/src/kernel/probe.ts')
    const { openKernelDatapath } = await import('${ROOT}/src/kernel/datapath.ts')
    const open = (bpffs) => openKernelDatapath({ bpffs, name: 'test', compile: { cache: '${folder}' } })
    const codes = []
    for (const bpffs of ['${folder}/bpf', '${folder}/closed/bpf']) await open(bpffs).catch((error) => codes.push(error.code))
    console.log(JSON.stringify({ reason: reasonAgainstKernel(await probeKernel()), codes }))`
  try {
    mkdirSync(join(folder, 'closed'), { mode: 0o555 })
    const [command = '', ...args] = [...POWERLESS, process.execPath, '--input-type=module', '--eval', script]
    const output = execFileSync(command, args, { encoding: 'utf8' })
    const { reason, codes } = JSON.parse(output)
    assert.match(reason, /^lpm-trie .*EPERM/)
    assert.deepEqual(codes, ['no-privilege', 'no-privilege'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
