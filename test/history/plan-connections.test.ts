import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { IdentityId, IpAddress, Timestamp } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import { openHistory } from '../../src/cli/compose.ts'
import { connectionsOf } from '../../src/cli/history/plan-connections.ts'
import { planText, planView } from '../../src/cli/render/plan.ts'
import { type ConnectionReport, connectionReport } from '../../src/history/plan/connections.ts'
import { planOf } from '../../src/history/plan/plan.ts'
import { worldFrom } from '../../src/history/state-at.ts'
import type { ConntrackEntry } from '../../src/ports/datapath.ts'
import { DatapathError } from '../../src/ports/datapath.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { agentStory, landing, type Story } from './agent-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-plan-connections-'))
let story: Story
before(async () => {
  story = await agentStory(join(folder, 'log.db'))
})
after(() => rmSync(folder, { recursive: true }))

const NOW = 1_000
const DEATHSTAR = '10.0.0.111'
const TIEFIGHTER = '10.0.0.123'
const XWING = '10.0.0.209'
const OUTSIDE = '192.0.2.7'
const PROXIED = 1 << 6

/** By default the tiefighter's connection to the deathstar, as the deathstar's device has it. */
function entry(
  more: { readonly [Field in keyof ConntrackEntry]?: ConntrackEntry[Field] | string | number },
): ConntrackEntry {
  return {
    protocol: 6,
    direction: 'in',
    source: IpAddress(TIEFIGHTER),
    sourcePort: 40_000,
    destination: IpAddress(DEATHSTAR),
    destinationPort: 80,
    related: false,
    expires: NOW + 100,
    rxPackets: 1,
    rxBytes: 60,
    rxFlagsSeen: 2,
    lastRxReport: 0,
    txPackets: 1,
    txBytes: 60,
    txFlagsSeen: 2,
    lastTxReport: 0,
    flags: 1 << 4,
    revNat: 0,
    sourceSecurityId: IdentityId(258),
    ifindex: 3,
    ...more,
  } as ConntrackEntry
}

const RULE1 = landing('POST /v1/request-landing')
const PLAIN: Json = policy('plain', {
  endpointSelector: { matchLabels: { class: 'deathstar' } },
  ingress: [{ fromEndpoints: [{ matchLabels: { org: 'empire' } }] }],
})

function policy(name: string, spec: Json): Json {
  return { kind: 'CiliumNetworkPolicy', metadata: { name, namespace: 'default' }, spec }
}

/** On top of the head, where no policy is left, or of `at`. */
async function planned(manifest: Json, at: keyof Story['at'] = 'gone') {
  await using history = await openHistory({ log: story.path, state: folder }, () => {})
  const world = worldFrom(history.model, story.at[at])
  const reading = readPolicy(manifest)
  assert.ok(reading.kind === 'accepted')
  const { resource, rules } = reading.policy
  return { world, ...planOf(world, [{ resource, manifest, rules }], []) }
}

async function reported(manifest: Json, entries: readonly ConntrackEntry[], at?: keyof Story['at']) {
  const { world, plan, policies } = await planned(manifest, at)
  return connectionReport({ node: 'node1', entries, now: NOW, view: world.nodes.get('node1')!, policies, plan })
}

function groupsOf({ groups }: ConnectionReport): readonly string[] {
  return groups.map(
    ({ endpoint, direction, identity, protocol, port, change, count }) =>
      `${count} ${endpoint} ${direction} ${identity} ${port}/${protocol} ${change}`,
  )
}

test('T45 a live connection is judged at its endpoint before and after the plan: cut, redirected, or untouched', async () => {
  const out = { direction: 'out' as const }
  const fromXwing = { source: XWING, sourceSecurityId: 256 }
  const egress = (rules: Json) =>
    policy('out', { endpointSelector: { matchLabels: { class: 'xwing' } }, egress: rules })
  const toEmpire = egress([{ toEndpoints: [{ matchLabels: { org: 'empire' } }] }])
  const toWeb = egress([{ toCIDR: ['192.0.2.0/24'] }])
  const toElsewhere = egress([{ toCIDR: ['198.51.100.0/24'] }])
  const xwingOut = { ...out, source: XWING, sourceSecurityId: 256 }
  const table: readonly (readonly [string, Json, Parameters<typeof entry>[0], readonly string[]])[] = [
    ['not selected by the rule', PLAIN, fromXwing, ['1 863 ingress 256 80/6 cut']],
    ['still allowed', PLAIN, {}, []],
    ['becomes the proxy’s', RULE1, {}, ['1 863 ingress 258 80/6 redirected']],
    ['is the proxy’s already', RULE1, { flags: PROXIED }, []],
    ['another port', RULE1, { destinationPort: 443 }, ['1 863 ingress 258 443/6 cut']],
    ['another protocol', RULE1, { protocol: 17 }, ['1 863 ingress 258 80/17 cut']],
    ['echo', RULE1, { protocol: 1, destinationPort: 0 }, ['1 863 ingress 258 8/1 cut']],
    ['from outside', PLAIN, { source: OUTSIDE, sourceSecurityId: 2 }, ['1 863 ingress 2 80/6 cut']],
    ['the source’s entry, whose egress the plan leaves alone', PLAIN, { ...out, ...fromXwing }, []],
    ['egress to an endpoint that is allowed', toEmpire, xwingOut, []],
    ['egress to an address outside', toEmpire, { ...xwingOut, destination: OUTSIDE }, ['1 775 egress 2 80/6 cut']],
    ['egress to a prefix that the plan names', toWeb, { ...xwingOut, destination: OUTSIDE }, []],
    ['egress to another prefix', toElsewhere, { ...xwingOut, destination: OUTSIDE }, ['1 775 egress 2 80/6 cut']],
    ['one that the other way began', toElsewhere, { destination: XWING }, []],
  ]
  for (const [name, manifest, more, expected] of table) {
    assert.deepEqual(groupsOf(await reported(manifest, [entry(more)])), expected, name)
  }
})

