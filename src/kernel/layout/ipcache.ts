/** `struct ipcache_key` and `struct ipcache_info` of bpf/lib/identity.h: current Cilium's cilium_ipcache_v2. */
import { Cidr, IdentityId, type IpAddress } from '../../../events/ids.ts'
import {
  addressBytes,
  addressOfBytes,
  type IpAddressValue,
  type IpPrefix,
  parsePrefix,
  prefixText,
  widthOf,
} from '../../../projections/ip/prefix.ts'
import type { IpcacheEntry } from '../../ports/datapath.ts'
import { IPCACHE } from '../maps.ts'
import { addressAt, addressOf, FAMILY_IPV4, familyOf } from './address.ts'

const STATIC_BITS = 32
const SKIP_TUNNEL = 1
const HAS_TUNNEL_ENDPOINT = 2
const TUNNEL_ENDPOINT_IPV6 = 4

export function ipcacheKey(cidr: string): Buffer {
  const prefix = parsePrefix(cidr)
  if (prefix === null) throw new TypeError(`${cidr} is not a prefix`)
  return keyOf(prefix, prefix.length)
}

/** The key that finds the longest prefix around an address. */
export function ipcacheLookupKey(address: IpAddress): Buffer {
  const value = addressOf(address)
  return keyOf(value, widthOf(value.family))
}

export function ipcacheValue({ identity, tunnelEndpoint, encryptKey, skipTunnel }: IpcacheEntry): Buffer {
  const bytes = Buffer.alloc(IPCACHE.valueSize)
  bytes.writeUInt32LE(identity, 0)
  bytes[22] = encryptKey
  bytes[23] = Number(skipTunnel) * SKIP_TUNNEL
  if (tunnelEndpoint !== null) {
    const address = addressOf(tunnelEndpoint)
    bytes.set(addressBytes(address), 4)
    bytes[23] |= HAS_TUNNEL_ENDPOINT | (Number(address.family === 6) * TUNNEL_ENDPOINT_IPV6)
  }
  return bytes
}

export function ipcacheIdentity(value: Buffer): IdentityId {
  return IdentityId(value.readUInt32LE(0))
}

export function decodeIpcacheEntry(key: Buffer, value: Buffer): IpcacheEntry {
  const family = key[7] === FAMILY_IPV4 ? 4 : 6
  const flags = value[23]!
  const prefix: IpPrefix = {
    ...addressOfBytes(key.subarray(8, 8 + widthOf(family) / 8)),
    length: key.readUInt32LE(0) - STATIC_BITS,
  }
  return {
    prefix: Cidr(prefixText(prefix)),
    identity: ipcacheIdentity(value),
    tunnelEndpoint:
      (flags & HAS_TUNNEL_ENDPOINT) === 0 ? null : addressAt(value, 4, (flags & TUNNEL_ENDPOINT_IPV6) === 0 ? 4 : 16),
    encryptKey: value[22]!,
    skipTunnel: (flags & SKIP_TUNNEL) !== 0,
  }
}

function keyOf(address: IpAddressValue, length: number): Buffer {
  const bytes = Buffer.alloc(IPCACHE.keySize)
  bytes.writeUInt32LE(STATIC_BITS + length, 0)
  bytes[7] = familyOf(address)
  bytes.set(addressBytes(address), 8)
  return bytes
}
