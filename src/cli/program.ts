/** The grammar of `hindcast`: verbs, their options and how they end. The code of a verb is loaded when that verb is asked for. */
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { World } from '../../projections/world.ts'
import type { Asked, Found, ReadOptions } from './answer.ts'
import { completionScript, SHELLS, type Shell } from './completion.ts'
import type { ConntrackOptions } from './conntrack-verb.ts'
import { addFacts } from './fact-grammar.ts'
import { CliError, EXIT, messageOf } from './failure.ts'
import type { FlowsOptions } from './flows-verb.ts'
import { grouped, HELP } from './help.ts'
import { addHistory } from './history/grammar.ts'
import { addCapsule } from './history/incident-grammar.ts'
import type { LogOptions, LogSink } from './log-verb.ts'
import type { AgentVerbOptions } from './node/agent.ts'
import { addPolicyFlags } from './node/policy-flags.ts'
import { BPFFS_DEFAULT, count, FLOW_VERDICTS, interval, OUTPUTS } from './option-values.ts'
import { addQuestions } from './question-grammar.ts'
import { COLOUR_CHOICES } from './render/colour.ts'
import type { SyncOptions } from './sync-verb.ts'
import { version } from './version.ts'
import { addWriting, writing } from './write-grammar.ts'
import { addXds } from './xds-grammar.ts'

const verbs = () => import('./verbs.ts')
const ENDPOINT_ID_MAX = 0xffff
/** What is changed before it is signed is not found; a checkpoint costs the reading of what is new, and a kilobyte. */
const CHECKPOINT_EVERY_MS = 5 * 60_000

/** Runs one command line and gives its exit code. Rejects only on a bug. */
export async function runCommand(args: readonly string[], sink: LogSink): Promise<number> {
  const program = grammar(sink)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const { exitCodeOf } = await import('./exit-code.ts')
    const code = exitCodeOf(error)
    if (code === null) throw error
    if (messageOf(error) !== '') sink.warn(`error: ${messageOf(error)}\n`)
    return code
  }
}

/** All verbs with their options; what they print goes to the sink. */
export function grammar(sink: LogSink): Command {
  const program = new Command('hindcast')
    .description('network policy that remembers: state at any position of the log')
    .exitOverride()
    .configureHelp(HELP)
    .configureOutput({ writeOut: sink.write, writeErr: sink.warn })
    .showHelpAfterError('(hindcast --help lists the verbs)')
    .enablePositionalOptions()
    .version(version(), '-V, --version')
  program
    .command('version')
    .description('print the version')
    .action(() => sink.write(`hindcast ${version()}\n`))
  addLog(program, sink)
  const endpoint = program.command('endpoint').description('endpoints of a node')
  addWriting(program, endpoint, { sink, place })
  addObjects(program, endpoint, sink)
  addDatapath(program, sink)
  addFlows(program, sink)
  addQuestions(program, { sink, place })
  addFacts(program, {
    sink,
    writing: (command) => writing(command, place),
    reading: (command, load) => reading(command, sink, load),
  })
  addCompletion(program, sink)
  addHistory(program, { sink, place })
  addCapsule(program, { sink, place, version: version() })
  addAgent(program, sink)
  return grouped(program)
}

/** Loaded only here: no other verb needs gRPC, a proxy or the kernel. */
function addAgent(program: Command, sink: LogSink): void {
  addPolicyFlags(place(program.command('agent')))
    .description('run the node: follow the log, enforce it, write down what was done')
    .option('--node <name>', 'name of the node; by default $HINDCAST_NODE, the only one known, or this machine')
    .option('--socket <path>', 'xDS socket; by default xds-NODE.sock in the state folder')
    .option('--bpffs <folder>', 'BPF file system for maps and links; mounted where it is not', BPFFS_DEFAULT)
    .addOption(new Option('--datapath <which>', 'what decides').choices(['auto', 'kernel', 'model']).default('auto'))
    .option('--gate <file>', 'loopback doors into the model datapath (JSON or YAML)')
    .addOption(
      new Option('--proxy <which>', 'none: another proxy uses the socket')
        .choices(['embedded', 'none'])
        .default('embedded'),
    )
    .addOption(
      new Option('--checkpoint-every <duration>', 'sign what the log is, when something was appended; never for not')
        .argParser(interval)
        .default(CHECKPOINT_EVERY_MS, '5m'),
    )
    .addOption(new Option('--log-level <level>').choices(['error', 'warn', 'info', 'debug', 'trace']).default('info'))
    .action(async (options: Omit<AgentVerbOptions, 'version'>) => {
      const { runAgent } = await import('./node/agent.ts')
      await runAgent({ ...options, version: version() }, sink)
    })
}

