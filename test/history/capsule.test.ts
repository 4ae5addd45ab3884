import assert from 'node:assert/strict'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Position } from '../../events/ids.ts'
import { momentOf } from '../../src/cli/answer.ts'
import { capsuleLog, exportCapsule, openCapsule } from '../../src/history/capsule/export.ts'
import { type Capsule, capsuleChunks, readCapsule } from '../../src/history/capsule/format.ts'
import { stateDigest } from '../../src/history/capsule/state.ts'
import { replay } from '../../src/history/replay/replay.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import type { EventLog } from '../../src/ports/log.ts'
import { IN_MEMORY, openReadModel } from '../../src/readmodel/model.ts'
import { NODE } from '../agent/rig.ts'
import { hindcast, type Ran, recordedLog } from '../cli/recorded-log.ts'
import { INCIDENTS } from '../gallery/incidents.ts'
import { record } from '../gallery/stage.ts'
import { ALDERAAN, BESPIN, galaxy } from '../pseudonyms/galaxy.ts'
import { agentStory, type Story } from './agent-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-capsule-'))
let story: Story
/** Logs of the story and of every incident that was not tampered with. */
const logs: string[] = []
before(async () => {
  story = await agentStory(join(folder, 'story.db'))
  logs.push(story.path)
  for (const incident of INCIDENTS.filter(({ afterwards }) => afterwards === undefined)) {
    logs.push(join(await record(folder, incident), 'log.db'))
  }
})
after(() => rmSync(folder, { recursive: true }))

let capsules = 0
async function exported(log: string, ...more: readonly string[]): Promise<string> {
  capsules += 1
  const file = join(folder, `${capsules}.capsule`)
  const { code, err } = await hindcast('capsule', 'export', file, '--log', log, ...more)
  assert.equal(code, 0, err)
  return file
}

async function positionsOf(path: string): Promise<readonly bigint[]> {
  await using log = openSqliteLog({ path, now: () => 0 as never, readOnly: true })
  const stored = await Array.fromAsync(log.readAll({ direction: 'forwards', after: null }))
  return stored.flat().map(({ position }) => position)
}

const capsuleIn = (file: string): Promise<Capsule> => readCapsule(createReadStream(file))
const bytesOf = async (capsule: Capsule): Promise<Uint8Array> =>
  Buffer.concat(await Array.fromAsync(capsuleChunks(capsule)))

const inMemory = (log: EventLog): ReturnType<typeof openReadModel> => openReadModel(log, IN_MEMORY)

test('T63 at every position of every range a capsule has the state of the log, and comes out as recorded', async () => {
  for (const path of logs) {
    const positions = await positionsOf(path)
    await using log = openSqliteLog({ path, now: () => 0 as never, readOnly: true })
    using model = await inMemory(log)
    for (const from of positions.filter((_, index) => index % (path === story.path ? 13 : 41) === 7)) {
      const file = await exported(path, '--from', String(from), '--no-flows')
      const capsule = await openCapsule(await capsuleIn(file), { location: file, openModel: inMemory })
      for (const at of positions.filter(
        (position, index) => position >= from && (positions.length < 200 || index % 9 === 0),
      )) {
        assert.equal(
          stateDigest(capsule.model, at as Position),
          stateDigest(model, at as Position),
          `${path} ${from} ${at}`,
        )
      }
      // One of the logs tells of a decision that comes out differently.
      const question = { from: from as Position, to: null, endpoint: null, nodes: [NODE] }
      const [here, there] = [await replay({ ...question, log }), await replay({ ...question, log: capsule.log })]
      assert.deepEqual(there.mismatch, here.mismatch, `${path} from ${from}`)
      capsule.model[Symbol.dispose]()
      rmSync(file)
    }
  }
})

const VERBS: readonly (readonly string[])[] = [
  ['status'],
  ['endpoint', 'list'],
  ['identity', 'list'],
  ['policy', 'get'],
  ['bpf', 'policy', 'get', '--all'],
  ['bpf', 'ipcache', 'list'],
  ['prog', 'list'],
  ['xds', 'get'],
  ['why', '--from', 'tiefighter', '--to', 'deathstar', '--http', 'POST /v1/request-landing'],
  ['why', '--from', 'xwing', '--to', 'deathstar', '--port', '80'],
  ['blame', '863'],
  ['blame', '2216'],
]

