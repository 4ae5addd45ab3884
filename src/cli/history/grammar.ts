/** The grammar of the verbs that look at the history itself. */

import { type Command, InvalidArgumentError, Option } from 'commander'
import { FLOW_QUERY_MAX } from '../../ports/flows.ts'
import { addBranch } from '../branch/grammar.ts'
import { CliError } from '../failure.ts'
import { withFlowOptions } from '../flow-options.ts'
import type { CheckpointOptions, ProveOptions, VerifyOptions } from '../integrity/verbs.ts'
import type { LogSink } from '../log-verb.ts'
import { BPFFS_DEFAULT } from '../option-values.ts'
import type { BisectOptions } from './bisect.ts'
import type { BlameOptions, DiffOptions } from './changes.ts'
import { addDrift } from './incident-grammar.ts'
import type { PacketOptions } from './packets.ts'
import type { PlanOptions } from './plan.ts'
import type { ReplayOptions } from './replay.ts'
import type { WaitOptions } from './wait.ts'

type Context = { readonly sink: LogSink; readonly place: (command: Command) => Command }

/** Longer than any build that is not stuck. */
const WAIT_SECONDS = 60
const MOMENT = 'position, time, duration such as 5m, rev:N, tag:NAME, HEAD~n or branch:NAME'
const KEY = 'verifier key, or a file with it; by default the one beside the log'

const historyVerbs = () => import('./changes.ts')
const integrityVerbs = () => import('../integrity/verbs.ts')

/** `place` adds the options that say where the log is. */
export function addHistory(program: Command, context: Context): void {
  addIntegrity(program, context)
  addDrift(program, context)
  addChanges(program, context)
  addBisect(program, context)
  addReplay(program, context)
  addWait(program, context)
  addPlan(program, context)
  addBranch(program, context)
}

function addPlan(program: Command, { sink, place }: Context): void {
  withFlowOptions(printing(place(program.command('plan'))))
    .description(
      'what policies, or another enforcement, would do, before they are applied: maps, verdicts, recorded flows, connections; ends with 1 where something would change',
    )
    .option('-f, --filename <path>', 'policies that would be applied: file, folder or -; may be repeated', collect, [])
    .option('--delete <policy>', 'a policy that would go, such as cnp/default/rule1; may be repeated', collect, [])
    .option('-n, --namespace <name>', 'of policies named without one')
    .addOption(
      new Option('--enable-policy <mode>', 'as if agents were started with this').choices([
        'default',
        'always',
        'never',
      ]),
    )
    .option('--at <moment>', `on top of this moment; ${MOMENT}`)
    .option('--summary', 'for people: how many entries and verdicts, without each of them', false)
    .option('--connections', 'fail where the connections of the kernel cannot be judged; by default that is said')
    .option('--no-connections', 'do not look at connections')
    .option('--bpffs <folder>', 'mount point of the BPF file system', BPFFS_DEFAULT)
    .action(async (options: PlanOptions) => (await import('./plan.ts')).plan(options, sink))
}

function addWait(program: Command, { sink, place }: Context): void {
  printing(place(program.command('wait')))
    .description('wait until endpoints enforce a policy revision; ends with 1 where the time is over')
    .addOption(new Option('--for <what>', 'what to wait for').choices(['realized']).makeOptionMandatory())
    .option('--rev <revision>', 'by default the last one', wholeNumber)
    .option('--node <name>', 'only endpoints of this node')
    .option('--endpoint <id>', 'only this endpoint', endpointId)
    .option('--timeout <seconds>', 'how long', wholeNumber, WAIT_SECONDS)
    .action(async (options: WaitOptions) => (await import('./wait.ts')).waitFor(options, sink))
}

function addReplay(program: Command, { sink, place }: Context): void {
  printing(place(program.command('replay')))
    .description(
      'do every recorded map write, build and reaction again with the code of today; ends with 4 where one comes out differently',
    )
    .option('--from <moment>', `check from here on; ${MOMENT}`)
    .option('--to <moment>', 'and up to here')
    .option('--endpoint <id>', 'only this endpoint', endpointId)
    .option('--node <name>', 'only this node')
    .option('--into <folder>', 'instead, write maps, xDS, programs, ipcache and policies of --to as files')
    .option('--kernel', 'instead, give packets to the programs with the maps of --at, beside the evaluator', false)
    .option('--at <moment>', `with --kernel: ${MOMENT}`)
    .option(
      '--packets <file>',
      'with --kernel: list of from, to, protocol, port, sourcePort, http and answered; - for standard input',
    )
    .option('--flows <count>', 'with --kernel: the newest so many recorded flows of --node instead', flowCount)
    .action((options: ReplayOptions & PacketOptions & KernelChoice) => replayOr(options, sink))
}

type KernelChoice = { readonly kernel: boolean }

