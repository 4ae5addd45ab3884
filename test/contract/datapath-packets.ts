/**
 * What every datapath does with whole packets, beyond test/contract/datapath.ts: flags, marks, ICMP, addresses that should not be. Packets are
 * shown to one endpoint's hook at a time; what became of them is `on`, `drop` or `proxy`.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PolicyMapKey } from '../../events/fields.ts'
import { Cidr, EndpointId, IdentityId, IpAddress, Port } from '../../events/ids.ts'
import type { Datapath, KernelPolicyValue, PolicyVerdict } from '../../src/ports/datapath.ts'

export type HookPacket = {
  readonly protocol: number
  readonly source: IpAddress
  /** For ICMP echo the identifier is the request's source port and the reply's destination port. */
  readonly sourcePort: number
  readonly destination: IpAddress
  readonly destinationPort: number
  readonly tcpFlags?: number
  readonly icmpType?: number
  readonly mark?: number
  /** What an ICMP error speaks of. */
  readonly quoted?: Omit<HookPacket, 'quoted'>
}

export type Hook = 'ingress' | 'egress'
export type Outcome = 'on' | 'drop' | 'proxy'
export type Pod = { readonly endpoint: EndpointId; readonly identity: IdentityId; readonly address: IpAddress }

export type PacketFixture = AsyncDisposable & {
  readonly datapath: Datapath
  /** Attached so that `send` reaches its hooks. */
  readonly pod: (pod: Pod) => Promise<void>
  readonly send: (endpoint: EndpointId, hook: Hook, packet: HookPacket) => Outcome
  /** Those told since the last call. */
  readonly verdicts: () => Promise<readonly PolicyVerdict[]>
}

export type PacketContract = {
  readonly name: string
  /** Why it cannot run here; null where it can. */
  readonly skip: string | null
  readonly open: () => Promise<PacketFixture>
}

export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, sctp: 132 } as const
export const FLAGS = { fin: 1, syn: 2, rst: 4, ack: 16 } as const
export const WEB: Pod = { endpoint: EndpointId(7), identity: IdentityId(1007), address: IpAddress('10.1.0.7') }
export const DB: Pod = { endpoint: EndpointId(8), identity: IdentityId(1008), address: IpAddress('10.1.0.8') }
export const CLIENT: Omit<Pod, 'endpoint'> = { identity: IdentityId(2001), address: IpAddress('10.1.0.9') }

type Write = { readonly key: PolicyMapKey; readonly value: KernelPolicyValue }

/** One policy map entry; the defaults allow. */
export function entry(
  key: Partial<Omit<PolicyMapKey, 'identity'>> & { readonly identity?: number },
  value: Partial<KernelPolicyValue> = {},
): Write {
  const { direction = 'ingress', identity = 0, protocol = 0, port = 0, portBits = port === 0 ? 0 : 16 } = key
  return {
    key: { direction, identity: IdentityId(identity), protocol, port, portBits },
    value: { verdict: 'allow', proxyPort: 0, precedence: 0, authType: 0, ...value },
  }
}

/** From the client to the web pod's port 80. */
export function http(change: Partial<HookPacket> = {}): HookPacket {
  return {
    protocol: PROTOCOL.tcp,
    source: CLIENT.address,
    sourcePort: 40_000,
    destination: WEB.address,
    destinationPort: 80,
    tcpFlags: FLAGS.syn,
    ...change,
  }
}

export function back(packet: HookPacket, change: Partial<HookPacket> = {}): HookPacket {
  return {
    ...packet,
    source: packet.destination,
    sourcePort: packet.destinationPort,
    destination: packet.source,
    destinationPort: packet.sourcePort,
    ...change,
  }
}

/** A web pod, a client that the ipcache knows, and nothing allowed. */
async function world(fixture: PacketFixture, ...entries: readonly Write[]): Promise<void> {
  await fixture.pod(WEB)
  await peer(fixture, `${CLIENT.address}/32`, CLIENT.identity)
  await fixture.datapath.writePolicyMap(WEB.endpoint, { upserts: entries, removals: [] })
}

