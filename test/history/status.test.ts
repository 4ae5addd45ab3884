import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import type { HindcastEvent } from '../../events/catalogue.ts'
import { decodeEvent } from '../../events/codec.ts'
import {
  EndpointId,
  endpointStream,
  IdentityId,
  NodeName,
  nodeStream,
  PolicyRevision,
  Timestamp,
} from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../projections/policy/default-options.ts'
import { fold } from '../../projections/projection.ts'
import { world } from '../../projections/world.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { agentStory, type Story } from './agent-story.ts'
import { type Step, tell } from './random-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-status-'))
let story: Story
before(async () => {
  story = await agentStory(join(folder, 'log.db'))
})
after(() => rmSync(folder, { recursive: true }))

type Row = {
  readonly endpoint: number
  readonly realised: boolean
  readonly revision: number | null
  readonly reason: string | null
  readonly since: { readonly position: string } | null
}

async function statusAt(path: string, at: string): Promise<readonly Row[]> {
  const { code, out } = await hindcast('status', '--at', at, '--log', path, '-o', 'json')
  assert.equal(code, 0)
  return JSON.parse(out).items.flatMap(({ progress }: { readonly progress: readonly Row[] }) => progress)
}

test('T27 status says at every moment who realises the revision, since which event, and of whom is behind why', async () => {
  await using log = openSqliteLog({ path: story.path, now: () => Timestamp(0), readOnly: true })
  const events: Recorded[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) events.push(...batch.map(decodeEvent))
  for (const [index, { position }] of events.entries()) {
    if (index % 4 !== 0) continue
    const state = fold(world, events.slice(0, index + 1))
    for (const { endpoint, realised, revision, since, reason } of await statusAt(story.path, String(position))) {
      const view = state.nodes.get('node1')!.endpoints.get(EndpointId(endpoint))!
      assert.deepEqual([revision, realised], [view.revision, (view.revision ?? 0) >= state.revision])
      assert.equal(reason === null, realised)
      const at = events.findIndex((event) => String(event.position) === since?.position)
      assert.ok(at >= 0 && at <= index, `since ${since?.position} at ${position}`)
      const revisionAfter = (upTo: number): number =>
        fold(world, events.slice(0, upTo)).nodes.get('node1')?.endpoints.get(EndpointId(endpoint))?.revision ?? 0
      if (realised)
        assert.deepEqual([revisionAfter(at) >= state.revision, revisionAfter(at + 1) >= state.revision], [false, true])
      else if (view.revision !== null)
        assert.equal((events[at]!.event as { readonly revision?: number }).revision, view.revision + 1)
    }
  }
  const { out } = await hindcast('status', '--at', String(story.at.landing), '--log', story.path)
  assert.match(out, /^NODE +AGENT +DATAPATH +ENFORCEMENT +ENDPOINTS +READY +BEHIND/)
  assert.match(out, /^ENDPOINT +NAME +STATE +REVISION +REALISED +SINCE +WHY NOT/m)
  assert.match(out, /^863 +default\/deathstar +ready +2\/2 +yes +2026-05-04T14:00:00\.000Z \([0-9]+\)/m)
})

const NODE = NodeName('node1')
const WEB = EndpointId(7)
const base = { endpoint: WEB, v: 1 } as const

function node(event: HindcastEvent): Step {
  return [nodeStream(NODE), event]
}

function own(event: HindcastEvent): Step {
  return [endpointStream(NODE, WEB), event]
}

