import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdentityId, IpAddress, Port } from '../../events/ids.ts'
import { CONNTRACK_SECONDS } from '../../src/model/conntrack.ts'
import { POLICY_MAP_MAX } from '../../src/model/policy-maps.ts'
import { type ContractPacket, datapathContract } from '../contract/datapath.ts'
import {
  back,
  CLIENT,
  DB,
  entry,
  FLAGS,
  type HookPacket,
  http,
  PROTOCOL,
  packetContract,
  WEB,
} from '../contract/datapath-packets.ts'
import { type ModelFixture, modelFixture, modelPacket } from './fixture.ts'

packetContract({ name: 'model', skip: null, open: async () => modelFixture() })

datapathContract({
  name: 'model',
  skip: null,
  open: async () => {
    const { datapath, ...fixture } = modelFixture()
    return {
      datapath,
      attach: ({ endpoint, identity, ipv4 }) => fixture.pod({ endpoint, identity, address: ipv4 }),
      send: async ({ direction, local, ...sent }) => {
        const spec = [...(await datapath.listEndpoints())].find((endpoint) => datapath.addressOf(endpoint) === local)
        return OUTCOMES[fixture.send(spec!, direction, shown({ direction, local, ...sent }))]
      },
      settled: async () => undefined,
      [Symbol.asyncDispose]: () => datapath[Symbol.asyncDispose](),
    }
  },
})
const OUTCOMES = { on: 'passed', drop: 'dropped', proxy: 'redirected' } as const

function shown({ direction, local, remote, syn, ...rest }: ContractPacket): HookPacket {
  const [source, destination] = direction === 'ingress' ? [remote, local] : [local, remote]
  return {
    ...rest,
    source,
    destination,
    ...(rest.protocol === PROTOCOL.tcp ? { tcpFlags: syn ? FLAGS.syn : FLAGS.ack } : {}),
  }
}

/** Web and database here; each may talk to anyone that `entries` let it. */
async function twoPods(
  web: Parameters<ModelFixture['datapath']['writePolicyMap']>[1]['upserts'],
  db: typeof web,
): Promise<ModelFixture> {
  const fixture = modelFixture()
  await fixture.pod(WEB)
  await fixture.pod(DB)
  await fixture.datapath.writePolicyMap(WEB.endpoint, { upserts: web, removals: [] })
  await fixture.datapath.writePolicyMap(DB.endpoint, { upserts: db, removals: [] })
  return fixture
}
const toDb = http({ source: WEB.address, destination: DB.address, destinationPort: 5_432 })

test('D46 a packet between two endpoints meets both policies, and knows its sender by the mark', async () => {
  const out = entry({ direction: 'egress', identity: DB.identity })
  const into = entry({ identity: WEB.identity })
  await using open = await twoPods([out], [into])
  assert.deepEqual(open.datapath.judge(modelPacket(toDb)), { kind: 'delivered', to: DB.endpoint })
  assert.equal((await open.verdicts()).length, 2)
  await using closed = await twoPods([out], [])
  const dropped = { kind: 'dropped', reason: 133, endpoint: DB.endpoint, direction: 'ingress' }
  assert.deepEqual(closed.datapath.judge(modelPacket(toDb)), dropped)
  await using shut = await twoPods([], [into])
  assert.deepEqual(shut.datapath.judge(modelPacket(toDb)), { ...dropped, endpoint: WEB.endpoint, direction: 'egress' })
  await using away = await twoPods([entry({ direction: 'egress' })], [])
  const outside = modelPacket({ ...toDb, destination: IpAddress('192.0.2.1') })
  assert.deepEqual(away.datapath.judge(outside), { kind: 'delivered', to: null })
})

test('D46 an egress redirect comes first; what the proxy sends on meets the other end', async () => {
  const redirect = { verdict: 'redirect', proxyPort: 12_345 } as const
  await using fixture = await twoPods([entry({ direction: 'egress' }, redirect)], [entry({ identity: WEB.identity })])
  const { datapath } = fixture
  assert.deepEqual(datapath.judge(modelPacket(toDb)), {
    kind: 'proxy',
    port: Port(12_345),
    endpoint: WEB.endpoint,
    direction: 'egress',
  })
  const { source, sourcePort, destination, destinationPort } = toDb
  const tuple = { source, sourcePort, destination, destinationPort }
  assert.equal(datapath.identities.fromConntrack(tuple, 'egress'), WEB.identity)
  assert.equal(datapath.identities.fromConntrack(tuple, 'ingress'), null)
  const mark = ((WEB.identity << 16) | 0x0b00) >>> 0
  const onward = modelPacket({ ...toDb, source: IpAddress('10.1.0.1'), mark })
  assert.deepEqual(datapath.judge(onward), { kind: 'delivered', to: DB.endpoint })
  assert.deepEqual(datapath.judge({ ...onward, sourcePort: 9, mark: 0x0b00 }).kind, 'dropped', 'of identity 0')
})

