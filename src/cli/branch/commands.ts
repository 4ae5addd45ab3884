/** `branch apply`, `delete`, `edit` and `without`: what is otherwise on a branch. */
import { type FactRef, factKey } from '../../../events/facts.ts'
import { type ResourceRef, resourceKey } from '../../../events/fields.ts'
import { Position } from '../../../events/ids.ts'
import type { Recorded } from '../../../events/recorded.ts'
import { factRefs } from '../../decide/facts.ts'
import type { Branch, BranchCommand } from '../../history/branch/branch.ts'
import { subjectOfEvent, subjectText } from '../../history/branch/subject.ts'
import { policiesAfter, sharedAfter } from '../../history/branch/wanted.ts'
import { eventAt } from '../../history/event-at.ts'
import type { History } from '../../history/history.ts'
import { branchFolder } from '../beside.ts'
import { openHistory } from '../compose.ts'
import { CliError } from '../failure.ts'
import type { LogSink } from '../log-verb.ts'
import { type Document, type FileOptions, isFactRef, problemLines, readDocuments } from '../policy-documents.ts'
import { resourcesOf } from '../resource-name.ts'
import { appendCommands, type BranchOptions, forkOf, forkText, onBranch, readBranch } from './verbs.ts'

export type NamedOptions = BranchOptions & FileOptions & { readonly namespace: string | undefined }
type Context<O> = { readonly options: O; readonly sink: LogSink }

/** Throws `CliError` with every problem where a file holds something that would be refused. */
export async function applyToBranch(name: string, options: NamedOptions, sink: LogSink): Promise<void> {
  const documents = await acceptedDocuments(options, sink)
  const commands = documents.flatMap(({ policy, fact }): readonly BranchCommand[] => {
    if (policy !== null) return [{ kind: 'set', resource: policy.resource, manifest: policy.manifest }]
    return fact === null ? [] : [{ kind: 'set-fact', fact }]
  })
  // As `hindcast apply` has it: what policies name comes before them.
  const facts = commands.filter(({ kind }) => kind === 'set-fact')
  const policies = commands.filter(({ kind }) => kind === 'set')
  const folder = branchFolder(options)
  await using history = await openHistory(options, sink.warn)
  await appendCommands(name, [...facts, ...policies], { folder, history, options, sink })
}

async function acceptedDocuments(options: FileOptions, sink: LogSink): Promise<readonly Document[]> {
  const documents = await readDocuments(options, sink)
  const problems = problemLines(documents)
  if (problems !== '') throw new CliError('usage', `these policies would be refused:${problems}`)
  return documents
}

export async function deleteOnBranch(
  name: string,
  words: readonly string[],
  { options, sink }: Context<NamedOptions>,
): Promise<void> {
  if ((words.length === 0) === (options.filename.length === 0)) {
    throw new CliError('usage', 'branch delete takes -f or the names of policies')
  }
  const read = words.length > 0 ? [] : await readDocuments(options, sink)
  const named = words.length > 0 ? resourcesOf(words, options.namespace) : read.map(({ resource }) => resource)
  const resources = named.filter((resource) => resource !== null)
  if (resources.length < named.length) throw new CliError('usage', `nothing was changed${problemLines(read)}`)
  const folder = branchFolder(options)
  await using history = await openHistory(options, sink.warn)
  await refuseMissing(history, readBranch(folder, name), resources)
  const commands = resources.map(
    (resource): BranchCommand =>
      isFactRef(resource) ? { kind: 'delete-fact', ref: resource } : { kind: 'delete', resource },
  )
  await appendCommands(name, commands, { folder, history, options, sink })
}

