/** Old events left out, kind by kind, and files of branches of older versions. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
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
import { landing } from './agent-story.ts'
import { Desk } from './branch-desk.ts'

const desk = new Desk()
const { at, run, did, asked, file, events, positionsOf, allows } = desk
before(async () => {
  await desk.open()
  await did('apply', '-f', file(GROUP('192.0.2.0/24')))
})
after(desk.close)

const LAND = ['--http', 'POST /v1/request-landing']
const GROUP = (...externalCIDRs: readonly string[]): Json => ({
  apiVersion: 'cilium.io/v2alpha1',
  kind: 'CiliumCIDRGroup',
  metadata: { name: 'rim' },
  spec: { externalCIDRs },
})

// After everything that the verbs write with the clock of today.
let now = Date.now() + 3_600_000
async function record(stream: StreamName, ...told: readonly HindcastEvent[]): Promise<void> {
  await using log = openSqliteLog({ path: desk.path, now: () => Timestamp(now) })
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
  const path = join(`${desk.path}.branches`, 'old.json')
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
  assert.equal(await allows(['tiefighter', 'deathstar'], 'branch:old/1', ...LAND), true)
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
