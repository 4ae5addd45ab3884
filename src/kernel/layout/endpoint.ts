/** `struct endpoint_key` and `struct endpoint_info` of bpf/lib/endpoints.h: current Cilium's cilium_lxc. */
import { EndpointId, IdentityId, type IpAddress } from '../../../events/ids.ts'
import { addressBytes } from '../../../projections/ip/prefix.ts'
import type { EndpointSpec, EnteredEndpoint } from '../../ports/datapath.ts'
import { ENDPOINTS } from '../maps.ts'
import { addressAt, addressOf, FAMILY_IPV4, familyOf } from './address.ts'

const MAC_AT = 16
const NODE_MAC_AT = 24
const SEC_ID_AT = 32

export function endpointKey(address: IpAddress): Buffer {
  const value = addressOf(address)
  const bytes = Buffer.alloc(ENDPOINTS.keySize)
  bytes.set(addressBytes(value), 0)
  bytes[16] = familyOf(value)
  return bytes
}

export function endpointValue(spec: EndpointSpec, ifindex: number): Buffer {
  const bytes = Buffer.alloc(ENDPOINTS.valueSize)
  bytes.writeUInt32LE(ifindex, 0)
  bytes.writeUInt16LE(spec.endpoint, 6)
  writeMac(bytes, MAC_AT, spec.mac)
  writeMac(bytes, NODE_MAC_AT, spec.nodeMac)
  bytes.writeUInt32LE(spec.identity, SEC_ID_AT)
  return bytes
}

/** Null for an IPv6 address, which nothing enters. */
export function decodeEndpoint(key: Buffer, value: Buffer): EnteredEndpoint | null {
  if (key[16] !== FAMILY_IPV4) return null
  const identity = IdentityId(value.readUInt32LE(SEC_ID_AT))
  return { endpoint: EndpointId(endpointIdOf(value)), identity, ipv4: addressAt(key, 0, 4) }
}

/** The endpoint's id in a value. */
export function endpointIdOf(value: Buffer): number {
  return value.readUInt16LE(6)
}

function writeMac(bytes: Buffer, offset: number, mac: string | null): void {
  if (mac === null) return
  const octets = mac.split(':').map((octet) => Number.parseInt(octet, 16))
  if (octets.length !== 6 || octets.some((octet) => !(octet >= 0 && octet <= 0xff)))
    throw new TypeError(`${mac} is not a MAC address`)
  bytes.set(octets, offset)
}
