import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import type { StoredEvent } from '../../events/codec.ts'
import { EventId, Position, StreamName, StreamRevision, Timestamp } from '../../events/ids.ts'
import { CapsuleLog } from '../../src/history/capsule/capsule-log.ts'
import { type Checkpoint, type NamedCheckpoint, originOf } from '../../src/history/checkpoint/checkpoint.ts'
import { anchoredTree } from '../../src/history/merkle/anchored.ts'
import { eventLeaf } from '../../src/history/merkle/leaf.ts'
import { scannedTree } from '../../src/history/merkle/log-tree.ts'
import { consistencyRanges, inclusionRanges, isIncluded } from '../../src/history/merkle/proof.ts'
import { CompactRange, hashText, type TreeHash } from '../../src/history/merkle/tree.ts'
import { isoTime } from '../../src/history/position.ts'
import type { EventLog } from '../../src/ports/log.ts'
import type { TreeStore } from '../../src/ports/tree-store.ts'
import { openTreeStore } from '../../src/tree/sqlite.ts'

const EVENTS = 66_500
const folder = mkdtempSync(join(tmpdir(), `hindcast-tree-${process.pid}-`))
after(() => rmSync(folder, { recursive: true }))

/** Positions are not dense. */
const events: readonly StoredEvent[] = Array.from({ length: EVENTS }, (_, index) => ({
  position: Position(BigInt(index * 3 + 1)),
  stream: StreamName('policy'),
  revision: StreamRevision(index),
  recordedAt: Timestamp(1_700_000_000_000 + index),
  id: EventId(`00000000-0000-4000-8000-${String(index).padStart(12, '0')}`),
  type: 'Something',
  v: 1,
  body: `{"number":${index}}`,
  meta: '{}',
}))

function logOf(of: readonly StoredEvent[]): EventLog {
  return new CapsuleLog({ location: 'test', begins: of[0]!, engine: 'test', events: of })
}

const leaves = events.map(eventLeaf)
function rootOf(of: readonly TreeHash[]): TreeHash {
  const range = new CompactRange()
  for (const leaf of of) range.append(leaf)
  return range.root()
}

const checkpoints = new Map<number, NamedCheckpoint>()
function checkpointOver(size: number): NamedCheckpoint {
  const found = checkpoints.get(size) ?? newCheckpoint(size)
  checkpoints.set(size, found)
  return found
}

function newCheckpoint(size: number): NamedCheckpoint {
  const last = events[size - 1]!
  const root = rootOf(leaves.slice(0, size))
  const checkpoint: Checkpoint = {
    ...{ origin: originOf(events[0]!.id), size, root },
    ...{ position: last.position, time: isoTime(last.recordedAt) },
  }
  return { name: `over ${size}`, checkpoint }
}

async function opened(
  store: TreeStore,
  {
    size,
    anchors,
    log = logOf(events.slice(0, size)),
  }: { readonly size: number; readonly anchors: readonly number[]; readonly log?: EventLog },
): Promise<NonNullable<Awaited<ReturnType<typeof anchoredTree>>>> {
  const tree = await anchoredTree({ log, store, anchors: anchors.map(checkpointOver) })
  return tree!
}

let files = 0
function path(): string {
  files += 1
  return join(folder, `${files}.tree`)
}

test('T83 after the last checkpoint only what is new is read, and the tree is the one of all events at every size', async () => {
  using store = openTreeStore(path())
  let anchors: readonly number[] = []
  for (const size of [1, 255, 256, 257, 700, 5_000, 65_535, 65_536, 65_537, EVENTS]) {
    const tree = await opened(store, { size, anchors })
    assert.equal(hashText(tree.head.root), hashText(rootOf(leaves.slice(0, size))))
    assert.deepEqual([tree.head.size, tree.head.position], [size, events[size - 1]!.position])
    assert.equal(tree.read, size - (anchors.at(-1) ?? 0))
    anchors = [...anchors, size]
  }
  assert.ok(store.location.endsWith('.tree'), 'a long tree is a file')
})

