/** `hindcast branch`: policies as they could be, on top of a moment. The log learns of them only by `merge`. */
import { digestOf } from '../../events/canonical.ts'
import { type ResourceRef, resourceKey } from '../../events/fields.ts'
import type { Json } from '../../events/schema.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import type { PolicyRule } from '../../projections/policy/rule.ts'
import { world as fold } from '../../projections/world.ts'
import type { MergedPolicy } from '../decide/merge.ts'
import {
  BRANCH_VERSION,
  type Branch,
  type BranchCommand,
  branchedPolicies,
  conflictsOf,
  type PolicyEvent,
  policyEvents,
} from '../history/branch/branch.ts'
import { BRANCH_NAME, BranchError, type BranchFolder } from '../history/branch/folder.ts'
import { refOf } from '../history/event-at.ts'
import { planOf } from '../history/plan/plan.ts'
import { worldFrom } from '../history/state-at.ts'
import { momentOf } from './answer.ts'
import { branchFolder } from './beside.ts'
import { openHistory, openLogToRead, type Place } from './compose.ts'
import { CliError } from './failure.ts'
import { type ReportOptions, report } from './history-plan.ts'
import type { LogSink } from './log-verb.ts'
import { type FileOptions, isFactRef, problemLines, readDocuments } from './policy-documents.ts'
import { counted } from './render/counted.ts'
import { resourcesOf } from './resource-name.ts'
import { type WriteOptions, write } from './written.ts'

export type BranchOptions = Place
export type NamedOptions = Place & FileOptions & { readonly namespace: string | undefined }
type Context<O> = { readonly options: O; readonly sink: LogSink }

/** Throws `CliError`. */
export async function createBranch(
  name: string,
  options: BranchOptions & { readonly at: string | undefined },
  sink: LogSink,
): Promise<void> {
  if (!BRANCH_NAME.test(name)) {
    throw new CliError('usage', `branch-name: ${name} is not 1 to 63 letters, digits, dots, dashes, underscores`)
  }
  const folder = branchFolder(options)
  if (folder.names().includes(name)) throw new CliError('usage', `branch-exists: ${name}; drop it first`)
  await using log = await openLogToRead(options, sink.warn)
  const moment = await momentOf({ log }, options.at ?? null, '--at')
  const fork = moment === null ? null : String(moment.position)
  folder.save({ v: BRANCH_VERSION, name, fork, commands: [] })
  sink.write(`${name} begins at ${placeOf(fork)}\n`)
}

export async function listBranches(
  options: BranchOptions & { readonly output: 'table' | 'json' },
  sink: LogSink,
): Promise<void> {
  const folder = branchFolder(options)
  const items = folder.names().map((name) => readBranch(folder, name))
  if (options.output === 'json') return sink.write(`${JSON.stringify({ items }, null, 2)}\n`)
  const lines = items.flatMap(({ name, fork, commands }) => [
    `${name}: at ${placeOf(fork)}, ${counted(commands.length, 'command')}`,
    ...commands.map((command) => `  ${commandText(command)}`),
  ])
  sink.write(lines.length === 0 ? 'no branches\n' : `${lines.join('\n')}\n`)
}

/** Throws `CliError` with every problem where a file holds something that would be refused. */
export async function applyToBranch(name: string, options: NamedOptions, sink: LogSink): Promise<void> {
  const documents = await readDocuments(options, sink)
  const problems = problemLines(documents)
  if (problems !== '') throw new CliError('usage', `these policies would be refused:${problems}`)
  refuseFacts(documents.flatMap(({ fact, resource }) => (fact === null ? [] : [`${fact.ref.kind} ${resource?.name}`])))
  const policies = documents.flatMap(({ policy }) => (policy === null ? [] : [policy]))
  const commands = policies.map(
    ({ resource, manifest }): BranchCommand => ({ kind: 'set', resource, manifest, position: null }),
  )
  append(name, commands, { options, sink })
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
  refuseFacts(resources.filter(isFactRef).map((ref) => `${ref.kind} ${ref.name}`))
  const policies = resources.filter((resource): resource is ResourceRef => !isFactRef(resource))
  await refuseMissing(name, policies, { options, sink })
  const commands = policies.map(
    (resource): BranchCommand => ({ kind: 'delete', resource, manifest: null, position: null }),
  )
  append(name, commands, { options, sink })
}

