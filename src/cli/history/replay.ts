/** `hindcast replay`: does the log come out the same today? And `--into`: what was there at a moment, as files. */

import { EndpointId, NodeName, type Position } from '../../../events/ids.ts'
import { unitParts } from '../../../projections/history/entities.ts'
import { placeOf, positionText } from '../../history/branch/place.ts'
import { CapsuleLog } from '../../history/capsule/capsule-log.ts'
import type { History } from '../../history/history.ts'
import { type LabelsOf, labelsAt } from '../../history/labels.ts'
import { type MaterialFile, materialise } from '../../history/materialise.ts'
import { isoTime, type Moment } from '../../history/position.ts'
import type { Mismatch, RuleDifference } from '../../history/replay/mismatch.ts'
import { type Replay, replay } from '../../history/replay/replay.ts'
import { worldFrom } from '../../history/state-at.ts'
import { rangeOf as momentRange } from '../answer.ts'
import { openHistory, type Place } from '../compose.ts'
import { CliError } from '../failure.ts'
import type { LogSink } from '../log-verb.ts'
import { counted } from '../render/counted.ts'
import { mapLine } from '../render/diff.ts'
import { paceLine } from '../render/pace.ts'
import { requireSubjects } from '../subjects.ts'
import { version } from '../version.ts'
import { writeFolder } from '../written-folder.ts'

export type ReplayOptions = Place & {
  readonly from: string | undefined
  readonly to: string | undefined
  readonly endpoint: number | undefined
  readonly node: string | undefined
  readonly into: string | undefined
  readonly output: 'table' | 'json'
}

/** Events between two lines of progress. */
const PROGRESS_EVENTS = 100_000

/** Ends with 4 where something comes out differently. Throws `CliError`. */
export async function replayLog(options: ReplayOptions, sink: LogSink): Promise<void> {
  await using history = await openHistory(options, sink.warn)
  const [from, to] = await rangeOf(history, options)
  if (options.into === undefined) requireSubjects(history, options, { moment: to, span: 'ever' })
  if (options.into !== undefined) {
    const files = materialise(worldFrom(history.model, to.position), to)
    writeFolder(options.into, files)
    sink.write(filesAnswer(options, to, files))
    return
  }
  const found = await replay({
    log: history.log,
    model: history.model,
    from: from?.position ?? null,
    to: to.position,
    endpoint: options.endpoint === undefined ? null : EndpointId(options.endpoint),
    nodes: nodesOf(history, to, options.node),
    progress: progressOf(to.position, sink),
  })
  const labels = (node: string): LabelsOf => labelsAt(history.model, node, to.position)
  sink.write(options.output === 'json' ? `${JSON.stringify(found, null, 2)}\n` : replayText(found, labels))
  if (found.mismatch === null) return
  if (history.log instanceof CapsuleLog && history.log.engine !== version())
    sink.warn(`recorded is what hindcast ${history.log.engine} made, recomputed what ${version()} makes of it\n`)
  throw new CliError('integrity', '')
}

/** A line now and then; a replay that begins in the middle of the log says so by its estimate. */
function progressOf(last: Position, { warn }: LogSink): (events: number, position: Position) => void {
  const [begun, isWatched] = [performance.now(), process.stderr.isTTY === true]
  let [said, first] = [0, null as Position | null]
  return (events, position) => {
    first ??= position
    if (events < said + PROGRESS_EVENTS) return
    said = events
    warn(paceLine('replayed', { events, elapsedMs: performance.now() - begun, position, first, last }, { isWatched }))
  }
}

function whereText({ position }: Moment): string {
  return placeOf(position) === null ? `position ${position}` : positionText(position)
}

/** A branch has files, but nothing that could be done again. */
async function rangeOf(all: History, { from, to, into }: ReplayOptions): Promise<readonly [Moment | null, Moment]> {
  const history = into === undefined ? { log: all.log, model: all.model } : all
  // Of a part of a log nothing is checked that only its state at the start follows from.
  const range = await momentRange(history, { from, to })
  return [range.from, range.to]
}

function nodesOf({ model }: History, { position }: Moment, wanted: string | undefined): readonly NodeName[] {
  const names = new Set(
    model
      .units(position)
      .map(unitParts)
      .flatMap((parts) => ('node' in parts ? [parts.node] : [])),
  )
  return [...names].filter((name) => wanted === undefined || name === wanted).map(NodeName)
}

function filesAnswer({ into, output }: ReplayOptions, to: Moment, files: readonly MaterialFile[]): string {
  if (output === 'table') return `${counted(files.length, 'file')} of ${whereText(to)} in ${into}\n`
  const moment = { position: positionText(to.position), time: isoTime(to.recordedAt) }
  return `${JSON.stringify({ ...moment, folder: into, items: files.map(({ path }) => path) }, null, 2)}\n`
}

function replayText(
  { events, startedAfter, nodes, checked, mismatch }: Replay,
  labelsOf: (node: string) => LabelsOf,
): string {
  const { maps, builds, reactions, notRecomputed } = checked
  const counts = `${counted(events, 'event')}, ${counted(nodes.length, 'node')}: ${counted(builds, 'build')}, ${counted(maps, 'map write')}, ${counted(reactions, 'reaction')} done again`
  const rest = notRecomputed === 0 ? '' : `; ${notRecomputed} could not be`
  const start = startedAfter === null ? '' : `from the state after position ${startedAfter}, as the read model has it\n`
  if (mismatch === null) return `${counts}${rest}\n${start}everything comes out as recorded\n`
  return `${counts}${rest}\n${start}\n${mismatchText(mismatch, labelsOf(mismatch.node))}`
}

function mismatchText(
  { kind, event, node, endpoint, reason, recorded, recomputed, entries, rules }: Mismatch,
  labelsOf: LabelsOf,
): string {
  const where = endpoint === null ? `node ${node}` : `endpoint ${endpoint} of node ${node}`
  return [
    `${kind} of ${where} at position ${event.position}, ${event.time}, ${event.type}: ${reason}`,
    `  recorded    ${JSON.stringify(recorded)}`,
    `  recomputed  ${JSON.stringify(recomputed)}`,
    ...entries.map((delta) => mapLine(delta, labelsOf)),
    ...rules.map(ruleLine),
    '',
  ].join('\n')
}

/** More of a rule than this is in the JSON. */
const RULE_MAX = 200

function ruleLine({ side, direction, port, origin, rule }: RuleDifference): string {
  const text = JSON.stringify(rule)
  const short = text.length > RULE_MAX ? `${text.slice(0, RULE_MAX - 1)}…` : text
  return `  ${side === 'recorded' ? '-' : '+'} ${direction} ${port} ${origin} ${short}`
}