function addLog(program: Command, sink: LogSink): void {
  const times = 'RFC 3339, a duration such as 5m, or another moment as after --at'
  const log = place(program.command('log'))
  log
    .description('the events, oldest first')
    .option('--since <time>', times)
    .option('--until <time>', times)
    .option('--type <type...>', 'only these event types', [])
    .option('--stream <prefix...>', 'only streams that begin so', [])
    .option('-f, --follow', 'go on with what comes', false)
    .addOption(new Option('-o, --output <form>').choices(['table', 'json', 'jsonl']).default('table'))
    .action(async (options: LogOptions) => (await import('./log-verb.ts')).printLog(options, sink))
  // What is written after `sync` is for it.
  log.enablePositionalOptions()
  log
    .command('sync')
    .description(
      'copy a history to another log: sqlite:PATH or a path, or kurrentdb://HOST:PORT, either way; may be repeated',
    )
    .requiredOption('--from <url>', 'the history')
    .requiredOption('--to <url>', 'empty, or an earlier copy of it')
    .option('--state <folder>', 'state folder; by default $HINDCAST_STATE, else .hindcast')
    .addOption(new Option('-o, --output <form>').choices(['table', 'json']).default('table'))
    .action(async (options: SyncOptions) => (await import('./sync-verb.ts')).syncLog(options, sink))
}

function addObjects(program: Command, endpoint: Command, sink: LogSink): void {
  reading(program.command('status'), sink, async () => {
    const { status } = await import('./status-verb.ts')
    return (world, { node }, __, asked) => status(world, { ...asked, node })
  }).description('nodes, their agents, and how far endpoints are behind the policies, since when and why')
  reading(endpoint.command('list'), sink, async () => (await verbs()).endpoints)
    .description('endpoints of a node')
    .option('-n, --namespace <name>', 'only of this namespace')
  reading(
    program.command('identity').description('security identities').command('list'),
    sink,
    async () => (await verbs()).identities,
  ).description('security identities')
  reading(
    program.command('policy').description('policies of the repository').command('get'),
    sink,
    async () => (await verbs()).policies,
  )
    .description('policies and their revision')
    .option('-n, --namespace <name>', 'only of this namespace')
  reading(
    program.command('prog').description('programs of the kernel datapath').command('list'),
    sink,
    async () => (await verbs()).programs,
  ).description('attached programs')
  addXds(program, { sink, place, reading: (command, load) => reading(command, sink, load) })
}

