import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StoredEvent } from '../../events/codec.ts'
import { Timestamp } from '../../events/ids.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { readEverything } from '../contract/log.ts'

const KILLS = 200
/** Several writers at a time on one file, so that a kill also meets another process's transaction. */
const WRITERS = 5
const EVENTS_A_BATCH = 3
/** The first line of output comes after the start of the process; a kill falls within this time after it. */
const LIFE_MAX_MS = 25

/** Appends until killed at a random moment; gives the batches that were acknowledged. */
async function killedWriter(path: string, name: string, lifeMs: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'appender.ts'), path, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { NODE_COMPILE_CACHE: `${path}.code`, ...process.env },
  })
  let output = ''
  const ended = new Promise((resolve) => child.once('close', resolve))
  await new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      resolve()
    })
    child.once('close', () => resolve())
  })
  await sleep(lifeMs)
  child.kill('SIGKILL')
  await ended
  return output.split('\n').slice(0, -1)
}

function checkWhole(events: readonly StoredEvent[], acknowledged: readonly string[]): void {
  const sizes = new Map<string, number>()
  const next = new Map<string, number>()
  for (const { body, stream, revision } of events) {
    const { batch } = JSON.parse(body) as { readonly batch: string }
    sizes.set(batch, (sizes.get(batch) ?? 0) + 1)
    assert.equal(revision, next.get(stream) ?? 0, `revisions of ${stream} are dense`)
    next.set(stream, revision + 1)
  }
  assert.deepEqual(
    [...sizes.values()].filter((size) => size !== EVENTS_A_BATCH),
    [],
    'no batch is half there',
  )
  assert.deepEqual(
    acknowledged.filter((batch) => !sizes.has(batch)),
    [],
    'every acknowledged batch is there',
  )
}

test(`L17 ${KILLS} writers killed at random moments lose no acknowledged event and leave no half batch`, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-crash-'))
  const path = join(folder, 'log.db')
  const acknowledged: string[] = []
  try {
    for (let round = 0; round < KILLS / WRITERS; round += 1) {
      const writers = Array.from({ length: WRITERS }, (_, index) =>
        killedWriter(path, `w${round % 5}${index}`, Math.random() * LIFE_MAX_MS),
      )
      acknowledged.push(...(await Promise.all(writers)).flat())
    }
    await using log = openSqliteLog({ path, now: () => Timestamp(Date.now()), readOnly: true })
    const events = await readEverything(log)
    checkWhole(events, acknowledged)
    context.diagnostic(`${acknowledged.length} acknowledged batches, ${events.length} events after ${KILLS} kills`)
    assert.ok(acknowledged.length >= KILLS / 2, 'the writers did write')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
