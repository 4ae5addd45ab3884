/** `branch rebase` and `branch merge`: where a branch meets what the log has gained since its fork. */
import { digestOf } from '../../../events/canonical.ts'
import type { HindcastEvent } from '../../../events/catalogue.ts'
import { resourceKey } from '../../../events/fields.ts'
import type { MergedFact, MergedPolicy } from '../../decide/merge.ts'
import type { Branch } from '../../history/branch/branch.ts'
import { type Conflict, conflictsOf } from '../../history/branch/conflicts.ts'
import { type Planned, plannedOf } from '../../history/branch/planned.ts'
import { essenceOf, type Subject, subjectText } from '../../history/branch/subject.ts'
import { type EventRef, eventAt, refOf } from '../../history/event-at.ts'
import type { History } from '../../history/history.ts'
import { momentOf } from '../answer.ts'
import { branchFolder } from '../beside.ts'
import { openHistory } from '../compose.ts'
import { CliError } from '../failure.ts'
import type { LogSink } from '../log-verb.ts'
import { type Outcome, type WriteOptions, write } from '../written.ts'
import { type BranchOptions, forkOf, forkText, onBranch, readBranch } from './verbs.ts'

export type RebaseOptions = BranchOptions & { readonly onto: string | undefined; readonly output: 'table' | 'json' }

/** Puts the branch on top of a later moment. Ends with 1, and changes nothing, where what it touches changed in between. Throws `CliError`. */
export async function rebaseBranch(name: string, options: RebaseOptions, sink: LogSink): Promise<void> {
  const folder = branchFolder(options)
  const branch = readBranch(folder, name)
  await using history = await openHistory(options, sink.warn)
  const { log, model } = history
  const moment = await momentOf({ log, model }, options.onto ?? null, '--onto')
  const stand = forkOf(branch)
  if (moment === null || (stand !== null && moment.position < stand)) {
    throw new CliError('usage', `branch-older: ${name} stands at ${forkText(branch.fork)}, and goes forward only`)
  }
  const conflicts = await onBranch(branch, () => conflictsOf(history, branch, moment.position))
  const fork = String(moment.position)
  if (options.output === 'json')
    sink.write(`${JSON.stringify({ name, fork: branch.fork, onto: fork, conflicts }, null, 2)}\n`)
  if (conflicts.length > 0)
    throw new CliError('difference', `nothing was changed${conflicts.map(conflictLines).join('')}`)
  if (!(await folder.replace({ ...branch, fork }, branch)))
    throw new CliError('difference', `branch-changed: ${name} was changed meanwhile; nothing was done, try again`)
  if (options.output === 'table') sink.write(`${name} now stands at ${forkText(fork)}\n`)
}

/** Changes of one thing that are shown; `-o json` has all. */
const CHANGES_SHOWN = 5

function conflictLines({ what, commands, events }: Conflict): string {
  const shown = events.toReversed().slice(0, CHANGES_SHOWN)
  const own = commands.length === 0 ? '' : `; on the branch by command ${commands.join(', ')}`
  const [last, ...before] = shown.map((event) => `was ${doneBy(event)}`)
  const further = events.length - shown.length
  return [
    `\n  branch-conflict: ${what} ${last ?? 'changed'}${own}`,
    ...before.map((line) => `\n    before that it ${line}`),
    ...(further > 0 ? [`\n    and ${further} more since the fork`] : []),
  ].join('')
}

function doneBy({ type, position, time, actor, source }: EventRef): string {
  const done = /Deleted$|Expired$/.test(type) ? 'deleted' : 'set'
  return `${done} at position ${position}, ${time}, ${actor} by ${source}`
}

