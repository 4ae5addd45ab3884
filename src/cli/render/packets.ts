/** `replay --kernel` for people: one line for each program that a packet met, what it said and what the evaluator says. */
import type { AnswerVerdict, Judged, JudgedSide, PacketAnswer } from '../../history/replay/kernel-packets.ts'
import type { LeftOut, ShownPacket } from '../history/packets.ts'
import { counted } from './counted.ts'
import { table } from './table.ts'

const HEADER: readonly string[] = ['PACKET', 'AT', 'KERNEL', 'EVALUATOR', 'PROXY', 'RECORDED', '']

export function packetsText(packets: readonly ShownPacket[], leftOut: LeftOut): string {
  const rows = packets.flatMap((packet) => [
    ...packet.sides.map((side) => sideRow(packet, side)),
    ...packet.answers.map((answer) => answerRow(packet, answer)),
  ])
  const differing = packets.filter(({ agrees }) => !agrees).length
  const end =
    differing === 0 ? 'kernel and evaluator agree' : `kernel and evaluator differ in ${differing} of ${packets.length}`
  const left = Object.entries(leftOut).map(([reason, count]) => `${counted(count, 'flow')} not given: ${reason}\n`)
  return `${table(withoutEmpty([HEADER, ...rows]))}${left.join('')}${end}\n`
}

function sideRow(packet: ShownPacket, { node, endpoint, direction, kernel, evaluator, http, agrees }: JudgedSide) {
  return [
    wishText(packet),
    `${direction} of ${endpoint} (${node})`,
    kernel === null ? 'no verdict' : answerText(kernel),
    answerText(evaluator),
    http === null ? '' : `${requestText(packet)} ${http.allowed ? 'allowed' : 'denied'}`,
    packet.recorded === null ? '' : `${packet.recorded.verdict} (flow ${packet.recorded.id})`,
    agrees ? '' : 'DIFFERENT',
  ]
}

function answerRow(
  packet: ShownPacket,
  { node, endpoint, direction, kernel, evaluator, agrees }: Judged<AnswerVerdict>,
) {
  return [
    `${wishText(packet)}, its answer`,
    `${direction} of ${endpoint} (${node})`,
    kernel === null ? 'dropped, no verdict' : wayText(kernel),
    wayText(evaluator),
    '',
    '',
    agrees ? '' : 'DIFFERENT',
  ]
}

function wishText({ packet: { from, to, protocol, port } }: ShownPacket): string {
  return `${from} -> ${to}:${port}/${protocol}`
}

function requestText({ packet: { request } }: ShownPacket): string {
  return request === null ? '' : `${request.method} ${request.path}`
}

function wayText(answer: AnswerVerdict): string {
  return answer.by === 'known' ? 'passes, a known connection' : answerText(answer)
}

function answerText({ verdict, dropReason, proxyPort, matchType, identity }: PacketAnswer): string {
  const detail = dropReason === null ? (proxyPort === null ? '' : ` to ${proxyPort}`) : ` (${dropReason})`
  return `${verdict}${detail}, ${matchType}, identity ${identity}`
}

/** Columns in which nothing stands are left out. */
function withoutEmpty([header, ...rows]: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const kept = header!.map((_, column) => rows.some((row) => row[column] !== ''))
  const shown = [header!, ...rows].map((row) => row.filter((_, column) => kept[column]))
  return shown.map((row) => (row.at(-1) === '' ? row.slice(0, -1) : row))
}