test('D46 a redirect that no proxy takes is dropped, and a protocol that it cannot take', async () => {
  const redirect = { verdict: 'redirect', proxyPort: 12_345 } as const
  await using fixture = await twoPods([entry({ direction: 'egress' }, redirect)], [])
  fixture.datapath.useProxy({ holds: () => false, listens: () => false })
  assert.equal(fixture.datapath.at(WEB.endpoint, 'egress', modelPacket(toDb)).kind, 'drop')
  const reasons = (await fixture.verdicts()).map(({ action, dropReason }) => [action, dropReason])
  assert.deepEqual(reasons, [
    ['redirect', null],
    ['deny', 178],
  ])
  const sctp = modelPacket({ ...toDb, protocol: PROTOCOL.sctp, tcpFlags: 0 })
  assert.deepEqual(fixture.datapath.at(WEB.endpoint, 'egress', sctp), { kind: 'drop', reason: 180 })
})

test('D47 connections end with Cilium’s timeouts', async () => {
  const { tcp, syn, close, other } = CONNTRACK_SECONDS
  const cases = [
    ['a SYN without more', syn, [http()], PROTOCOL.tcp],
    ['an open one', tcp, [http(), http({ tcpFlags: FLAGS.ack })], PROTOCOL.tcp],
    [
      'a closed one',
      close,
      [http(), http({ tcpFlags: FLAGS.fin }), back(http(), { tcpFlags: FLAGS.rst })],
      PROTOCOL.tcp,
    ],
    ['a query', other, [http({ protocol: PROTOCOL.udp })], PROTOCOL.udp],
  ] as const
  for (const [title, seconds, packets, protocol] of cases) {
    await using fixture = modelFixture()
    await fixture.pod(WEB)
    await fixture.datapath.writePolicyMap(WEB.endpoint, { upserts: [entry({})], removals: [] })
    for (const packet of packets) {
      fixture.send(WEB.endpoint, packet.source === WEB.address ? 'egress' : 'ingress', packet)
    }
    fixture.clock.seconds += seconds
    assert.equal((await fixture.datapath.readConntrack()).length, 1, title)
    fixture.clock.seconds += 1
    assert.equal((await fixture.datapath.readConntrack()).length, 0, title)
    const late = back(http(), { protocol, tcpFlags: FLAGS.ack })
    assert.equal(fixture.send(WEB.endpoint, 'egress', late), 'drop', `${title}: an answer that comes too late`)
  }
})

test('D48 the model’s policy map has the kernel’s bound, and a change that does not fit is not begun', async () => {
  await using fixture = modelFixture()
  await fixture.pod(WEB)
  const many = Array.from({ length: POLICY_MAP_MAX }, (_, index) => entry({ identity: index + 1 }))
  await fixture.datapath.writePolicyMap(WEB.endpoint, { upserts: many, removals: [] })
  const more = { upserts: [entry({ identity: 1 }, { verdict: 'deny' }), entry({})], removals: [] }
  await assert.rejects(fixture.datapath.writePolicyMap(WEB.endpoint, more), { name: 'DatapathError', code: 'map-full' })
  const [first] = (await fixture.datapath.readPolicyMap(WEB.endpoint)) ?? []
  assert.equal(first?.value.verdict, 'allow')
})

test('D49 the model says who an address is, and tells of every change', async () => {
  await using fixture = modelFixture()
  let changes = 0
  fixture.datapath.changes.subscribe(() => (changes += 1))
  await fixture.pod(WEB)
  await fixture.datapath.writeIpcache({
    upserts: [
      {
        prefix: '10.1.0.0/16' as never,
        identity: IdentityId(77),
        tunnelEndpoint: null,
        encryptKey: 0,
        skipTunnel: false,
      },
    ],
    removals: [],
  })
  assert.equal(fixture.datapath.identities.fromIpcache(CLIENT.address), 77)
  assert.equal(fixture.datapath.identities.fromIpcache(IpAddress('192.0.2.1')), null)
  await fixture.datapath.writePolicyMap(WEB.endpoint, { upserts: [], removals: [] })
  await fixture.datapath.detachEndpoint(WEB.endpoint)
  assert.equal(changes, 4)
})
