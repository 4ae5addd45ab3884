/** What a writing verb answers: what came of each wish, and the position and revision from which on it is so. */
import type { HindcastEvent } from '../../events/catalogue.ts'
import type { Problem } from '../../events/fields.ts'
import type { Source } from '../../events/recorded.ts'
import type { Command } from '../decide/command.ts'
import { BRANCH_CONFLICT } from '../decide/merge.ts'
import { resolveMoment } from '../history/position.ts'
import { type Frame, type Output, render } from './answer.ts'
import { now, openLogToWrite, openStates, type Place } from './compose.ts'
import { CliError, problemLine } from './failure.ts'
import { type Submitted, submit } from './submit.ts'

export type WriteOptions = Place & { readonly dryRun: boolean; readonly output: Output }

export type Wish = {
  readonly command: Command
  readonly source: (event: HindcastEvent) => Source
  /** Where a problem stands, for people: a file. */
  readonly whereOf: (problem: Problem) => string
  /** What came of it, one item and one line of text each. */
  readonly outcomes: (events: readonly HindcastEvent[], submitted: Submitted) => readonly Outcome[]
}

export type Outcome = { readonly item: Readonly<Record<string, unknown>>; readonly line: string }

/** Gives the answer for standard output. Throws `CliError` with every problem where the wish is refused; `print` then gets the JSON. */
export async function write(
  wish: Wish,
  { options, print }: { readonly options: WriteOptions; readonly print: (text: string) => void },
): Promise<void> {
  await using log = await openLogToWrite(options)
  using states = openStates(options)
  const { command, source } = wish
  const submitted = await submit({ log, command, source, states, dryRun: options.dryRun })
  const at = await resolveMoment({ log, now: now(), at: null })
  const head = at.kind === 'found' ? at.moment : null
  const position = submitted.positions.at(-1)
  const moment =
    position === undefined || submitted.recordedAt === null ? head : { position, recordedAt: submitted.recordedAt }
  const revision = revisionAfter(submitted)
  const frame = { moment, revision, output: options.output }
  if (submitted.decision.kind === 'refused') return await refuse(wish, submitted, { frame, print })
  const events = submitted.decision.appends.flatMap((append) => append.events)
  const outcomes = wish.outcomes(events, submitted)
  const note = options.dryRun ? ' (dry run)' : ''
  const text = outcomes.map(({ line }) => `${line}${note}\n`).join('')
  print(await render({ items: outcomes.map(({ item }) => ({ ...item, dryRun: options.dryRun })), text }, frame))
}

async function refuse(
  { whereOf }: Wish,
  { decision, positions }: Submitted,
  { frame, print }: { readonly frame: Frame; readonly print: (text: string) => void },
): Promise<never> {
  if (decision.kind !== 'refused') throw new TypeError('nothing was refused')
  const { problems } = decision
  if (frame.output !== 'table') {
    const items = problems.map((problem) => ({ where: whereOf(problem), ...problem }))
    print(await render({ items, text: '' }, frame))
  }
  const recorded = positions[0] === undefined ? '' : `, recorded at position ${positions[0]}`
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  const lines = problems.map((problem) => `\n  ${problemLine(problem, whereOf(problem))}`).join('')
  const missing = problems.every(({ code }) => code.endsWith('-not-found'))
  const contested = problems.every(({ code }) => code === BRANCH_CONFLICT)
  throw new CliError(
    missing ? 'notFound' : contested ? 'difference' : 'usage',
    `refused, ${count}${recorded}; nothing was changed${lines}`,
  )
}

function revisionAfter({ decision, before, positions }: Submitted): number {
  if (decision.kind === 'refused' || positions.length === 0) return before.policies.revision
  const events = decision.appends.flatMap((append) => append.events)
  const revisions = events.map((event) =>
    event.type === 'PolicyAdded' || event.type === 'PolicyDeleted' ? event.revision : 0,
  )
  return Math.max(before.policies.revision, ...revisions)
}
