/** Flows on one line each, as `hubble observe` prints them (hubble/pkg/printer/printer.go), with the position and revision that decided. */
import { RESERVED_IDENTITIES } from '../../../projections/identity/reserved.ts'
import { isoTime } from '../../history/position.ts'
import type { Flow, FlowHeader } from '../../ports/flows.ts'
import type { Paint } from './colour.ts'

const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' }
/** Cilium's words for the drop codes that policies cause (pkg/monitor/api/drop.go). */
const DROP_REASONS: Readonly<Record<number, string>> = {
  133: 'Policy denied',
  181: 'Policy denied by denylist',
}
const PORTLESS: readonly number[] = [1, 58]

export type FlowNames = { readonly nameAt: (address: string, position: bigint) => string | null; readonly paint: Paint }

/** `TIME: SRC (ID:n) -> DST (ID:n) TYPE VERDICT (SUMMARY)`; a response flows the other way, so its arrow is `<-`. */
export function flowLine(flow: Flow, names: FlowNames): string {
  const { source, destination, stamp } = flow
  const arrow = flow.kind === 'http-response' ? '<-' : '->'
  const side = (end: Flow['source']): string => endText(end, flow, names)
  const verdict = names.paint(
    verdictText(flow),
    flow.verdict === 'FORWARDED' || flow.verdict === 'REDIRECTED' ? 'good' : 'bad',
  )
  const decided = names.paint(`at position ${stamp.position}, revision ${stamp.revision}, flow ${flow.id}`, 'faint')
  return `${isoTime(flow.time)}: ${side(source)} ${arrow} ${side(destination)} ${typeText(flow)} ${verdict} (${summaryText(flow)}) ${decided}`
}

function endText({ address, port, identity }: Flow['source'], flow: Flow, { nameAt }: FlowNames): string {
  const name = nameAt(address, BigInt(flow.stamp.position)) ?? (address.includes(':') ? `[${address}]` : address)
  const place = PORTLESS.includes(flow.protocol) ? name : `${name}:${port}`
  const reserved = RESERVED_IDENTITIES.get(identity)
  return `${place} (${reserved === undefined ? `ID:${identity}` : (reserved[0]?.replace('reserved:', '') ?? identity)})`
}

function typeText({ kind, matchType, direction }: Flow): string {
  if (kind !== 'policy-verdict') return kind
  return `policy-verdict:${matchType ?? 'none'} ${direction.toUpperCase()}`
}

function verdictText({ kind, verdict }: Flow): string {
  if (kind !== 'policy-verdict') return verdict
  return verdict === 'DROPPED' || verdict === 'ERROR' ? 'DENIED' : 'ALLOWED'
}

function headersText(what: string, headers: readonly FlowHeader[]): string {
  return headers.length === 0 ? '' : `; ${what} ${headers.map(({ name }) => name).join(', ')}`
}

function summaryText({ kind, http, protocol, dropReason, proxyPort }: Flow): string {
  if (http !== null) {
    const request = `${http.method} http://${http.host}${http.path}`
    if (kind === 'http-request')
      return `${http.protocol} ${request}${headersText('missing', http.missing)}${headersText('rejected', http.rejected)}`
    return `${http.protocol} ${http.status} ${Math.round(http.durationMs ?? 0)}ms (${request})`
  }
  const name = PROTOCOLS[protocol] ?? `protocol ${protocol}`
  const reason = dropReason === null ? '' : `; ${DROP_REASONS[dropReason] ?? `drop reason ${dropReason}`}`
  return `${name}${reason}${proxyPort === null ? '' : `; to proxy port ${proxyPort}`}`
}