test('T63 every reading verb answers on a capsule as on its log', async () => {
  const { landing, gone } = story.at
  const file = await exported(story.path, '--from', String(landing), '--to', String(gone))
  const both = async (...args: readonly string[]): Promise<readonly [Ran, Ran]> => [
    await hindcast(...args, '--log', `capsule:${file}`),
    await hindcast(...args, '--log', story.path),
  ]
  for (const at of Object.values(story.at).filter((position) => position >= landing)) {
    for (const verb of VERBS) {
      for (const form of ['table', 'json']) {
        const [capsule, log] = await both(...verb, '--at', String(at), '-o', form)
        assert.deepEqual(capsule, log, `${verb.join(' ')} --at ${at}`)
        assert.equal(capsule.code, 0)
      }
    }
  }
  const range = `${landing}..${gone}`
  const expectation = ['--', 'allow', 'tiefighter', '->', 'deathstar:80', 'POST', '/v1/request-landing']
  const changes = [await both('diff', range), await both('diff', range, '--semantic')]
  for (const [capsule, log] of changes) assert.deepEqual(capsule, log)
  const bisect = (log: string): Promise<Ran> =>
    hindcast('bisect', '--good', String(landing), '--bad', String(story.at.noFighters), '--log', log, ...expectation)
  assert.deepEqual(await bisect(`capsule:${file}`), await bisect(story.path))
  const [events, all] = await both('log', '-o', 'jsonl')
  assert.ok(all.out.includes(events.out) && events.out.startsWith(`{"position":"${landing}"`))
  assert.match((await hindcast('replay', '--log', `capsule:${file}`)).out, /everything comes out as recorded/)
})

test('T63 a capsule has the flows that were judged in its range', async () => {
  const state = join(folder, 'stale-deny')
  const log = join(state, 'log.db')
  const all = JSON.parse((await hindcast('flows', '--log', log, '-o', 'json')).out).items
  assert.equal(all.length, 2)
  const late = await exported(log, '--from', 'rev:3', '--node', NODE)
  assert.deepEqual(JSON.parse((await hindcast('flows', '--log', `capsule:${late}`, '-o', 'json')).out).items, [all[1]])
  const whole = await exported(log, '--from', all[0].stamp.position, '--node', NODE)
  assert.deepEqual(await hindcast('flows', '--log', `capsule:${whole}`), await hindcast('flows', '--log', log))
})

test('T63 what was long before is not in it: the state at the start is as large as the state', async () => {
  const path = join(folder, 'cut-egress', 'log.db')
  const positions = await positionsOf(path)
  const file = await exported(path, '--from', 'HEAD~3')
  const { events } = await capsuleIn(file)
  assert.ok(events.length < 0.65 * positions.length, `${events.length} of ${positions.length} events`)
  assert.ok(statSync(file).size < 0.1 * statSync(path).size)
})

test('T63 of a long log, whose agents are not folded to compare, the same events are chosen, and few are read', async () => {
  const far = join(folder, 'galaxy')
  mkdirSync(far)
  for (const path of [...logs, (await galaxy(far)).path]) {
    await using log = openSqliteLog({ path, now: () => 0 as never, readOnly: true })
    using model = await inMemory(log)
    const positions = await positionsOf(path)
    const to = (await momentOf({ log, model }, null, ''))!
    for (const position of positions.filter((_, index) => index % 67 === 11)) {
      const from = (await momentOf({ log, model }, String(position), ''))!
      const read = { whole: 0 }
      const question = { from, to, engine: '', flows: null, openModel: inMemory }
      const short = await exportCapsule({ ...question, history: { log, model } })
      const long = await exportCapsule({ ...question, history: { log: counted(log, read), model }, shortMax: 0 })
      assert.deepEqual(long, short, `${path} ${position}`)
      assert.equal(read.whole, 0, 'nobody reads the log from its beginning')
      const nodes = path.includes('galaxy') ? [ALDERAAN, BESPIN] : [NODE]
      const again = { from: from.position, to: null, endpoint: null, nodes }
      const there = await replay({ ...again, log: capsuleLog(long, path) })
      assert.deepEqual(there.mismatch, (await replay({ ...again, log })).mismatch, `${path} ${position}`)
    }
  }
})

function counted(log: EventLog, read: { whole: number }): EventLog {
  return new Proxy(log, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: readonly unknown[]) => {
        const { direction, after } = (args[0] ?? {}) as { readonly direction?: string; readonly after?: unknown }
        if (name === 'readAll' && direction === 'forwards' && after === null) read.whole += 1
        return Reflect.apply(member, target, args)
      }
    },
  })
}

