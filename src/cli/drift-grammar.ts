/** The grammar of `drift`: kernel and log. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { BPFFS_DEFAULT } from './compose.ts'
import { type DriftOptions, drift } from './history-drift.ts'
import type { LogSink } from './log-verb.ts'

/** `place` adds the options that say where the log is. */
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
    .action((options: DriftOptions) => drift(options, sink))
}

function endpointId(text: string): number {
  if (!/^[1-9][0-9]{0,4}$/.test(text) || Number(text) > 0xffff)
    throw new InvalidArgumentError('an endpoint id is 1 to 65535')
  return Number(text)
}
