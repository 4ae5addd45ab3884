import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { filter, firstValueFrom } from 'rxjs'
import { StreamName, StreamRevision, Timestamp } from '../../events/ids.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { anEvent, logContract, readEverything } from '../contract/log.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-log-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0
function freshPath(): string {
  files += 1
  return join(folder, `${files}.db`)
}
const now = (): Timestamp => Timestamp(1_000)
const NODE = StreamName('node-n1')

logContract('sqlite', async () => {
  const clock = { now: 1 }
  return { clock, log: openSqliteLog({ path: freshPath(), now: () => Timestamp(clock.now) }) }
})

test('L14 two connections to one file order their appends and see each other at once', async () => {
  const path = freshPath()
  await using one = openSqliteLog({ path, now })
  await using two = openSqliteLog({ path, now })
  const seen = firstValueFrom(two.subscribe(null).pipe(filter((message) => message.kind === 'events')))
  await one.append([{ stream: NODE, expected: 'no-stream', events: [anEvent()] }])
  assert.equal((await seen).kind, 'events')
  const conflict = await two.append([{ stream: NODE, expected: 'no-stream', events: [anEvent()] }])
  assert.equal(conflict.kind, 'conflict')
  await two.append([{ stream: NODE, expected: StreamRevision(0), events: [anEvent()] }])
  assert.equal((await readEverything(one)).length, 2)
})

test('L15 a copied file is read where nothing may be written, and appending there is refused', async () => {
  const path = freshPath()
  {
    await using log = openSqliteLog({ path, now })
    await log.append([{ stream: NODE, expected: 'any', events: [anEvent(), anEvent()] }])
  }
  const copies = join(folder, 'copies')
  mkdirSync(copies)
  const copy = join(copies, 'log.db')
  copyFileSync(path, copy)
  chmodSync(copies, 0o555)
  await using log = openSqliteLog({ path: copy, now, readOnly: true })
  assert.equal((await readEverything(log)).length, 2)
  await assert.rejects(async () => log.append([{ stream: NODE, expected: 'any', events: [anEvent()] }]), {
    code: 'log-io',
  })
})

test('L16 a file that is no log, a newer log, a damaged one and a missing one are refused by name', () => {
  const text = freshPath()
  writeFileSync(text, 'not a database, but long enough to be read as the header of one'.repeat(4))
  assert.throws(() => openSqliteLog({ path: text, now }), { name: 'LogError', code: 'log-corrupt' })
  const foreign = freshPath()
  const database = new DatabaseSync(foreign)
  database.exec('CREATE TABLE other (x)')
  database.close()
  assert.throws(() => openSqliteLog({ path: foreign, now }), /is not a Hindcast log/)
  const newer = freshPath()
  void openSqliteLog({ path: newer, now })[Symbol.asyncDispose]()
  const raised = new DatabaseSync(newer)
  raised.exec('PRAGMA user_version = 99')
  raised.close()
  assert.throws(() => openSqliteLog({ path: newer, now }), /log-newer: .* has shape 99/)
  assert.throws(() => openSqliteLog({ path: freshPath(), now, readOnly: true }), /does not exist/)
  assert.throws(() => openSqliteLog({ path: join(folder, 'no', 'such', 'folder.db'), now }), { code: 'log-io' })
})

test('L18 space kept ahead in the write-ahead log holds nothing: a copy of the files reads as far as was written', async () => {
  const path = freshPath()
  await using log = openSqliteLog({ path, now })
  for (let n = 0; n < 100; n += 1) await log.append([{ stream: NODE, expected: 'any', events: [anEvent()] }])
  assert.ok(statSync(`${path}-wal`).size > 4 * 2 ** 20, 'space was kept')
  const copy = `${path}.copy`
  copyFileSync(path, copy)
  copyFileSync(`${path}-wal`, `${copy}-wal`)
  await using copied = openSqliteLog({ path: copy, now })
  assert.deepEqual(await readEverything(copied), await readEverything(log))
  await copied.append([{ stream: NODE, expected: StreamRevision(99), events: [anEvent()] }])
  assert.equal((await readEverything(copied)).length, 101)
})

test('L19 a writer that others overtake places its next append where theirs ended', async () => {
  const path = freshPath()
  await using one = openSqliteLog({ path, now })
  await using two = openSqliteLog({ path, now })
  const events = Array.from({ length: 40 }, () => anEvent())
  for (const [index, event] of events.entries()) {
    const writer = index % 3 === 0 ? one : two
    const expected = index === 0 ? 'no-stream' : StreamRevision(index - 1)
    assert.equal((await writer.append([{ stream: NODE, expected, events: [event] }])).kind, 'appended')
  }
  const retried = await one.append([{ stream: NODE, expected: StreamRevision(4), events: events.slice(5, 39) }])
  assert.deepEqual([retried.kind, (await readEverything(one)).length], ['appended', 40])
})
