import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventOf, EventType } from '../../events/catalogue.ts'
import { Cidr, IpAddress } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { AgentOptions } from '../../src/agent/options.ts'
import type { PolicyView } from '../../src/agent/policy-view.ts'
import { turns } from '../doubles/gate.ts'
import { TestPolicies } from '../doubles/policies.ts'
import { allow, NODE, policy, Rig } from './rig.ts'

const EMPIRE = 'k8s:org=empire'
const ALLIANCE = 'k8s:org=alliance'

const only = <Type extends EventType>(history: readonly Recorded[], type: Type): readonly EventOf<Type>[] =>
  history.map(({ event }) => event).filter((event): event is EventOf<Type> => event.type === type)

/** More turns of the event loop than the beginning of a build takes. */
const TURNS_MAX = 1_000

test('A3 an endpoint gets its identity, its address in the ipcache, a program and a policy map', async () => {
  await using rig = new Rig()
  const agent = await rig.start()
  await rig.operator.addEndpoint(1, EMPIRE)
  await rig.quiet(agent)
  const history = await rig.operator.history()
  const types = history.map(({ event }) => event.type)
  const order = ['EndpointCreated', 'IdentityAllocated', 'EndpointIdentityChanged', 'IpcacheUpserted', 'ProgramLoaded']
  assert.deepEqual(
    order.map((type) => types.indexOf(type as EventType)).toSorted((a, b) => a - b),
    order.map((type) => types.indexOf(type as EventType)),
  )
  assert.deepEqual(rig.map(1), ['e:0:0:0/0 allow 0', 'i:0:0:0/0 allow 0'])
  assert.deepEqual([...rig.pinned.ipcache.keys()], ['10.0.0.1/32'])
  assert.deepEqual(
    only(history, 'EndpointStateChanged').map(({ to }) => to),
    ['ready', 'waiting-to-regenerate', 'regenerating', 'ready'],
  )
})

test('A4 a new revision rebuilds whom it selects, bumps whom it does not, and says why for each', async () => {
  await using rig = new Rig()
  const agent = await rig.start()
  await rig.operator.addEndpoint(1, EMPIRE)
  await rig.operator.addEndpoint(2, ALLIANCE)
  await rig.quiet(agent)
  await rig.operator.setPolicy('landing', policy(EMPIRE, allow(ALLIANCE)))
  await rig.quiet(agent)
  const history = await rig.operator.history()
  const [reaction] = only(history, 'PolicyReaction')
  assert.deepEqual(reaction?.regenerate, [{ endpoint: 1, reason: 'policy-changed' }])
  assert.deepEqual(reaction?.bump, [{ endpoint: 2, reason: 'not-selected' }])
  assert.deepEqual(reaction?.skipped, [])
  assert.equal(reaction?.identities.length, 1)
  assert.deepEqual(
    only(history, 'EndpointRevisionBumped').map(({ endpoint, from, to }) => [endpoint, from, to]),
    [[2, 1, 2]],
  )
  const alliance = only(history, 'EndpointIdentityChanged').find(({ endpoint }) => endpoint === 2)?.identity
  assert.deepEqual(rig.map(1), ['e:0:0:0/0 allow 0', `i:${alliance}:6:80/16 allow 0`])
  const last = only(history, 'EndpointRegenerationSucceeded').at(-1)
  assert.equal(last?.revision, 2)
  assert.equal(last?.desiredDigest, last?.realizedDigest)
})

test('A5 the proxy acknowledges listener and policy before the map points at it', async () => {
  await using rig = new Rig()
  const agent = await rig.start()
  await rig.operator.addEndpoint(1, EMPIRE)
  await rig.operator.addEndpoint(2, ALLIANCE)
  await rig.operator.setPolicy('landing', policy(EMPIRE, allow(ALLIANCE, 80, { http: true })))
  await rig.quiet(agent)
  const history = await rig.operator.history()
  const last = only(history, 'EndpointRegenerationSucceeded').findLast(({ endpoint }) => endpoint === 1)
  assert.deepEqual(last?.redirects, [
    { id: '1:ingress:TCP:80:', direction: 'ingress', protocol: 'TCP', port: 80, parser: 'http', proxyPort: 10000 },
  ])
  const at = (find: (event: Recorded['event']) => boolean): number => history.findIndex(({ event }) => find(event))
  const acked = at((event) => event.type === 'XdsAcked' && event.version === last?.npdsVersion)
  const listening = at((event) => event.type === 'XdsAcked' && event.xds === 'lds' && event.version !== 'e1.3')
  const written = at(
    (event) => event.type === 'PolicyMapWritten' && event.deltas.some(({ after }) => after?.verdict === 'redirect'),
  )
  assert.ok(acked > 0 && acked < written, `${acked} ${written}`)
  assert.ok(listening > 0 && listening < written, `${listening} ${written}`)
  assert.ok(rig.map(1).some((row) => row.endsWith(' redirect 10000')))
})

