/** Connections: what counts as an answer, how long, and what an entry remembers. */
import assert from 'node:assert/strict'
import { monotonicSeconds } from '../../src/kernel/clock.ts'
import { ACK, FIN, ICMP, ipPacket, type PacketSpec, packet, RST, SYN, TCP, UDP } from '../../src/kernel/packet.ts'
import type { ConntrackEntry } from '../../src/ports/datapath.ts'
import { DROP, entry, kernelTest, type Laboratory, PASS } from './laboratory.ts'

const POD = { endpoint: 51, identity: 1051, address: '10.5.0.51' }
const PEER = '10.5.1.1'
const ROUTER = '10.5.9.9'
const PROXY_REDIRECT = 1 << 6
const SEEN_NON_SYN = 1 << 4

/** The pod may open connections to port 80 of any protocol and ping; nobody may reach it. */
async function client(lab: Laboratory): Promise<void> {
  await lab.pod(POD)
  await lab.policy(
    POD.endpoint,
    ...[TCP, UDP].map((protocol) => entry({ direction: 'egress', protocol, port: 80 })),
    entry({ direction: 'egress', protocol: ICMP, port: 8 }),
  )
}

const request = (spec: Partial<PacketSpec> = {}): PacketSpec => ({
  source: POD.address,
  destination: PEER,
  protocol: TCP,
  sourcePort: 50_000,
  destinationPort: 80,
  ...spec,
})
const answerTo = (spec: PacketSpec): PacketSpec => ({
  ...spec,
  source: spec.destination,
  destination: spec.source,
  sourcePort: spec.destinationPort ?? 0,
  destinationPort: spec.sourcePort ?? 0,
})

const out = (lab: Laboratory, spec: PacketSpec): number => lab.run('from_pod', packet(spec)).action
const back = (lab: Laboratory, spec: PacketSpec): number => lab.run('to_pod', packet(spec)).action

async function only(lab: Laboratory): Promise<ConntrackEntry> {
  const entries = await lab.datapath.readConntrack()
  assert.equal(entries.length, 1)
  return entries[0]!
}

/** Seconds that the entry has left, within one of the expected (the clock may tick in between). */
function assertLeft({ expires }: ConntrackEntry, seconds: number): void {
  const left = expires - monotonicSeconds()
  assert.ok(left === seconds || left === seconds - 1, `${left} seconds left, expected ${seconds}`)
}

kernelTest(
  'D10 the lifetime of a TCP entry is 60 s after SYN, 21600 s established, 10 s closed from both sides; of others 60 s',
  async (lab) => {
    await client(lab)
    const syn = request({ tcpFlags: SYN })
    out(lab, syn)
    assertLeft(await only(lab), 60)
    back(lab, { ...answerTo(syn), tcpFlags: SYN | ACK })
    assertLeft(await only(lab), 60)
    out(lab, { ...syn, tcpFlags: ACK })
    assertLeft(await only(lab), 21_600)
    out(lab, { ...syn, tcpFlags: FIN | ACK })
    assertLeft(await only(lab), 21_600)
    back(lab, { ...answerTo(syn), tcpFlags: FIN | ACK })
    const closed = await only(lab)
    assertLeft(closed, 10)
    assert.equal(closed.flags, 0b11 | SEEN_NON_SYN)
    assert.equal(closed.txFlagsSeen, SYN | ACK | FIN)
    assert.equal(closed.rxFlagsSeen, SYN | ACK | FIN)
    assert.deepEqual([closed.txPackets, closed.rxPackets, closed.txBytes, closed.rxBytes], [3, 2, 3 * 54, 2 * 54])
  },
)

kernelTest('D10 datagrams and pings live 60 s', async (lab) => {
  await client(lab)
  out(lab, request({ protocol: UDP }))
  assertLeft(await only(lab), 60)
})

kernelTest('D10 a SYN on a connection that both sides closed opens it anew, and is told of', async (lab) => {
  await client(lab)
  const syn = request({ tcpFlags: SYN })
  out(lab, syn)
  out(lab, { ...syn, tcpFlags: RST })
  back(lab, { ...answerTo(syn), tcpFlags: RST })
  await lab.verdicts()
  assert.equal(out(lab, syn), PASS)
  assert.equal((await lab.verdicts()).length, 1)
  const reopened = await only(lab)
  assert.equal(reopened.flags, 0)
  assertLeft(reopened, 60)
})