/** The branch is dropped once the log has it. Ends with 1 where what it changes changed since the fork. Throws `CliError`. */
export async function mergeBranch(name: string, options: WriteOptions, sink: LogSink): Promise<void> {
  const folder = branchFolder(options)
  const branch = readBranch(folder, name)
  const { planned, last } = await readPlan(branch, options, sink)
  const lost = planned.others.filter(({ subject }) => subject.unit !== 'policy')
  if (lost.length > 0) {
    const named = lost.map(({ subject }) => subjectText(subject)).join(', ')
    throw new CliError(
      'usage',
      `branch-unmergeable: ${named}: what was seen and learned cannot be made otherwise by a wish`,
    )
  }
  const command = {
    kind: 'merge-policies',
    policies: planned.policies.map(mergedPolicy),
    facts: planned.others.map(mergedFact),
  } as const
  await write(
    {
      command,
      source: () => ({ kind: 'cli', detail: `branch merge ${name}` }),
      whereOf: ({ reason }) => {
        const ref = [...last].find(([what]) => reason.startsWith(`${what} `))?.[1]
        return ref === undefined ? name : `position ${ref.position}, ${ref.time}, ${ref.actor} by ${ref.source}`
      },
      outcomes: (appended) => appended.flatMap(outcomeOf),
    },
    { options, print: sink.write },
  )
  if (!options.dryRun && !(await folder.drop(name, branch))) sink.warn(`${name} was changed meanwhile and is kept\n`)
}

type Read = { readonly planned: Planned; readonly last: ReadonlyMap<string, EventRef> }

/** With the last event of everything that the branch changes. */
async function readPlan(branch: Branch, options: WriteOptions, sink: LogSink): Promise<Read> {
  await using history = await openHistory(options, sink.warn)
  const planned = await onBranch(branch, () => plannedOf(history, branch))
  const subjects: readonly Subject[] = [
    ...planned.policies.map(({ resource }) => ({ unit: 'policy', entity: `policy ${resourceKey(resource)}` })),
    ...planned.others.map(({ subject }) => subject),
  ]
  const last = new Map<string, EventRef>()
  for (const subject of subjects) {
    const ref = await lastEvent(history, subject)
    if (ref !== null) last.set(subjectText(subject), ref)
  }
  return { planned, last }
}

async function lastEvent(history: History, subject: Subject): Promise<EventRef | null> {
  const upTo = history.model.builtTo()
  const [version] = upTo === null ? [] : history.model.versions({ ...subject, upTo, limit: 1 })
  const recorded = version === undefined ? null : await eventAt(history, version.position)
  return recorded === null ? null : refOf(recorded)
}

export function mergedPolicy({ resource, manifest, rules, atFork }: Planned['policies'][number]): MergedPolicy {
  if (manifest === null) return { resource, wish: null, expected: atFork }
  const inputDigest = digestOf(manifest)
  const wish = { kind: 'policy', inputDigest, resource, manifest, rules: rules?.length ?? 0 } as const
  return { resource, wish, expected: atFork }
}

export function mergedFact({ subject, atFork, facts }: Planned['others'][number]): MergedFact {
  const event = facts[0]?.event
  const isFact =
    event?.type === 'CidrGroupSet' ||
    event?.type === 'CidrGroupDeleted' ||
    event?.type === 'ServiceSet' ||
    event?.type === 'ServiceDeleted'
  if (!isFact) throw new TypeError(`${subjectText(subject)} is neither a group nor a service`)
  const [kind, name] = [subject.entity.split(' ', 1)[0]!, subject.entity.slice(subject.entity.indexOf(' ') + 1)]
  const known = essenceOf(subject, atFork)
  const expected = known === null ? null : digestOf(known)
  return { kind: kind === 'service' ? 'service' : 'cidr-group', name, event, expected }
}

function outcomeOf(event: HindcastEvent): readonly Outcome[] {
  const outcome = event.type.endsWith('Deleted') ? 'deleted' : 'set'
  switch (event.type) {
    case 'PolicyAdded':
    case 'PolicyDeleted': {
      const policy = resourceKey(event.resource)
      return [{ item: { policy, outcome, revision: event.revision }, line: `${policy} ${outcome}` }]
    }
    case 'CidrGroupSet':
    case 'CidrGroupDeleted':
      return [factOutcome(`cidr-group ${event.name}`, outcome)]
    case 'ServiceSet':
    case 'ServiceDeleted':
      return [factOutcome(`service ${event.namespace}/${event.name}`, outcome)]
    default:
      return []
  }
}

function factOutcome(fact: string, outcome: string): Outcome {
  return { item: { fact, outcome }, line: `${fact} ${outcome}` }
}
