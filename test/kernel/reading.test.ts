/** What can be read of a packet, and whose packet it is. */
import assert from 'node:assert/strict'
import { EndpointId } from '../../events/ids.ts'
import { ICMP, packet, SCTP, TCP, UDP } from '../../src/kernel/packet.ts'
import { testRun } from '../../src/kernel/program.ts'
import { DROP, entry, kernelTest, type Laboratory, PASS } from './laboratory.ts'

const POD = { endpoint: 41, identity: 1041, address: '10.4.0.41' }
const PEER = '10.4.1.1'
const ETHERTYPE_ARP = 0x0806
const ETHERTYPE_IPV6 = 0x86dd
const ETHERTYPE_VLAN = 0x8100
const ETHERTYPE_LLDP = 0x88cc

const tcp = { source: PEER, destination: POD.address, protocol: TCP, sourcePort: 50_000, destinationPort: 80 } as const

/** The reasons counted since the last call, for the direction. */
async function counted(lab: Laboratory, direction: 'ingress' | 'egress'): Promise<ReadonlyMap<number, number>> {
  const metrics = await lab.datapath.readMetrics()
  return new Map(
    metrics.filter((metric) => metric.direction === direction).map(({ reason, packets }) => [reason, packets]),
  )
}

/** A pod that may talk to everybody about everything. */
async function openPod(lab: Laboratory): Promise<void> {
  await lab.pod(POD)
  await lab.policy(POD.endpoint, entry({}), entry({ direction: 'egress' }))
}

kernelTest(
  'D5 a packet that cannot be read completely is dropped and counted with its reason, however open the policy is',
  async (lab) => {
    await openPod(lab)
    const whole = packet(tcp)
    const unreadable: readonly (readonly [number, string, Buffer])[] = [
      [139, 'IPv6', packet({ ...tcp, etherType: ETHERTYPE_IPV6 })],
      [182, 'VLAN tag', packet({ ...tcp, etherType: ETHERTYPE_VLAN })],
      [166, 'another protocol', packet({ ...tcp, etherType: ETHERTYPE_LLDP })],
      [157, 'first fragment', packet({ ...tcp, mangle: (ip) => ip.writeUInt16BE(0x2000, 6) })],
      [157, 'later fragment', packet({ ...tcp, mangle: (ip) => ip.writeUInt16BE(0x0010, 6) })],
      [134, 'IP options', packet({ ...tcp, mangle: (ip) => ip.writeUInt8(0x46, 0) })],
      [134, 'wrong version', packet({ ...tcp, mangle: (ip) => ip.writeUInt8(0x65, 0) })],
      [134, 'longer than it is', packet({ ...tcp, mangle: (ip) => ip.writeUInt16BE(1000, 2) })],
      [134, 'shorter than its header', packet({ ...tcp, mangle: (ip) => ip.writeUInt16BE(19, 2) })],
      [135, 'half a TCP header', packet({ ...tcp, mangle: (ip) => ip.writeUInt16BE(30, 2) })],
      [135, 'TCP header longer than the packet', patched(whole, 14 + 20 + 12, 0xf0)],
      [135, 'TCP header of nothing', patched(whole, 14 + 20 + 12, 0x40)],
      [135, 'half a UDP header', packet({ ...tcp, protocol: UDP, mangle: (ip) => ip.writeUInt16BE(24, 2) })],
      [137, 'another transport', packet({ ...tcp, protocol: 47 })],
    ]
    const expected = new Map<number, number>()
    for (const [reason, what, bytes] of unreadable) {
      assert.equal(lab.run('to_pod', bytes).action, DROP, what)
      expected.set(reason, (expected.get(reason) ?? 0) + 1)
      assert.deepEqual(await counted(lab, 'ingress'), expected, what)
    }
    assert.deepEqual(await lab.verdicts(), [], 'what has no addresses has no verdict')
    for (const protocol of [TCP, UDP, SCTP, ICMP])
      assert.equal(lab.run('to_pod', packet({ ...tcp, protocol })).action, PASS)
  },
)

kernelTest('D5 ARP passes both ways without a policy', async (lab) => {
  await lab.pod(POD)
  for (const program of ['to_pod', 'from_pod'] as const)
    assert.equal(lab.run(program, packet({ ...tcp, etherType: ETHERTYPE_ARP })).action, PASS)
})