async function peer({ datapath }: PacketFixture, prefix: string, identity: number): Promise<void> {
  const entry = { identity: IdentityId(identity), tunnelEndpoint: null, encryptKey: 0, skipTunnel: false }
  await datapath.writeIpcache({ upserts: [{ prefix: Cidr(prefix), ...entry }], removals: [] })
}

type Suite = (title: string, body: (fixture: PacketFixture) => Promise<void>) => void

export function packetContract({ name, skip, open }: PacketContract): void {
  const suite: Suite = (title, body) => {
    test(`${title} (${name})`, { skip: skip ?? false }, async () => {
      await using fixture = await open()
      await body(fixture)
    })
  }
  policies(suite)
  identities(suite)
  connections(suite)
  icmp(suite)
}

function policies(suite: Suite): void {
  suite('D40 the higher precedence decides, then the longer prefix, then the own identity', async (fixture) => {
    const own = { identity: CLIENT.identity, protocol: PROTOCOL.tcp }
    const all = { protocol: PROTOCOL.tcp }
    const cases: readonly (readonly [string, readonly Write[], readonly [string, string, number | null]])[] = [
      [
        'deny above',
        [entry({ ...own, port: 80 }), entry(all, { verdict: 'deny', precedence: 1 })],
        ['drop', 'Proto-Only', 181],
      ],
      [
        'deny below',
        [entry({ ...own, port: 80 }, { precedence: 2 }), entry(all, { verdict: 'deny', precedence: 1 })],
        ['on', 'L3-L4', null],
      ],
      ['longer wildcard', [entry(own), entry({ ...all, port: 80 }, { verdict: 'deny' })], ['drop', 'L4-Only', 181]],
      [
        'own at equal length',
        [entry({ ...own, port: 80 }), entry({ ...all, port: 80 }, { verdict: 'deny' })],
        ['on', 'L3-L4', null],
      ],
      ['a range of ports', [entry({ ...own, port: 64, portBits: 10 })], ['on', 'L3-L4', null]],
      ['a range beside it', [entry({ ...own, port: 128, portBits: 10 })], ['drop', 'none', 133]],
      ['everything of an identity', [entry({ identity: CLIENT.identity })], ['on', 'L3-Only', null]],
      ['a protocol of an identity', [entry(own)], ['on', 'L3-Proto', null]],
      ['everything', [entry({})], ['on', 'all', null]],
      ['authentication', [entry({ ...own, port: 80 }, { authType: 1 })], ['drop', 'L3-L4', 189]],
      [
        'authentication beside it',
        [entry({ ...own, port: 80 }), entry({ ...all, port: 80 }, { authType: 1 })],
        ['drop', 'L3-L4', 189],
      ],
    ]
    await world(fixture)
    for (const [index, [title, entries, expected]] of cases.entries()) {
      await fixture.datapath.writePolicyMap(WEB.endpoint, { upserts: entries, removals: [] })
      const outcome = fixture.send(WEB.endpoint, 'ingress', http({ sourcePort: 41_000 + index }))
      const [verdict] = await fixture.verdicts()
      assert.deepEqual([outcome, verdict?.matchType, verdict?.dropReason], expected, title)
      await fixture.datapath.writePolicyMap(WEB.endpoint, { upserts: [], removals: entries.map(({ key }) => key) })
    }
  })

  suite('D41 a redirect goes to the proxy and names its port', async (fixture) => {
    const redirect = entry({ protocol: PROTOCOL.tcp, port: 80 }, { verdict: 'redirect', proxyPort: 14_567 })
    await world(fixture, redirect)
    assert.equal(fixture.send(WEB.endpoint, 'ingress', http()), 'proxy')
    const [verdict] = await fixture.verdicts()
    assert.deepEqual([verdict?.action, verdict?.proxyPort, verdict?.dropReason], ['redirect', Port(14_567), null])
    const [connection] = await fixture.datapath.readConntrack()
    assert.equal((connection?.flags ?? 0) & 64, 64, 'the entry knows the redirect')
    assert.equal(connection?.sourceSecurityId, CLIENT.identity)
  })
}