test('T45 what is denied already is not cut by the plan, and what is redirected already is not reset by it', async () => {
  const wider = landing('POST /v1/request-landing', 'PUT /v1/exhaust-port')
  const entries = [entry({}), entry({ source: XWING, sourceSecurityId: 256 })]
  assert.deepEqual(groupsOf(await reported(wider, entries, 'landing')), [])
})

test('T45 connections are grouped with counts, and the report says what it rests on', async () => {
  const report = await reported(RULE1, [
    ...[1, 2].map((sourcePort) => entry({ sourcePort })),
    ...[1, 2, 3].map((sourcePort) => entry({ sourcePort, source: XWING, sourceSecurityId: 256 })),
    entry({ expires: NOW - 1 }),
    entry({ expires: NOW, flags: 0b11 }),
    entry({ related: true }),
    entry({ destination: '10.0.0.99' }),
    entry({ sourceSecurityId: 0 }),
  ])
  assert.deepEqual(groupsOf(report), ['3 863 ingress 256 80/6 cut', '2 863 ingress 258 80/6 redirected'])
  assert.deepEqual(report.coverage, {
    seen: 10,
    judged: 5,
    expired: 1,
    notJudged: {
      'both sides have closed it': 1,
      'an error message about another connection': 1,
      'its endpoint is not there any more': 1,
      'the identity of the other side is not known': 1,
    },
  })
})

const asked = (at: keyof Story['at'] | null, ...args: readonly string[]) => {
  const path = join(folder, 'rule1.json')
  writeFileSync(path, JSON.stringify(RULE1))
  const moment = at === null ? [] : ['--at', String(story.at[at])]
  return hindcast('plan', '-f', path, '--log', story.path, ...moment, '--flows', '0', ...args)
}

test('T46 where connections cannot be looked at, plan says so with the reason, and fails where they were asked for', async () => {
  const old = 'connections are those of now, and the moment is not the head'
  const { code, out } = await asked('ships')
  assert.equal(code, 1)
  assert.match(out, new RegExp(`^connections on node node1 were not looked at: ${old}$`, 'm'))
  assert.deepEqual(JSON.parse((await asked('ships', '-o', 'json')).out).connections, [{ node: 'node1', reason: old }])
  const failed = await asked('ships', '--connections')
  assert.deepEqual([failed.code, failed.out], [2, ''])
  assert.doesNotMatch((await asked('ships', '--no-connections')).out, /connections/)
  const absent = ['--bpffs', join(folder, 'no-bpffs')]
  const head = await asked(null, ...absent)
  assert.equal(head.code, 1)
  assert.match(
    head.out,
    /^connections on node node1 were not looked at: no-kernel-datapath: node node1 runs the model datapath .*$/m,
  )
  assert.equal((await asked(null, '--connections', ...absent)).code, 5)
})

test('T45 at the head the kernel’s entries are read and told to people; T46 a datapath that cannot be read is said', async () => {
  await using history = await openHistory({ log: story.path, state: folder }, () => {})
  const found = await planned(RULE1)
  const moment = { position: (await history.log.head())!, recordedAt: Timestamp(0) }
  const question = { ...found, moment, options: { bpffs: '/nowhere', at: String(moment.position) } }
  const never = 2 ** 32
  const datapath = {
    readConntrack: async () => [
      entry({ expires: never }),
      entry({ expires: never, source: XWING, sourceSecurityId: 256 }),
      entry({ expires: never, related: true }),
    ],
    [Symbol.asyncDispose]: async () => {},
  }
  const pinned: unknown[] = []
  const connections = await connectionsOf(history, question, async (_, pins) => {
    pinned.push(pins)
    return datapath
  })
  assert.deepEqual(pinned, [{ bpffs: '/nowhere', node: 'node1' }])
  const text = planText(planView(found.plan, { flows: [], connections, labelsOf: () => () => [] }))
  const lines = [
    'of 2 judged conntrack entries on node node1, 1 would be cut and 1 reset to be redirected (3 seen, 0 expired)',
    '  ~ 1 x endpoint 863 ingress from identity 258 80/TCP redirected',
    '  - 1 x endpoint 863 ingress from identity 256 80/TCP cut',
    '  1 not judged: an error message about another connection',
  ]
  assert.ok(text.includes(`${lines.join('\n')}\n`), text)
  const refuse = async () => {
    throw new DatapathError('no-privilege', 'not permitted\nmore')
  }
  assert.deepEqual(await connectionsOf(history, question, refuse), [
    { node: 'node1', reason: 'no-privilege: not permitted' },
  ])
  await assert.rejects(
    connectionsOf(history, { ...question, options: { ...question.options, connections: true } }, refuse),
    DatapathError,
  )
})
