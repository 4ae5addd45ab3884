import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { hindcast, type Ran } from '../cli/recorded-log.ts'
import { INCIDENTS } from '../gallery/incidents.ts'
import { record } from '../gallery/stage.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-windows-'))
before(async () => {
  for (const incident of INCIDENTS.filter(({ name }) => name === 'fqdn-race')) await record(folder, incident)
})
after(() => rmSync(folder, { recursive: true }))

const state = join(folder, 'fqdn-race')
const ask = (...args: readonly string[]): Promise<Ran> => hindcast('windows', '--state', state, ...args)

test('T73 windows says what was late, since and until which event, and which recorded flows met the wrong verdict; it ends with 1 where there is one', async () => {
  const { code, out } = await ask('--prefix', '198.51.100.7', '-o', 'json')
  assert.equal(code, 1)
  const { node, from, items } = JSON.parse(out)
  assert.deepEqual([node, from, items.length], ['node1', null, 4])
  const [drop, pass] = items.filter(({ what }: { what: string }) => what === 'verdict')
  assert.deepEqual(
    [drop.kind, drop.endpoint, drop.direction, drop.durationMs, drop.peers, drop.ports],
    [
      'deny',
      775,
      'egress',
      250,
      [{ what: 'prefix', prefix: '198.51.100.7/32', names: ['tower.endor.example'] }],
      [{ protocol: 6, from: 443, to: 443 }],
    ],
  )
  assert.deepEqual(
    [drop.since.type, drop.since.actor, drop.until.type],
    ['DnsAnswerLearned', 'user leia', 'PolicyMapWritten'],
  )
  assert.deepEqual(
    drop.steps.map(({ type, late }: { type: string; late: readonly string[] }) => [type, ...late]),
    [
      ['DnsAnswerLearned', 'identity', 'map', 'ipcache'],
      ['IdentityAllocated', 'map', 'ipcache'],
      ['IpcacheUpserted', 'map'],
    ],
  )
  // The flow that was dropped, and not the one that passed afterwards.
  assert.deepEqual(drop.flows, { count: 1, ids: [1] })
  assert.deepEqual([pass.kind, pass.since.type, pass.until.type], ['allow', 'DnsAnswerExpired', 'IpcacheDeleted'])
  const told = items.filter(({ what }: { what: string }) => what === 'hosts')
  assert.deepEqual(
    told.map(
      ({
        ipcache,
        told: says,
        since,
        until,
      }: {
        ipcache: number
        told: number
        since: { type: string }
        until: { type: string }
      }) => [ipcache, says, since.type, until.type],
    ),
    [
      [0x0100_0001, null, 'IpcacheUpserted', 'XdsPublished'],
      [null, 0x0100_0001, 'IpcacheDeleted', 'XdsPublished'],
    ],
  )
  assert.deepEqual([pass.steps[0].late, pass.flows], [['ipcache'], { count: 0, ids: [] }])
})

test('T73 the same as a table, as one line each, of a range, and narrowed', async () => {
  const all = (await ask('-o', 'jsonl')).out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(JSON.parse((await ask('-o', 'json')).out).items, all)
  const table = await ask()
  assert.equal(table.code, 1)
  assert.equal(table.out.match(/^[-+~] /gm)?.length, all.length)
  assert.match(
    table.out,
    /^ {4}late: identity, map, ipcache; after 0 ms map, ipcache; after 250 ms map\n {4}1 recorded flow met it: 1$/m,
  )
  const [drop] = all.filter(({ kind }) => kind === 'deny')
  const narrowed: readonly (readonly [count: number, args: readonly string[]])[] = [
    [1, ['--min', '1']],
    [2, ['--late', 'ipcache']],
    [1, ['--identity', '257']],
    [all.filter(({ endpoint }) => endpoint === 863).length, ['--endpoint', '863']],
    [2, ['--from', drop.since.position, '--to', drop.until.position]],
    [2, ['--late', 'hosts']],
  ]
  for (const [count, args] of narrowed) {
    const ran = await ask('-o', 'jsonl', ...args)
    assert.deepEqual([ran.code, ran.out.trim().split('\n').length], [1, count], args.join(' '))
  }
  const within = ['--from', drop.since.position, '--to', drop.until.position, '--late', 'map']
  const begun = JSON.parse((await ask('-o', 'jsonl', ...within)).out)
  assert.deepEqual([begun.since, begun.until.position, begun.durationMs], [null, drop.until.position, null])
})

test('T73 where nothing disagreed it says so and ends with 0; what cannot be asked is said', async () => {
  const { code, out } = await ask('--from', 'HEAD')
  assert.equal(code, 0)
  assert.match(out, /^no window: .*\non node node1, between [0-9]+ .*\n$/)
  const empty = await ask('--from', 'HEAD', '-o', 'json')
  assert.deepEqual([empty.code, JSON.parse(empty.out).items], [0, []])
  assert.equal((await ask('--from', 'HEAD', '--to', 'rev:2')).code, 2)
  assert.match((await ask('--prefix', 'tower')).err, /bad-prefix at --prefix: tower is neither/)
  assert.equal((await ask('--to', 'tag:none')).code, 3)
})
