import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { pino } from 'pino'
import { Position, Timestamp } from '../../events/ids.ts'
import { systemClock } from '../../src/agent/system-clock.ts'
import { signHead } from '../../src/cli/node/sign-head.ts'
import { Signing } from '../../src/cli/node/signing.ts'
import { interval } from '../../src/cli/option-values.ts'
import { signCheckpoint } from '../../src/history/checkpoint/checkpoint.ts'
import { CheckpointFolder } from '../../src/history/checkpoint/folder.ts'
import { superfluous } from '../../src/history/checkpoint/thinning.ts'
import { EMPTY_ROOT } from '../../src/history/merkle/tree.ts'
import { isoTime } from '../../src/history/position.ts'
import { KurrentDouble } from '../doubles/kurrentdb/double.ts'
import { AgentOnTest } from './agent-process.ts'
import { hindcast, type RecordedLog, recordedLog } from './recorded-log.ts'

const DAY_MS = 86_400_000

function notesBeside(log: RecordedLog): readonly string[] {
  return readdirSync(`${log.path}.checkpoints`).filter((name) => name.endsWith('.checkpoint'))
}

/** The log with a `Signing`, and the lines that it says. */
function signing(
  log: RecordedLog,
  everyMs: number,
): { readonly signing: Signing; readonly lines: () => readonly Record<string, unknown>[] } {
  let said = ''
  const logger = pino(
    { level: 'debug', base: null },
    {
      write: (text: string) => {
        said += text
      },
    },
  )
  const lines = (): readonly Record<string, unknown>[] =>
    said
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  return { signing: new Signing({ path: log.path, node: 'node1', everyMs, clock: systemClock, logger }), lines }
}

