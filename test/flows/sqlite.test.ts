import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Timestamp } from '../../events/ids.ts'
import { openFlowReader, openFlowStore } from '../../src/flows/sqlite.ts'
import { FLOW_QUEUE_MAX } from '../../src/flows/writer.ts'
import { FLOW_QUERY_MAX } from '../../src/ports/flows.ts'
import { aFlow, someFlows } from './flows.ts'

const KILLS = 15

async function inFolder(body: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-flows-'))
  try {
    await body(join(folder, 'flows.db'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('F1 flows come back as they were added, in order, with rising ids', () =>
  inFolder(async (path) => {
    await using store = openFlowStore({ path })
    const http = {
      method: 'GET',
      host: 'deathstar',
      path: '/v1?x=1',
      protocol: 'HTTP/1.1',
      status: 403,
      durationMs: 1.5,
      missing: [{ name: 'x-side', value: 'light' }],
      rejected: [],
    }
    const flows = [
      aFlow(1),
      aFlow(2, { kind: 'http-request', verdict: 'DROPPED', http, matchType: null, proxyPort: 14_567 }),
      aFlow(3, { dropReason: 133, verdict: 'DROPPED', direction: 'egress' }),
    ]
    store.add(flows)
    await store.flush()
    const read = await store.query({})
    assert.deepEqual(
      read.map(({ id, ...flow }) => flow),
      flows,
    )
    assert.deepEqual(
      read.map(({ id }) => id),
      [1, 2, 3],
    )
  }))

test('F1 a query asks by id, time, verdict and endpoint, and pages through', () =>
  inFolder(async (path) => {
    await using store = openFlowStore({ path })
    store.add(
      someFlows(25).map((flow, index) => (index % 5 === 0 ? { ...flow, verdict: 'DROPPED', endpoint: 9 } : flow)),
    )
    await store.flush()
    const positions = async (query: Parameters<typeof store.query>[0]): Promise<readonly number[]> =>
      (await store.query(query)).map(({ stamp }) => Number(stamp.position))
    assert.deepEqual(await positions({ last: 3 }), [22, 23, 24])
    assert.deepEqual(await positions({ sinceId: 23 }), [23, 24], 'ids begin at 1')
    const [since, until] = [Timestamp(1_700_000_000_003), Timestamp(1_700_000_000_005)]
    assert.deepEqual(await positions({ since, until }), [3, 4, 5])
    assert.deepEqual(await positions({ verdict: 'DROPPED', since }), [5, 10, 15, 20])
    assert.deepEqual(await positions({ endpoint: 9, last: 2 }), [15, 20])
    store.add(someFlows(FLOW_QUERY_MAX))
    await store.flush()
    const page = await store.query({})
    assert.equal(page.length, FLOW_QUERY_MAX)
    assert.equal((await store.query({ sinceId: page.at(-1)!.id })).length, 25)
  }))

test('F2 the oldest go first when there are too many rows, or too many bytes', () =>
  inFolder(async (path) => {
    await using store = openFlowStore({ path, rowsMax: 100 })
    store.add(someFlows(1_234))
    await store.flush()
    const kept = await store.query({})
    assert.deepEqual([kept.length, kept[0]?.stamp.position, kept.at(-1)?.stamp.position], [100, '1134', '1233'])
    const other = `${path}.bytes`
    const bytesMax = 256 * 1_024
    await using small = openFlowStore({ path: other, bytesMax })
    for (let round = 0; round < 20; round += 1) {
      small.add(someFlows(1_000, round * 1_000))
      await small.flush()
    }
    const last = await small.query({ last: 1 })
    assert.equal(last[0]?.stamp.position, '19999')
    await small[Symbol.asyncDispose]()
    assert.ok(statSync(other).size < 2 * bytesMax, `${statSync(other).size} bytes`)
  }))

test('F3 adding never waits: what the queue cannot hold is lost and counted', () =>
  inFolder(async (path) => {
    await using store = openFlowStore({ path })
    store.add(someFlows(FLOW_QUEUE_MAX - 1))
    assert.equal(store.lost(), 0)
    store.add(someFlows(3))
    assert.equal(store.lost(), 2)
    await store.flush()
    store.add(someFlows(1))
    assert.equal(store.lost(), 2)
  }))

test('F3 flows are written without a flush, and while another process holds the file they wait', () =>
  inFolder(async (path) => {
    await using store = openFlowStore({ path })
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const began = performance.now()
    store.add(someFlows(10))
    assert.ok(performance.now() - began < 50)
    await sleep(200)
    assert.deepEqual(await store.query({}), [], 'readers are not held up either')
    other.exec('COMMIT')
    other.close()
    for (let tries = 0; tries < 100 && (await store.query({})).length === 0; tries += 1) await sleep(20)
    assert.equal((await store.query({})).length, 10)
    assert.equal(store.lost(), 0)
  }))

test('F4 other processes read while one writes; a missing file is said', () =>
  inFolder(async (path) => {
    const reader = openFlowReader(path)
    await assert.rejects(reader.query({}), { name: 'FlowStoreError', code: 'flows-missing' })
    const child = spawn(process.execPath, [join(import.meta.dirname, 'writer-process.ts'), path])
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve))
      let last = 0
      for (let round = 0; round < 20; round += 1) {
        const flows = await reader.query({ last: 100 })
        assert.ok((flows.at(-1)?.id ?? 0) >= last, 'never backwards')
        last = flows.at(-1)?.id ?? 0
      }
      assert.ok(last >= 20)
    } finally {
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('close', resolve))
    }
  }))