test('T63 a log on which no agent reacted is taken along from every position, and a capsule out of a capsule', async () => {
  using recorded = await recordedLog()
  for (const position of recorded.positions) {
    const file = await exported(recorded.path, '--from', String(position))
    const again = await exported(`capsule:${file}`, '--from', String(recorded.positions.at(-1)!))
    for (const capsule of [file, again]) {
      const { code, err } = await hindcast('capsule', 'open', capsule)
      assert.equal(code, 0, err)
    }
  }
  const { landing, noFighters, gone } = story.at
  const outer = await exported(story.path, '--from', String(landing), '--to', String(gone))
  const inner = await exported(`capsule:${outer}`, '--from', String(noFighters))
  for (const verb of VERBS) {
    const asked = [...verb, '--at', String(noFighters), '-o', 'json']
    assert.deepEqual(
      await hindcast(...asked, '--log', `capsule:${inner}`),
      await hindcast(...asked, '--log', story.path),
      verb.join(' '),
    )
  }
})

test('T64 positions before the range are refused with the nearest that there is', async () => {
  const { landing, gone, exhaust, ships } = story.at
  const file = await exported(story.path, '--from', String(landing), '--to', String(gone))
  const ask = (at: string): Promise<Ran> => hindcast('status', '--log', `capsule:${file}`, '--at', at)
  for (const at of [String(ships), '1', '2001-01-01', 'HEAD~100000', 'rev:1']) {
    const { code, err } = await ask(at)
    assert.equal(code, 3, at)
    assert.ok(at.startsWith('HEAD') || err.includes(String(landing)) || err.includes('2026-05-04'), err)
  }
  assert.equal((await ask(String(exhaust))).code, 0)
  const written = await hindcast('tag', 'x', '--log', `capsule:${file}`)
  assert.equal(written.code, 2)
  assert.match(written.err, /log-read-only/)
  const again = await hindcast('capsule', 'export', file, '--log', story.path, '--from', 'HEAD')
  assert.equal(again.code, 2)
  for (const verb of [
    ['checkpoint', 'export'],
    ['prove', String(exhaust)],
  ]) {
    const { code, err } = await hindcast(...verb, '--log', `capsule:${file}`)
    assert.deepEqual([code, /capsule-is-a-part/.test(err)], [2, true], verb.join(' '))
  }
  assert.equal((await hindcast('status', '--log', `capsule:${join(folder, 'nowhere')}`)).code, 3)
})

test('T65 a changed capsule is found out, whichever line was changed and even with a digest made to fit', async () => {
  const file = await exported(story.path, '--from', String(story.at.landing))
  const whole = await hindcast('capsule', 'open', file)
  assert.equal(whole.code, 0, whole.err)
  const text = gunzipSync(readFileSync(file)).toString('utf8')
  const lines = text.trimEnd().split('\n')
  const open = async (changed: Uint8Array): Promise<Ran> => {
    const path = join(folder, 'changed.capsule')
    writeFileSync(path, changed)
    const ran = await hindcast('capsule', 'open', path)
    assert.deepEqual(await hindcast('status', '--log', `capsule:${path}`), { ...ran, out: '' })
    return ran
  }
  for (const index of [0, 1, Math.floor(lines.length / 2), lines.length - 2]) {
    const changed = lines.map((line, at) =>
      at === index ? line.replace(/[0-9]/, (digit) => `${(Number(digit) + 1) % 10}`) : line,
    )
    assert.equal((await open(gzipSync(`${changed.join('\n')}\n`))).code, 4, `line ${index}`)
    const without = lines.filter((_, at) => at !== index)
    assert.equal((await open(gzipSync(`${without.join('\n')}\n`))).code, 4, `without line ${index}`)
  }
  assert.equal((await open(readFileSync(file).subarray(0, 500))).code, 4)
  const capsule = await capsuleIn(file)
  const better = capsule.events.map((stored) =>
    stored.type === 'PolicyMapWritten' ? { ...stored, body: stored.body.replace('"redirect"', '"deny"') } : stored,
  )
  const header = { ...capsule.header, origin: null }
  const { code, err } = await open(await bytesOf({ ...capsule, header, events: better }))
  assert.equal(code, 4)
  assert.match(err, /capsule-changed: the state at its (start|end)/)
  assert.ok(!existsSync(join(folder, 'nowhere')))
})