async function until(holds: () => boolean): Promise<void> {
  const limit = AbortSignal.timeout(20_000)
  while (!holds()) {
    limit.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('T85 the agent signs the log when it stops, into the folder of the exported ones, with the same key', async () => {
  const folder = mkdtempSync(join(tmpdir(), `hindcast-agent-checkpoints-${process.pid}-`))
  after(() => rmSync(folder, { recursive: true }))
  const state = join(folder, 'state')
  {
    await using agent = new AgentOnTest({ args: ['--state', state, '--node', 'node1', '--datapath', 'model'] })
    await agent.said(/"ready"/)
    assert.equal((await hindcast('checkpoint', 'list', '--state', state)).out.split('\n').length, 2)
  }
  const listed = JSON.parse((await hindcast('checkpoint', 'list', '--state', state, '-o', 'json')).out).items
  assert.deepEqual(
    listed.map(({ agent }: { readonly agent: string | null }) => agent),
    ['node1'],
  )
  const { code, out } = await hindcast('verify', '--state', state)
  assert.equal(code, 0)
  assert.match(out, /^holds .*\.node1\.checkpoint/m)
  assert.match(out, new RegExp(`^${listed[0].size} events up to`), 'what the stop wrote down is signed too')
  {
    await using agent = new AgentOnTest({
      args: ['--state', state, '--node', 'node1', '--datapath', 'model', '--checkpoint-every', 'never'],
    })
    await agent.said(/"ready"/)
  }
  assert.match((await hindcast('verify', '--state', state)).out, new RegExp(`\\(${listed[0].size} events\\)`))
  assert.equal(JSON.parse((await hindcast('checkpoint', 'list', '--state', state, '-o', 'json')).out).items.length, 1)
})

test('T85 it signs again and again while something is appended, reads only what is new, and says so', async () => {
  using log = await recordedLog()
  const { signing: running, lines } = signing(log, 50)
  {
    await using _ = running
    await until(() => lines().some(({ msg }) => String(msg).startsWith('no checkpoint: nothing')))
    assert.equal((await hindcast('tag', 'one-more', '--log', log.path)).code, 0)
    await until(() => lines().filter(({ msg }) => msg === 'checkpoint signed').length === 2)
  }
  const signed = lines().filter(({ msg }) => msg === 'checkpoint signed')
  assert.deepEqual(
    signed.map(({ events, read }) => [events, read]),
    [
      [log.positions.length, log.positions.length],
      [log.positions.length + 1, 1],
    ],
  )
  assert.equal(notesBeside(log).length, 2)
  assert.equal((await hindcast('verify', '--log', log.path)).code, 0)
})

test('T85 several agents sign side by side, and a person beside them', async () => {
  using log = await recordedLog()
  const question = { path: log.path, now: Timestamp(Date.now()) }
  const nodes = ['node1', 'node2.example']
  const answers = await Promise.all(nodes.map((node) => signHead({ ...question, node }, () => {})))
  assert.deepEqual(
    answers.map(({ kind }) => kind),
    ['signed', 'signed'],
  )
  await hindcast('checkpoint', 'export', '--log', log.path)
  const size = String(log.positions.length).padStart(16, '0')
  assert.deepEqual(notesBeside(log), [
    `${size}.checkpoint`,
    `${size}.node1.checkpoint`,
    `${size}.node2.example.checkpoint`,
  ])
  const { code, out } = await hindcast('verify', '--log', log.path)
  assert.deepEqual([code, out.match(/^holds /gm)?.length], [0, 3])
  assert.match((await hindcast('checkpoint', 'list', '--log', log.path)).out, /agent node2\.example/)
})

test('T85 what cannot be signed is said and harms nobody: a folder that is a file, a key that is none, a log that was changed', async () => {
  const harms: readonly (readonly [(log: RecordedLog) => unknown, RegExp])[] = [
    [(log) => writeFileSync(`${log.path}.checkpoints`, ''), /no key to sign with|ENOTDIR|not a directory/],
    [
      (log) => {
        mkdirSync(`${log.path}.checkpoints`)
        writeFileSync(join(`${log.path}.checkpoints`, 'signer.key'), 'nonsense')
      },
      /not a signer key/,
    ],
    [
      async (log) => {
        await signHead({ path: log.path, node: 'node1', now: Timestamp(0) }, () => {})
        const database = new DatabaseSync(log.path)
        database.exec("UPDATE events SET body = replace(body, 'deathstar', 'alderaan') WHERE position = 2")
        database.close()
      },
      /root-differs: the first [0-9]+ events are not those .*nothing was signed/,
    ],
  ]
  for (const [harm, expected] of harms) {
    using log = await recordedLog()
    await harm(log)
    const { signing: running, lines } = signing(log, 60_000)
    running.signAtStop()
    await running[Symbol.asyncDispose]()
    const said = lines().filter(({ msg }) => msg === 'no checkpoint was signed')
    assert.equal(said.length, 1, JSON.stringify(lines()))
    assert.match(String(said[0]!['reason']), expected)
    assert.equal((await hindcast('tag', 'goes-on', '--log', log.path)).code, 0)
  }
})

test('T85 agents of one log on a server sign their own copies; what one signed tells whether another copy was changed', async () => {
  await using double = await KurrentDouble.start()
  const folder = mkdtempSync(join(tmpdir(), `hindcast-agent-copies-${process.pid}-`))
  after(() => rmSync(folder, { recursive: true }))
  const on = (machine: string): readonly string[] => ['--log', double.url, '--state', join(folder, machine)]
  {
    await using agent = new AgentOnTest({ args: [...on('endor'), '--node', 'endor', '--datapath', 'model'] })
    await agent.said(/"ready"/)
  }
  const [signed] = JSON.parse((await hindcast('checkpoint', 'list', ...on('endor'), '-o', 'json')).out).items
  assert.equal(signed.agent, 'endor')
  const key = ['--key', (await hindcast('checkpoint', 'key', ...on('endor'))).out.trim()]
  const elsewhere = await hindcast('verify', signed.name, ...on('hoth'), ...key)
  assert.equal(elsewhere.code, 0, elsewhere.err)
  assert.match(elsewhere.out, /^holds .*\.endor\.checkpoint/m)
  const copy = readdirSync(join(folder, 'hoth')).find((name) => name.endsWith('.db'))!
  const database = new DatabaseSync(join(folder, 'hoth', copy))
  database.exec("UPDATE events SET meta = replace(meta, 'endor', 'hoth')")
  database.close()
  const changed = await hindcast('verify', signed.name, ...on('hoth'), ...key)
  assert.equal(changed.code, 4)
  assert.match(changed.out, /root-differs/)
})

test('T85 an agent keeps all of its checkpoints of a day, then the last of each day, and takes no other away', async () => {
  using log = await recordedLog()
  const folder = new CheckpointFolder(`${log.path}.checkpoints`)
  const signer = folder.signer('hindcast/some')
  const now = Date.UTC(2026, 6, 10, 12)
  const save = (size: number, ageMs: number, agent: string | null): void => {
    const time = isoTime(Timestamp(now - ageMs))
    const checkpoint = { origin: 'hindcast/some', size, root: EMPTY_ROOT, position: Position(BigInt(size)), time }
    folder.save(size, signCheckpoint(checkpoint, signer), agent)
  }
  for (let hour = 0; hour < 60; hour += 1)
    for (const agent of ['node1', 'node2', null]) save(1_000 - hour, hour * 3_600_000, agent)
  await signHead({ path: log.path, node: 'node1', now: Timestamp(now) }, () => {})
  const left = Map.groupBy(folder.notes(), ({ agent }) => agent ?? 'export')
  const sizes = (left.get('node1') ?? []).map(({ name }) => Number(/([0-9]{16})/.exec(name)![1]))
  // Of the 8th (37 to 60 hours ago) and of the 9th what is older than a day, the last one each, all younger ones, and the new one.
  assert.deepEqual(sizes, [log.positions.length, 963, 976, ...Array.from({ length: 24 }, (_, index) => 977 + index)])
  assert.deepEqual([left.get('node2')?.length, left.get('export')?.length], [60, 60])
})

test('T85 no more than a thousand days are kept', () => {
  const checkpoints = Array.from({ length: 3_000 }, (_, index) => {
    const time = isoTime(Timestamp(index * (DAY_MS / 2)))
    const checkpoint = { origin: 'hindcast/some', size: index + 1, root: EMPTY_ROOT, position: Position(1n), time }
    return { name: String(index), checkpoint }
  })
  const gone = new Set(superfluous(checkpoints, 1_600 * DAY_MS))
  const kept = checkpoints.filter(({ name }) => !gone.has(name))
  assert.deepEqual([kept.length, kept.at(-1)!.name, kept[0]!.name], [1_000, '2999', '1001'])
})

test('T85 the interval is a duration within what a timer takes, or never', () => {
  assert.deepEqual(['30s', '5m', '1h', '7d', 'never', '0'].map(interval), [
    30_000,
    300_000,
    3_600_000,
    7 * DAY_MS,
    0,
    0,
  ])
  for (const wrong of ['', '5', '5 m', '-5m', '0m', '8d', '1w', '999999d', 'always']) {
    assert.throws(() => interval(wrong), /is not a duration such as/)
  }
})