test('T83 proofs from the stored tree are those of the whole log', async () => {
  using store = openTreeStore(path())
  const log = logOf(events)
  const tree = await opened(store, { size: EVENTS, anchors: [], log })
  const plain = scannedTree(log)
  for (const index of [0, 255, 40_000, 65_536, EVENTS - 1]) {
    const ranges = inclusionRanges(index, EVENTS)
    assert.deepEqual(await tree.hashes(ranges), await plain.hashes(ranges))
    const place = await tree.place(events[index]!.position)
    assert.equal(place?.index, index)
    const first = await tree.checkpointAt(events[index]!)
    assert.deepEqual(first, checkpointOver(index + 1).checkpoint)
  }
  for (const first of [1, 300, 65_537]) {
    const ranges = consistencyRanges(first, EVENTS)
    assert.deepEqual(await tree.hashes(ranges), await plain.hashes(ranges))
  }
  assert.equal(await tree.place(Position(events[9]!.position + 1n)), null)
  await assert.rejects(tree.checkpointAt({ position: Position(events.at(-1)!.position + 1n) }), RangeError)
})

/** The stored tree of all events. */
const honest = path()
before(async () => {
  using store = openTreeStore(honest)
  await opened(store, { size: EVENTS, anchors: [] })
})

/** One number of one row changed, in each column that counts. */
const LIES: Readonly<Record<string, string>> = {
  'a block': 'UPDATE subtrees SET hash = zeroblob(32) WHERE level = 0 AND number = 7',
  'a large subtree': 'UPDATE subtrees SET hash = zeroblob(32) WHERE level = 1',
  'the end of a block': 'UPDATE subtrees SET last = last + 3 WHERE level = 0 AND number = 155',
  'the last block': 'UPDATE subtrees SET hash = zeroblob(32) WHERE level = 0 AND number = 258',
  'blocks that are no more': 'DELETE FROM subtrees WHERE number = 100',
  'blocks that never were': 'INSERT INTO subtrees VALUES (0, 259, 900000, zeroblob(32)), (0, 260, 2, zeroblob(32))',
  'all ends': 'UPDATE subtrees SET last = 1',
  'every hash': 'UPDATE subtrees SET hash = randomblob(32)',
}

for (const [what, sql] of Object.entries(LIES)) {
  test(`T83 a stored tree that lies about ${what} changes no answer`, async () => {
    const file = path()
    const log = logOf(events)
    for (const anchors of [[66_304], [66_400, EVENTS]]) {
      copyFileSync(honest, file)
      const database = new DatabaseSync(file)
      database.exec(sql)
      database.close()
      using store = openTreeStore(file)
      const tree = await opened(store, { size: EVENTS, anchors, log })
      assert.deepEqual(tree.head, checkpointOver(EVENTS).checkpoint)
      for (const index of [1_800, 40_000, EVENTS - 1]) {
        const place = await tree.place(events[index]!.position)
        assert.equal(place?.index, index)
        assert.deepEqual(await tree.checkpointAt(events[index]!), checkpointOver(index + 1).checkpoint)
        const proof = await tree.proof(async (hashes) => {
          const proofPath = await hashes.hashes(inclusionRanges(index, EVENTS))
          if (!isIncluded({ leaf: leaves[index]!, index, size: EVENTS, path: proofPath, root: tree.head.root }))
            throw new RangeError('no')
          return 'holds'
        })
        assert.equal(proof, 'holds')
      }
      store[Symbol.dispose]()
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
    }
  })
}

