/**
 * Policy map entries as bytes: `struct policy_key` and `struct policy_entry` of bpf/lib/policy.h, which are current Cilium's.
 *
 * Multi-byte fields are in the machine's order (little endian on every supported one), ports in network order.
 */
import type { PolicyMapKey } from '../../../events/fields.ts'
import { IdentityId } from '../../../events/ids.ts'
import type { KernelPolicyEntry, KernelPolicyValue } from '../../ports/datapath.ts'
import { POLICY, POLICY_STATS } from '../maps.ts'

const STATIC_BITS = 40
const PROTOCOL_BITS = 8
const PORT_BITS_MAX = 16
const DENY = 1
const PREFIX_SHIFT = 3
const AUTH_TYPE_BITS = 0x7f
const EXPLICIT_AUTH = 0x80

type Write = { readonly key: PolicyMapKey; readonly value: KernelPolicyValue }

/** Keys one after another. */
export function policyKeys(keys: readonly PolicyMapKey[]): Buffer {
  const bytes = Buffer.alloc(keys.length * POLICY.keySize)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let i = 0; i < keys.length; i++) writeKey(view, i * POLICY.keySize, keys[i]!)
  return bytes
}

export function policyValues(writes: readonly Write[]): Buffer {
  const bytes = Buffer.alloc(writes.length * POLICY.valueSize)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let i = 0; i < writes.length; i++) writeValue(view, i * POLICY.valueSize, writes[i]!)
  return bytes
}

export function decodePolicyKey(bytes: Buffer): PolicyMapKey {
  const bits = bytes.readUInt32LE(0) - STATIC_BITS
  return {
    direction: (bytes[8]! & 1) === 1 ? 'egress' : 'ingress',
    identity: IdentityId(bytes.readUInt32LE(4)),
    protocol: bytes[9]!,
    port: bytes.readUInt16BE(10),
    portBits: Math.max(0, bits - PROTOCOL_BITS),
  }
}

export function decodePolicyValue(bytes: Buffer): KernelPolicyValue {
  const proxyPort = bytes.readUInt16BE(0)
  const deny = (bytes[2]! & DENY) !== 0
  return {
    verdict: deny ? 'deny' : proxyPort === 0 ? 'allow' : 'redirect',
    proxyPort,
    precedence: bytes.readUInt32LE(4),
    authType: bytes[3]! & AUTH_TYPE_BITS,
  }
}

/** `struct policy_stats_key`: the key under which the program counts an entry's packets. */
export function policyStatsKey(endpoint: number, key: PolicyMapKey): Buffer {
  const bytes = Buffer.alloc(POLICY_STATS.keySize)
  bytes.writeUInt16LE(endpoint, 0)
  bytes[3] = prefixLength(key)
  bytes.writeUInt32LE(key.identity, 4)
  bytes[8] = Number(key.direction === 'egress')
  bytes[9] = key.protocol
  bytes.writeUInt16BE(key.port, 10)
  return bytes
}

/** A `struct counter` for each CPU, added up. */
export function decodeCounters(bytes: Buffer | null): Pick<KernelPolicyEntry, 'packets' | 'bytes'> {
  let packets = 0n
  let total = 0n
  for (let offset = 0; bytes !== null && offset < bytes.length; offset += 16) {
    packets += bytes.readBigUInt64LE(offset)
    total += bytes.readBigUInt64LE(offset + 8)
  }
  return { packets: Number(packets), bytes: Number(total) }
}

/** Bits of the key that count, after identity and direction. */
function prefixLength({ protocol, portBits }: PolicyMapKey): number {
  return protocol === 0 ? 0 : PROTOCOL_BITS + portBits
}

function writeKey(view: DataView, offset: number, key: PolicyMapKey): void {
  checkKey(key)
  view.setUint32(offset, STATIC_BITS + prefixLength(key), true)
  view.setUint32(offset + 4, key.identity, true)
  view.setUint8(offset + 8, Number(key.direction === 'egress'))
  view.setUint8(offset + 9, key.protocol)
  view.setUint16(offset + 10, key.port, false)
}

function writeValue(view: DataView, offset: number, { key, value }: Write): void {
  checkValue(value)
  view.setUint16(offset, value.proxyPort, false)
  view.setUint8(offset + 2, (Number(value.verdict === 'deny') * DENY) | (prefixLength(key) << PREFIX_SHIFT))
  view.setUint8(offset + 3, value.authType === 0 ? 0 : value.authType | EXPLICIT_AUTH)
  view.setUint32(offset + 4, value.precedence, true)
}

/** The trie would take a port below an open protocol, or bits beyond the prefix, and then never find it as meant. */
function checkKey({ protocol, port, portBits }: PolicyMapKey): void {
  const open = PORT_BITS_MAX - portBits
  const valid =
    portBits >= 0 &&
    open >= 0 &&
    (protocol !== 0 || portBits === 0) &&
    protocol <= 0xff &&
    (port & ((1 << open) - 1)) === 0
  if (!valid) throw new TypeError(`policy key protocol ${protocol} port ${port}/${portBits} cannot be in the trie`)
}

function checkValue({ verdict, proxyPort, authType }: KernelPolicyValue): void {
  if ((verdict === 'redirect') !== (proxyPort !== 0)) throw new TypeError(`${verdict} with proxy port ${proxyPort}`)
  if (authType < 0 || authType > AUTH_TYPE_BITS) throw new TypeError(`auth type ${authType} has no room in 7 bits`)
}
