import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { probeKernel, reasonAgainstKernel } from '../../src/kernel/probe.ts'
import { KERNEL_REASON } from './laboratory.ts'

const NOBODY = '65534'
const ROOT = join(import.meta.dirname, '../..')
/** Drops every capability first, so that nothing of root is left. */
const UNPRIVILEGED = ['--reuid', NOBODY, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all', process.execPath]

test('D16 the probe tries each feature and says what it did', async () => {
  const report = await probeKernel()
  assert.match(report.release, /^\d+\.\d+/)
  assert.ok(report.features.length > 10)
  for (const { name, detail, since } of report.features) assert.ok(name && detail && since)
  if (KERNEL_REASON === null) assert.equal(reasonAgainstKernel(report), null)
})

test('D16 without privilege the probe names what is refused, and opening fails with no-privilege', {
  skip: process.getuid?.() === 0 ? false : 'only root can give up privilege',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-unprivileged-'))
  const script = `
    const { probeKernel, reasonAgainstKernel } = await import('${ROOT}/src/kernel/probe.ts')
    const { openKernelDatapath } = await import('${ROOT}/src/kernel/datapath.ts')
    const open = (bpffs) => openKernelDatapath({ bpffs, name: 'test', compile: { cache: '${folder}' } })
    const codes = []
    for (const bpffs of ['${folder}/bpf', '/hindcast-of-nobody']) await open(bpffs).catch((error) => codes.push(error.code))
    console.log(JSON.stringify({ reason: reasonAgainstKernel(await probeKernel()), codes }))`
  try {
    execFileSync('chown', [NOBODY, folder])
    const output = execFileSync('setpriv', [...UNPRIVILEGED, '--input-type=module', '--eval', script], {
      encoding: 'utf8',
    })
    const { reason, codes } = JSON.parse(output)
    assert.match(reason, /^lpm-trie .*EPERM/)
    assert.deepEqual(codes, ['no-privilege', 'no-privilege'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