test('T83 a tree of another log, or left of a log that was cut off and went on otherwise, is made anew', async () => {
  const file = path()
  using store = openTreeStore(file)
  await opened(store, { size: 20_000, anchors: [] })
  const shorter = await opened(store, { size: 9_000, anchors: [4_500] })
  assert.deepEqual([shorter.head, store.count(0)], [checkpointOver(9_000).checkpoint, 35])
  const others = events.slice(1, 10_001)
  const tree = await anchoredTree({ log: logOf(others), store, anchors: [checkpointOver(9_000)] })
  assert.equal(tree!.head.origin, originOf(others[0]!.id))
  assert.equal(tree!.head.root, rootOf(leaves.slice(1, 10_001)))
  assert.equal(tree!.read, 10_000)
})

test('T83 nothing is built on a log that is not the one that was signed', async () => {
  using store = openTreeStore(null)
  const changed = events.slice(0, 3_000).map((stored, index) => (index === 77 ? { ...stored, body: '{}' } : stored))
  await assert.rejects(
    opened(store, { size: 0, anchors: [1_000, 2_000], log: logOf(changed) }),
    /root-differs: .*over 1000/,
  )
  await assert.rejects(
    opened(store, { size: 900, anchors: [1_000] }),
    /cut-off: over 1000 was signed over 1000 events; there are 900/,
  )
})

const DAMAGE: Readonly<Record<string, (file: string) => void>> = {
  'is no database': (file) =>
    writeFileSync(file, 'not a database, but long enough to look like the header of one'.repeat(9)),
  'was cut in half': (file) => truncateSync(file, 6_000),
  'is empty': (file) => writeFileSync(file, ''),
  'is of another shape': (file) => withDatabase(file, 'PRAGMA user_version = 99'),
  'lacks a table': (file) => withDatabase(file, 'DROP TABLE subtrees'),
  'is another database': (file) => withDatabase(file, 'PRAGMA application_id = 1'),
}

function withDatabase(file: string, sql: string): void {
  const database = new DatabaseSync(file)
  database.exec(sql)
  database.close()
}

for (const [how, damage] of Object.entries(DAMAGE)) {
  test(`T83 a file that ${how} is replaced`, async () => {
    const file = path()
    {
      using store = openTreeStore(file)
      await opened(store, { size: 9_000, anchors: [] })
    }
    damage(file)
    using store = openTreeStore(file)
    const tree = await opened(store, { size: 9_000, anchors: [8_000] })
    assert.deepEqual([tree.head, tree.read], [checkpointOver(9_000).checkpoint, 9_000])
    assert.equal((await opened(store, { size: 9_000, anchors: [8_000] })).read, 1_000)
  })
}

test('T83 two who build at once do not harm one another', async () => {
  const file = path()
  const sizes = [30_000, 20_000, 30_100]
  const stores = sizes.map(() => openTreeStore(file))
  const trees = await Promise.all(sizes.map((size, index) => opened(stores[index]!, { size, anchors: [] })))
  for (const [index, size] of sizes.entries()) assert.deepEqual(trees[index]!.head, checkpointOver(size).checkpoint)
  for (const store of stores) store[Symbol.dispose]()
  using store = openTreeStore(file)
  const tree = await opened(store, { size: 30_200, anchors: [30_000] })
  assert.deepEqual([tree.head, tree.read <= 30_200], [checkpointOver(30_200).checkpoint, true])
})

test('T83 a process that is killed while it writes leaves a whole tree', async () => {
  const file = path()
  const script = `
    import { openTreeStore } from ${JSON.stringify(import.meta.resolve('../../src/tree/sqlite.ts'))}
    const store = openTreeStore(${JSON.stringify(file)})
    store.reset('killed')
    for (let number = 0; ; number += 64) {
      store.put(Array.from({ length: 64 }, (_, at) => ({ level: 0, number: number + at, last: BigInt(number + at), hash: Buffer.alloc(32) })))
      if (number === 640) console.log('going')
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  using store = openTreeStore(file)
  const count = store.count(0)
  assert.ok(count >= 704)
  assert.deepEqual([count % 64, store.subtrees({ level: 0, from: 0, to: count }).length], [0, count])
})
