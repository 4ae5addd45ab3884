/** The grammar of `xds`: what proxies are told, and what they made of it. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { XdsType } from '../../events/node.ts'
import type { LogSink } from './log-verb.ts'
import { wholeNumber } from './option-values.ts'
import type { Finder } from './program.ts'
import type { XdsHistoryOptions, XdsStatusOptions } from './xds-verbs.ts'

export type XdsContext = {
  readonly sink: LogSink
  readonly place: (command: Command) => Command
  /** Adds the options of a reading verb, and its action. */
  readonly reading: (command: Command, load: () => Promise<Finder>) => Command
}

const TYPES: readonly XdsType[] = ['npds', 'nphds', 'lds']
const NODE = 'which node, where the log knows several'
const MOMENT = 'position, time, duration such as 5m, rev:N, tag:NAME or HEAD~n'

export function addXds(program: Command, { sink, place, reading }: XdsContext): void {
  const xds = program.command('xds').description('what proxies are told, and what they made of it')
  const get = xds.command('get').argument('[type]', TYPES.join(', '), xdsType)
  reading(get, async () => {
    const found = (await import('./verbs.ts')).xds
    return (world, options, type) => found(world, { ...options, type: (type as XdsType) ?? null })
  }).description('what the proxy is told, and which version it took')
  place(xds.command('status'))
    .description(
      'what each proxy runs beside what it is served; ends with 1 where that does not go with the policy maps',
    )
    .option('--at <moment>', MOMENT)
    .option('--node <name>', NODE)
    .addOption(new Option('-o, --output <form>').choices(['table', 'json']).default('table'))
    .action(async (options: XdsStatusOptions) => (await import('./xds-verbs.ts')).printXdsStatus(options, sink))
  place(xds.command('history').argument('[type]', TYPES.join(', '), xdsType))
    .description('every publication, acknowledgement and refusal, with its resources and their rules')
    .option('--refused', 'only refusals', false)
    .option('--from <moment>', `after this moment; ${MOMENT}`)
    .option('--to <moment>', 'up to this moment; by default the head')
    .option('--endpoint <id>', 'only network policies of this endpoint', wholeNumber)
    .option('--node <name>', NODE)
    .addOption(new Option('-o, --output <form>').choices(['table', 'json', 'jsonl']).default('table'))
    .action(async (type: XdsType | undefined, options: XdsHistoryOptions) =>
      (await import('./xds-verbs.ts')).printXdsHistory(type, options, sink),
    )
}

function xdsType(text: string): XdsType {
  const found = TYPES.find((type) => type === text)
  if (found === undefined) throw new InvalidArgumentError(`is not one of ${TYPES.join(', ')}`)
  return found
}
