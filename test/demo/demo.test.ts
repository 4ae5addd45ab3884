/** The story as a user gets it: `npm run demo`, on both datapaths, its own process, everything cleaned up. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

const SCRIPT = join(import.meta.dirname, '../../src/demo/demo.ts')
const STEPS = 12

type Line =
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'begin'; readonly title: string }
  | { readonly kind: 'step'; readonly title: string; readonly seen: string; readonly ok: boolean }
  | { readonly kind: 'end'; readonly passed: number; readonly failed: number }

async function play(...args: readonly string[]): Promise<{
  readonly code: number | null
  readonly lines: readonly Line[]
  readonly err: string
  readonly pid: number
}> {
  const child = spawn(process.execPath, [SCRIPT, '--json', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const lines = out
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
  return { code: child.exitCode, lines: lines.map((line) => JSON.parse(line) as Line), err, pid: child.pid ?? 0 }
}

function leftovers(pid: number): readonly string[] {
  const namespaces = (() => {
    try {
      return readdirSync('/run/netns')
    } catch {
      return []
    }
  })()
  return namespaces.filter((name) => name.startsWith(`hindcast-${pid}-`))
}

function assertTold({ code, lines, err }: Awaited<ReturnType<typeof play>>): void {
  const wrong = lines.filter((line) => line.kind === 'step' && !line.ok)
  assert.deepEqual([wrong, code, err], [[], 0, ''])
  const end = lines.at(-1)
  assert.ok(end?.kind === 'end')
  assert.deepEqual([end.passed, end.failed], [STEPS, 0])
}

const noKernel = process.getuid?.() === 0 ? false : 'needs root: the kernel datapath is not tried'

test('C40 the demo holds on the kernel: three ships, one policy, a killed agent, the past', {
  skip: noKernel,
}, async () => {
  const told = await play('--stage', 'kernel')
  assertTold(told)
  assert.deepEqual(leftovers(told.pid), [])
})

test('C40 the demo holds on the model datapath and says why it is not the kernel', async () => {
  const told = await play('--stage', 'model')
  assertTold(told)
  const [first] = told.lines
  assert.ok(first?.kind === 'progress')
  assert.match(first.text, /^model datapath: the kernel is not used \(asked for by --stage\)/)
})

test('C40 a demo that is interrupted cleans up', async () => {
  const before = new Set(readdirSync(tmpdir()).filter((name) => name.startsWith('hindcast-demo-')))
  const child = spawn(process.execPath, [SCRIPT, '--json'], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(child.stdout, 'data')
  child.kill('SIGINT')
  child.stdout.resume()
  await once(child, 'close')
  assert.notEqual(child.exitCode, 0)
  assert.deepEqual(leftovers(child.pid ?? 0), [])
  const after = readdirSync(tmpdir()).filter((name) => name.startsWith('hindcast-demo-') && !before.has(name))
  assert.deepEqual(after, [])
})

test('C40 a demo whose reader goes away cleans up', async () => {
  const child = spawn(process.execPath, [SCRIPT, '--stage', 'model'], { stdio: ['ignore', 'pipe', 'pipe'] })
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const [err] = await Promise.all([text(child.stderr), once(child, 'close')])
  assert.equal(err, 'error: nobody reads on; everything was cleaned up\n')
})
