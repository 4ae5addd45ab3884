/** A recorded flow explained: what was recorded, what comes out now and whether they agree, then the side that decided. */

import { isoTime } from '../../history/position.ts'
import type { FlowAnswer } from '../../history/why-flow.ts'
import type { Flow } from '../../ports/flows.ts'
import type { Paint } from './colour.ts'
import { partyText, sideLines } from './why.ts'

const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' }

export function flowWhyText(
  answer: FlowAnswer,
  { flow, paint }: { readonly flow: Flow; readonly paint: Paint },
): string {
  const { http, protocol, destination, stamp } = flow
  const { recorded, recomputed, differs, doubt, from, to, side } = answer
  const what = `${PROTOCOLS[protocol] ?? protocol} ${destination.port}${http === null ? '' : `, ${http.method} ${http.path}`}`
  const end = differs
    ? paint(`recorded ${recorded}, but judged again ${recomputed}`, 'bad')
    : paint(`recorded ${recorded}, and so it is judged again`, 'good')
  const lines = [
    `flow ${flow.id}  ${partyText(from)} -> ${partyText(to)}, ${what}`,
    `  ${isoTime(flow.time)}, decided at position ${stamp.position}, revision ${stamp.revision}`,
    `  ${end}`,
    ...(doubt === null ? [] : [`  not sure: ${doubt}`]),
    '',
    ...sideLines(side, side.direction === 'egress' ? from : to, paint),
  ]
  return `${lines.join('\n')}\n`
}
