/**
 * Connections, by Cilium's rules (bpf/lib/conntrack.h says the same for the kernel).
 *
 * A packet of a connection between two endpoints meets two entries: one OUT at its source, one IN at its destination. A reply is known by
 * turning the tuple and looking for the other kind. An entry past its lifetime is not there. FIN and RST close the direction of their sender; when
 * both are closed the entry ends soon, unless a SYN opens it again.
 */
import { IdentityId } from '../../events/ids.ts'
import type { ConntrackEntry } from '../ports/datapath.ts'
import {
  isIcmpError,
  isTracked,
  type ModelPacket,
  type PacketTuple,
  PROTOCOL,
  startsConnection,
  TCP_FLAGS,
  turned,
} from './packet.ts'

export type ConntrackState = 'new' | 'established' | 'reply' | 'related' | 'reopened'
export type Hook = 'ingress' | 'egress'

/** Seconds, as in Cilium. */
export const CONNTRACK_SECONDS = { tcp: 21_600, syn: 60, close: 10, other: 60, report: 5 } as const
/** Entries, as in Cilium's LRU maps; the longest unused goes first. */
const CONNTRACK_MAX = { tcp: 524_288, other: 262_144 } as const

const FLAG = { rxClosing: 1, txClosing: 2, seenNonSyn: 16, proxyRedirect: 64 } as const
const BOTH_CLOSING: number = FLAG.rxClosing | FLAG.txClosing

/** rx and tx are seen from the endpoint where the entry was made. */
type Entry = {
  readonly tuple: PacketTuple
  readonly direction: 'in' | 'out'
  sourceIdentity: number
  rxPackets: number
  rxBytes: number
  txPackets: number
  txBytes: number
  expires: number
  flags: number
  rxFlagsSeen: number
  txFlagsSeen: number
  lastRxReport: number
  lastTxReport: number
}

/** The entry that a lookup found, for asking and changing whether the proxy has its connection, and who sends. */
export type Connection = { proxied: boolean; source: number }

export class Conntrack {
  readonly #tcp = new Map<string, Entry>()
  readonly #other = new Map<string, Entry>()

  /** Replies and errors take precedence. Advances what it finds by the packet. */
  lookup(hook: Hook, packet: ModelPacket, now: number): { state: ConntrackState; connection: Connection | null } {
    if (isIcmpError(packet)) {
      const related = this.#related(hook, packet, now)
      return { state: related === null ? 'new' : 'related', connection: asConnection(related) }
    }
    if (!isTracked(packet)) return { state: 'new', connection: null }
    const reply = isFirst(packet) ? null : this.#find(turned(packet), hook === 'egress' ? 'in' : 'out', now)
    if (reply !== null) {
      advance(reply, hook, packet, now)
      return { state: 'reply', connection: asConnection(reply) }
    }
    const own = this.#find(packet, directionOf(hook), now)
    if (own === null) return { state: 'new', connection: null }
    return { state: advance(own, hook, packet, now) ? 'reopened' : 'established', connection: asConnection(own) }
  }

  /** Of ICMP only an echo request starts a connection. */
  create(hook: Hook, packet: ModelPacket, options: { now: number; sourceIdentity: number; proxied: boolean }): void {
    if (!startsConnection(packet)) return
    const { protocol, source, sourcePort, destination, destinationPort } = packet
    const entry: Entry = {
      tuple: { protocol, source, sourcePort, destination, destinationPort },
      direction: directionOf(hook),
      sourceIdentity: options.sourceIdentity,
      ...NOTHING_SEEN,
      flags: options.proxied ? FLAG.proxyRedirect : 0,
    }
    advance(entry, hook, packet, options.now)
    const table = this.#tableOf(protocol)
    table.set(keyOf(packet, entry.direction), entry)
    const most = protocol === PROTOCOL.tcp ? CONNTRACK_MAX.tcp : CONNTRACK_MAX.other
    if (table.size > most) table.delete(table.keys().next().value!)
  }

  /** Identity that was recorded for a connection; null where there is none. */
  sourceIdentity(tuple: PacketTuple, hook: Hook, now: number): IdentityId | null {
    const entry = this.#find(tuple, directionOf(hook), now)
    return entry === null ? null : IdentityId(entry.sourceIdentity)
  }

