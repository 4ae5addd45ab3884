/**
 * Policy map entries as bytes: `struct policy_key` and `struct policy_entry` of bpf/lib/policy.h, which are current Cilium's.
 *
 * Multi-byte fields are in the machine's order (little endian on every supported one), ports in network order.
 */
import { endianness } from 'node:os'
import type { PolicyMapKey } from '../../../events/fields.ts'
import { IdentityId } from '../../../events/ids.ts'
import { checkPolicyMapKey, checkPolicyMapValue } from '../../../projections/datapath/policy-map.ts'
import type { KernelPolicyEntry, KernelPolicyValue } from '../../ports/datapath.ts'
import { POLICY, POLICY_STATS } from '../maps.ts'

if (endianness() !== 'LE') throw new Error('the layouts of the kernel datapath are those of little-endian machines')

const WORD_BYTES = 4
const KEY_WORDS = 3
const VALUE_WORDS = 3
const STATIC_BITS = 40
const PROTOCOL_BITS = 8
const DENY = 1
const PREFIX_SHIFT = 3
const AUTH_TYPE_BITS = 0x7f
const EXPLICIT_AUTH = 0x80

export type PolicyWrite = { readonly key: PolicyMapKey; readonly value: KernelPolicyValue }

/** Keys one after another. Whole words at once: a map of thousands of entries is written in the time of its system call. */
export function policyKeys(keys: readonly PolicyMapKey[]): Uint8Array {
  const words = new Uint32Array((keys.length * POLICY.keySize) / WORD_BYTES)
  for (let i = 0; i < keys.length; i++) writeKey(words, i * KEY_WORDS, keys[i]!)
  return new Uint8Array(words.buffer)
}

export function policyWrites(writes: readonly PolicyWrite[]): {
  readonly keys: Uint8Array
  readonly values: Uint8Array
} {
  const keys = new Uint32Array((writes.length * POLICY.keySize) / WORD_BYTES)
  const values = new Uint32Array((writes.length * POLICY.valueSize) / WORD_BYTES)
  for (let i = 0; i < writes.length; i++) {
    const { key, value } = writes[i]!
    writeKey(keys, i * KEY_WORDS, key)
    writeValue(values, i * VALUE_WORDS, key, value)
  }
  return { keys: new Uint8Array(keys.buffer), values: new Uint8Array(values.buffer) }
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

function writeKey(words: Uint32Array, at: number, key: PolicyMapKey): void {
  checkPolicyMapKey(key)
  words[at] = STATIC_BITS + prefixLength(key)
  words[at + 1] = key.identity
  words[at + 2] = Number(key.direction === 'egress') | (key.protocol << 8) | (networkOrder(key.port) << 16)
}

function writeValue(words: Uint32Array, at: number, key: PolicyMapKey, value: KernelPolicyValue): void {
  checkPolicyMapValue(value)
  const flags = (Number(value.verdict === 'deny') * DENY) | (prefixLength(key) << PREFIX_SHIFT)
  const auth = value.authType === 0 ? 0 : value.authType | EXPLICIT_AUTH
  words[at] = networkOrder(value.proxyPort) | (flags << 16) | (auth << 24)
  words[at + 1] = value.precedence
}

/** A port as it lies in a word of a little-endian machine. */
function networkOrder(port: number): number {
  return ((port & 0xff) << 8) | (port >>> 8)
}
