/** In a process of its own: the test runner follows every promise, which makes a simulation several times slower. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const SIM = join(import.meta.dirname, 'sim.ts')

async function eventsOf(...options: readonly string[]): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [SIM, ...options])
  return Number(/ ([0-9]+) events/.exec(stdout)?.[1])
}

test('A12 whatever fails, refuses, hangs or dies, the log keeps the rules and the node comes to what the log asks', async () => {
  const events = await eventsOf('--seeds', '150')
  assert.ok(events > 150 * 100, `${events} events: much happened`)
})

test('A12 the same on a log in a file', async () => {
  assert.ok((await eventsOf('--seeds', '5', '--sqlite')) > 5 * 50)
})
