/** `hindcast replay --kernel`: packets through the programs of today, with the maps of a moment. */

import type { World } from '../../projections/world.ts'
import { positionText } from '../history/branch/place.ts'
import {
  type JudgedPacket,
  judgePacket,
  type PacketAnswer,
  placePacket,
  type Subject,
  scratchState,
} from '../history/replay/kernel-packets.ts'
import { worldFrom } from '../history/state-at.ts'
import { momentOf } from './answer.ts'
import { openHistory, openScratch, type Place } from './compose.ts'
import { CliError, problemLine } from './failure.ts'
import { readInputs } from './input.ts'
import type { LogSink } from './log-verb.ts'
import { readPacketFile } from './packet-file.ts'
import { table } from './render/table.ts'

export type PacketOptions = Place & {
  readonly at: string | undefined
  readonly endpoint: number | undefined
  readonly node: string | undefined
  readonly packets: string | undefined
  readonly output: 'table' | 'json'
}

/** Ends with 4 where kernel and evaluator differ. Throws `CliError`, `DatapathError`. */
export async function replayPackets(options: PacketOptions, sink: LogSink): Promise<void> {
  await using history = await openHistory(options, sink.warn)
  const moment = await momentOf(history, options.at ?? null, '--at')
  if (moment === null) throw new CliError('notFound', 'the log is empty')
  const world = worldFrom(history.model, moment.position)
  const subject = subjectOf(world, options)
  const placed = (await wishesOf(options, sink)).map((wish, index) => {
    const found = placePacket(world, subject, wish)
    if (typeof found === 'string') throw new CliError('usage', `packet-unusable at --packets /${index}: ${found}`)
    return found
  })
  await using kernel = await openScratch(scratchState(world, subject.node))
  const judged: JudgedPacket[] = []
  for (const packet of placed) judged.push(await judgePacket(kernel, subject, packet))
  const document = {
    position: positionText(moment.position),
    endpoint: subject.view.endpoint,
    node: subject.node,
    packets: judged,
  }
  sink.write(options.output === 'json' ? `${JSON.stringify(document, null, 2)}\n` : packetsText(judged))
  if (judged.some(({ agrees }) => !agrees)) throw new CliError('integrity', '')
}

function subjectOf(world: World, { endpoint, node }: PacketOptions): Subject {
  const found = [...world.nodes].flatMap(([name, { endpoints }]) =>
    [...endpoints.values()]
      .filter((view) => view.endpoint === endpoint && (node === undefined || node === name))
      .map((view) => ({ node: name, view })),
  )
  const [only, ...more] = found
  if (only === undefined) throw new CliError('notFound', `no-such-endpoint: ${endpoint} was not there at that position`)
  if (more.length > 0) {
    throw new CliError('usage', `node-ambiguous at --node: ${found.map(({ node: name }) => name).join(', ')} have it`)
  }
  const { identity, ipv4 } = only.view
  if (identity !== null && ipv4 !== null) return only
  throw new CliError(
    'notFound',
    `endpoint-not-loaded: ${endpoint} had no ${identity === null ? 'identity' : 'IPv4 address'} at that position`,
  )
}

async function wishesOf(
  { packets: name = '-' }: PacketOptions,
  sink: LogSink,
): Promise<ReturnType<typeof readPacketFile>['packets']> {
  const [input] = await readInputs([name], sink.stdin)
  if (input === undefined || input.text === null) {
    throw new CliError('usage', `${input?.problem?.code} at --packets ${name}: ${input?.problem?.reason}`)
  }
  const { packets, problems } = readPacketFile(input.text)
  if (problems.length > 0) throw new CliError('usage', problems.map((problem) => problemLine(problem, name)).join('\n'))
  return packets
}

function packetsText(judged: readonly JudgedPacket[]): string {
  const rows = judged.map(({ packet: { from, to, protocol, port }, direction, kernel, evaluator, agrees }) => [
    `${from} -> ${to}:${port}/${protocol}`,
    direction,
    kernel === null ? 'no verdict' : answerText(kernel),
    answerText(evaluator),
    agrees ? '' : 'DIFFERENT',
  ])
  const differing = judged.filter(({ agrees }) => !agrees).length
  const end =
    differing === 0 ? 'kernel and evaluator agree' : `kernel and evaluator differ in ${differing} of ${judged.length}`
  return `${table([['PACKET', 'DIRECTION', 'KERNEL', 'EVALUATOR'], ...rows].map(trimmed))}${end}\n`
}

function trimmed(row: readonly string[]): readonly string[] {
  return row.at(-1) === '' ? row.slice(0, -1) : row
}

function answerText({ verdict, dropReason, proxyPort, matchType, identity }: PacketAnswer): string {
  const detail = dropReason === null ? (proxyPort === null ? '' : ` to ${proxyPort}`) : ` (${dropReason})`
  return `${verdict}${detail}, ${matchType}, identity ${identity}`
}