function identities(suite: Suite): void {
  suite('D42 who the other end is: an endpoint here, else the longest prefix, else world', async (fixture) => {
    await world(fixture, entry({}))
    await fixture.pod(DB)
    await peer(fixture, '10.0.0.0/8', 3_001)
    await peer(fixture, '10.1.0.0/24', 3_002)
    await peer(fixture, '10.1.0.8/32', 3_003)
    const cases = [
      [CLIENT.address, CLIENT.identity],
      [IpAddress('10.1.0.77'), 3_002],
      [IpAddress('10.9.9.9'), 3_001],
      [IpAddress('192.0.2.1'), 2],
      [DB.address, DB.identity],
    ] as const
    for (const [source, identity] of cases) {
      fixture.send(WEB.endpoint, 'ingress', http({ source }))
      assert.equal((await fixture.verdicts())[0]?.remoteIdentity, identity, source)
    }
    await fixture.datapath.writeIpcache({ upserts: [], removals: [Cidr('10.1.0.0/24'), Cidr('10.7.0.0/16')] })
    fixture.send(WEB.endpoint, 'ingress', http({ source: IpAddress('10.1.0.77'), sourcePort: 1 }))
    assert.equal((await fixture.verdicts())[0]?.remoteIdentity, 3_001, 'a shorter one takes its place')
  })

  suite('D42 a mark of ours says who sent a packet', async (fixture) => {
    await world(fixture, entry({ identity: 0x12345 }))
    const mark = 0x2345_0f01
    assert.equal(fixture.send(WEB.endpoint, 'ingress', http({ mark })), 'on')
    assert.equal((await fixture.verdicts())[0]?.remoteIdentity, 0x12345)
    assert.equal(
      fixture.send(WEB.endpoint, 'ingress', http({ sourcePort: 2 })),
      'drop',
      'without it the address speaks',
    )
    assert.equal(
      fixture.send(WEB.endpoint, 'ingress', http({ sourcePort: 3, mark: 0x2345_0b01 })),
      'on',
      'egress proxy',
    )
    const judged = (await fixture.verdicts()).length
    assert.equal(judged, 2)
    assert.equal(
      fixture.send(WEB.endpoint, 'ingress', http({ sourcePort: 4, mark: 0x07d1_0a00 })),
      'on',
      'ingress proxy',
    )
    assert.deepEqual(await fixture.verdicts(), [], 'which has judged already')
  })

  suite('D43 what an endpoint may not be is dropped: a foreign source, an unknown target, an unknown protocol', async (fixture) => {
    await world(fixture, entry({}), entry({ direction: 'egress' }))
    const out = back(http())
    assert.equal(fixture.send(WEB.endpoint, 'egress', { ...out, source: IpAddress('10.1.0.66') }), 'drop')
    assert.equal(fixture.send(WEB.endpoint, 'ingress', http({ destination: IpAddress('10.1.0.66') })), 'drop')
    assert.equal(fixture.send(WEB.endpoint, 'ingress', http({ protocol: 47 })), 'drop')
    assert.deepEqual(await fixture.verdicts(), [])
  })
}