kernelTest(
  'D10 an entry past its lifetime is not there: its answers are strangers, its next packet is a first one',
  async (lab) => {
    await client(lab)
    const query = request({ protocol: UDP })
    out(lab, query)
    assert.equal(back(lab, answerTo(query)), PASS)
    lab.age(61)
    assert.deepEqual(await lab.datapath.readConntrack(), [])
    assert.equal(back(lab, answerTo(query)), DROP)
    await lab.verdicts()
    assert.equal(out(lab, query), PASS)
    assert.equal((await lab.verdicts()).length, 1)
    assert.equal((await only(lab)).txPackets, 1)
  },
)

kernelTest(
  'D11 an answer has the addresses and ports of its connection turned round, and nothing else is one',
  async (lab) => {
    await client(lab)
    const query = request({ protocol: UDP })
    out(lab, query)
    const answer = answerTo(query)
    assert.equal(back(lab, answer), PASS)
    const strangers: readonly Partial<PacketSpec>[] = [
      { source: ROUTER },
      { sourcePort: 81 },
      { destinationPort: 50_001 },
      { protocol: TCP },
    ]
    for (const change of strangers) assert.equal(back(lab, { ...answer, ...change }), DROP, JSON.stringify(change))
  },
)

kernelTest(
  'D11 a ping is answered by its own identifier only; an answer that nobody asked for opens nothing',
  async (lab) => {
    await client(lab)
    const ping = request({ protocol: ICMP, icmpType: 8, icmpId: 77 })
    assert.equal(out(lab, ping), PASS)
    const pong = { ...answerTo(ping), icmpType: 0 }
    assert.equal(back(lab, pong), PASS)
    assert.equal(back(lab, { ...pong, icmpId: 78 }), DROP)
    assert.equal(back(lab, { ...pong, icmpType: 8 }), DROP)
    await lab.policy(POD.endpoint, entry({ protocol: ICMP, port: 0, portBits: 16 }))
    assert.equal(back(lab, { ...pong, icmpId: 79 }), PASS)
    await lab.datapath.writePolicyMap((await lab.datapath.listEndpoints())[0]!, {
      upserts: [],
      removals: [entry({ direction: 'egress', protocol: ICMP, port: 8 }).key],
    })
    assert.equal(out(lab, { ...ping, icmpId: 79 }), DROP)
  },
)

kernelTest(
  'D12 an ICMP error passes where it quotes a packet of a tracked connection, whoever sends it',
  async (lab) => {
    await client(lab)
    const query = request({ protocol: UDP })
    out(lab, query)
    const error = (quoted: PacketSpec, change: Partial<PacketSpec> = {}): PacketSpec => ({
      source: ROUTER,
      destination: POD.address,
      protocol: ICMP,
      icmpType: 3,
      icmpCode: 4,
      payload: ipPacket(quoted),
      ...change,
    })
    assert.equal(back(lab, error(query)), PASS)
    assert.equal(back(lab, error(query, { icmpType: 11 })), PASS)
    assert.equal(back(lab, error({ ...query, sourcePort: 50_001 })), DROP, 'of no connection')
    assert.equal(back(lab, error(answerTo(query))), DROP, 'of a packet that the pod did not send')
    assert.equal(back(lab, error(query, { icmpType: 5 })), DROP, 'not an error')
    assert.equal(back(lab, error(query, { payload: ipPacket(query).subarray(0, 24) })), DROP, 'cut before the ports')
    assert.deepEqual(await lab.datapath.readConntrack().then((entries) => entries.length), 1, 'errors make no entries')
  },
)

kernelTest('D12 an error that quotes the connection of another pod is not for this one', async (lab) => {
  await client(lab)
  const other = { endpoint: 52, identity: 1052, address: '10.5.0.52' }
  await lab.pod(other)
  const query = request({ protocol: UDP })
  out(lab, query)
  const error = { source: ROUTER, protocol: ICMP, icmpType: 3, payload: ipPacket(query) }
  assert.equal(back(lab, { ...error, destination: other.address }), DROP)
  assert.equal(back(lab, { ...error, destination: POD.address }), PASS)
})