/** Of the two kinds of replay each has options that mean nothing to the other. */
async function replayOr(options: ReplayOptions & PacketOptions & KernelChoice, sink: LogSink): Promise<void> {
  const { kernel, packets, flows, at, from, to, into } = options
  if (!kernel) {
    if (at !== undefined || packets !== undefined || flows !== undefined)
      throw new CliError('usage', 'option-alone: --at, --packets and --flows go with --kernel')
    return (await import('./replay.ts')).replayLog(options, sink)
  }
  if ((packets === undefined) === (flows === undefined))
    throw new CliError('usage', 'option-missing: --kernel wants --packets or --flows')
  if ([from, to, into].some((option) => option !== undefined))
    throw new CliError('usage', 'option-conflict: --kernel takes --at, and not --from, --to or --into')
  return (await import('./packets.ts')).replayPackets(options, sink)
}

function addBisect(program: Command, { sink, place }: Context): void {
  const expectation = 'allow|deny FROM -> TO:PORT[/PROTOCOL] [METHOD PATH], after --'
  printing(place(program.command('bisect').argument('[expectation...]', expectation)))
    .description('which event turned it? the first one after which the expectation no longer holds')
    .requiredOption('--good <moment>', 'where it held')
    .option('--bad <moment>', 'where it does not; by default the head')
    .option('--run <command>', 'any command instead, with the moment in $HINDCAST_AT: 0 is good, 1 to 127 bad')
    .action(async (words: readonly string[], options: BisectOptions) =>
      (await import('./bisect.ts')).bisect(words, options, sink),
    )
}

function addChanges(program: Command, { sink, place }: Context): void {
  printing(place(program.command('diff').argument('<range>', `A..B, each: ${MOMENT}`)))
    .description('what is different between two moments; ends with 1 where something is')
    .option('--node <name>', 'only this node')
    .option('--endpoint <id>', 'only this endpoint', endpointId)
    .option('-n, --namespace <name>', 'only policies and endpoints of this namespace')
    .option('--semantic', 'what is newly allowed and newly denied, each with a witness', false)
    .action(async (range: string, options: DiffOptions) => (await historyVerbs()).diff(range, options, sink))
  const key = 'DIRECTION:IDENTITY:PORT/PROTOCOL, such as ingress:29439:80/TCP'
  const about = (command: Command): Command =>
    printing(place(command)).option('--at <moment>', MOMENT).option('--node <name>', 'which node')
  about(program.command('blame').argument('<endpoint>', 'endpoint id', endpointId).argument('[key]', key))
    .description('which event, rule and person put an entry into a policy map, or took it away')
    .action(async (endpoint: number, word: string | undefined, options: BlameOptions) =>
      (await historyVerbs()).blameEntries(endpoint, word, { options, sink }),
    )
  about(program.command('history').argument('<endpoint>', 'endpoint id', endpointId).argument('<key>', key))
    .description('every version of an entry of a policy map, newest first')
    .action(async (endpoint: number, word: string, options: BlameOptions) =>
      (await historyVerbs()).entryVersions(endpoint, word, { options, sink }),
    )
}

function addIntegrity(program: Command, { sink, place }: Context): void {
  printing(place(program.command('verify').argument('[checkpoint...]', 'files; by default those beside the log')))
    .description('has anyone touched the history? ends with 4 where someone has')
    .option('--since <checkpoint>', 'read only what came after this checkpoint; with --proof: the earlier one')
    .option('--key <key>', KEY)
    .option('--proof <file>', 'check this proof instead; nothing of the log is needed')
    .action(async (files: readonly string[], options: VerifyOptions) =>
      (await integrityVerbs()).verify(files, options, sink),
    )
  printing(place(program.command('prove').argument('[position]', 'of an event')))
    .description('a proof that the event is on the log, or that one moment of the log is the beginning of another')
    .option('--consistency <moment...>', `two of: ${MOMENT}`)
    .action(async (position: string | undefined, options: ProveOptions) =>
      (await integrityVerbs()).prove(position, options, sink),
    )
  const checkpoint = program.command('checkpoint').description('signed statements of what the log was')
  printing(place(checkpoint.command('export')))
    .description('sign what the log is, keep it and print it')
    .option('--at <moment>', MOMENT)
    .action(async (options: CheckpointOptions) => (await integrityVerbs()).exportCheckpoint(options, sink))
  printing(place(checkpoint.command('list')))
    .description('the checkpoints beside the log')
    .action(async (options: VerifyOptions) => (await integrityVerbs()).listCheckpoints(options, sink))
  printing(place(checkpoint.command('key')))
    .description('print the verifier key, to be given to those who check')
    .action(async (options: CheckpointOptions) => (await integrityVerbs()).checkpointKey(options, sink))
}

function printing(command: Command): Command {
  return command.addOption(new Option('-o, --output <form>').choices(['table', 'json']).default('table'))
}

function endpointId(text: string): number {
  if (!/^[1-9][0-9]{0,4}$/.test(text) || Number(text) > 0xffff)
    throw new InvalidArgumentError('an endpoint id is 1 to 65535')
  return Number(text)
}

function flowCount(text: string): number {
  if (!/^[1-9][0-9]{0,4}$/.test(text) || Number(text) > FLOW_QUERY_MAX)
    throw new InvalidArgumentError(`a number of flows is 1 to ${FLOW_QUERY_MAX}`)
  return Number(text)
}

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError('is not a whole number')
  return Number(text)
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}
