/** Every answer says at which position, time and revision it is true, in text and in JSON. */
import { world as fold, type World } from '../../projections/world.ts'
import { positionText } from '../history/branch/place.ts'
import type { History } from '../history/history.ts'
import { isoTime, type Moment, momentText, resolveMoment } from '../history/position.ts'
import { worldFrom } from '../history/state-at.ts'
import { now, openHistory, type Place } from './compose.ts'
import { CliError } from './failure.ts'

export type Output = 'table' | 'json' | 'yaml' | 'jsonl'

export type ReadOptions = Place & {
  readonly at: string | undefined
  readonly node: string | undefined
  readonly namespace?: string | undefined
  readonly output: Output
}

/** What a verb found: rows for programs, text for people. */
export type Found = { readonly items: readonly unknown[]; readonly text: string }

/** The history, and the moment of it that is asked about; null is the empty log. */
export type Asked = History & { readonly moment: Moment | null }

export async function answer(
  options: ReadOptions,
  find: (world: World, asked: Asked) => Found | Promise<Found>,
  warn: (text: string) => void,
): Promise<string> {
  await using history = await openHistory(options, warn)
  const moment = await momentOf(history, options.at ?? null, '--at')
  const world = moment === null ? fold.initial : worldFrom(history.model, moment.position)
  return render(await find(world, { ...history, moment }), { moment, revision: world.revision, output: options.output })
}

type Askable = Pick<History, 'log'> & Partial<History>

/** What a person wrote in the option or argument `where`; null is the head. Throws `CliError`. */
export async function momentOf(history: Askable, at: string | null, where: string): Promise<Moment | null> {
  const [moment = null] = await momentsOf(history, [[where, at]])
  return moment
}

/** Several of them; what cannot be found is said of all at once. Throws `CliError`. */
export async function momentsOf(
  history: Askable,
  words: readonly (readonly [where: string, at: string | null])[],
): Promise<readonly (Moment | null)[]> {
  const found: (Moment | null)[] = []
  const problems: string[] = []
  let isUsage = false
  for (const [where, at] of words) {
    const outcome = await resolveMoment({ ...history, now: now(), at })
    if (outcome.kind === 'found') found.push(outcome.moment)
    else problems.push(`${outcome.kind} at ${where}: ${outcome.reason}`)
    isUsage ||= outcome.kind === 'bad-input'
  }
  if (problems.length > 0) throw new CliError(isUsage ? 'usage' : 'notFound', problems.join('\n'))
  return found
}

/** `--from` and `--to`: from what the log begins with, and to the head, where they are left out. Throws `CliError`. */
export async function rangeOf(
  history: Askable,
  { from, to }: { readonly from: string | undefined; readonly to: string | undefined },
): Promise<{ readonly from: Moment | null; readonly to: Moment }> {
  const [end = null, start = null] = await momentsOf(history, [
    ['--to', to ?? null],
    ...(from === undefined ? [] : [['--from', from] as const]),
  ])
  if (end === null) throw new CliError('notFound', 'the log is empty')
  if (start !== null && start.position > end.position)
    throw new CliError('usage', `range-inverted at --from: ${start.position} is after ${end.position}`)
  return { from: from === undefined ? (history.log.begins ?? null) : start, to: end }
}

export type Frame = { readonly moment: Moment | null; readonly revision: number; readonly output: Output }

export async function render({ items, text }: Found, { moment, revision, output }: Frame): Promise<string> {
  const position = moment === null ? null : positionText(moment.position)
  const time = moment === null ? null : isoTime(moment.recordedAt)
  const document = { position, time, revision, items }
  switch (output) {
    case 'json':
      return `${JSON.stringify(document, null, 2)}\n`
    case 'yaml':
      return (await import('yaml')).stringify(document)
    case 'jsonl':
      return items.map((item) => `${JSON.stringify({ position, time, revision, item })}\n`).join('')
    case 'table':
      return `${text}\nat ${moment === null ? 'the empty log' : momentText(moment)}, revision ${revision}\n`
  }
}