test('A6 a policy that the proxy refuses fails its endpoint only, and is taken back', async () => {
  await using rig = new Rig()
  const agent = await rig.start()
  await rig.operator.addEndpoint(1, EMPIRE)
  await rig.operator.addEndpoint(2, ALLIANCE)
  await rig.operator.setPolicy('landing', policy(EMPIRE, allow(ALLIANCE, 80, { http: true })))
  await rig.quiet(agent)
  const before = rig.map(1)
  const good = rig.proxy.running.npds.get('1')
  await rig.operator.setPolicy('landing', policy(EMPIRE, allow(ALLIANCE, 81, { http: true, refused: true })))
  await rig.operator.setPolicy('cantina', policy(ALLIANCE, allow(EMPIRE, 90, { http: true })))
  await rig.quiet(agent)
  const failed = only(await rig.operator.history(), 'EndpointRegenerationFailed')
  assert.deepEqual(
    failed.map(({ endpoint, code, retryInMs }) => [endpoint, code, retryInMs]),
    [[1, 'npds-nacked', 2_000]],
  )
  assert.deepEqual(rig.map(1), before)
  assert.deepEqual(rig.proxy.running.npds.get('1'), good)
  assert.ok(rig.map(2).some((row) => row.includes(':90/16 redirect')))
  await rig.operator.setPolicy('landing', policy(EMPIRE, allow(ALLIANCE, 82, { http: true })))
  await rig.quiet(agent)
  assert.ok(rig.map(1).some((row) => row.includes(':82/16 redirect')))
})

test('A7 a failed build is tried again after 2 s, then 4 s, and at once when the proxy comes', async () => {
  await using rig = new Rig()
  rig.proxy.connected = false
  const agent = await rig.start()
  await rig.operator.addEndpoint(1, EMPIRE)
  await rig.operator.setPolicy('landing', policy(EMPIRE, allow(EMPIRE, 80, { http: true })))
  await rig.quiet(agent)
  rig.clock.advance(2_000)
  await rig.quiet(agent)
  const failures = async () => only(await rig.operator.history(), 'EndpointRegenerationFailed')
  assert.deepEqual(
    (await failures()).map(({ code, retryInMs }) => [code, retryInMs]),
    [
      ['proxy-not-connected', 2_000],
      ['proxy-not-connected', 4_000],
    ],
  )
  rig.clock.advance(3_999)
  await rig.quiet(agent)
  assert.equal((await failures()).length, 2)
  rig.proxy.connected = true
  rig.xds.changed()
  await rig.quiet(agent)
  assert.ok(rig.map(1).some((row) => row.includes(':80/16 redirect')))
  assert.equal((await failures()).length, 2)
})

test('A8 an endpoint that is deleted leaves no map, no program, no address and no resource behind', async () => {
  await using rig = new Rig()
  const agent = await rig.start()
  await rig.operator.addEndpoint(1, EMPIRE)
  await rig.quiet(agent)
  await rig.operator.deleteEndpoint(1)
  await rig.quiet(agent)
  assert.equal(rig.pinned.maps.size, 0)
  assert.equal(rig.pinned.specs.size, 0)
  assert.equal(rig.pinned.ipcache.size, 0)
  assert.equal(rig.proxy.running.npds.size, 0)
  assert.equal(rig.proxy.running.nphds.size, 0)
  const history = await rig.operator.history()
  assert.deepEqual(only(history, 'ProgramUnloaded').length, 1)
  assert.deepEqual(
    only(history, 'EndpointStateChanged')
      .slice(-2)
      .map(({ to }) => to),
    ['disconnecting', 'disconnected'],
  )
})

test('A8 an endpoint that is deleted while it is built leaves nothing, and the log says that it went', async () => {
  await using rig = new Rig()
  const agent = await rig.start()
  await rig.operator.addEndpoint(1, EMPIRE)
  await rig.quiet(agent)
  rig.proxy.hung = true
  await rig.operator.setPolicy('landing', policy(EMPIRE, allow(EMPIRE, 80, { http: true })))
  const started = async () => only(await rig.operator.history(), 'EndpointRegenerationStarted')
  const before = (await started()).length
  for (let turn = 0; turn < TURNS_MAX && (await started()).length === before; turn += 1) await turns(1)
  await rig.operator.deleteEndpoint(1)
  rig.proxy.hung = false
  rig.xds.changed()
  await rig.quiet(agent)
  const [failure, ...more] = only(await rig.operator.history(), 'EndpointRegenerationFailed')
  assert.deepEqual([failure?.code, failure?.retryInMs, more], ['endpoint-gone', null, []])
  assert.deepEqual([rig.pinned.maps.size, rig.pinned.specs.size, rig.pinned.ipcache.size], [0, 0, 0])
  assert.deepEqual([rig.proxy.running.npds.size, rig.proxy.running.nphds.size], [0, 0])
})

