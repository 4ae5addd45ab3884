/** The story as a user gets it: `npm run demo`, on both datapaths, its own process, everything cleaned up. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { KERNEL_REASON } from '../kernel/laboratory.ts'
import { play, SCRIPT, type Told } from './play.ts'
import { type Played, playedOnModel } from './played.ts'
import { assertAsTold, assertEveryPosition, copyAlone } from './remembered.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-played-'))
after(() => rmSync(folder, { recursive: true }))

const STEPS = 12
/** Commands of the story that speak of the log, asked again afterwards. */
const TOLD_MIN = 9
const POSITIONS_MIN = 60

/** Each datapath's story is played once. */
const played = new Map<'kernel' | 'model', Played>()

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

function assertTold({ code, lines, err }: Told): void {
  const wrong = lines.filter((line) => line.kind === 'step' && !line.ok)
  assert.deepEqual([wrong, code, err], [[], 0, ''])
  const end = lines.at(-1)
  assert.ok(end?.kind === 'end')
  assert.deepEqual([end.passed, end.failed], [STEPS, 0])
}

test('C40 the demo holds on the kernel: three ships, one policy, a killed agent, the past', {
  skip: KERNEL_REASON ?? false,
}, async () => {
  const state = join(folder, 'kernel')
  const told = await play('--stage', 'kernel', '--state', state)
  played.set('kernel', { told, state })
  assertTold(told)
  assert.deepEqual(leftovers(told.pid), [])
})

test('C40 the demo holds on the model datapath and says why it is not the kernel', async () => {
  const { told, state } = await playedOnModel()
  played.set('model', { told, state })
  assertTold(told)
  const [first] = told.lines
  assert.ok(first?.kind === 'progress')
  assert.match(first.text, /^model datapath: the kernel is not used \(asked for by --stage\)/)
})

test('C42 from the copied log alone the commands of the story say again what they said', async () => {
  for (const [stage, { told, state }] of played) {
    using copy = copyAlone(join(state, 'log.db'), join(folder, `${stage}-told`))
    assert.ok((await assertAsTold(copy, told)) >= TOLD_MIN, stage)
  }
})

test('C42 from the copied log alone every reading verb answers at each position as when it was the last', async () => {
  const stage = played.has('kernel') ? 'kernel' : 'model'
  using copy = copyAlone(join(played.get(stage)!.state, 'log.db'), join(folder, `${stage}-positions`))
  assert.ok(copy.positions.length > POSITIONS_MIN)
  await assertEveryPosition(copy, folder)
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
