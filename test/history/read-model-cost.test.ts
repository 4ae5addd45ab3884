import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { diffMoments } from '../../src/history/diff.ts'
import type { Moment } from '../../src/history/position.ts'
import type { EventLog } from '../../src/ports/log.ts'
import { IN_MEMORY, openReadModel } from '../../src/readmodel/model.ts'
import { writeLongLog } from '../bench/long-log.ts'
import { randomLog, randomStory, tell } from './random-story.ts'

const folder = mkdtempSync(join(tmpdir(), `hindcast-read-model-cost-${process.pid}-`))
after(() => rmSync(folder, { recursive: true }))

const EVENTS = 100_000
/** A build that kept half a kilobyte of each event would not fit. */
const HEAP_MIB = 40

test('T80 the memory in which the read model is built does not depend on the length of the log', async () => {
  const path = join(folder, 'long.db')
  await writeLongLog(path, EVENTS)
  const command = [
    `--max-old-space-size=${HEAP_MIB}`,
    join(import.meta.dirname, 'build-model.ts'),
    path,
    `${path}.readmodel`,
  ]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.equal(stdout, String(EVENTS))
})

/** The log, and how many events of it were read. */
function counted(log: EventLog): { readonly log: EventLog; readonly read: () => number } {
  let events = 0
  const counting: EventLog['readAll'] = async function* (options) {
    for await (const batch of log.readAll(options)) {
      events += batch.length
      yield batch
    }
  }
  return {
    log: new Proxy(log, {
      get: (target, name) => {
        if (name === 'readAll') return counting
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    }),
    read: () => events,
  }
}

test('T81 what changed between two moments is found without reading the log', async () => {
  const log = await randomLog(21, 3_000)
  using model = await openReadModel(log, IN_MEMORY)
  const moments: Moment[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) moments.push(...batch)
  const { log: asked, read } = counted(log)
  for (const [from, to] of [
    [10, 2_990],
    [1_500, 1_501],
    [2_000, 1_000],
  ] as const) {
    const changes = await diffMoments({ log: asked, model }, { from: moments[from]!, to: moments[to]! })
    assert.ok(changes.length > 0 || to === from + 1)
  }
  assert.equal(read(), 0)
})

test('T82 a read model that is there reads what the log has gained, and of the rest two events', async () => {
  const log = await randomLog(22, 2_000)
  const path = join(folder, 'followed.readmodel')
  const first = await openReadModel(log, path)
  first[Symbol.dispose]()
  const gained = randomStory(23, 70)
  for (const [some, expected] of [
    [0, 2],
    [70, 72],
    [0, 2],
  ] as const) {
    await tell(log, gained.slice(0, some))
    const { log: asked, read } = counted(log)
    using model = await openReadModel(asked, path)
    assert.equal(model.builtTo(), await log.head())
    assert.equal(read(), expected)
  }
})