test('A9 a prefix that a policy names gets a local identity while some policy names it', async () => {
  await using rig = new Rig()
  const agent = await rig.start()
  await rig.operator.addEndpoint(1, EMPIRE)
  await rig.operator.setPolicy('landing', policy(EMPIRE, allow('192.0.2.0/24')))
  await rig.quiet(agent)
  assert.deepEqual(rig.map(1), ['e:0:0:0/0 allow 0', 'i:16777217:6:80/16 allow 0'])
  assert.equal(rig.pinned.ipcache.get('192.0.2.0/24' as never)?.identity, 16777217)
  await rig.operator.deletePolicy('landing')
  await rig.quiet(agent)
  assert.deepEqual([...rig.pinned.ipcache.keys()], ['10.0.0.1/32'])
  const types = (await rig.operator.history()).map(({ event }) => event.type)
  assert.ok(types.indexOf('IpcacheDeleted') < types.indexOf('IdentityReleased'))
})

test('A10 the later of two agents of one node goes on; the earlier ends with a clear word and writes nothing more', async () => {
  await using rig = new Rig()
  const first = await rig.start()
  await rig.operator.addEndpoint(1, EMPIRE)
  await rig.quiet(first)
  const second = await rig.start()
  const end = await first.ended
  assert.equal(end.code, 'superseded')
  assert.match(end.message, /another agent of node node1 has started on memory:/)
  await rig.operator.setPolicy('landing', policy(EMPIRE, allow(EMPIRE)))
  await rig.quiet(second)
  const history = await rig.operator.history()
  const fence = history.findLastIndex(({ event }) => event.type === 'AgentStarted')
  const writers = new Set(history.slice(fence).map(({ context }) => context.source.detail))
  assert.deepEqual(
    [...writers].filter((writer) => writer.startsWith('e')),
    ['e2'],
  )
})

test('A11 what differs from the log in a map is recorded as found, and built again', async () => {
  await using rig = new Rig()
  const agent = await rig.start()
  await rig.operator.addEndpoint(1, EMPIRE)
  await rig.quiet(agent)
  rig.pinned.maps.get(1 as never)?.delete('e:0:0:0/0')
  rig.clock.advance(60_000)
  await rig.quiet(agent)
  const history = await rig.operator.history()
  const found = only(history, 'PolicyMapWritten').find(({ build }) => build === null)
  assert.deepEqual(
    found?.deltas.map(({ key, after }) => [key.direction, after]),
    [['egress', null]],
  )
  assert.equal(only(history, 'EndpointRegenerationRequested').at(-1)?.trigger, 'divergence')
  assert.deepEqual(rig.map(1), ['e:0:0:0/0 allow 0', 'i:0:0:0/0 allow 0'])
})

test('A16 a bug ends the agent with its reason on the log, and what is enforced stays', async () => {
  const policies = new TestPolicies(NODE)
  let broken = false
  const view: PolicyView = {
    options: policies.options,
    advance: (recorded) => policies.advance(recorded),
    requiredPrefixes: () => policies.requiredPrefixes(),
    resolve: (subject) => {
      if (broken) throw new RangeError('the exhaust port is two metres wide')
      return policies.resolve(subject)
    },
  }
  await using rig = new Rig({ policies: () => view })
  const agent = await rig.start()
  await rig.operator.addEndpoint(1, EMPIRE)
  await rig.quiet(agent)
  const before = rig.map(1)
  broken = true
  await rig.operator.setPolicy('landing', policy(EMPIRE, allow(EMPIRE)))
  const end = await agent.ended
  assert.equal(end.code, 'bug')
  await turns(10)
  const history = await rig.operator.history()
  assert.match(only(history, 'AgentStopped').at(-1)?.reason ?? '', /bug: the exhaust port is two metres wide/)
  assert.deepEqual(rig.map(1), before)
  broken = false
  const next = await rig.start()
  await rig.quiet(next)
  assert.notDeepEqual(rig.map(1), before, 'the next agent goes on')
})

test('A15 the addresses of the node are the host’s in the ipcache, and only as long as it has them', async () => {
  const host = (address: string): Partial<AgentOptions> => ({ hostAddresses: [IpAddress(address)] })
  await using rig = new Rig({ options: host('10.0.0.254') })
  await rig.quiet(await rig.start())
  assert.equal(rig.pinned.ipcache.get(Cidr('10.0.0.254/32'))?.identity, 1)
  await rig.quiet(await rig.start(host('fd00::1')))
  assert.deepEqual(
    [...rig.pinned.ipcache.values()].map(({ prefix, identity }) => [prefix, identity]),
    [['fd00::1/128', 1]],
  )
})
