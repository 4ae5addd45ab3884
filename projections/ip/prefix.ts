/**
 * IP addresses and prefixes as values.
 *
 * Text is read as Go's net/netip reads it, which is what Cilium accepts: no leading zeros in IPv4, no zones, `::` at most once, an
 * IPv4 tail allowed in IPv6. Text is written in RFC 5952 form, so that equal prefixes have equal texts.
 */

export type IpFamily = 4 | 6

export type IpAddressValue = { readonly family: IpFamily; readonly bits: bigint }

/** Host bits of `bits` are zero; `length` leading bits count. */
export type IpPrefix = { readonly family: IpFamily; readonly bits: bigint; readonly length: number }

/** Null where the text is not an address. An IPv4-mapped IPv6 address stays IPv6. */
export function parseAddress(text: string): IpAddressValue | null {
  if (text.length > ADDRESS_TEXT_MAX) return null
  if (text.includes(':')) return ipv6(text)
  const bits = ipv4Bits(text)
  return bits === null ? null : { family: 4, bits }
}

/** `10.0.0.0/8`; host bits are cut off. Null where the text is not an address, a slash and a length without sign or leading zero. */
export function parsePrefix(text: string): IpPrefix | null {
  const slash = text.lastIndexOf('/')
  if (slash < 0) return null
  const address = parseAddress(text.slice(0, slash))
  const length = text.slice(slash + 1)
  if (address === null || !LENGTH.test(length) || Number(length) > widthOf(address.family)) return null
  return prefixOf(address, Number(length))
}

/** A prefix, or an address as the prefix of its full length. */
export function parsePrefixOrAddress(text: string): IpPrefix | null {
  if (text.includes('/')) return parsePrefix(text)
  const address = parseAddress(text)
  return address === null ? null : prefixOf(address, widthOf(address.family))
}

/** The first `length` bits of an address. */
export function prefixOf({ family, bits }: IpAddressValue, length: number): IpPrefix {
  const hostBits = BigInt(widthOf(family) - length)
  return { family, bits: (bits >> hostBits) << hostBits, length }
}

/** Whether every address of `inner` is in `outer`. Families never contain each other. */
export function contains(outer: IpPrefix, inner: IpPrefix | IpAddressValue): boolean {
  const innerLength = 'length' in inner ? inner.length : widthOf(inner.family)
  if (outer.family !== inner.family || outer.length > innerLength) return false
  const hostBits = BigInt(widthOf(outer.family) - outer.length)
  return outer.bits >> hostBits === inner.bits >> hostBits
}

export function overlaps(a: IpPrefix, b: IpPrefix): boolean {
  return contains(a, b) || contains(b, a)
}

export function addressText({ family, bits }: IpAddressValue): string {
  return family === 4 ? ipv4Text(bits) : ipv6Text(bits)
}

export function prefixText(prefix: IpPrefix): string {
  return `${addressText(prefix)}/${prefix.length}`
}

/** IPv4 first, then by address, shorter first. */
export function comparePrefixes(a: IpPrefix, b: IpPrefix): number {
  return a.family - b.family || (a.bits < b.bits ? -1 : a.bits > b.bits ? 1 : a.length - b.length)
}

/** In network order: 4 or 16 bytes. */
export function addressBytes({ family, bits }: IpAddressValue): Uint8Array {
  const bytes = new Uint8Array(widthOf(family) / 8)
  let rest = bits
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

/** Of 4 or 16 bytes in network order. */
export function addressOfBytes(bytes: Uint8Array): IpAddressValue {
  if (bytes.length !== 4 && bytes.length !== 16) throw new TypeError(`an address of ${bytes.length} bytes`)
  let bits = 0n
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte)
  return { family: bytes.length === 4 ? 4 : 6, bits }
}

/** How many bits an address has. */
export function widthOf(family: IpFamily): number {
  return family === 4 ? 32 : 128
}

/** The longest address text: eight groups of which the last two are written as IPv4. */
const ADDRESS_TEXT_MAX = 45
const LENGTH = /^(0|[1-9][0-9]{0,2})$/
const OCTET = /^(0|[1-9][0-9]{0,2})$/
const GROUP = /^[0-9a-fA-F]{1,4}$/
const IPV6_GROUPS = 8

function ipv4Bits(text: string): bigint | null {
  const octets = text.split('.')
  if (octets.length !== 4 || !octets.every((octet) => OCTET.test(octet) && Number(octet) <= 255)) return null
  return BigInt(octets.reduce((sum, octet) => sum * 256 + Number(octet), 0))
}

function ipv6(text: string): IpAddressValue | null {
  const plain = withHexTail(text)
  if (plain === null) return null
  const halves = plain.split('::')
  if (halves.length > 2) return null
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  if (head === undefined) return null
  const missing = IPV6_GROUPS - head.length - (tail?.length ?? 0)
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  const groups = [...head, ...Array<string>(missing).fill('0'), ...(tail ?? [])]
  if (!groups.every((group) => GROUP.test(group))) return null
  return { family: 6, bits: groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n) }
}

/** With an IPv4 tail written as two groups. */
function withHexTail(text: string): string | null {
  if (!text.includes('.')) return text
  const colon = text.lastIndexOf(':')
  const tail = ipv4Bits(text.slice(colon + 1))
  return tail === null
    ? null
    : `${text.slice(0, colon + 1)}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`
}

function ipv4Text(bits: bigint): string {
  const value = Number(bits)
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

function ipv6Text(bits: bigint): string {
  const groups = Array.from({ length: IPV6_GROUPS }, (_, i) => Number((bits >> BigInt(112 - 16 * i)) & 0xffffn))
  const { start, length } = longestZeroRun(groups)
  const hex = groups.map((group) => group.toString(16))
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  groups.forEach((group, i) => {
    length = group === 0 ? length + 1 : 0
    if (length > best.length) best = { start: i - length + 1, length }
  })
  return best
}
