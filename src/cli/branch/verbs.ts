/** `hindcast branch`: what could be, on top of a moment. The log learns of it only by `merge` (branch-landing.ts); commands are added by branch-commands.ts. */
import { Position } from '../../../events/ids.ts'
import { world as fold } from '../../../projections/world.ts'
import { BRANCH_VERSION, type Branch, type BranchCommand, commandText } from '../../history/branch/branch.ts'
import { BranchContradiction } from '../../history/branch/contradiction.ts'
import { BRANCH_NAME, BranchError, type BranchFolder } from '../../history/branch/folder.ts'
import { plannedOf } from '../../history/branch/planned.ts'
import type { History } from '../../history/history.ts'
import { nearestNames } from '../../history/nearest.ts'
import { planOf } from '../../history/plan/plan.ts'
import { worldFrom } from '../../history/state-at.ts'
import { momentOf } from '../answer.ts'
import { branchFolder } from '../beside.ts'
import { openHistory, openLogToRead, type Place } from '../compose.ts'
import { CliError } from '../failure.ts'
import { type ReportOptions, report } from '../history/plan.ts'
import { type ConnectionOptions, connectionsOf } from '../history/plan-connections.ts'
import type { LogSink } from '../log-verb.ts'
import { counted } from '../render/counted.ts'

export type BranchOptions = Place & { readonly output: 'table' | 'json' }

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
  const exists = (): CliError => new CliError('usage', `branch-exists: ${name}; drop it first`)
  if (folder.names().includes(name)) throw exists()
  await using log = await openLogToRead(options, sink.warn)
  const moment = await momentOf({ log }, options.at ?? null, '--at')
  const fork = moment === null ? null : String(moment.position)
  if (!(await folder.replace({ v: BRANCH_VERSION, name, fork, commands: [] }, null))) throw exists()
  write({ name, fork, outcome: 'created' }, [`${name} begins at ${forkText(fork)}`], { options, sink })
}

export async function listBranches(options: BranchOptions, sink: LogSink): Promise<void> {
  const folder = branchFolder(options)
  const items = folder.names().map((name) => readBranch(folder, name))
  if (options.output === 'json') return sink.write(`${JSON.stringify({ items }, null, 2)}\n`)
  const lines = items.flatMap(({ name, fork, commands }) => [
    `${name}: at ${forkText(fork)}, ${counted(commands.length, 'command')}`,
    ...commands.map((command, index) => `  ${index + 1} ${commandText(command)}`),
  ])
  sink.write(lines.length === 0 ? 'no branches\n' : `${lines.join('\n')}\n`)
}

/** What `plan` would say on top of the fork. Ends with 1 where something would change. Throws `CliError`. */
export async function showBranch(name: string, options: ShowOptions, sink: LogSink): Promise<void> {
  const branch = readBranch(branchFolder(options), name)
  await using history = await openHistory(options, sink.warn)
  const moment = branch.fork === null ? null : await momentOf(history, branch.fork, 'the fork')
  const world = moment === null ? fold.initial : worldFrom(history.model, moment.position)
  const { policies, facts } = await onBranch(branch, () => plannedOf(history, branch))
  const found = planOf(world, policies, facts)
  const at = branch.fork ?? undefined
  const connections = await connectionsOf(history, { world, moment, ...found, options: { ...options, at } })
  await report(history, { found, moment, world, connections }, { options, sink })
}

export type ShowOptions = ReportOptions & Omit<ConnectionOptions, 'at'>

export async function dropBranch(name: string, options: BranchOptions, sink: LogSink): Promise<void> {
  const folder = branchFolder(options)
  if (!folder.names().includes(name)) throw missing(folder, name)
  await folder.drop(name, null)
  write({ name, outcome: 'dropped' }, [`${name} dropped`], { options, sink })
}

type Asked = { readonly options: Pick<BranchOptions, 'output'>; readonly sink: LogSink }

function write(document: object, lines: readonly string[], { options, sink }: Asked): void {
  sink.write(
    options.output === 'json' ? `${JSON.stringify(document, null, 2)}\n` : lines.map((line) => `${line}\n`).join(''),
  )
}

/** Only what is no contradiction is kept. Where another process added something meanwhile, these come after it. */
export async function appendCommands(
  name: string,
  commands: readonly BranchCommand[],
  { folder, history, ...asked }: Asked & { readonly folder: BranchFolder; readonly history: History },
): Promise<void> {
  const branch = readBranch(folder, name)
  const longer = { ...branch, commands: [...branch.commands, ...commands] }
  await onBranch(longer, () => plannedOf(history, longer))
  if (!(await folder.replace(longer, branch))) return appendCommands(name, commands, { folder, history, ...asked })
  const texts = commands.map((command) => `${commandText(command)} on ${name}`)
  write({ name, fork: branch.fork, outcome: 'changed', commands }, texts, asked)
}

/** What a person may have written into the branch's file, or what a part of a log does not have, is no bug. */
export async function onBranch<T>({ name }: Branch, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof BranchContradiction)
      throw new CliError('usage', `branch ${name}: ${error.message}`, { cause: error })
    throw error
  }
}

/** Throws `CliError`. */
export function readBranch(folder: BranchFolder, name: string): Branch {
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
  return new CliError('notFound', `no-such-branch: ${name}; ${nearestNames(name, folder.names())}`)
}

export function forkText(fork: string | null): string {
  return fork === null ? 'the empty log' : `position ${fork}`
}

export function forkOf({ fork }: Branch): Position | null {
  return fork === null ? null : Position(BigInt(fork))
}