/** What was set on the branch may be deleted there as well. */
async function refuseMissing(
  history: History,
  branch: Branch,
  resources: readonly (ResourceRef | FactRef)[],
): Promise<void> {
  const known = new Set([
    ...(await onBranch(branch, () => policiesAfter(history, branch))),
    ...factRefs(await onBranch(branch, () => sharedAfter(history, branch))),
  ])
  const keys = resources.map((resource) => (isFactRef(resource) ? factKey(resource) : resourceKey(resource)))
  const unknown = keys.filter((key) => !known.has(key))
  if (unknown.length > 0)
    throw new CliError('notFound', `no-such-policy at ${forkText(branch.fork)}: ${unknown.join(', ')}`)
}

/** Throws `CliError` where a position up to the fork holds no event that can be left out, with the reason. */
export async function withoutOnBranch(
  name: string,
  positions: readonly string[],
  { options, sink }: Context<BranchOptions>,
): Promise<void> {
  const folder = branchFolder(options)
  const branch = readBranch(folder, name)
  await using history = await openHistory(options, sink.warn)
  const commands: BranchCommand[] = []
  for (const position of positions) {
    const recorded = await eventUpToFork(history, branch, position)
    const outcome = await subjectOfEvent(history, recorded)
    if (outcome.kind === 'refused')
      throw new CliError('usage', `without-unable: ${position} cannot be left out: ${outcome.reason}`)
    commands.push({ kind: 'without', position, what: `${recorded.event.type} ${subjectText(outcome.subject)}` })
  }
  await appendCommands(name, commands, { folder, history, options, sink })
}

export type EditOptions = BranchOptions & FileOptions

/** Had that policy been this instead. Throws `CliError`. */
export async function editOnBranch(
  name: string,
  position: string,
  { options, sink }: Context<EditOptions>,
): Promise<void> {
  const documents = await acceptedDocuments(options, sink)
  const [policy, ...more] = documents.flatMap(({ policy: found }) => (found === null ? [] : [found]))
  if (policy === undefined || more.length > 0 || documents.length > 1)
    throw new CliError('usage', 'edit-policy: edit takes one policy, as the event should have had it')
  const folder = branchFolder(options)
  const branch = readBranch(folder, name)
  await using history = await openHistory(options, sink.warn)
  const { event } = await eventUpToFork(history, branch, position)
  if (event.type !== 'PolicyAdded') {
    const instead =
      'only what set a policy can be edited; leave the event out with branch without, and apply what should have been'
    throw new CliError('usage', `edit-unable: ${position} is ${event.type}: ${instead}`)
  }
  const [was, is] = [resourceKey(event.resource), resourceKey(policy.resource)]
  if (was !== is) throw new CliError('usage', `edit-other: ${position} set ${was}, and the file has ${is}`)
  const command: BranchCommand = { kind: 'edit', position, resource: policy.resource, manifest: policy.manifest }
  await appendCommands(name, [command], { folder, history, options, sink })
}

async function eventUpToFork(history: History, branch: Branch, position: string): Promise<Recorded> {
  const fork = forkOf(branch)
  const isNumber = /^[0-9]{1,20}$/.test(position)
  if (!isNumber) throw new CliError('usage', `${position} is not a position`)
  const isBefore = fork !== null && BigInt(position) <= fork
  const recorded = isBefore ? await eventAt(history, Position(BigInt(position))) : null
  if (recorded !== null) return recorded
  const last = fork === null ? [] : await lastPolicyEvents(history, fork)
  const known = last.length === 0 ? 'there are none of policies' : `the last of policies are at ${last.join(', ')}`
  throw new CliError('notFound', `no-such-event: ${position} up to ${forkText(branch.fork)}; ${known}`)
}

const NEAREST = 3

async function lastPolicyEvents({ log }: History, fork: Position): Promise<readonly string[]> {
  const found: string[] = []
  const types = ['PolicyAdded', 'PolicyDeleted'] as const
  const after = Position(fork + 1n)
  for await (const batch of log.readAll({ direction: 'backwards', after, types, limit: NEAREST }))
    found.push(...batch.map((stored) => String(stored.position)))
  return found.toReversed()
}
