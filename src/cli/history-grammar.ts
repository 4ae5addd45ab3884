/** The grammar of the verbs that look at the history itself. */
import { type Command, Option } from 'commander'
import {
  type CheckpointOptions,
  checkpointKey,
  exportCheckpoint,
  listCheckpoints,
  type ProveOptions,
  prove,
  type VerifyOptions,
  verify,
} from './history-integrity.ts'
import type { LogSink } from './log-verb.ts'

type Context = { readonly sink: LogSink; readonly place: (command: Command) => Command }

const MOMENT = 'position, time, duration such as 5m, rev:N, tag:NAME or HEAD~n'
const KEY = 'verifier key, or a file with it; by default the one beside the log'

/** `place` adds the options that say where the log is. */
export function addHistory(program: Command, context: Context): void {
  addIntegrity(program, context)
}

function addIntegrity(program: Command, { sink, place }: Context): void {
  printing(place(program.command('verify').argument('[checkpoint...]', 'files; by default those beside the log')))
    .description('has anyone touched the history? ends with 4 where someone has')
    .option('--since <checkpoint>', 'one more checkpoint: a file kept elsewhere')
    .option('--key <key>', KEY)
    .option('--proof <file>', 'check this proof instead; nothing of the log is needed')
    .action((files: readonly string[], options: VerifyOptions) => verify(files, options, sink))
  place(program.command('prove').argument('[position]', 'of an event'))
    .description('a proof that the event is on the log, or that one moment of the log is the beginning of another')
    .option('--consistency <moment...>', `two of: ${MOMENT}`)
    .action((position: string | undefined, options: ProveOptions) => prove(position, options, sink))
  const checkpoint = program.command('checkpoint').description('signed statements of what the log was')
  place(checkpoint.command('export'))
    .description('sign what the log is, keep it and print it')
    .option('--at <moment>', MOMENT)
    .action((options: CheckpointOptions) => exportCheckpoint(options, sink))
  printing(place(checkpoint.command('list')))
    .description('the checkpoints beside the log')
    .action((options: VerifyOptions) => listCheckpoints(options, sink))
  place(checkpoint.command('key'))
    .description('print the verifier key, to be given to those who check')
    .action((options: CheckpointOptions) => checkpointKey(options, sink))
}

function printing(command: Command): Command {
  return command.addOption(new Option('-o, --output <form>').choices(['table', 'json']).default('table'))
}
