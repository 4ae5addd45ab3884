/** Connections as `cilium bpf ct list global` prints them (cilium-dbg/cmd/bpf_ct_list.go, pkg/maps/ctmap/types.go of 1.13). */
import type { ConntrackEntry } from '../../ports/datapath.ts'

const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' }
/** From bit 0 on. */
const FLAG_WORDS: readonly string[] = [
  'RxClosing',
  'TxClosing',
  'Nat64',
  'LBLoopback',
  'SeenNonSyn',
  'NodePort',
  'ProxyRedirect',
  'DSR',
  'FromL7LB',
  'AuthRequired',
]

export function conntrackText(entries: readonly ConntrackEntry[]): string {
  return entries.map((entry) => `${conntrackLine(entry)}\n`).join('')
}

export function conntrackLine(entry: ConntrackEntry): string {
  const side = (address: string, port: number): string => `${address.includes(':') ? `[${address}]` : address}:${port}`
  const from = side(entry.source, entry.sourcePort)
  const to = side(entry.destination, entry.destinationPort)
  const words = [
    PROTOCOLS[entry.protocol] ?? String(entry.protocol),
    entry.direction.toUpperCase(),
    `${from} -> ${to}`,
    ...(entry.related ? ['related'] : []),
    `expires=${entry.expires}`,
    `RxPackets=${entry.rxPackets}`,
    `RxBytes=${entry.rxBytes}`,
    `RxFlagsSeen=${hex(entry.rxFlagsSeen, 2)}`,
    `LastRxReport=${entry.lastRxReport}`,
    `TxPackets=${entry.txPackets}`,
    `TxBytes=${entry.txBytes}`,
    `TxFlagsSeen=${hex(entry.txFlagsSeen, 2)}`,
    `LastTxReport=${entry.lastTxReport}`,
    `Flags=${hex(entry.flags, 4)} [ ${flagWords(entry.flags)}]`,
    `RevNAT=${entry.revNat}`,
    `SourceSecurityID=${entry.sourceSecurityId}`,
    `IfIndex=${entry.ifindex}`,
  ]
  return words.join(' ')
}

/** Each word with a blank after it; bits without a word as `Unknown=0x…`. */
function flagWords(flags: number): string {
  const words = FLAG_WORDS.filter((_, bit) => (flags & (1 << bit)) !== 0)
  const unknown = flags & ~((1 << FLAG_WORDS.length) - 1)
  return [...words, ...(unknown === 0 ? [] : [`Unknown=${hex(unknown, 4)}`])].map((word) => `${word} `).join('')
}

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`
}