/** Throws `CliError` where a position up to the fork holds no event that set or deleted a policy. */
export async function withoutOnBranch(
  name: string,
  positions: readonly string[],
  { options, sink }: Context<BranchOptions>,
): Promise<void> {
  const { fork } = readBranch(branchFolder(options), name)
  await using log = await openLogToRead(options, sink.warn)
  const events = (await policyEvents(log)).filter(({ position }) => fork !== null && position <= BigInt(fork))
  const commands = positions.map((position): BranchCommand => {
    const found = events.find((one) => String(one.position) === position)
    if (found !== undefined) return { kind: 'without', resource: found.event.resource, manifest: null, position }
    const known = events.slice(-3).map((one) => one.position)
    const near = known.length === 0 ? 'there are none' : `the last are at ${known.join(', ')}`
    throw new CliError('notFound', `no-policy-event: ${position} up to ${placeOf(fork)}; ${near}`)
  })
  append(name, commands, { options, sink })
}

/** What `plan` would say on top of the fork. Ends with 1 where something would change. Throws `CliError`. */
export async function showBranch(name: string, options: ReportOptions, sink: LogSink): Promise<void> {
  const branch = readBranch(branchFolder(options), name)
  await using history = await openHistory(options, sink.warn)
  const moment = branch.fork === null ? null : await momentOf(history, branch.fork, 'the fork')
  const world = moment === null ? fold.initial : worldFrom(history.model, moment.position)
  const planned = branchedPolicies(branch, await policyEvents(history.log)).map(({ resource, manifest }) => ({
    resource,
    manifest,
    rules: manifest === null ? null : rulesOf(resource, manifest),
  }))
  await report(history, { found: planOf(world, planned, []), moment, world, connections: [] }, { options, sink })
}

/** The branch is dropped once the log has it. Ends with 1 where a policy changed since the fork. Throws `CliError`. */
export async function mergeBranch(name: string, options: WriteOptions, sink: LogSink): Promise<void> {
  const folder = branchFolder(options)
  const branch = readBranch(folder, name)
  const events = await eventsOf(options, sink)
  const policies = branchedPolicies(branch, events).map(({ resource, manifest, atFork }): MergedPolicy => {
    if (manifest === null) return { resource, wish: null, expected: atFork }
    const rules = rulesOf(resource, manifest).length
    return {
      resource,
      wish: { kind: 'policy', inputDigest: digestOf(manifest), resource, manifest, rules },
      expected: atFork,
    }
  })
  const last = new Map(events.map((recorded) => [resourceKey(recorded.event.resource), refOf(recorded)]))
  await write(
    {
      command: { kind: 'merge-policies', policies },
      source: () => ({ kind: 'cli', detail: `branch merge ${name}` }),
      whereOf: ({ reason }) => {
        const ref = last.get(reason.split(' ')[0]!)
        return ref === undefined ? name : `position ${ref.position}, ${ref.time}, ${ref.actor} by ${ref.source}`
      },
      outcomes: (appended) =>
        appended.flatMap((event) => {
          if (event.type !== 'PolicyAdded' && event.type !== 'PolicyDeleted') return []
          const policy = resourceKey(event.resource)
          const outcome = event.type === 'PolicyAdded' ? 'set' : 'deleted'
          return [{ item: { policy, outcome, revision: event.revision }, line: `${policy} ${outcome}` }]
        }),
    },
    { options, print: sink.write },
  )
  if (!options.dryRun) folder.drop(name)
}