test('F4 a copy is read where nothing may be written', () =>
  inFolder(async (path) => {
    const store = openFlowStore({ path })
    store.add(someFlows(3))
    await store[Symbol.asyncDispose]()
    const copies = `${path}.copies`
    mkdirSync(copies)
    copyFileSync(path, join(copies, 'flows.db'))
    chmodSync(copies, 0o555)
    assert.equal((await openFlowReader(join(copies, 'flows.db')).query({})).length, 3)
    chmodSync(copies, 0o755)
  }))

test(`F5 after each of ${KILLS} kills the file is whole and has every flow that was flushed`, () =>
  inFolder(async (path) => {
    for (let round = 0; round < KILLS; round += 1) {
      const before = (existsSync(path) ? await openFlowReader(path).query({ last: 1 }) : [])[0]?.id ?? 0
      const child = spawn(process.execPath, [join(import.meta.dirname, 'writer-process.ts'), path])
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (text) => (said += text))
      await new Promise((resolve) => child.stdout.once('data', resolve))
      await sleep(Math.random() * 20)
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('close', resolve))
      const safe = Number(said.trimEnd().split('\n').at(-1))
      const after = (await openFlowReader(path).query({ last: 1 }))[0]?.id ?? 0
      assert.ok(after >= before + safe, `${after} after ${before} and ${safe}`)
    }
    await using store = openFlowStore({ path })
    assert.equal(store.warning, null)
    const check = new DatabaseSync(path)
    assert.deepEqual({ ...check.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
    check.close()
  }))

test('F6 a damaged file is put aside and a new one begun, with a warning, at the start and later', () =>
  inFolder(async (path) => {
    writeFileSync(path, 'this was a database once, and long enough to look at'.repeat(100))
    await assert.rejects(openFlowReader(path).query({}), { code: 'flows-damaged' })
    await using store = openFlowStore({ path })
    assert.match(store.warning ?? '', /flows-damaged.*flows\.db\.damaged, and a new flow store was begun/)
    assert.ok(existsSync(`${path}.damaged`))
    store.add(someFlows(2_000))
    await store.flush()
    assert.equal((await store.query({})).length, 2_000)
    await store[Symbol.asyncDispose]()
    const file = openSync(path, 'r+')
    for (let page = 2; page < 40; page += 1) writeSync(file, Buffer.alloc(4_096, 0xaa), 0, 4_096, page * 4_096)
    await using again = openFlowStore({ path })
    again.add(someFlows(10))
    await again.flush()
    assert.match(again.warning ?? '', /flows-damaged/)
    assert.equal((await again.query({})).length, 10)
    assert.equal(again.lost(), 0)
  }))

test('F6 a file of another program or of a newer one is refused and left alone', () =>
  inFolder(async (path) => {
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE notes (text TEXT)')
    other.close()
    assert.throws(() => openFlowStore({ path }), { code: 'flows-not-ours' })
    const newer = `${path}.newer`
    await openFlowStore({ path: newer })[Symbol.asyncDispose]()
    const raised = new DatabaseSync(newer)
    raised.exec('PRAGMA user_version = 99')
    raised.close()
    assert.throws(() => openFlowStore({ path: newer }), { code: 'flows-newer' })
    assert.throws(() => openFlowStore({ path: '/nowhere/flows.db' }), { code: 'flows-io' })
  }))

test('F3 after closing, everything that was added is in the file, and nothing more is taken', () =>
  inFolder(async (path) => {
    const store = openFlowStore({ path })
    store.add(someFlows(1_500))
    await store[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    assert.equal((await openFlowReader(path).query({})).length, 1_500)
    assert.throws(() => store.add(someFlows(1)), { code: 'flows-closed' })
    await assert.rejects(store.query({}), { code: 'flows-closed' })
  }))