kernelTest('D6 a pod sends from its own address at its own device, and nothing else goes to it', async (lab) => {
  await openPod(lab)
  const out = { ...tcp, source: POD.address, destination: PEER }
  assert.equal(lab.run('from_pod', packet(out)).action, PASS)
  assert.equal(lab.run('from_pod', packet({ ...out, source: '10.4.0.99' })).action, DROP)
  assert.equal((await counted(lab, 'egress')).get(132), 1)
  assert.equal(lab.run('to_pod', packet({ ...tcp, destination: '10.4.0.99' })).action, DROP)
  assert.equal((await counted(lab, 'ingress')).get(150), 1)
})

kernelTest('D6 a pod that stands at another device cannot be spoken for', async (lab) => {
  await openPod(lab)
  const other = { endpoint: 42, identity: 1042, address: '10.4.0.42' }
  await lab.pod({ ...other, ifindex: 4_000_000 })
  await lab.policy(42, entry({}), entry({ direction: 'egress' }))
  assert.equal(lab.run('from_pod', packet({ ...tcp, source: other.address, destination: PEER })).action, DROP)
  assert.equal(lab.run('to_pod', packet({ ...tcp, destination: other.address })).action, DROP)
})

kernelTest('D7 an endpoint without a policy map passes nothing: 203', async (lab) => {
  await openPod(lab)
  lab.forgetPolicyMap(POD.endpoint)
  assert.equal(lab.run('to_pod', packet(tcp)).action, DROP)
  assert.equal(lab.run('from_pod', packet({ ...tcp, source: POD.address, destination: PEER })).action, DROP)
  assert.deepEqual(
    (await lab.verdicts()).map(({ endpoint, direction, dropReason }) => [endpoint, direction, dropReason]),
    [
      [POD.endpoint, 'ingress', 203],
      [POD.endpoint, 'egress', 203],
    ],
  )
})

kernelTest(
  'D8 the identity of a pod on this node does not wait for the ipcache, and marks of the node say who sent a packet',
  async (lab) => {
    await openPod(lab)
    await lab.pod({ endpoint: 43, identity: 0x0012_3456, address: '10.4.0.43' })
    const remoteOf = async (source: string, mark: number): Promise<number | undefined> => {
      sourcePort += 1
      lab.run('to_pod', packet({ ...tcp, source, sourcePort }), mark)
      return (await lab.verdicts())[0]?.remoteIdentity
    }
    let sourcePort = 51_000
    assert.equal(await remoteOf('10.4.0.43', 0), 0x0012_3456)
    assert.equal(await remoteOf(PEER, 0), 2)
    await lab.peer(`${PEER}/32`, 0x0100_0007)
    assert.equal(await remoteOf(PEER, 0), 0x0100_0007)
    assert.equal(await remoteOf(PEER, 0x2345_0b01), 0x0001_2345, 'a mark of the egress proxy')
    assert.equal(await remoteOf(PEER, 0x0007_0f00), 0x0100_0007, 'the scope has no room in the mark')
    assert.equal(await remoteOf(PEER, 0x2345_0c01), 0x0100_0007, 'a mark that says nothing of identities')
  },
)

kernelTest('D8 what leaves a pod carries its identity in the mark', async (lab) => {
  await openPod(lab)
  const { mark } = lab.run('from_pod', packet({ ...tcp, source: POD.address, destination: PEER }), 0xdead_0000)
  assert.equal(mark, 0x0411_0f00)
})

kernelTest('D9 ICMP is judged by its type', async (lab) => {
  await lab.pod(POD)
  await lab.policy(POD.endpoint, entry({ protocol: ICMP, port: 8 }))
  const ping = { source: PEER, destination: POD.address, protocol: ICMP, icmpId: 9 }
  assert.equal(lab.run('to_pod', packet({ ...ping, icmpType: 8 })).action, PASS)
  assert.equal(lab.run('to_pod', packet({ ...ping, icmpType: 13 })).action, DROP)
  assert.equal((await lab.verdicts())[1]?.destinationPort, 13)
  assert.equal((await lab.datapath.listEndpoints())[0], EndpointId(POD.endpoint))
})

kernelTest(
  'D34 verdicts that nobody reads in time are lost and counted, and packets are judged all the same',
  async (lab) => {
    await lab.pod(POD)
    // 40 bytes each with the ring's header: more than a mebibyte of them in one call, during which nothing is read.
    const denied = testRun(lab.datapath.programs.get('to_pod')!, { packet: packet(tcp), repeat: 30_000 })
    assert.equal(denied.action, DROP)
    const lost = lab.datapath.lostVerdicts()
    assert.ok(lost > 0)
    assert.equal((await lab.verdicts()).length + lost, 30_000)
    assert.equal(lab.run('to_pod', packet(tcp)).action, DROP)
    assert.equal((await lab.verdicts()).length, 1)
  },
)

function patched(bytes: Buffer, offset: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[offset] = value
  return copy
}
