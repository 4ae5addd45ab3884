/** Packets by hand: Ethernet, IPv4 and one of TCP, UDP, SCTP, ICMP. Checksums are right, so that real stacks take them too. */
import { addressBytes, parseAddress } from '../../projections/ip/prefix.ts'

export const TCP = 6
export const UDP = 17
export const ICMP = 1
export const SCTP = 132

export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const ACK = 0x10

export type PacketSpec = {
  readonly source: string
  readonly destination: string
  readonly protocol: number
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly tcpFlags?: number
  readonly icmpType?: number
  readonly icmpCode?: number
  readonly icmpId?: number
  /** After the ICMP header: the packet that an error speaks of. */
  readonly payload?: Uint8Array
  readonly etherType?: number
  /** Patches the finished IPv4 header; the checksum follows. */
  readonly mangle?: (ip: Buffer) => void
}

const ETHERNET_BYTES = 14
const IP_BYTES = 20

export function packet(spec: PacketSpec): Buffer {
  const ethernet = Buffer.alloc(ETHERNET_BYTES)
  ethernet.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2])
  ethernet.writeUInt16BE(spec.etherType ?? 0x0800, 12)
  return Buffer.concat([ethernet, ipPacket(spec)])
}

/** Without the Ethernet header. */
export function ipPacket(spec: PacketSpec): Buffer {
  const body = transport(spec)
  const ip = Buffer.alloc(IP_BYTES)
  ip[0] = 0x45
  ip.writeUInt16BE(IP_BYTES + body.length, 2)
  ip[8] = 64
  ip[9] = spec.protocol
  ip.set(bytesOf(spec.source), 12)
  ip.set(bytesOf(spec.destination), 16)
  spec.mangle?.(ip)
  ip.writeUInt16BE(checksum(ip), 10)
  return Buffer.concat([ip, body])
}

function transport(spec: PacketSpec): Buffer {
  if (spec.protocol === TCP) return tcp(spec)
  if (spec.protocol === ICMP) return icmp(spec)
  const bytes = Buffer.alloc(spec.protocol === UDP ? 8 : 12)
  bytes.writeUInt16BE(spec.sourcePort ?? 0, 0)
  bytes.writeUInt16BE(spec.destinationPort ?? 0, 2)
  if (spec.protocol === UDP) bytes.writeUInt16BE(bytes.length, 4)
  return bytes
}

function tcp({ sourcePort = 0, destinationPort = 0, tcpFlags = SYN }: PacketSpec): Buffer {
  const bytes = Buffer.alloc(20)
  bytes.writeUInt16BE(sourcePort, 0)
  bytes.writeUInt16BE(destinationPort, 2)
  bytes[12] = 0x50
  bytes[13] = tcpFlags
  bytes.writeUInt16BE(0xffff, 14)
  return bytes
}

function icmp({ icmpType = 8, icmpCode = 0, icmpId = 0, payload = new Uint8Array() }: PacketSpec): Buffer {
  const header = Buffer.alloc(8)
  header[0] = icmpType
  header[1] = icmpCode
  header.writeUInt16BE(icmpId, 4)
  const bytes = Buffer.concat([header, payload])
  bytes.writeUInt16BE(checksum(bytes), 2)
  return bytes
}

/** Of the internet: the complement of the sum of all 16-bit words. */
function checksum(bytes: Buffer): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

function bytesOf(address: string): Uint8Array {
  const parsed = parseAddress(address)
  if (parsed?.family !== 4) throw new TypeError(`${address} is not an IPv4 address`)
  return addressBytes(parsed)
}
