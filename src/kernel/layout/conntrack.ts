/**
 * `struct ct_key` and `struct ct_entry` of bpf/lib/conntrack.h: Cilium's layouts.
 *
 * The key's first address is called `daddr` and holds the source of the connection's first packet; ports are named as they are.
 */
import { IdentityId } from '../../../events/ids.ts'
import type { ConntrackEntry } from '../../ports/datapath.ts'
import type { ConnectionTuple } from '../../ports/proxy.ts'
import { CONNTRACK_TCP } from '../maps.ts'
import { addressAt, ipv4Bytes } from './address.ts'

const FLAG_IN = 1
const FLAG_RELATED = 2
const TCP = 6
const LIFETIME_AT = 32
const SOURCE_IDENTITY_AT = 44

/** Null for IPv6, which the datapath does not track. */
export function tcpConntrackKey(tuple: ConnectionTuple, direction: 'ingress' | 'egress'): Buffer | null {
  const [source, destination] = [ipv4Bytes(tuple.source), ipv4Bytes(tuple.destination)]
  if (source === null || destination === null) return null
  const bytes = Buffer.alloc(CONNTRACK_TCP.keySize)
  bytes.set(source, 0)
  bytes.set(destination, 4)
  bytes.writeUInt16BE(tuple.destinationPort, 8)
  bytes.writeUInt16BE(tuple.sourcePort, 10)
  bytes[12] = TCP
  bytes[13] = direction === 'ingress' ? FLAG_IN : 0
  return bytes
}

/** The two addresses of a key, in network order. */
export function conntrackAddresses(key: Buffer): readonly [Buffer, Buffer] {
  return [key.subarray(0, 4), key.subarray(4, 8)]
}

/** The second of the monotonic clock at which the entry stops to count. */
export function conntrackLifetime(value: Buffer): number {
  return value.readUInt32LE(LIFETIME_AT)
}

export function conntrackSource(value: Buffer): IdentityId {
  return IdentityId(value.readUInt32LE(SOURCE_IDENTITY_AT))
}

export function decodeConntrackEntry(key: Buffer, value: Buffer): ConntrackEntry {
  return {
    protocol: key[12]!,
    direction: (key[13]! & FLAG_IN) !== 0 ? 'in' : 'out',
    source: addressAt(key, 0, 4),
    sourcePort: key.readUInt16BE(10),
    destination: addressAt(key, 4, 4),
    destinationPort: key.readUInt16BE(8),
    related: (key[13]! & FLAG_RELATED) !== 0,
    rxPackets: Number(value.readBigUInt64LE(0)),
    rxBytes: Number(value.readBigUInt64LE(8)),
    txPackets: Number(value.readBigUInt64LE(16)),
    txBytes: Number(value.readBigUInt64LE(24)),
    expires: conntrackLifetime(value),
    flags: value.readUInt16LE(36),
    revNat: value.readUInt16BE(38),
    ifindex: value.readUInt16LE(40),
    txFlagsSeen: value[42]!,
    rxFlagsSeen: value[43]!,
    sourceSecurityId: conntrackSource(value),
    lastTxReport: value.readUInt32LE(48),
    lastRxReport: value.readUInt32LE(52),
  }
}