/** Puts the branch on top of a later moment. Ends with 1, and changes nothing, where a policy that it touches changed in between. Throws `CliError`. */
export async function rebaseBranch(
  name: string,
  options: BranchOptions & { readonly onto: string | undefined },
  sink: LogSink,
): Promise<void> {
  const folder = branchFolder(options)
  const branch = readBranch(folder, name)
  await using log = await openLogToRead(options, sink.warn)
  const moment = await momentOf({ log }, options.onto ?? null, '--onto')
  if (moment === null || (branch.fork !== null && moment.position < BigInt(branch.fork))) {
    throw new CliError('usage', `branch-older: ${name} stands at ${placeOf(branch.fork)}, and goes forward only`)
  }
  const conflicts = conflictsOf(branch, await policyEvents(log), moment.position)
  if (conflicts.length > 0)
    throw new CliError('difference', `nothing was changed${conflicts.map(conflictLine).join('')}`)
  const fork = String(moment.position)
  folder.save({ ...branch, fork })
  sink.write(`${name} now stands at ${placeOf(fork)}\n`)
}

function conflictLine(recorded: PolicyEvent): string {
  const { position, time, actor, source } = refOf(recorded)
  const happened = recorded.event.type === 'PolicyDeleted' ? 'deleted' : 'set'
  return `\n  branch-conflict: ${resourceKey(recorded.event.resource)} was ${happened} at position ${position}, ${time}, ${actor} by ${source}`
}

export async function dropBranch(name: string, options: BranchOptions, sink: LogSink): Promise<void> {
  const folder = branchFolder(options)
  if (!folder.names().includes(name)) throw missing(folder, name)
  folder.drop(name)
  sink.write(`${name} dropped\n`)
}

function append(name: string, commands: readonly BranchCommand[], { options, sink }: Context<Place>): void {
  const folder = branchFolder(options)
  const branch = readBranch(folder, name)
  folder.save({ ...branch, commands: [...branch.commands, ...commands] })
  sink.write(commands.map((command) => `${commandText(command)} on ${name}\n`).join(''))
}

async function eventsOf(options: Place, sink: LogSink): ReturnType<typeof policyEvents> {
  await using log = await openLogToRead(options, sink.warn)
  return await policyEvents(log)
}

/** What was set on the branch may be deleted there as well. */
async function refuseMissing(
  name: string,
  resources: readonly ResourceRef[],
  { options, sink }: Context<Place>,
): Promise<void> {
  const { fork, commands } = readBranch(branchFolder(options), name)
  const known = new Set<string>()
  for (const { position, event } of await eventsOf(options, sink)) {
    if (fork === null || position > BigInt(fork)) break
    if (event.type === 'PolicyAdded') known.add(resourceKey(event.resource))
    else known.delete(resourceKey(event.resource))
  }
  for (const { kind, resource } of commands) if (kind === 'set') known.add(resourceKey(resource))
  const unknown = resources.map(resourceKey).filter((key) => !known.has(key))
  if (unknown.length > 0) throw new CliError('notFound', `no-such-policy at ${placeOf(fork)}: ${unknown.join(', ')}`)
}

function refuseFacts(named: readonly string[]): void {
  if (named.length > 0) throw new CliError('usage', `a branch takes policies only, not ${named.join(', ')}`)
}

/** Throws `CliError`. */
function readBranch(folder: BranchFolder, name: string): Branch {
  try {
    const found = folder.read(name)
    if (found !== null) return found
  } catch (error) {
    if (error instanceof BranchError) throw new CliError('integrity', error.message, { cause: error })
    throw error
  }
  throw missing(folder, name)
}

function missing(folder: BranchFolder, name: string): CliError {
  const names = folder.names()
  return new CliError(
    'notFound',
    `no-such-branch: ${name}; ${names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`}`,
  )
}

/** What stands in a branch's file was checked when it was applied, but a person may have edited it. Throws `CliError`. */
function rulesOf(resource: ResourceRef, manifest: Json): readonly PolicyRule[] {
  const reading = readPolicy(manifest)
  if (reading.kind === 'accepted') return reading.policy.rules
  const problems = reading.problems.map(({ code, path, reason }) => `${code} at ${path}: ${reason}`).join('; ')
  throw new CliError('usage', `${resourceKey(resource)} of the branch is not a policy: ${problems}`)
}

function commandText({ kind, resource, position }: BranchCommand): string {
  return kind === 'without' ? `without ${position} (${resourceKey(resource)})` : `${kind} ${resourceKey(resource)}`
}

function placeOf(fork: string | null): string {
  return fork === null ? 'the empty log' : `position ${fork}`
}
