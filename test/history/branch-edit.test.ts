/** Old events edited, groups and services on a branch, and what becomes of it all at merge and rebase. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Json } from '../../events/schema.ts'
import { landing } from './agent-story.ts'
import { Desk } from './branch-desk.ts'

const desk = new Desk()
const { at, run, did, asked, file, events, positionsOf, allows } = desk
before(desk.open)
after(desk.close)

const LAND = ['--http', 'POST /v1/request-landing']
const EXHAUST = ['--http', 'PUT /v1/exhaust-port']

test('T89 an edited event is as if it had carried that policy; what set it again later stays', async () => {
  const [first, second] = await positionsOf('rule1')
  const wide = file(landing('POST /v1/request-landing', 'PUT /v1/exhaust-port'))
  await did('branch', 'create', 'early', '--at', at('landing'))
  assert.equal(
    await did('branch', 'edit', 'early', first!, '-f', wide),
    `edit ${first} (CiliumNetworkPolicy/default/rule1) on early\n`,
  )
  assert.equal(await allows(['tiefighter', 'deathstar'], at('landing'), ...EXHAUST), false)
  assert.equal(await allows(['tiefighter', 'deathstar'], 'branch:early', ...EXHAUST), true)
  const { policies } = await asked('branch', 'show', 'early', '--flows', '0', '--no-connections')
  assert.deepEqual(
    policies.map(({ kind, rules }: { kind: string; rules: unknown[] }) => [kind, rules.length > 0]),
    [['changed', true]],
  )
  await did('branch', 'create', 'later', '--at', at('exhaust'))
  await did('branch', 'edit', 'later', first!, '-f', file(landing('GET /nothing')))
  const same = await run('branch', 'show', 'later', '--flows', '0', '--no-connections', '-o', 'json')
  assert.deepEqual([same.code, JSON.parse(same.out).policies], [0, []])
  await did('branch', 'without', 'later', second!)
  assert.equal(await allows(['tiefighter', 'deathstar'], 'branch:later', ...LAND), false)
  assert.equal(await allows(['tiefighter', 'deathstar'], 'branch:later', '--http', 'GET /nothing'), true)
})

test('T89 what cannot be edited is refused by name, and so is a file that is not that policy', async () => {
  const [first] = await positionsOf('rule1')
  await did('branch', 'create', 'wrong')
  const other: Json = {
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'other', namespace: 'default' },
    spec: { endpointSelector: {} },
  }
  const table: readonly (readonly [position: string, path: string, code: number, words: RegExp])[] = [
    [
      first!,
      file(other),
      2,
      /edit-other: [0-9]+ set CiliumNetworkPolicy\/default\/rule1, and the file has CiliumNetworkPolicy\/default\/other/,
    ],
    [first!, file(landing('GET /a'), other), 2, /edit-policy: edit takes one policy/],
    [
      (await events('PolicyDeleted'))[0]!.position,
      file(landing('GET /a')),
      2,
      /edit-unable: [0-9]+ is PolicyDeleted: only what set a policy can be edited/,
    ],
    [
      '999999',
      file(landing('GET /a')),
      3,
      /no-such-event: 999999 up to position [0-9]+; the last of policies are at [0-9, ]+/,
    ],
    ['soon', file(landing('GET /a')), 2, /soon is not a position/],
  ]
  for (const [position, path, code, words] of table) {
    const found = await run('branch', 'edit', 'wrong', position, '-f', path)
    assert.deepEqual([found.code, words.test(found.err)], [code, true], found.err)
  }
  await did('branch', 'drop', 'wrong')
})

const GROUP = (...externalCIDRs: readonly string[]): Json => ({
  apiVersion: 'cilium.io/v2alpha1',
  kind: 'CiliumCIDRGroup',
  metadata: { name: 'rim' },
  spec: { externalCIDRs },
})
const SERVICE: readonly Json[] = [
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'moon', namespace: 'default' }, spec: {} },
  {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'moon', namespace: 'default' },
    subsets: [{ addresses: [{ ip: '203.0.113.7' }] }],
  },
]
const toRim = (peers: Json): Json => ({
  kind: 'CiliumNetworkPolicy',
  metadata: { name: 'out', namespace: 'default' },
  spec: { endpointSelector: { matchLabels: { class: 'xwing' } }, egress: [peers] },
})

test('T89 a branch takes groups and services as apply does, and gives them up again', async () => {
  await did('branch', 'create', 'rim')
  const policy = toRim({ toCIDRSet: [{ cidrGroupRef: 'rim' }] })
  const said = await did('branch', 'apply', 'rim', '-f', file(policy, GROUP('192.0.2.0/24')))
  assert.equal(said, 'set CiliumCIDRGroup/-/rim on rim\nset CiliumNetworkPolicy/default/out on rim\n')
  assert.deepEqual(
    [
      await allows(['xwing', '192.0.2.9'], 'branch:rim', '--port', '80'),
      await allows(['xwing', '198.51.100.9'], 'branch:rim', '--port', '80'),
    ],
    [true, false],
  )
  const why = await run('why', '--from', 'xwing', '--to', '192.0.2.9', '--port', '80', '--at', 'branch:rim')
  assert.match(
    why.out,
    /through CIDR group rim: position branch:rim\/1, .*, user branch rim by cli command 1: set CiliumCIDRGroup\/-\/rim$/m,
  )
  assert.match((await run('branch', 'show', 'rim', '--flows', '0')).out, /^~ CIDR group rim: 192\.0\.2\.0\/24$/m)
  await did('branch', 'delete', 'rim', 'CiliumCIDRGroup', 'rim')
  assert.equal(await allows(['xwing', '192.0.2.9'], 'branch:rim', '--port', '80'), false)
  assert.equal((await run('branch', 'delete', 'rim', 'CiliumCIDRGroup', 'core')).code, 3)
  await did('branch', 'create', 'moon')
  await did(
    'branch',
    'apply',
    'moon',
    '-f',
    file(...SERVICE, toRim({ toServices: [{ k8sService: { serviceName: 'moon', namespace: 'default' } }] })),
  )
  assert.deepEqual(
    [
      await allows(['xwing', '203.0.113.7'], 'branch:moon', '--port', '80'),
      await allows(['xwing', '203.0.113.8'], 'branch:moon', '--port', '80'),
    ],
    [true, false],
  )
})

test('T89 merge writes groups, services and edits, and refuses what nobody can wish for; a group that changed since the fork is a conflict', async () => {
  const [first] = await positionsOf('rule1')
  await did('branch', 'create', 'all', '--at', at('narrow'))
  await did('branch', 'apply', 'all', '-f', file(GROUP('192.0.2.0/24')))
  const gone = await run('branch', 'merge', 'all')
  assert.deepEqual([gone.code, gone.out.split('\n')[0]], [0, 'cidr-group rim set'])
  await did('branch', 'create', 'conflict', '--at', at('narrow'))
  await did('branch', 'apply', 'conflict', '-f', file(GROUP('198.51.100.0/24')))
  const conflict = await run('branch', 'merge', 'conflict')
  assert.deepEqual(
    [
      conflict.code,
      /branch-conflict at position [0-9]+, .*: cidr-group rim was added since the fork/.test(conflict.err),
    ],
    [1, true],
    conflict.err,
  )
  const moved = await run('branch', 'rebase', 'conflict', '-o', 'json')
  const [found] = JSON.parse(moved.out).conflicts
  assert.deepEqual([moved.code, found.what, found.happened, found.commands], [1, 'cidr-group rim', 'added', [1]])
  assert.match(found.events[0].source, /^cli branch merge all$/)
  await did('branch', 'create', 'fixed', '--at', at('exhaust'))
  await did('branch', 'edit', 'fixed', (await positionsOf('rule1'))[1]!, '-f', file(landing('GET /v1')))
  const late = await run('branch', 'rebase', 'fixed')
  assert.match(
    late.err,
    /branch-conflict: CiliumNetworkPolicy\/default\/rule1 was deleted at position [0-9]+, .*, user leia by test delete-policies; on the branch by command 1$/m,
  )
  assert.equal(
    await did('branch', 'rebase', 'fixed', '--onto', at('noFighters')),
    `fixed now stands at position ${at('noFighters')}\n`,
  )
  assert.equal(await allows(['tiefighter', 'deathstar'], 'branch:fixed', ...LAND), false)
  await did('branch', 'create', 'undo')
  await did('branch', 'without', 'undo', (await events('PolicyDeleted')).at(-1)!.position)
  assert.match(await did('branch', 'merge', 'undo'), /^CiliumNetworkPolicy\/default\/rule1 set$/m)
  assert.equal(first === undefined, false)
})
