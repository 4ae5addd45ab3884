/** Old events edited and left out, groups and services on a branch, files of older versions, and what becomes of it all at merge and rebase. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { HindcastEvent } from '../../events/catalogue.ts'
import { encodeEvent } from '../../events/codec.ts'
import {
  CorrelationId,
  EndpointId,
  EventId,
  IdentityId,
  LabelText,
  NodeName,
  nodeStream,
  type StreamName,
  Timestamp,
} from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { agentStory, landing, type Story, type StoryMoment } from './agent-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-branch-edit-'))
let story: Story
before(async () => {
  story = await agentStory(join(folder, 'log.db'))
})
after(() => rmSync(folder, { recursive: true }))

const at = (moment: StoryMoment): string => String(story.at[moment])
const run = (...args: readonly string[]) => hindcast(...args, '--log', story.path)

async function did(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await run(...args)
  assert.deepEqual([code, err], [0, ''], args.join(' '))
  return out
}

const asked = async (...args: readonly string[]) => JSON.parse((await run(...args, '-o', 'json')).out)

let files = 0
function file(...documents: readonly Json[]): string {
  files += 1
  const path = join(folder, `${files}.yaml`)
  writeFileSync(path, documents.map((one) => JSON.stringify(one)).join('\n---\n'))
  return path
}

type Found = {
  readonly position: string
  readonly event: { readonly type: string; readonly resource?: { readonly name: string } }
}

async function events(type: string): Promise<readonly Found[]> {
  const lines = (await did('log', '--type', type, '-o', 'jsonl')).trim().split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
}

const positionsOf = async (policy: string): Promise<readonly string[]> =>
  (await events('PolicyAdded')).filter(({ event }) => event.resource?.name === policy).map(({ position }) => position)

async function allows(from: string, to: string, moment: string, ...more: readonly string[]): Promise<boolean> {
  return (await asked('why', '--from', from, '--to', to, '--at', moment, ...more)).items[0].allowed
}

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
  assert.equal(await allows('tiefighter', 'deathstar', at('landing'), ...EXHAUST), false)
  assert.equal(await allows('tiefighter', 'deathstar', 'branch:early', ...EXHAUST), true)
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
  assert.equal(await allows('tiefighter', 'deathstar', 'branch:later', ...LAND), false)
  assert.equal(await allows('tiefighter', 'deathstar', 'branch:later', '--http', 'GET /nothing'), true)
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
      await allows('xwing', '192.0.2.9', 'branch:rim', '--port', '80'),
      await allows('xwing', '198.51.100.9', 'branch:rim', '--port', '80'),
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
  assert.equal(await allows('xwing', '192.0.2.9', 'branch:rim', '--port', '80'), false)
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
      await allows('xwing', '203.0.113.7', 'branch:moon', '--port', '80'),
      await allows('xwing', '203.0.113.8', 'branch:moon', '--port', '80'),
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
  assert.equal(await allows('tiefighter', 'deathstar', 'branch:fixed', ...LAND), false)
  await did('branch', 'create', 'undo')
  await did('branch', 'without', 'undo', (await events('PolicyDeleted')).at(-1)!.position)
  assert.match(await did('branch', 'merge', 'undo'), /^CiliumNetworkPolicy\/default\/rule1 set$/m)
  assert.equal(first === undefined, false)
})

// After everything that the verbs write with the clock of today.
let now = Date.now() + 3_600_000
async function record(stream: StreamName, ...told: readonly HindcastEvent[]): Promise<void> {
  await using log = openSqliteLog({ path: story.path, now: () => Timestamp(now) })
  const context = {
    actor: { kind: 'user', name: 'ackbar' },
    source: { kind: 'test', detail: '' },
    correlation: CorrelationId(randomUUID()),
    cause: null,
  } as const
  await log.append([
    {
      stream,
      expected: 'any',
      events: told.map((event) => encodeEvent({ id: EventId(randomUUID()), event, context })),
    },
  ])
}

test('T89 groups, services, DNS answers and label changes are left out as if they had never happened', async () => {
  const node = nodeStream(NodeName('node1'))
  const answer = {
    type: 'DnsAnswerLearned',
    v: 1,
    name: 'moon.example',
    addresses: ['203.0.113.4'],
    ttlSeconds: null,
    askedBy: null,
  }
  const shorter = { ...answer, ttlSeconds: 60 }
  await record(node, answer as unknown as HindcastEvent)
  await record(node, shorter as unknown as HindcastEvent)
  await record(node, { ...shorter, name: 'old.example' } as unknown as HindcastEvent)
  now += 30_000
  const labels = [
    'k8s:class=xwing',
    'k8s:io.cilium.k8s.policy.cluster=default',
    'k8s:io.kubernetes.pod.namespace=default',
    'k8s:org=empire',
  ].map(LabelText)
  const changed = {
    type: 'EndpointIdentityChanged',
    v: 1,
    endpoint: EndpointId(775),
    identity: IdentityId(257),
    labels,
  } as const
  await record(node, changed)
  const dns = await events('DnsAnswerLearned')
  const relabelled = (await events('EndpointIdentityChanged')).at(-1)!.position
  const group = (await events('CidrGroupSet')).at(-1)!.position
  await did('branch', 'create', 'past')
  const said = await did('branch', 'without', 'past', dns[0]!.position, relabelled, group)
  assert.match(
    said,
    /\(DnsAnswerLearned dns moon\.example on node node1\).*\n.*\(EndpointIdentityChanged labels of endpoint 775 on node node1\).*\n.*\(CidrGroupSet cidr-group rim\)/,
  )
  const world = async (moment: string) => {
    const { items } = await asked('endpoint', 'list', '--at', moment)
    return items.find((item: { endpoint: number }) => item.endpoint === 775).labels.includes('k8s:org=alliance')
  }
  assert.deepEqual([await world('HEAD'), await world('branch:past')], [false, true])
  const names = async (moment: string) => (await asked('dns', 'list', '--at', moment)).items
  // The second answer was the shorter one, and alone it counts.
  assert.deepEqual(
    [(await names('HEAD'))[0].addresses[0].expiresAt, typeof (await names('branch:past'))[0].addresses[0].expiresAt],
    [null, 'number'],
  )
  now += 3_600_000
  await record(node, { ...answer, name: 'new.example' } as unknown as HindcastEvent)
  await did('branch', 'create', 'over')
  await did('branch', 'without', 'over', dns[0]!.position)
  // Alone it would have been over long since.
  assert.deepEqual(
    (await names('branch:over')).map(({ name }: { name: string }) => name),
    ['new.example', 'old.example'],
  )
  const groups = async (moment: string) => (await asked('cidrgroup', 'list', '--at', moment)).items.length
  assert.deepEqual([await groups('HEAD'), await groups('branch:past')], [1, 0])
  const unmergeable = await run('branch', 'merge', 'past')
  assert.deepEqual(
    [
      unmergeable.code,
      /branch-unmergeable: dns moon\.example on node node1, labels of endpoint 775/.test(unmergeable.err),
    ],
    [2, true],
    unmergeable.err,
  )
})

test('T89 every other kind of event is refused by name, with the reason', async () => {
  await did('branch', 'create', 'kinds')
  const table: readonly (readonly [type: string, words: RegExp])[] = [
    ['EndpointCreated', /EndpointCreated: a pod was there: who would have had its address/],
    ['EndpointIdentityChanged', /EndpointIdentityChanged: it was the first identity of the endpoint/],
    [
      'PolicyMapWritten',
      /PolicyMapWritten: the agent did it, and it follows from the rest: leave out what it followed from/,
    ],
    ['PolicyReaction', /PolicyReaction: the agent did it/],
    ['XdsPublished', /XdsPublished: the agent did it/],
    ['AgentStarted', /AgentStarted: nothing that is enforced rests on it/],
    ['IdentityAllocated', /IdentityAllocated: the agent did it/],
  ]
  for (const [type, words] of table) {
    const [found] = await events(type)
    const { code, err } = await run('branch', 'without', 'kinds', found!.position)
    assert.deepEqual([code, words.test(err)], [2, true], `${type}: ${err}`)
  }
})

test('T89 a file of version 1 is read, a newer one is refused by name, and so is one that contradicts the log', async () => {
  const path = join(`${story.path}.branches`, 'old.json')
  const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name: 'rule1' }
  const [position] = await positionsOf('no-fighters')
  const commands = [
    { kind: 'without', resource: { ...resource, name: 'no-fighters' }, manifest: null, position },
    { kind: 'set', resource, manifest: landing('GET /v1'), position: null },
    { kind: 'delete', resource, manifest: null, position: null },
  ]
  const v1 = { v: 1, name: 'old', fork: at('noFighters'), commands }
  writeFileSync(path, JSON.stringify(v1))
  assert.match(await did('branch', 'list'), /^ {2}1 without [0-9]+ .*no-fighters.*\n {2}2 set .*\n {2}3 delete .*$/m)
  assert.equal(await allows('tiefighter', 'deathstar', 'branch:old/1', ...LAND), true)
  await did('branch', 'apply', 'old', '-f', file(GROUP('192.0.2.0/24')))
  assert.equal(JSON.parse(readFileSync(path, 'utf8')).v, 2)
  writeFileSync(path, JSON.stringify({ ...v1, v: 3 }))
  const newer = await run('branch', 'show', 'old')
  assert.deepEqual([newer.code, /old\.json is of version 3; versions 1 and 2 are read/.test(newer.err)], [4, true])
  const newerMoment = await run('status', '--at', 'branch:old')
  assert.deepEqual([newerMoment.code, /old\.json is of version 3/.test(newerMoment.err)], [4, true])
  writeFileSync(path, JSON.stringify({ ...v1, v: 2, commands: [{ kind: 'without', position: '3', what: '' }] }))
  const wrong = await run('status', '--at', 'branch:old')
  assert.deepEqual([wrong.code, /branch old: /.test(wrong.err)], [2, true], wrong.err)
})