const started = node({
  type: 'AgentStarted',
  v: 2,
  node: NODE,
  version: '1',
  datapath: 'model',
  reason: '',
  options: DEFAULT_POLICY_OPTIONS,
})
const created = node({
  type: 'EndpointCreated',
  ...base,
  name: 'default/web',
  labels: [],
  ipv4: null,
  ipv6: null,
  device: null,
  mac: null,
  nodeMac: null,
  namedPorts: [],
})
const identified = node({ type: 'EndpointIdentityChanged', ...base, identity: IdentityId(300), labels: [] })
const policy: Step = [
  'policy' as never,
  {
    type: 'PolicyAdded',
    v: 1,
    resource: { kind: 'CiliumNetworkPolicy', namespace: 'default', name: 'p' },
    manifest: {},
    digest: digestOf(1),
    rules: 1,
    revision: PolicyRevision(2),
    replaces: null,
  },
]
const build = own({
  type: 'EndpointRegenerationStarted',
  ...base,
  build: 1,
  level: 'no-rebuild',
  triggers: [],
  revision: PolicyRevision(2),
  reads: '1',
})
const failed = own({
  type: 'EndpointRegenerationFailed',
  ...base,
  build: 1,
  revision: PolicyRevision(2),
  phase: 'proxyWaitForAck',
  code: 'npds-nacked',
  reason: 'bad regular expression',
  retryInMs: 2_000,
  phases: [],
})
const skipped = node({
  type: 'PolicyReaction',
  v: 1,
  revision: PolicyRevision(2),
  previousRevision: PolicyRevision(1),
  identities: [],
  regenerate: [],
  bump: [],
  skipped: [{ endpoint: WEB, reason: 'already-newer' }],
})
const done = own({ type: 'EndpointRevisionBumped', ...base, from: PolicyRevision(1), to: PolicyRevision(2) })

let logs = 0
async function told(...steps: readonly Step[]): Promise<string> {
  logs += 1
  const path = join(folder, `told-${logs}.db`)
  await using log = openSqliteLog({ path, now: () => Timestamp(1_700_000_000_000) })
  await tell(log, steps)
  return path
}

test('T28 whoever is behind has a reason: no agent, no identity, running, failed with the words of the proxy, skipped', async () => {
  const cases: readonly (readonly [reason: string, ...steps: readonly Step[]])[] = [
    ['it has no identity yet', started, created, policy],
    ['no agent is running on its node', created, identified, policy],
    ['a build of revision 2 is running', started, created, identified, policy, build],
    [
      'the build of revision 2 failed in proxyWaitForAck: npds-nacked: bad regular expression; tried again after 2000 ms',
      ...[started, created, identified, policy, build, failed],
    ],
    ['it was skipped: already-newer', started, created, identified, policy, skipped],
    ['its node has not reacted to revision 2 yet', started, created, identified, policy],
    [
      'it is leaving',
      ...[started, created, identified, policy],
      node({ type: 'EndpointStateChanged', ...base, from: 'ready', to: 'disconnecting', reason: '' }),
    ],
  ]
  for (const [reason, ...steps] of cases) {
    const [row] = await statusAt(await told(...steps), 'HEAD')
    assert.deepEqual([row?.realised, row?.reason], [false, reason])
  }
})

test('T29 wait ends with 0 when everybody is there, also where that comes while it waits, and with 1 and the reasons otherwise', async () => {
  const path = await told(started, created, identified, policy)
  const wait = (...more: readonly string[]) => hindcast('wait', '--for', 'realized', '--log', path, ...more)
  const over = await wait('--timeout', '0')
  assert.equal(over.code, 1)
  assert.match(
    over.out,
    /^0 of 1 endpoint realises it\n.*\n7 +default\/web .* no +.*its node has not reacted to revision 2 yet/,
  )
  const waiting = wait('--timeout', '30')
  await using log = openSqliteLog({ path, now: () => Timestamp(1_700_000_001_000) })
  await tell(log, [done])
  const came = await waiting
  assert.deepEqual(
    [came.code, came.out],
    [0, '1 endpoint realises revision 2 at position 5, 2023-11-14T22:13:21.000Z\n'],
  )
  assert.equal((await wait('--rev', '3', '--timeout', '0')).code, 1)
  assert.equal((await wait('--endpoint', '9', '--timeout', '0')).code, 3)
  assert.equal((await hindcast('wait', '--log', path)).code, 2)
})