function connections(suite: Suite): void {
  suite('D44 a connection is remembered as Cilium does, from its first packet to its end', async (fixture) => {
    await world(fixture, entry({}))
    fixture.send(WEB.endpoint, 'ingress', http())
    const [opened] = await fixture.datapath.readConntrack()
    assert.deepEqual(
      { ...opened, expires: 0, lastRxReport: 0 },
      {
        protocol: PROTOCOL.tcp,
        direction: 'in',
        source: CLIENT.address,
        sourcePort: 40_000,
        destination: WEB.address,
        destinationPort: 80,
        related: false,
        expires: 0,
        rxPackets: 1,
        rxBytes: 54,
        rxFlagsSeen: FLAGS.syn,
        lastRxReport: 0,
        txPackets: 0,
        txBytes: 0,
        txFlagsSeen: 0,
        lastTxReport: 0,
        flags: 0,
        revNat: 0,
        sourceSecurityId: CLIENT.identity,
        ifindex: 0,
      },
    )
    fixture.send(WEB.endpoint, 'egress', back(http(), { tcpFlags: FLAGS.syn | FLAGS.ack }))
    fixture.send(WEB.endpoint, 'ingress', http({ tcpFlags: FLAGS.ack }))
    const [open] = await fixture.datapath.readConntrack()
    assert.equal(open?.flags, 16, 'a packet without SYN was seen')
    assert.ok(open!.expires - opened!.expires >= 21_600 - 60, 'six hours instead of a minute')
    fixture.send(WEB.endpoint, 'ingress', http({ tcpFlags: FLAGS.fin | FLAGS.ack }))
    fixture.send(WEB.endpoint, 'egress', back(http(), { tcpFlags: FLAGS.fin | FLAGS.ack }))
    const [closed] = await fixture.datapath.readConntrack()
    assert.equal(closed?.flags, 16 | 1 | 2)
    assert.ok(closed!.expires <= opened!.expires, 'ten seconds are left')
    await fixture.verdicts()
    assert.equal(fixture.send(WEB.endpoint, 'ingress', http()), 'on')
    assert.equal((await fixture.verdicts()).length, 1, 'opened again, judged again, told again')
    assert.equal((await fixture.datapath.readConntrack())[0]?.flags, 0)
  })
}

function icmp(suite: Suite): void {
  suite('D45 ICMP: the type is the port; an echo is answered; an error passes where it speaks of a connection', async (fixture) => {
    await world(
      fixture,
      entry({ protocol: PROTOCOL.icmp, port: 8 }),
      entry({ direction: 'egress', protocol: PROTOCOL.udp, port: 53 }),
    )
    const echo = http({ protocol: PROTOCOL.icmp, icmpType: 8, sourcePort: 77, destinationPort: 0, tcpFlags: 0 })
    assert.equal(fixture.send(WEB.endpoint, 'ingress', echo), 'on')
    assert.deepEqual(
      (await fixture.verdicts()).map(({ destinationPort, matchType }) => [destinationPort, matchType]),
      [[8, 'L4-Only']],
    )
    assert.equal(fixture.send(WEB.endpoint, 'egress', back(echo, { icmpType: 0 })), 'on')
    assert.equal(fixture.send(WEB.endpoint, 'ingress', { ...echo, icmpType: 13, sourcePort: 0 }), 'drop')
    const query = back(http(), { protocol: PROTOCOL.udp, sourcePort: 5_353, destinationPort: 53, tcpFlags: 0 })
    const { tcpFlags: _, ...quoted } = query
    const error = http({ protocol: PROTOCOL.icmp, icmpType: 3, sourcePort: 0, destinationPort: 0, tcpFlags: 0, quoted })
    assert.equal(fixture.send(WEB.endpoint, 'ingress', error), 'drop', 'before the query')
    assert.equal(fixture.send(WEB.endpoint, 'egress', query), 'on')
    assert.equal(fixture.send(WEB.endpoint, 'ingress', error), 'on')
    assert.equal(fixture.send(WEB.endpoint, 'ingress', { ...error, source: IpAddress('192.0.2.9') }), 'on', 'a router')
    const other = { ...error, quoted: { ...quoted, destinationPort: 54 } }
    assert.equal(fixture.send(WEB.endpoint, 'ingress', other), 'drop')
  })
}
