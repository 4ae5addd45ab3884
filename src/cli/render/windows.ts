/** An inconsistency window for people. */
import type { Reach } from '../../history/windows/effects.ts'
import type { HostsWindow } from '../../history/windows/host-windows.ts'
import type { Misjudged } from '../../history/windows/misjudged.ts'
import type { Window } from '../../history/windows/node-windows.ts'
import type { Peer } from '../../history/windows/peers.ts'
import type { FoundWindow } from '../../history/windows/windows.ts'
import { counted } from './counted.ts'

export type Totals = { deny: number; allow: number; hosts: number; flows: number }

const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' }
const PORT_MAX = 0xffff
const ICMP_TYPE_MAX = 0xff
/** All of them, as the walk tries them. */
const USUAL = ['ANY/ICMP', 'ANY/TCP', 'ANY/UDP', 'ANY/SCTP']
const PEERS_MAX = 5
const PORTS_MAX = 8

export function windowText(window: FoundWindow, flows: Misjudged | null): string {
  return window.what === 'hosts' ? hostsText(window) : verdictText(window, flows)
}

function hostsText(window: HostsWindow): string {
  const [has, told] = [window.ipcache, window.told].map((identity) =>
    identity === null ? 'no identity' : `identity ${identity}`,
  )
  return `~ ${peerText(window.peer)}: the ipcache has ${has}, proxies are told ${told}\n${placeLines(window).join('\n')}\n`
}

/** Since and until when. */
function placeLines({ since, until, durationMs }: Pick<Window, 'since' | 'until' | 'durationMs'>): readonly string[] {
  const duration = durationMs === null ? '' : `, after ${durationMs} ms`
  return [
    since === null ? '    since before' : `    since ${since.position}, ${since.time}, ${since.type} by ${since.actor}`,
    until === null
      ? '    and still'
      : `    until ${until.position}, ${until.time}, ${until.type} by ${until.actor}${duration}`,
  ]
}

function verdictText(window: Window, flows: Misjudged | null): string {
  const { kind, endpoint, name, direction, peers, ports } = window
  const side = direction === 'ingress' ? 'from' : 'to'
  const what = kind === 'deny' ? 'dropped, and should pass' : 'let through, and should be dropped'
  const who = limited(peers.map(peerText), PEERS_MAX, '; ')
  const where = reachesText(ports)
  const lines = [
    `${kind === 'deny' ? '-' : '+'} ${name} (endpoint ${endpoint}) ${direction} ${side} ${who} ${where}: ${what}`,
    ...placeLines(window),
    `    late: ${window.steps.map(stepText).join('; ')}`,
    ...(flows === null || flows.count === 0 ? [] : [`    ${flowsText(flows)}`]),
  ]
  return `${lines.join('\n')}\n`
}

export function windowsSummary({ deny, allow, hosts, flows }: Totals): string {
  if (deny + allow + hosts === 0)
    return 'no window: identities, policy maps, ipcache and proxies never disagreed over anything'
  const told = hosts === 0 ? '' : `, ${hosts} of what proxies are told (~)`
  const seen = flows === 0 ? '' : `; ${counted(flows, 'recorded flow')} met the wrong verdict`
  return `${counted(deny + allow + hosts, 'window')}: ${deny} of wrong drops (-), ${allow} of wrong passes (+)${told}${seen}`
}

function peerText(peer: Peer): string {
  if (peer.what === 'others') return 'everybody else'
  if (peer.what === 'prefix') return [peer.prefix, ...peer.names].join(' ')
  return peer.labels.length === 0 ? `identity ${peer.identity}` : `identity ${peer.identity} (${peer.labels.join(' ')})`
}

function reachesText(ports: readonly Reach[]): string {
  const words = ports.map(reachText)
  return USUAL.every((word) => words.includes(word)) ? 'any port' : limited(words, PORTS_MAX, ' ')
}

function reachText({ protocol, from, to }: Reach): string {
  const name = PROTOCOLS[protocol] ?? String(protocol)
  const last = protocol === 1 || protocol === 58 ? ICMP_TYPE_MAX : PORT_MAX
  if (from === 0 && to === last) return `ANY/${name}`
  return `${from === to ? from : `${from}-${to}`}/${name}`
}

function stepText({ afterMs, late }: Window['steps'][number], index: number): string {
  return index === 0 ? late.join(', ') : `after ${afterMs} ms ${late.join(', ')}`
}

function flowsText({ count, ids }: Misjudged): string {
  const more = count > ids.length ? ' ...' : ''
  return `${counted(count, 'recorded flow')} met it: ${ids.join(', ')}${more}`
}

function limited(words: readonly string[], max: number, between: string): string {
  const more = words.length > max ? [`and ${words.length - max} more`] : []
  return [...words.slice(0, max), ...more].join(between)
}
