/** A packet as the datapath sees it, and the marks that say where one has been (Cilium bpf/lib/common.h). */
import type { IpAddress } from '../../events/ids.ts'

/** Addresses, ports and protocol. For ICMP echo the identifier is the request's source port and the reply's destination port; other ICMP has 0. */
export type PacketTuple = {
  readonly protocol: number
  readonly source: IpAddress
  readonly sourcePort: number
  readonly destination: IpAddress
  readonly destinationPort: number
}

export type ModelPacket = PacketTuple & {
  /** `TCP_FLAGS` together; 0 for other protocols. */
  readonly tcpFlags: number
  /** 0 for other protocols. */
  readonly icmpType: number
  /** Length of the frame. */
  readonly bytes: number
  readonly mark: number
  /** What an ICMP error speaks of; null for everything else, and where it is cut off. */
  readonly quoted: PacketTuple | null
}

export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, sctp: 132 } as const
export const TCP_FLAGS = { fin: 1, syn: 2, rst: 4, ack: 16 } as const

/** Magic in the bits of `MARK_MAGIC`. */
export const MARK = { none: 0, fromIngressProxy: 0x0a00, fromEgressProxy: 0x0b00, identity: 0x0f00 } as const
const MARK_MAGIC = 0x0f00
/** Ethernet and IPv4. */
const HEADER_BYTES = 34
const TRANSPORT_BYTES: { readonly [protocol: number]: number } = { 1: 8, 6: 20, 17: 8, 132: 12 }
const ECHO_REPLY = 0
const ECHO = 8
const ICMP_ERRORS: ReadonlySet<number> = new Set([3, 11, 12])

/** Without payload, unless `bytes` says otherwise. */
export function aPacket(given: PacketTuple & Partial<ModelPacket>): ModelPacket {
  const bytes = HEADER_BYTES + (TRANSPORT_BYTES[given.protocol] ?? 0)
  return { tcpFlags: 0, icmpType: 0, bytes, mark: MARK.none, quoted: null, ...given }
}

/** The way back. */
export function turned<Tuple extends PacketTuple>(packet: Tuple): Tuple {
  return {
    ...packet,
    source: packet.destination,
    sourcePort: packet.destinationPort,
    destination: packet.source,
    destinationPort: packet.sourcePort,
  }
}

/** Destination unreachable, time exceeded, parameter problem. */
export function isIcmpError({ protocol, icmpType }: ModelPacket): boolean {
  return protocol === PROTOCOL.icmp && ICMP_ERRORS.has(icmpType)
}

/** Of ICMP only echo has an answer that can be told from others; every other message is judged by itself. */
export function isTracked({ protocol, icmpType }: ModelPacket): boolean {
  return protocol !== PROTOCOL.icmp || icmpType === ECHO || icmpType === ECHO_REPLY
}

/** An answer that nobody asked for must not make its counterpart an answer. */
export function startsConnection({ protocol, icmpType }: ModelPacket): boolean {
  return protocol !== PROTOCOL.icmp || icmpType === ECHO
}

/** What a policy key's port is compared with. */
export function policyPort({ protocol, icmpType, destinationPort }: ModelPacket): number {
  return protocol === PROTOCOL.icmp ? icmpType : destinationPort
}

export function markMagic(mark: number): number {
  return mark & MARK_MAGIC
}

/** Lower 16 bits of the identity in bits 16 to 31, its bits 16 to 23 in bits 0 to 7; a mark has no room for more. */
export function markWithIdentity(magic: number, identity: number): number {
  return ((((identity & 0xffff) << 16) >>> 0) + (magic | ((identity >>> 16) & 0xff))) >>> 0
}

export function markIdentity(mark: number): number {
  return (((mark & 0xff) << 16) | (mark >>> 16)) >>> 0
}
