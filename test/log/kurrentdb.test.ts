import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { POLICY_STREAM, StreamName, StreamRevision, Timestamp } from '../../events/ids.ts'
import { readAddress } from '../../src/log/kurrentdb/address.ts'
import { openKurrentLog } from '../../src/log/kurrentdb/log.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import type { EventLog, ExpectedRevision, StreamAppend } from '../../src/ports/log.ts'
import { anEvent, logContract, readEverything } from '../contract/log.ts'
import { type DoubleOptions, KurrentDouble } from '../doubles/kurrentdb/double.ts'
import type { StreamWrite } from '../doubles/kurrentdb/store.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-kurrent-'))
after(() => rmSync(folder, { recursive: true }))

const now = (): Timestamp => Timestamp(Date.now())
let mirrors = 0
function freshMirror(): string {
  mirrors += 1
  return join(folder, `${mirrors}.db`)
}

logContract('kurrentdb', async () => {
  const clock = { now: 1 }
  const double = await KurrentDouble.start({ now: () => clock.now })
  const log = await openKurrentLog({ address: readAddress(double.url, {}), now, mirrorPath: freshMirror() })
  const close = log[Symbol.asyncDispose].bind(log)
  log[Symbol.asyncDispose] = async () => {
    await close()
    await double[Symbol.asyncDispose]()
  }
  return { clock, log }
})

/** Its clock cannot be set: appends are made as copies, which keep the time that they are given. */
const SERVER_URL = process.env['KURRENTDB_URL']
if (SERVER_URL === undefined) {
  test('the contract against a real server', { skip: 'KURRENTDB_URL is not set' }, () => {})
} else {
  logContract(`kurrentdb at ${SERVER_URL}`, async () => {
    const clock = { now: 1 }
    const url = `${SERVER_URL}${SERVER_URL.includes('?') ? '&' : '?'}prefix=test_${randomUUID().slice(0, 8)}`
    const log = await openKurrentLog({ address: readAddress(url, process.env), now, mirrorPath: freshMirror() })
    const append = log.append.bind(log)
    log.append = (batch, copied = { recordedAt: Timestamp(clock.now) }) => append(batch, copied)
    return { clock, log }
  })
}

type Opened = { readonly double: KurrentDouble; readonly log: EventLog; readonly mirrorPath: string } & AsyncDisposable

async function opened(options: DoubleOptions = {}, deadlineMs = 15_000): Promise<Opened> {
  const double = await KurrentDouble.start(options)
  const mirrorPath = freshMirror()
  const log = await openKurrentLog({ address: readAddress(double.url, {}), now, mirrorPath, deadlineMs })
  const close = async (): Promise<void> => {
    await log[Symbol.asyncDispose]()
    await double[Symbol.asyncDispose]()
  }
  return { double, log, mirrorPath, [Symbol.asyncDispose]: close }
}

const one = (stream: StreamName, expected: ExpectedRevision = 'any'): StreamAppend => ({
  stream,
  expected,
  events: [anEvent(), anEvent()],
})

const NODE = StreamName('node-n1')

for (const fault of ['not-leader', 'unavailable', 'lost'] as const) {
  test(`L20 an append that met ${fault} is tried again with the same ids and stands once`, async () => {
    await using kurrent = await opened()
    for (const batch of [[one(NODE)], [one(POLICY_STREAM, 'no-stream'), one(StreamName('node-n2'))]]) {
      kurrent.double.failNextAppend(fault)
      const outcome = await kurrent.log.append(batch)
      assert.equal(outcome.kind, 'appended')
      assert.deepEqual(await kurrent.log.append(batch), outcome)
    }
    assert.equal(kurrent.double.store.records.length, 6)
    assert.equal((await readEverything(kurrent.log)).length, 6)
  })
}

test('L20 an answer that never comes ends at the deadline, and the next try finds what stands', async () => {
  await using kurrent = await opened({}, 1_500)
  kurrent.double.failNextAppend('silent')
  const batch = [one(NODE)]
  // The copy sees the records even where the answer is lost, so the append is answered from there or refused in time.
  const first = await kurrent.log.append(batch).catch((error: unknown) => error)
  if (first instanceof Error) assert.match(first.message, /log-unavailable/)
  assert.equal((await kurrent.log.append(batch)).kind, 'appended')
  assert.equal(kurrent.double.store.records.length, 2)
})

test('L21 a dropped subscription goes on where the copy is, and nothing is seen twice', async () => {
  await using kurrent = await opened()
  await kurrent.log.append([one(NODE)])
  kurrent.double.dropSubscriptions()
  await kurrent.log.append([one(NODE)])
  kurrent.double.dropSubscriptions()
  await kurrent.log.append([one(NODE)])
  const events = await readEverything(kurrent.log)
  assert.deepEqual(
    events.map(({ revision }) => revision),
    [0, 1, 2, 3, 4, 5],
  )
})

