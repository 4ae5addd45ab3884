/** The grammar of `drift`, kernel and log, and of `capsule`, an incident as one file. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ExportOptions, OpenOptions } from '../capsule/verbs.ts'
import type { LogSink } from '../log-verb.ts'
import { BPFFS_DEFAULT, wholeNumber } from '../option-values.ts'
import type { DriftOptions } from './drift.ts'
import type { WindowsOptions } from './windows.ts'

/** `drift` and `windows`. `place` adds the options that say where the log is. */
export function addDrift(
  program: Command,
  { sink, place }: { readonly sink: LogSink; readonly place: (command: Command) => Command },
): void {
  place(program.command('drift'))
    .description('is the kernel what the log says? ends with 1 where it is not')
    .option('--repair', 'put the kernel back and write down what was done', false)
    .option('--endpoint <id>', 'only this endpoint', endpointId)
    .option('--node <name>', 'which node; by default $HINDCAST_NODE, the only one known, or this machine')
    .option('--bpffs <folder>', 'mount point of the BPF file system', BPFFS_DEFAULT)
    .addOption(new Option('-o, --output <form>').choices(['table', 'json']).default('table'))
    .action(async (options: DriftOptions) => (await import('./drift.ts')).drift(options, sink))
  place(program.command('windows'))
    .description(
      'when did policy maps, identities, ipcache and proxies of a node disagree, and what was dropped or let through meanwhile? ends with 1 where they did',
    )
    .option('--from <moment>', `from here on; ${MOMENT}; by default from the beginning`)
    .option('--to <moment>', 'and up to here; by default the head')
    .option('--node <name>', 'which node; not needed where the log knows one')
    .option('--endpoint <id>', 'only windows of this endpoint', endpointId)
    .option('--identity <number>', 'only where the other side is this identity', wholeNumber)
    .option('--prefix <prefix>', 'only where the other side has an address in, or around, this prefix or address')
    .addOption(new Option('--late <what>', 'only where this was late').choices(['identity', 'map', 'ipcache', 'hosts']))
    .option('--min <ms>', 'only windows that were open for so long', wholeNumber, 0)
    .addOption(new Option('-o, --output <form>').choices(['table', 'json', 'jsonl']).default('table'))
    .action(async (options: WindowsOptions) => (await import('./windows.ts')).windows(options, sink))
}

const MOMENT = 'position, time, duration such as 5m, rev:N, tag:NAME or HEAD~n'

export function addCapsule(
  program: Command,
  {
    sink,
    place,
    version,
  }: {
    readonly sink: LogSink
    readonly place: (command: Command) => Command
    readonly version: string
  },
): void {
  const capsule = program.command('capsule').description('a range of the log as one file, to be asked elsewhere')
  place(capsule.command('export').argument('<file>', 'where to write it; a file that is there stays'))
    .description('write a range with the state at its start, and the flows that were judged in it')
    .requiredOption('--from <moment>', `first moment that can be asked about; ${MOMENT}`)
    .option('--to <moment>', 'last one; by default the head')
    .option('--node <name>', 'whose flows')
    .option('--no-flows', 'without flows')
    .option(
      '--pseudonyms <keyfile>',
      'names, label values, DNS names and addresses as pseudonyms under this key; ports, protocols, HTTP methods and paths stay',
    )
    .addOption(new Option('-o, --output <form>').choices(['table', 'json']).default('table'))
    .action(async (file: string, options: Omit<ExportOptions, 'version'>) =>
      (await import('../capsule/verbs.ts')).exportRange(file, { ...options, version }, sink),
    )
  capsule
    .command('open')
    .argument('<file>', 'a capsule')
    .description('check that a capsule is whole, and say what is in it; every reading verb takes --log capsule:FILE')
    .option('--key <key>', 'verifier key of the log that it was taken from, or a file with it')
    .addOption(new Option('-o, --output <form>').choices(['table', 'json']).default('table'))
    .action(async (file: string, options: OpenOptions) =>
      (await import('../capsule/verbs.ts')).showCapsule(file, options, sink),
    )
}

function endpointId(text: string): number {
  if (!/^[1-9][0-9]{0,4}$/.test(text) || Number(text) > 0xffff)
    throw new InvalidArgumentError('an endpoint id is 1 to 65535')
  return Number(text)
}