function addDatapath(program: Command, sink: LogSink): void {
  const bpf = program.command('bpf').description("the kernel's maps, as the log says they were written")
  reading(
    bpf.command('ipcache').description('addresses and whose they are').command('list'),
    sink,
    async () => (await verbs()).ipcache,
  ).description('prefixes and their identities')
  place(
    bpf
      .command('ct')
      .description('connections')
      .command('list')
      .addArgument(new Argument('[map]').choices(['global']).default('global')),
  )
    .description('connections that the kernel knows now')
    .option('--node <name>', 'which node; by default $HINDCAST_NODE, the only one known, or this machine')
    .option('--bpffs <folder>', 'mount point of the BPF file system', BPFFS_DEFAULT)
    .addOption(new Option('-o, --output <form>').choices(['table', 'json', 'jsonl']).default('table'))
    .action(async (_: string, options: ConntrackOptions) =>
      (await import('./conntrack-verb.ts')).listConntrack(options, sink),
    )
  const get = bpf
    .command('policy')
    .description('verdicts of an endpoint')
    .command('get')
    .argument('[endpoint]', 'endpoint id', endpointId)
  reading(get, sink, async () => {
    const [{ policyMaps }, { requireSubjects }] = await Promise.all([verbs(), import('./subjects.ts')])
    return (world, options, endpoint, asked) => {
      const { all = false, numeric = false } = options as { readonly all?: boolean; readonly numeric?: boolean }
      if ((endpoint === undefined) !== all) throw new CliError('usage', 'bpf policy get takes an endpoint id or --all')
      const named = endpoint === undefined ? undefined : Number(endpoint)
      requireSubjects(asked, { node: options.node, endpoint: named }, { moment: asked.moment, span: 'then' })
      return policyMaps(world, { ...options, numeric, endpoint: all ? 'all' : Number(endpoint) })
    }
  })
  get.description('policy map of an endpoint').option('--all', 'every endpoint').option('-n, --numeric', 'no labels')
}

function addFlows(program: Command, sink: LogSink): void {
  const times = 'RFC 3339, a duration such as 5m, or another moment as after --at'
  place(program.command('flows'))
    .description('verdicts and requests of a node, each with the position that decided')
    .option('--node <name>', 'which node; by default $HINDCAST_NODE, the only one known, or this machine')
    .option('--since <time>', times)
    .option('--until <time>', times)
    .option('--last <count>', 'the newest so many; 20 where no --since is given', count)
    .addOption(new Option('--verdict <verdict>').choices(FLOW_VERDICTS))
    .option('--endpoint <id>', 'of one endpoint', endpointId)
    .option('-f, --follow', 'go on with what comes', false)
    .addOption(new Option('--color <when>').choices(COLOUR_CHOICES).default('auto'))
    .addOption(new Option('-o, --output <form>').choices(['table', 'json', 'jsonl']).default('table'))
    .action(async (options: FlowsOptions) => (await import('./flows-verb.ts')).printFlows(options, sink))
}

function addCompletion(program: Command, sink: LogSink): void {
  program
    .command('completion')
    .description('a completion script: source <(hindcast completion bash)')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: Shell) => sink.write(completionScript(program, shell)))
}

export type Finder = (world: World, options: ReadOptions, argument: unknown, asked: Asked) => Found | Promise<Found>

/** The options of every reading verb, and its action: the verb, loaded when it is asked for, sees the world at `--at`. */
function reading(command: Command, sink: LogSink, load: () => Promise<Finder>): Command {
  return place(command)
    .option('--at <moment>', 'position, time, duration such as 5m, rev:N, tag:NAME, HEAD~n or branch:NAME')
    .option('--node <name>', 'which node, where the log knows several')
    .addOption(new Option('-o, --output <form>').choices(OUTPUTS).default('table'))
    .action(async (...given: unknown[]) => {
      const options = command.opts<ReadOptions>()
      const argument = command.registeredArguments.length > 0 ? given[0] : undefined
      const [{ answer }, find] = await Promise.all([import('./answer.ts'), load()])
      const found = (world: World, asked: Asked) => find(world, options, argument, asked)
      sink.write(await answer(options, found, sink.warn))
    })
}

function place(command: Command): Command {
  return command
    .option(
      '--log <url>',
      'sqlite:PATH, a path, kurrentdb://HOST:PORT or capsule:FILE; by default log.db in the state folder',
    )
    .option('--state <folder>', 'state folder; by default $HINDCAST_STATE, else .hindcast')
}

function endpointId(text: string): number {
  const id = Number(text)
  if (!/^[0-9]+$/.test(text) || id === 0 || id > ENDPOINT_ID_MAX) {
    throw new InvalidArgumentError(`an endpoint id is 1 to ${ENDPOINT_ID_MAX}`)
  }
  return id
}
