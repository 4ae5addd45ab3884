/** `struct verdict_event` and the metrics of bpf/lib/report.h. */
import { EndpointId, IdentityId, Port } from '../../../events/ids.ts'
import type { PolicyVerdict } from '../../ports/datapath.ts'
import { addressAt } from './address.ts'
import { decodeCounters } from './policy.ts'

export const VERDICT_EVENT_BYTES = 28

const MATCH_TYPES = ['none', 'L3-Only', 'L3-L4', 'L4-Only', 'all', 'L3-Proto', 'Proto-Only'] as const
const ACTIONS = ['allow', 'deny', 'redirect'] as const

export type DatapathMetric = {
  readonly direction: 'ingress' | 'egress'
  /** Cilium's positive drop code; 0 for packets that went on. */
  readonly reason: number
  readonly packets: number
  readonly bytes: number
}

export function decodeVerdict(bytes: Buffer): PolicyVerdict {
  const proxyPort = bytes.readUInt16BE(20)
  const dropReason = bytes.readUInt32LE(24)
  return {
    endpoint: EndpointId(bytes.readUInt16LE(0)),
    direction: bytes[2] === 1 ? 'egress' : 'ingress',
    protocol: bytes[3]!,
    remoteIdentity: IdentityId(bytes.readUInt32LE(4)),
    source: addressAt(bytes, 8, 4),
    destination: addressAt(bytes, 12, 4),
    sourcePort: bytes.readUInt16BE(16),
    destinationPort: bytes.readUInt16BE(18),
    proxyPort: proxyPort === 0 ? null : Port(proxyPort),
    action: named(ACTIONS, bytes[22]!),
    matchType: named(MATCH_TYPES, bytes[23]!),
    dropReason: dropReason === 0 ? null : dropReason,
  }
}

/** `struct metrics_key` and a counter for each CPU. */
export function decodeMetric(key: Buffer, value: Buffer): DatapathMetric {
  return { reason: key[0]!, direction: key[1] === 1 ? 'ingress' : 'egress', ...decodeCounters(value) }
}

function named<Name>(names: readonly Name[], index: number): Name {
  const name = names[index]
  if (name === undefined) throw new TypeError(`a verdict event with ${index} where ${names.join(', ')} are known`)
  return name
}
