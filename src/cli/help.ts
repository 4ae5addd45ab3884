/** What `hindcast --help` looks like: verbs by what they are for, and where to begin. */
import { type Command, Help, type HelpConfiguration } from 'commander'
import { EXAMPLES } from './examples.ts'

/** In the order of reading. A verb that stands in none comes at the end, under commander's own heading. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'Run a node:': ['agent', 'endpoint'],
  'Change what is asked for:': ['plan', 'branch', 'apply', 'delete', 'validate', 'dns', 'tag'],
  'Ask what is or was allowed:': ['why', 'check', 'eval', 'flows'],
  'Look, now or at any earlier moment (--at):': [
    'status',
    'wait',
    'policy',
    'cidrgroup',
    'service',
    'identity',
    'bpf',
    'prog',
    'xds',
    'log',
  ],
  'Compare moments and find who did it:': ['diff', 'blame', 'history', 'bisect', 'windows'],
  'Prove that nobody touched history or kernel:': ['verify', 'checkpoint', 'prove', 'replay', 'drift', 'capsule'],
}

const BEGINNING = `
Examples:
  hindcast agent &                                            run this machine's node
  hindcast apply -f policy.yaml                               all of its policies, or none and every reason
  hindcast why --from xwing --to deathstar --http 'PUT /v1'   which rule says so, down to the request
  hindcast bpf policy get 863 --at 5m                         the policy map of an endpoint five minutes ago
  hindcast diff rev:3..HEAD                                   what came, went and changed, and why

Exit codes: 0 done, 1 different or not as expected, 2 wrong usage or input, 3 not there, 4 the log is damaged, 5 not reachable, 130 Ctrl-C.
`

const PLAIN = new Help()

/** For the program's `configureHelp`, before its verbs are added: they inherit it. */
export const HELP: HelpConfiguration = {
  visibleCommands: (command) => inOrder(PLAIN.visibleCommands(command)),
  // Headings in the order in which their verbs are shown.
  groupItems: (_, visible, groupOf) => PLAIN.groupItems(visible, visible, groupOf),
  // That a flag is off and a list empty unless given needs no saying.
  optionDescription: (option) => PLAIN.optionDescription(option).replace(/ ?\(default: (false|\[\])\)/, ''),
}

export function grouped(program: Command): Command {
  for (const [heading, names] of Object.entries(GROUPS)) {
    for (const command of program.commands) if (names.includes(command.name())) command.helpGroup(heading)
  }
  hint(program, [])
  return program.addHelpText('after', BEGINNING)
}

/** What is wrong with a command line is said with the help that would have told; that ends with an example. */
function hint(command: Command, path: readonly string[]): void {
  for (const verb of command.commands) {
    const own = [...path, verb.name()]
    verb.showHelpAfterError(`(${['hindcast', ...own].join(' ')} --help says what it takes)`)
    const examples = EXAMPLES[own.join(' ')] ?? []
    if (examples.length > 0)
      verb.addHelpText('after', `\nFor example:\n${examples.map((one) => `  ${one}`).join('\n')}`)
    hint(verb, own)
  }
}

/** Those of a group together, as the table has them; all others keep their order behind. */
function inOrder(commands: readonly Command[]): Command[] {
  const table = Object.values(GROUPS).flat()
  const rank = (command: Command): number => {
    const at = command.parent?.parent == null ? table.indexOf(command.name()) : -1
    return at < 0 ? table.length : at
  }
  return commands.toSorted((a, b) => rank(a) - rank(b))
}
