/** In processes of their own, two at a time: a simulation keeps one core busy. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const SIM = join(import.meta.dirname, '../agent/sim.ts')

async function eventsOf(...options: readonly string[]): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [SIM, '--cluster', ...options])
  return Number(/ ([0-9]+) events/.exec(stdout)?.[1])
}

test('N7 whatever nodes and network do: one number for a label set, one policy for a revision, nothing passes that is denied before and after', async () => {
  const events = await Promise.all([
    eventsOf('--seeds', '500', '--from', '1'),
    eventsOf('--seeds', '500', '--from', '501'),
  ])
  assert.ok(
    events.every((count) => count > 500 * 100),
    `${events.join(' and ')} events: much happened`,
  )
})

test('N7 the same with fifty nodes, and with sixty', async () => {
  const [fifty = 0, sixty = 0] = await Promise.all([
    eventsOf('--nodes', '50', '--seeds', '2', '--from', '5001'),
    eventsOf('--nodes', '60', '--seeds', '1', '--from', '6001'),
  ])
  assert.ok(fifty > 4_000 && sixty > 2_000, `${fifty} and ${sixty} events`)
})
