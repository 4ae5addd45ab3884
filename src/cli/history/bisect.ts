/** `hindcast bisect`: the one event that turned it. */

import { spawnSync } from 'node:child_process'
import { type BisectOutcome, bisectBy, bisectExpectation, type Holds, type Turn } from '../../history/bisect.ts'
import { positionText } from '../../history/branch/place.ts'
import { diffView } from '../../history/diff-view.ts'
import type { History } from '../../history/history.ts'
import { labelsAt } from '../../history/labels.ts'
import { isoTime, type Moment, momentText } from '../../history/position.ts'
import { momentsOf } from '../answer.ts'
import { openHistory, type Place } from '../compose.ts'
import { readExpectation } from '../expectation.ts'
import { CliError } from '../failure.ts'
import type { LogSink } from '../log-verb.ts'
import { counted } from '../render/counted.ts'
import { diffText } from '../render/diff.ts'

export type BisectOptions = Place & {
  readonly good: string
  readonly bad: string | undefined
  readonly run: string | undefined
  readonly output: 'table' | 'json'
}

/** As with `git bisect run`: 0 good, up to 127 bad, and what is above ends the search. */
const BAD_MAX = 127
/** `git bisect run`: "cannot be tested"; there is no other event that could be tried for it. */
const UNTESTABLE = 125

/** Throws `CliError`. */
export async function bisect(words: readonly string[], options: BisectOptions, sink: LogSink): Promise<void> {
  if ((words.length === 0) === (options.run === undefined)) {
    throw new CliError('usage', 'bisect takes an expectation after --, or --run COMMAND')
  }
  const wish = options.run === undefined ? readExpectation(words) : null
  await using history = await openHistory(options, sink.warn)
  const range = await rangeOf(history, options)
  const outcome =
    wish === null
      ? await bisectBy(history, range, commandHolds(options, sink))
      : await bisectExpectation(history, range, wish)
  if (outcome.kind === 'not-between') throw new CliError('notFound', `not-between: ${outcome.reason}`)
  const what = wish === null ? options.run! : words.join(' ')
  sink.write(options.output === 'json' ? json(history, outcome, what) : text(history, outcome.turn, what))
}

async function rangeOf(
  history: History,
  { good, bad }: BisectOptions,
): Promise<{ readonly good: Moment; readonly bad: Moment }> {
  const [from = null, to = null] = await momentsOf(history, [
    ['--good', good],
    ['--bad', bad ?? null],
  ])
  if (from === null || to === null) throw new CliError('notFound', 'the log is empty')
  if (from.position >= to.position) {
    throw new CliError(
      'usage',
      `range-wrong: --good ${positionText(from.position)} is not before --bad ${positionText(to.position)}`,
    )
  }
  return { good: from, bad: to }
}

/** The command finds the moment in HINDCAST_AT, for `hindcast … --at "$HINDCAST_AT"`. Its output goes to standard error. */
function commandHolds({ run, log, state }: BisectOptions, sink: LogSink): Holds {
  return async (at) => {
    const place = {
      ...(log === undefined ? {} : { HINDCAST_LOG: log }),
      ...(state === undefined ? {} : { HINDCAST_STATE: state }),
    }
    const { status, signal, stdout, stderr, error } = spawnSync('/bin/sh', ['-c', run!], {
      env: { ...process.env, ...place, HINDCAST_AT: positionText(at) },
      encoding: 'utf8',
    })
    sink.warn(`${stdout}${stderr}`)
    if (error !== undefined || status === null || status > BAD_MAX || status === UNTESTABLE) {
      const how = error?.message ?? signal ?? `ended with ${status}`
      throw new CliError('backend', `command-failed at --run: ${how} at position ${positionText(at)}`)
    }
    sink.warn(`${positionText(at)}: ${status === 0 ? 'good' : `bad (${status})`}\n`)
    return status === 0
  }
}

function text(history: History, turn: Turn, what: string): string {
  const { evaluations, before, after } = turn
  return [
    `${what}`,
    `held until ${momentText(before)}`,
    `turned by ${turnedBy(turn)}`,
    '',
    `${diffText(viewOf(history, turn))}`,
    `found in ${counted(evaluations, 'evaluation')}; at ${momentText(after)}`,
    '',
  ].join('\n')
}

function turnedBy({ event, cause, command }: Turn): string {
  if (command !== null) return command.number === 0 ? command.said : `${command.said}, of branch ${command.branch}`
  const by =
    cause === null
      ? event.actor
      : `${event.actor}, following ${cause.type} at ${cause.position} by ${cause.actor} (${cause.source})`
  return `${event.type} at position ${event.position}, ${event.time}, ${by}`
}

function json(history: History, { turn }: Extract<BisectOutcome, { kind: 'turned' }>, what: string): string {
  const { event, cause, command, evaluations, before } = turn
  const held = { position: positionText(before.position), time: isoTime(before.recordedAt) }
  const document = { what, event, cause, command, held, evaluations, changes: viewOf(history, turn) }
  return `${JSON.stringify(document, null, 2)}\n`
}

function viewOf({ model }: History, { changes, after }: Turn): ReturnType<typeof diffView> {
  return diffView(changes, { labelsOf: (node) => labelsAt(model, node, after.position), nameOf: () => null })
}