test('L21 a server that goes and comes back loses nothing that was acknowledged, and nothing is acknowledged meanwhile', async () => {
  await using kurrent = await opened({}, 1_000)
  await kurrent.log.append([one(NODE)])
  await kurrent.double.down()
  await assert.rejects(async () => kurrent.log.append([one(NODE)]), { name: 'LogError', code: 'log-unavailable' })
  assert.equal((await readEverything(kurrent.log)).length, 2, 'the copy answers without the server')
  await kurrent.double.up()
  const after = await eventually(() => kurrent.log.append([one(NODE)]))
  assert.equal(after.kind, 'appended')
  assert.equal(kurrent.double.store.records.length, 4)
})

test('L22 two nodes see one order, the same positions, and each other’s conflicts', async () => {
  await using kurrent = await opened()
  const address = readAddress(kurrent.double.url, {})
  await using other = await openKurrentLog({ address, now, mirrorPath: freshMirror() })
  await kurrent.log.append([one(POLICY_STREAM, 'no-stream'), one(NODE)])
  const conflict = await eventually(async () => {
    const outcome = await other.append([one(POLICY_STREAM, 'no-stream')])
    assert.equal(outcome.kind, 'conflict')
    return outcome
  })
  assert.deepEqual(conflict, { kind: 'conflict', stream: POLICY_STREAM, actual: 1 })
  await other.append([one(POLICY_STREAM, StreamRevision(1))])
  await eventually(async () => assert.deepEqual(await readEverything(other), await readEverything(kurrent.log)))
})

test('L23 a copy is resumed, and made anew gives the same positions', async () => {
  const double = await KurrentDouble.start()
  await using _ = double
  const address = readAddress(double.url, {})
  const mirrorPath = freshMirror()
  const positions = async (path: string): Promise<readonly bigint[]> => {
    await using log = await openKurrentLog({ address, now, mirrorPath: path })
    await log.append([one(NODE), one(POLICY_STREAM)])
    return (await readEverything(log)).map(({ position }) => position)
  }
  await positions(mirrorPath)
  const resumed = await positions(mirrorPath)
  const anew = await positions(freshMirror())
  assert.deepEqual(anew.slice(0, resumed.length), resumed)
})

test('L23 a copy is an ordinary log file: it is read without a server', async () => {
  await using kurrent = await opened()
  await kurrent.log.append([one(NODE), one(POLICY_STREAM)])
  await using copy = openSqliteLog({ path: kurrent.mirrorPath, now: () => Timestamp(0), readOnly: true })
  assert.deepEqual(await readEverything(copy), await readEverything(kurrent.log))
})

test('L24 other data on the server is left alone; a foreign record in our own streams is named and stops the reading', async () => {
  await using kurrent = await opened()
  const foreign = (stream: string): StreamWrite => ({
    stream,
    expected: 'any',
    records: [
      {
        id: randomUUID(),
        type: 'Ordered',
        contentType: 'application/json',
        data: Buffer.from('{}'),
        metadata: new Uint8Array(),
      },
    ],
  })
  kurrent.double.store.write([foreign('order-1')])
  await kurrent.log.append([one(NODE)])
  assert.equal((await readEverything(kurrent.log)).length, 2)
  kurrent.double.store.write([foreign('hindcast.node-n1')])
  await assert.rejects(
    async () => kurrent.log.append([one(NODE)]),
    /log-corrupt: record .* at revision 2 of hindcast\.node-n1 was not written by Hindcast/,
  )
})

test('L25 an older server takes appends to one stream and refuses several by name', async () => {
  await using kurrent = await opened({ version: '24.10.0', appendSession: false })
  assert.equal((await kurrent.log.append([one(NODE)])).kind, 'appended')
  await assert.rejects(async () => kurrent.log.append([one(NODE), one(POLICY_STREAM)]), {
    code: 'log-unsupported',
    message: /25\.1 or newer/,
  })
})

test('L25 addresses: other schemes, missing hosts, credentials and prefixes that are none are refused by name', () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['http://127.0.0.1:2113', /the scheme is not kurrentdb:\/\//],
    ['kurrentdb://?tls=false', /it names no host/],
    ['kurrentdb://admin:changeit@127.0.0.1:2113', /credentials belong into KURRENTDB_USERNAME/],
    ['kurrentdb://127.0.0.1:2113?prefix=Two-Words', /prefix Two-Words is not/],
  ]
  for (const [url, reason] of wrong) assert.throws(() => readAddress(url, {}), { code: 'log-address', message: reason })
  const secret = readAddress('kurrentdb://h:2113', { KURRENTDB_USERNAME: 'ops', KURRENTDB_PASSWORD: 'p@ss' })
  assert.equal(secret.connection, 'kurrentdb://ops:p%40ss@h:2113')
  assert.equal(secret.shown, 'kurrentdb://h:2113')
})

test('L25 a server that is not there is named at the start, within the deadline', async () => {
  const address = readAddress('kurrentdb://127.0.0.1:1?tls=false&maxDiscoverAttempts=1', {})
  await assert.rejects(async () => openKurrentLog({ address, now, mirrorPath: freshMirror(), deadlineMs: 500 }), {
    code: 'log-unavailable',
    message: /127\.0\.0\.1:1/,
  })
})

/** Tries until it succeeds: what another node wrote arrives when it arrives. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = AbortSignal.timeout(15_000)
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (deadline.aborted) throw error
      await sleep(20)
    }
  }
}
