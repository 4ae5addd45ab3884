import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Timestamp } from '../../events/ids.ts'
import { type MomentOutcome, resolveMoment } from '../../src/history/position.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { IN_MEMORY, openReadModel } from '../../src/readmodel/model.ts'
import { hindcast, recordedLog } from '../cli/recorded-log.ts'
import { randomLog, randomStory, tell } from './random-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-moments-'))
after(() => rmSync(folder, { recursive: true }))

test('T14 HEAD is the last event and HEAD~n the n-th before it; beyond the first the nearest is named', async () => {
  using log = await recordedLog()
  const positionAt = async (at: string): Promise<string> =>
    JSON.parse((await hindcast('status', '--at', at, '--log', log.path, '-o', 'json')).out).position
  for (const [index, position] of log.positions.entries()) {
    assert.equal(await positionAt(`HEAD~${log.positions.length - 1 - index}`), String(position))
  }
  assert.equal(await positionAt('HEAD'), String(log.positions.at(-1)))
  const beyond = await hindcast('status', '--at', 'HEAD~17', '--log', log.path)
  assert.equal(beyond.code, 3)
  assert.match(beyond.err, /HEAD~17 is before the log; the first event is HEAD~16, 1$/m)
})

test('T14 with the read model every moment is the same as without', async () => {
  const log = await randomLog(20, 1_200)
  await tell(log, [['policy' as never, { type: 'PositionTagged', v: 1, name: 'run', position: '700' }]])
  using model = await openReadModel(log, IN_MEMORY)
  const now = Timestamp(1_700_000_002_000)
  const forms = ['HEAD', 'HEAD~7', 'HEAD~5000', '700', '1s', 'tag:run', 'tag:walk', 'rev:0']
  const revisions = Array.from({ length: 130 }, (_, index) => `rev:${index + 1}`)
  const words = (outcome: MomentOutcome): string =>
    outcome.kind === 'found' ? String(outcome.moment?.position) : `${outcome.kind} ${outcome.reason}`
  for (const at of [...forms, ...revisions, null]) {
    const [without, through] = [await resolveMoment({ log, now, at }), await resolveMoment({ log, model, now, at })]
    assert.equal(words(through), words(without), String(at))
  }
})

test('T14 a long log is indexed beside itself; where that cannot be written the answer is the same, and it is said', async () => {
  const path = join(folder, 'long.db')
  {
    await using log = openSqliteLog({ path, now: () => Timestamp(1_700_000_000_000) })
    await tell(log, randomStory(21, 5_100))
  }
  const ask = () => hindcast('endpoint', 'list', '--node', 'node1', '--log', path)
  const first = await ask()
  assert.deepEqual([first.code, first.err, existsSync(`${path}.readmodel`)], [0, '', true])
  assert.deepEqual(await ask(), first)
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}.readmodel${suffix}`, { force: true })
  mkdirSync(`${path}.readmodel`)
  const without = await ask()
  assert.deepEqual([without.code, without.out], [0, first.out])
  assert.match(without.err, /^no read model at .*long\.db\.readmodel, the whole log is folded in memory: /)
})
