/** The grammar of the verbs that append, and of `validate`, which looks at files only. */
import { type Command, Option } from 'commander'
import type { DeleteEndpointOptions, EndpointOptions } from './endpoint-verbs.ts'
import type { LogSink } from './log-verb.ts'
import { collect, OUTPUTS, wholeNumber } from './option-values.ts'
import type { FileOptions } from './policy-documents.ts'
import type { DeleteOptions, TagOptions, ValidateOptions } from './policy-verbs.ts'
import type { WriteOptions } from './written.ts'

const FILES = 'file, folder (all .yaml, .yml and .json in it) or - for standard input; may be repeated'

const policyVerbs = () => import('./policy-verbs.ts')
const endpointVerbs = () => import('./endpoint-verbs.ts')

/** `place` adds the options that say where the log is. */
export function addWriting(program: Command, endpoint: Command, { sink, place }: Context): void {
  addPolicies(program, { sink, place })
  addEndpointVerbs(endpoint, { sink, place })
  writing(
    program
      .command('tag')
      .argument('<name>', 'what it is called from now on')
      .argument('[moment]', 'as after --at; by default the last'),
    place,
  )
    .description('give a position a name, for --at tag:NAME')
    .option('--move', 'take the name from where it stands', false)
    .action(async (name: string, at: string | undefined, options: TagOptions) =>
      (await policyVerbs()).tag(name, { at, options }, sink),
    )
}

type Context = { readonly sink: LogSink; readonly place: (command: Command) => Command }

function addPolicies(program: Command, { sink, place }: Context): void {
  writing(program.command('apply'), place)
    .description('set the policies of files, and what they name: all of it, or nothing and every reason')
    .requiredOption('-f, --filename <path>', FILES, collect, [])
    .action(async (options: WriteOptions & FileOptions) => (await policyVerbs()).apply(options, sink))
  writing(
    program
      .command('delete')
      .argument(
        '[policy...]',
        'cnp/NAMESPACE/NAME, or KIND NAME...; kinds cnp, ccnp, netpol, rule, ccg, svc, endpoints, endpointslice',
      ),
    place,
  )
    .description('delete policies, by name or those of files')
    .option('-f, --filename <path>', FILES, collect, [])
    .option('-n, --namespace <name>', 'of policies named without one')
    .option('--ignore-not-found', 'pass over what is not there', false)
    .action(async (words: readonly string[], options: DeleteOptions) =>
      (await policyVerbs()).deletePolicies(words, options, sink),
    )
  program
    .command('validate')
    .description('say what apply would refuse, with code, path, line and column')
    .requiredOption('-f, --filename <path>', FILES, collect, [])
    .addOption(new Option('-o, --output <form>').choices(['table', 'json', 'jsonl']).default('table'))
    .action(async (options: ValidateOptions) => (await policyVerbs()).validate(options, sink))
}

function addEndpointVerbs(endpoint: Command, { sink, place }: Context): void {
  writing(endpoint.command('add'), place)
    .description('add endpoints to a node')
    .option('--node <name>', 'which node; by default $HINDCAST_NODE, the only one known, or this machine')
    .option('-f, --filename <path>', 'a list of endpoints in YAML or JSON', collect, [])
    .option('--name <name>', '[namespace/]pod')
    .option('--labels <labels>', '[source:]key=value, several with commas; may be repeated', collect, [])
    .option('--id <id>', 'endpoint id, 1 to 65535; by default the next', wholeNumber)
    .option('--identity <number>', 'the number that the identity of these labels must have', wholeNumber)
    .option('--ipv4 <address>', 'address of the pod')
    .option('--ipv6 <address>', 'address of the pod')
    .option('--device <name>', "the network device on the node's side")
    .option('--mac <address>', "of the pod's side")
    .option('--node-mac <address>', "of the node's side")
    .option('--named-port <port>', 'NAME=PORT[/PROTOCOL]; may be repeated', collect, [])
    .action(async (options: EndpointOptions) => (await endpointVerbs()).addEndpoints(options, sink))
  writing(endpoint.command('delete').argument('<endpoint...>', 'ids or names'), place)
    .description('delete endpoints of a node')
    .option('--node <name>', 'which node; by default $HINDCAST_NODE, the only one known, or this machine')
    .action(async (endpoints: readonly string[], options: DeleteEndpointOptions) =>
      (await endpointVerbs()).deleteEndpoints(endpoints, options, sink),
    )
}

export function writing(command: Command, place: Context['place']): Command {
  return place(command)
    .option('--dry-run', 'say what would happen and append nothing', false)
    .addOption(new Option('-o, --output <form>').choices(OUTPUTS).default('table'))
}
