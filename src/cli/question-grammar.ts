/** The grammar of the verbs that ask what policies say: `why`, `check`, `eval`. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CheckOptions } from './check/verb.ts'
import type { LogSink } from './log-verb.ts'
import { collect, OUTPUTS, portNumber, REPORT_FORMATS } from './option-values.ts'
import { COLOUR_CHOICES } from './render/colour.ts'
import type { WhyOptions } from './why-verb.ts'

/** Throws commander's error for a value that is none. */
function flowId(text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw new InvalidArgumentError(`${text} is not the id of a flow.`)
  return Number(text)
}

export type Context = { readonly sink: LogSink; readonly place: (command: Command) => Command }

export function addQuestions(program: Command, { sink, place }: Context): void {
  const party = 'endpoint name or id, label selector, identity, address, or a reserved name such as world'
  place(program.command('why'))
    .description('may this reach that, and which rule of which policy says so')
    .option('--from <party>', party)
    .option('--to <party>', party)
    .option(
      '--flow <id>',
      'a recorded flow instead, by the id that flows shows, at the position that it was decided at',
      flowId,
    )
    .option('--node <name>', 'whose flows; not needed where the log knows one node')
    .option('--port <port>', 'destination port; for ICMP the type; 80 with --http', portNumber)
    .option('--protocol <name>', 'TCP, UDP, SCTP, ICMP or ICMPv6', 'TCP')
    .option('--http <request>', "METHOD PATH, such as 'PUT /v1/exhaust-port'")
    .option('--header <header>', 'NAME: VALUE; may be repeated', collect, [])
    .option('--at <moment>', 'position, time, duration such as 5m, rev:N, tag:NAME, HEAD~n or branch:NAME')
    .option('--exit-code', 'end with 1 where it is denied', false)
    .addOption(new Option('--color <when>').choices(COLOUR_CHOICES).default('auto'))
    .addOption(new Option('-o, --output <form>').choices(OUTPUTS).default('table'))
    .action(async (options: WhyOptions) => (await import('./why-verb.ts')).explain(options, sink))
  program
    .command('check')
    .description('do the policies of files say what they should? ends with 1 where they do not')
    .requiredOption(
      '-f, --filename <path>',
      'policies: file, folder or - for standard input; may be repeated',
      collect,
      [],
    )
    .requiredOption('--expect <path>', 'expectations; may be repeated', collect, [])
    .addOption(new Option('--format <form>').choices(REPORT_FORMATS).default('table'))
    .addOption(new Option('--color <when>').choices(COLOUR_CHOICES).default('auto'))
    .action(async (options: CheckOptions) => (await import('./check/verb.ts')).checkPolicies(options, sink))
  program
    .command('eval')
    .description('answer cases, one JSON object a line, without a log: one result a line')
    .argument('<file>', 'JSON lines, or - for standard input')
    .action(async (file: string) => (await import('./eval/verb.ts')).evaluateFile(file, sink))
}