  /** Those that still count. */
  entries(now: number): readonly ConntrackEntry[] {
    return [...this.#tcp.values(), ...this.#other.values()].filter(({ expires }) => expires >= now).map(asReported)
  }

  /** Everything from or to an address, as when its endpoint goes. */
  forget(address: string): void {
    for (const table of [this.#tcp, this.#other]) {
      for (const [key, { tuple }] of table)
        if (tuple.source === address || tuple.destination === address) table.delete(key)
    }
  }

  #related(hook: Hook, { quoted, destination }: ModelPacket, now: number): Entry | null {
    if (quoted === null || quoted.source !== destination) return null
    return (
      this.#find(quoted, hook === 'egress' ? 'in' : 'out', now) ?? this.#find(turned(quoted), directionOf(hook), now)
    )
  }

  #find(tuple: PacketTuple, direction: Entry['direction'], now: number): Entry | null {
    const table = this.#tableOf(tuple.protocol)
    const key = keyOf(tuple, direction)
    const entry = table.get(key)
    if (entry === undefined) return null
    table.delete(key)
    if (entry.expires < now) return null
    table.set(key, entry)
    return entry
  }

  #tableOf(protocol: number): Map<string, Entry> {
    return protocol === PROTOCOL.tcp ? this.#tcp : this.#other
  }
}

const NOTHING_SEEN = {
  rxPackets: 0,
  rxBytes: 0,
  txPackets: 0,
  txBytes: 0,
  expires: 0,
  rxFlagsSeen: 0,
  txFlagsSeen: 0,
  lastRxReport: 0,
  lastTxReport: 0,
}

function directionOf(hook: Hook): Entry['direction'] {
  return hook === 'egress' ? 'out' : 'in'
}

function keyOf(tuple: PacketTuple, direction: Entry['direction']): string {
  const { protocol, source, sourcePort, destination, destinationPort } = tuple
  return `${direction} ${protocol} ${source}:${sourcePort} ${destination}:${destinationPort}`
}

function asConnection(entry: Entry | null): Connection | null {
  if (entry === null) return null
  return {
    get proxied() {
      return (entry.flags & FLAG.proxyRedirect) !== 0
    },
    set proxied(is) {
      entry.flags = is ? entry.flags | FLAG.proxyRedirect : entry.flags & ~FLAG.proxyRedirect
    },
    get source() {
      return entry.sourceIdentity
    },
    set source(identity) {
      entry.sourceIdentity = identity
    },
  }
}

/** The first packet of a TCP connection, which is never an answer. */
function isFirst({ protocol, tcpFlags }: ModelPacket): boolean {
  return protocol === PROTOCOL.tcp && (tcpFlags & (TCP_FLAGS.syn | TCP_FLAGS.ack)) === TCP_FLAGS.syn
}

/** True where a first packet came after others: the port is used again. */
function advance(entry: Entry, hook: Hook, packet: ModelPacket, now: number): boolean {
  const reopened = isFirst(packet) && (entry.flags & (BOTH_CLOSING | FLAG.seenNonSyn)) !== 0
  if (reopened) entry.flags &= ~(BOTH_CLOSING | FLAG.seenNonSyn)
  if (packet.protocol === PROTOCOL.tcp && (packet.tcpFlags & TCP_FLAGS.syn) === 0) entry.flags |= FLAG.seenNonSyn
  if ((entry.flags & BOTH_CLOSING) !== BOTH_CLOSING) entry.expires = now + lifetime(entry)
  if (packet.protocol === PROTOCOL.tcp && (packet.tcpFlags & (TCP_FLAGS.fin | TCP_FLAGS.rst)) !== 0) {
    entry.flags |= hook === 'ingress' ? FLAG.rxClosing : FLAG.txClosing
    if ((entry.flags & BOTH_CLOSING) === BOTH_CLOSING) entry.expires = now + CONNTRACK_SECONDS.close
  }
  count(entry, hook, packet, now)
  return reopened
}

function lifetime({ tuple, flags }: Entry): number {
  if (tuple.protocol !== PROTOCOL.tcp) return CONNTRACK_SECONDS.other
  return (flags & FLAG.seenNonSyn) !== 0 ? CONNTRACK_SECONDS.tcp : CONNTRACK_SECONDS.syn
}

function count(entry: Entry, hook: Hook, { bytes, tcpFlags }: ModelPacket, now: number): void {
  const side = hook === 'ingress' ? 'rx' : 'tx'
  const report = hook === 'ingress' ? 'lastRxReport' : 'lastTxReport'
  const seen = entry[`${side}FlagsSeen`]
  if (entry[report] + CONNTRACK_SECONDS.report < now || (tcpFlags & ~seen) !== 0) entry[report] = now
  entry[`${side}Packets`] += 1
  entry[`${side}Bytes`] += bytes
  entry[`${side}FlagsSeen`] = seen | tcpFlags
}

function asReported({ tuple, sourceIdentity, ...entry }: Entry): ConntrackEntry {
  return {
    ...tuple,
    ...entry,
    related: false,
    revNat: 0,
    sourceSecurityId: IdentityId(sourceIdentity),
    ifindex: 0,
  }
}
