/** Packets with bent bytes and cut ends: what passes is what a second, plain reading of the same bytes allows. */
import assert from 'node:assert/strict'
import { type PolicyMap, policyMapKeyText } from '../../projections/datapath/policy-map.ts'
import { policyVerdict } from '../../projections/datapath/verdict.ts'
import { ICMP, packet, SCTP, TCP, UDP } from '../../src/kernel/packet.ts'
import { type Chance, chance } from './chance.ts'
import { DROP, entry, kernelTest, PASS, type PolicyWrite } from './laboratory.ts'

const SEED = 1977
const PACKETS = 20_000
const POD = { endpoint: 61, identity: 1061, address: '10.6.0.61' }
const PEER = '10.6.1.1'
const PEER_IDENTITY = 2061

const POLICY: readonly PolicyWrite[] = [
  entry({ protocol: TCP, port: 80 }),
  entry({ protocol: TCP, port: 0x1000, portBits: 4 }, { verdict: 'deny', precedence: 0xffff_ffff }),
  entry({ protocol: UDP }),
  entry({ protocol: ICMP, port: 8 }),
  entry({ protocol: ICMP, port: 3 }),
]
const MAP: PolicyMap = new Map(
  POLICY.map(({ key, value }) => [policyMapKeyText(key), { key, value: { ...value, origins: [] } }]),
)

/** BPF_PROG_TEST_RUN refuses Ethernet frames without a whole IPv6 header. */
const RUN_BYTES_MIN = 54

/** The drop reason, 0 where the packet passes. */
function expected(bytes: Buffer): number {
  const etherType = bytes.readUInt16BE(12)
  if (etherType === 0x86dd) return 139
  if (etherType === 0x8100 || etherType === 0x88a8) return 182
  if (etherType === 0x0806) return 0
  if (etherType !== 0x0800) return 166
  const ip = bytes.subarray(14)
  const total = ip.readUInt16BE(2)
  if (ip[0] !== 0x45 || total < 20 || total > ip.length) return 134
  if ((ip.readUInt16BE(6) & 0x3fff) !== 0) return 157
  const protocol = ip[9]!
  const body = ip.subarray(20, total)
  const port = policyPortOf(protocol, body)
  if (port === null) return [TCP, UDP, SCTP, ICMP].includes(protocol) ? 135 : 137
  if (ip.subarray(16, 20).join('.') !== POD.address) return 150
  const identity =
    ip.subarray(12, 16).join('.') === PEER
      ? PEER_IDENTITY
      : ip.subarray(12, 16).join('.') === POD.address
        ? POD.identity
        : 2
  const { verdict, entry: decided } = policyVerdict(MAP, { direction: 'ingress', identity, protocol, port })
  return verdict === 'allow' ? 0 : decided === null ? 133 : 181
}

/** Null where the transport header is not whole. */
function policyPortOf(protocol: number, body: Buffer): number | null {
  switch (protocol) {
    case TCP: {
      if (body.length < 20) return null
      const header = (body[12]! >> 4) * 4
      return header < 20 || header > body.length ? null : body.readUInt16BE(2)
    }
    case UDP:
      return body.length < 8 ? null : body.readUInt16BE(2)
    case SCTP:
      return body.length < 12 ? null : body.readUInt16BE(2)
    case ICMP:
      return body.length < 8 ? null : body[0]!
    default:
      return null
  }
}

function bent({ below, pick }: Chance): Buffer {
  const protocol = pick([TCP, TCP, UDP, SCTP, ICMP])
  const destinationPort = pick([80, 81, 0x1001, 0x2001])
  const bytes = packet({
    source: PEER,
    destination: POD.address,
    protocol,
    sourcePort: below(0x1_0000),
    destinationPort,
    icmpType: pick([0, 3, 8]),
    icmpId: below(100),
  })
  if (below(20) === 0) bytes.writeUInt16BE(pick([0x0806, 0x8100, 0x88a8, 0x86dd]), 12)
  for (let bends = below(4); bends > 0; bends--)
    bytes[12 + below(bytes.length - 12)] = pick([0, 1, 0x45, 0x80, 0xff, below(256)])
  const length = pick([bytes.length, bytes.length, 15 + below(bytes.length - 15)])
  const cut = Buffer.concat([bytes.subarray(0, length), Buffer.alloc(pick([0, 0, below(30)]))])
  return Buffer.concat([cut, Buffer.alloc(Math.max(0, RUN_BYTES_MIN - cut.length))])
}

kernelTest(
  'D5 however its bytes are bent, a packet passes only where a plain reading of them allows it',
  async (lab) => {
    await lab.pod(POD)
    await lab.peer(`${PEER}/32`, PEER_IDENTITY)
    await lab.policy(POD.endpoint, ...POLICY)
    const random = chance(SEED)
    const reasons = new Map<number, number>()
    for (let sent = 0; sent < PACKETS; sent++) {
      const bytes = bent(random)
      const reason = expected(bytes)
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      const { action } = lab.run('to_pod', bytes)
      if (action !== (reason === 0 ? PASS : DROP))
        assert.fail(`${action} where ${reason} is expected, seed ${SEED}: ${bytes.toString('hex')}`)
    }
    const counted = (await lab.datapath.readMetrics()).map(({ reason, packets }) => [reason, packets] as const)
    assert.deepEqual(counted.toSorted(byReason), [...reasons].toSorted(byReason))
    assert.ok(reasons.size >= 11, [...reasons.keys()].join(', '))
  },
)

function byReason([a]: readonly [number, number], [b]: readonly [number, number]): number {
  return a - b
}
