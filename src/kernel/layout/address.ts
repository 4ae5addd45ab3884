/** Addresses as the kernel's keys hold them: 16 bytes, an IPv4 address in the first four, and the family's number. */
import { IpAddress } from '../../../events/ids.ts'
import {
  addressBytes,
  addressOfBytes,
  addressText,
  type IpAddressValue,
  parseAddress,
} from '../../../projections/ip/prefix.ts'

export const FAMILY_IPV4 = 1
const FAMILY_IPV6 = 2

export function familyOf(address: IpAddressValue): number {
  return address.family === 4 ? FAMILY_IPV4 : FAMILY_IPV6
}

/** Throws on text that is not an address: ids are checked before they come here. */
export function addressOf(text: string): IpAddressValue {
  const address = parseAddress(text)
  if (address === null) throw new TypeError(`${text} is not an IP address`)
  return address
}

/** The four bytes of an IPv4 address, null for IPv6. */
export function ipv4Bytes(text: string): Uint8Array | null {
  const address = addressOf(text)
  return address.family === 4 ? addressBytes(address) : null
}

export function addressAt(bytes: Buffer, offset: number, length: 4 | 16): IpAddress {
  return IpAddress(addressText(addressOfBytes(bytes.subarray(offset, offset + length))))
}
