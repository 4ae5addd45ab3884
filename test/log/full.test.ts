/** What happens when nothing more can be written: on a file system of a megabyte or two, which only root can make. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { EventId, type Position, StreamName, Timestamp } from '../../events/ids.ts'
import { openFlowStore } from '../../src/flows/sqlite.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { type EventLog, LogError } from '../../src/ports/log.ts'
import { readEverything } from '../contract/log.ts'
import { aFlow } from '../flows/flows.ts'

const STREAM = StreamName('node-a')
const APPENDS_MAX = 2_000
const BODY = JSON.stringify({ text: 'x'.repeat(2_000) })

class SmallDisk implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), `hindcast-full-${process.pid}-`))

  constructor() {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', this.folder], { stdio: 'pipe' })
  }

  /** Takes most of the space; freed by removing the file. */
  ballast(bytes: number): string {
    const path = join(this.folder, 'ballast')
    writeFileSync(path, Buffer.alloc(bytes))
    return path
  }

  [Symbol.dispose](): void {
    execFileSync('umount', [this.folder])
    rmSync(this.folder, { recursive: true })
  }
}

/** Null where it can be had. */
const reason = ((): string | null => {
  if (process.getuid?.() !== 0) return 'needs root: a small file system is mounted'
  try {
    using _ = new SmallDisk()
    return null
  } catch (error) {
    return `no small file system: ${String(error).split('\n', 1)[0]}`
  }
})()

/** Appends until it is refused; gives what was acknowledged, and the refusal. */
async function fill(log: EventLog): Promise<{ readonly positions: readonly Position[]; readonly error: unknown }> {
  const positions: Position[] = []
  for (let count = 0; count < APPENDS_MAX; count += 1) {
    const event = { id: EventId(randomUUID()), type: 'Tried', v: 1, body: BODY, meta: '{}' }
    try {
      const outcome = await log.append([{ stream: STREAM, expected: 'any', events: [event] }])
      if (outcome.kind === 'appended') positions.push(...outcome.positions)
    } catch (error) {
      return { positions, error }
    }
  }
  return { positions, error: null }
}

test('L31 a full disk refuses the append, keeps what was acknowledged, and goes on when there is room', {
  skip: reason ?? false,
}, async () => {
  using disk = new SmallDisk()
  const path = join(disk.folder, 'log.db')
  const ballast = disk.ballast(1_000_000)
  await using log = openSqliteLog({ path, now: () => Timestamp(Date.now()) })
  const { positions, error } = await fill(log)
  assert.ok(error instanceof LogError && error.code === 'log-io', String(error))
  assert.match(error.message, /full/)
  assert.match(error.message, /log\.db/)
  assert.ok(positions.length > 0)
  assert.deepEqual(
    (await readEverything(log)).map(({ position }) => position),
    positions,
  )
  rmSync(ballast)
  const later = await fill(log)
  assert.ok(later.positions.length > 0, 'it goes on')
  assert.deepEqual(
    (await readEverything(log)).map(({ position }) => position),
    [...positions, ...later.positions],
  )
})

test('F7 on a full disk flows are lost, counted and told of, and nobody waits; with room they are kept again', {
  skip: reason ?? false,
}, async () => {
  using disk = new SmallDisk()
  const said: string[] = []
  await using store = openFlowStore({ path: join(disk.folder, 'flows.db'), report: (line) => said.push(line) })
  const ballast = disk.ballast(1_700_000)
  const many = Array.from({ length: 5_000 }, (_, index) => aFlow(index))
  store.add(many)
  await store.flush()
  assert.ok(store.lost() > 0)
  assert.equal(said.length, 1, 'told once, not for each group')
  assert.match(said[0]!, /^flows are lost: flows-io: .*flows\.db.*full/)
  rmSync(ballast)
  const before = store.lost()
  store.add(many.slice(0, 10))
  await store.flush()
  assert.equal(store.lost(), before)
  assert.equal((await store.query({ last: 10 })).length, 10)
})
