/** A history copied from log to log: positions are the target's, everything else is what it was. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { decodeEvent, type StoredEvent } from '../../events/codec.ts'
import { Position, StreamName, Timestamp } from '../../events/ids.ts'
import { positionsIn } from '../../events/positions.ts'
import { copyHistory } from '../../src/history/copy.ts'
import { readAddress } from '../../src/log/kurrentdb/address.ts'
import { openKurrentLog } from '../../src/log/kurrentdb/log.ts'
import { openMemoryLog } from '../../src/log/memory.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { type EventLog, LogError } from '../../src/ports/log.ts'
import { allow, policy, Rig } from '../agent/rig.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { anEvent, readEverything } from '../contract/log.ts'
import { KurrentDouble } from '../doubles/kurrentdb/double.ts'

const folder = mkdtempSync(join(tmpdir(), `hindcast-copy-${process.pid}-`))
after(() => rmSync(folder, { recursive: true }))

const now = (): Timestamp => Timestamp(Date.now())
let files = 0
const freshFile = (): string => join(folder, `${++files}.db`)
const memory = (): EventLog => openMemoryLog({ now: () => Timestamp(0) })
const copy = (from: EventLog, to: EventLog) => copyHistory({ from, to, progress: () => undefined })

/** What an agent did and why, with a tag: causes, `reads` and a position that a person named. */
async function story(): Promise<EventLog> {
  await using rig = new Rig({ log: memory() })
  const { operator, clock } = rig
  const agent = await rig.start()
  await operator.addEndpoint(1, 'k8s:org=empire')
  for (const port of [80, 81]) {
    clock.advance(1_000)
    await operator.setPolicy('landing', policy('k8s:org=empire', allow('k8s:org=empire', port)))
    await rig.quiet(agent)
  }
  const head = await rig.log.head()
  await operator.submit({ kind: 'tag-position', name: 'landed', position: head ?? Position(0n), move: false })
  return rig.log
}

test('L30 a history goes from any log to any other and comes back byte for byte, with every position that it speaks of', async () => {
  const original = await story()
  const events = await readEverything(original)
  assert.ok(events.filter((event) => positionsIn(event).length > 0).length > 10)
  await using double = await KurrentDouble.start()
  const address = readAddress(double.url, {})
  await using file = openSqliteLog({ path: freshFile(), now })
  await using server = await openKurrentLog({ address, mirrorPath: freshFile(), now })
  const back = memory()
  const ways = [
    [original, file],
    [file, server],
    [server, back],
  ] as const
  for (const [from, to] of ways) {
    const { present, copied } = await copy(from, to)
    assert.deepEqual([present, copied], [0, events.length])
    assert.deepEqual(await meanings(to), await meanings(original), 'who speaks of whom')
  }
  assert.notDeepEqual(await readEverything(server), events)
  assert.deepEqual(await readEverything(back), events)
})

/** Each event with the ids of the events that it speaks of. */
async function meanings(log: EventLog): Promise<readonly unknown[]> {
  const events = await readEverything(log)
  const last = (position: bigint): string | null => events.findLast((event) => event.position <= position)?.id ?? null
  return events.map((event) => {
    const { id, stream, revision, recordedAt, type } = event
    return {
      id,
      stream,
      revision,
      recordedAt,
      type,
      of: positionsIn(event).map(last),
      actor: decodeEvent(event).context.actor,
    }
  })
}

test('L30 an interrupted copy is gone on with by the same command, and so is one whose source has grown', async () => {
  const original = await story()
  const events = await readEverything(original)
  const target = memory()
  let appends = 0
  const append = target.append.bind(target)
  target.append = async (...args) => {
    appends += 1
    if (appends === 4) throw new LogError('log-io', 'injected')
    return append(...args)
  }
  await assert.rejects(() => copy(original, target), { code: 'log-io' })
  const before = (await readEverything(target)).length
  assert.ok(before > 0 && before < events.length)
  assert.deepEqual(await copy(original, target).then(({ present, copied }) => [present, copied]), [
    before,
    events.length - before,
  ])
  assert.deepEqual(await copy(original, target).then(({ copied }) => copied), 0)
  const more: StoredEvent = events.at(-1)!
  await original.append([
    { stream: StreamName('node-late'), expected: 'no-stream', events: [{ ...more, id: anEvent().id }] },
  ])
  assert.deepEqual(await copy(original, target).then(({ copied }) => copied), 1)
  assert.deepEqual(await readEverything(target), await readEverything(original))
})

test('L30 a target that holds another history, a changed event, or more than the source is refused and left as it is', async () => {
  const original = await story()
  const changed = memory()
  await copy(original, changed)
  const events = await readEverything(changed)
  const victim = events[5]!
  const read = changed.readAll.bind(changed)
  changed.readAll = async function* (options) {
    for await (const batch of read(options)) {
      yield batch.map((event) => (event.id === victim.id ? { ...event, body: event.body.replace('1', '2') } : event))
    }
  }
  await assert.rejects(
    () => copy(original, changed),
    /holds another history: body of event .* differs at position 600 of memory:/,
  )
  const other = memory()
  await other.append([{ stream: StreamName('node-n1'), expected: 'any', events: [anEvent()] }])
  await assert.rejects(() => copy(original, other), /holds another history: the event/)
  assert.equal((await readEverything(other)).length, 1)
  await assert.rejects(() => copy(other, original), /another history/)
  const part = memory()
  await copy(original, part)
  await part.append([{ stream: StreamName('node-n1'), expected: 'any', events: [anEvent()] }])
  await assert.rejects(() => copy(original, part), /is ahead: it goes on at position/)
})

test('L30 log sync: from a file to a server and into another file, with the same answers at every tag and time', async () => {
  const path = freshFile()
  await using file = openSqliteLog({ path, now })
  await copy(await story(), file)
  await using double = await KurrentDouble.start()
  const state = mkdtempSync(join(folder, 'state-'))
  const up = await hindcast('log', 'sync', '--from', path, '--to', double.url, '--state', state)
  assert.match(
    up.out,
    /^[0-9]+ events copied to kurrentdb:.*, 0 were there; all compared with their originals, up to position/,
  )
  assert.deepEqual([up.code, up.err], [0, ''])
  const back = freshFile()
  const down = await hindcast('log', 'sync', '--from', double.url, '--to', back, '--state', state, '-o', 'json')
  assert.equal(JSON.parse(down.out).present, 0)
  for (const at of ['tag:landed', 'rev:2']) {
    const answers = await Promise.all(
      [path, double.url, back].map((log) => hindcast('policy', 'get', '--at', at, '--log', log, '--state', state)),
    )
    const texts = answers.map(({ out }) => out.replace(/position [0-9]+/, ''))
    assert.notEqual(texts[0], '')
    assert.deepEqual(new Set(texts).size, 1, at)
  }
  const wrong = freshFile()
  await using other = openSqliteLog({ path: wrong, now })
  await other.append([{ stream: StreamName('node-n1'), expected: 'any', events: [anEvent()] }])
  const refused = await hindcast('log', 'sync', '--from', double.url, '--to', wrong, '--state', state)
  assert.equal(refused.code, 4)
  assert.match(refused.err, /^error: log-differs: sqlite:.* holds another history/)
})