kernelTest(
  'D12 an error about an answer that the pod gave passes too, and so does one that the pod sends',
  async (lab) => {
    await lab.pod(POD)
    await lab.policy(POD.endpoint, entry({ protocol: UDP, port: 80 }))
    const query: PacketSpec = {
      source: PEER,
      destination: POD.address,
      protocol: UDP,
      sourcePort: 50_000,
      destinationPort: 80,
    }
    assert.equal(back(lab, query), PASS)
    const answer = answerTo(query)
    assert.equal(out(lab, answer), PASS)
    assert.equal(
      back(lab, { source: ROUTER, destination: POD.address, protocol: ICMP, icmpType: 3, payload: ipPacket(answer) }),
      PASS,
    )
    const unreachable = { source: POD.address, destination: PEER, protocol: ICMP, icmpType: 3 }
    assert.equal(out(lab, { ...unreachable, payload: ipPacket(query) }), PASS)
    assert.equal(out(lab, { ...unreachable, payload: ipPacket({ ...query, sourcePort: 1 }) }), DROP)
  },
)

kernelTest('D13 a redirected connection is marked in conntrack, and only while it is redirected', async (lab) => {
  await lab.pod(POD)
  const redirect = entry({ protocol: TCP, port: 80 }, { verdict: 'redirect', proxyPort: 10_080 })
  await lab.policy(POD.endpoint, redirect)
  const syn: PacketSpec = {
    source: PEER,
    destination: POD.address,
    protocol: TCP,
    sourcePort: 50_000,
    destinationPort: 80,
  }
  const turned = lab.run('to_pod', packet(syn))
  // The port in network order stands in the upper half: 10080 is 0x2760.
  assert.equal(turned.mark, 0x6027_0200)
  assert.equal((await only(lab)).flags, PROXY_REDIRECT)
  await lab.policy(POD.endpoint, entry({ protocol: TCP, port: 80 }))
  assert.equal(back(lab, { ...syn, tcpFlags: ACK }), PASS)
  assert.equal((await only(lab)).flags, SEEN_NON_SYN)
})

kernelTest(
  "D14 packets of the ingress proxy skip the ingress policy, those of the egress proxy do not; answers to both are the proxy's",
  async (lab) => {
    await lab.pod(POD)
    const syn: PacketSpec = {
      source: PEER,
      destination: POD.address,
      protocol: TCP,
      sourcePort: 50_000,
      destinationPort: 80,
    }
    assert.equal(lab.run('to_pod', packet(syn), 0x0007_0b00).action, DROP)
    assert.deepEqual(
      (await lab.verdicts()).map(({ remoteIdentity, dropReason }) => [remoteIdentity, dropReason]),
      [[7, 133]],
    )
    assert.equal(lab.run('to_pod', packet(syn), 0x0007_0a00).action, PASS)
    assert.deepEqual(await lab.verdicts(), [], 'the proxy has told of it')
    const tracked = await only(lab)
    assert.deepEqual([tracked.flags, tracked.sourceSecurityId], [PROXY_REDIRECT, 7])
    const answer = lab.run('from_pod', packet({ ...answerTo(syn), tcpFlags: SYN | ACK }))
    assert.deepEqual([answer.action, answer.mark], [PASS, 0x0200])
    await lab.policy(POD.endpoint, entry({ identity: 8 }))
    assert.equal(lab.run('to_pod', packet({ ...syn, sourcePort: 50_001 }), 0x0008_0b00).action, PASS)
    assert.equal(
      lab.run('from_pod', packet({ ...answerTo({ ...syn, sourcePort: 50_001 }), tcpFlags: SYN | ACK })).mark,
      0x0200,
    )
  },
)

kernelTest(
  'D15 a redirect without a listener drops with 178, one of a protocol without sockets with 180, each told after its verdict',
  async (lab) => {
    await lab.pod(POD)
    const redirect = { verdict: 'redirect', proxyPort: 10_080 } as const
    await lab.policy(POD.endpoint, entry({ direction: 'egress' }, redirect))
    const reasons = async (spec: PacketSpec): Promise<readonly (number | null)[]> => {
      assert.equal(out(lab, spec), DROP)
      return (await lab.verdicts()).map(({ dropReason }) => dropReason)
    }
    assert.deepEqual(await reasons(request()), [null, 178])
    assert.deepEqual(await reasons(request({ protocol: UDP })), [null, 178])
    assert.deepEqual(await reasons(request({ protocol: ICMP, icmpType: 8 })), [null, 180])
    await lab.policy(POD.endpoint, entry({}, redirect))
    lab.run('from_pod', packet({ ...answerTo(request()), sourcePort: 1 }), 0x6027_0200)
    assert.deepEqual(
      (await lab.verdicts()).map(({ endpoint, direction, dropReason }) => [endpoint, direction, dropReason]),
      [[POD.endpoint, 'ingress', 178]],
    )
  },
)
