/** The grammar of `hindcast branch`. */
import { type Command, Option } from 'commander'
import { withFlowOptions } from '../flow-options.ts'
import type { LogSink } from '../log-verb.ts'
import { BPFFS_DEFAULT, collect } from '../option-values.ts'
import { writing } from '../write-grammar.ts'
import type { WriteOptions } from '../written.ts'
import type { EditOptions, NamedOptions } from './commands.ts'
import type { RebaseOptions } from './landing.ts'
import type { BranchOptions, ShowOptions } from './verbs.ts'

type Context = { readonly sink: LogSink; readonly place: (command: Command) => Command }

const branchVerbs = () => import('./verbs.ts')
const branchCommands = () => import('./commands.ts')
const branchLanding = () => import('./landing.ts')

export function addBranch(program: Command, { sink, place }: Context): void {
  const branch = program
    .command('branch')
    .description('what if: another past, or policies on top of a moment, kept beside the log; branch:NAME is a moment')
  const verb = (word: string): Command => printing(place(branch.command(word).argument('<name>', 'of the branch')))
  const files = (command: Command): Command =>
    command
      .option('-f, --filename <path>', 'policies: file, folder or -; may be repeated', collect, [])
      .option('-n, --namespace <name>', 'of policies named without one')
  verb('create')
    .description('begin a branch')
    .option('--at <moment>', 'position, time, duration such as 5m, rev:N, tag:NAME or HEAD~n; by default the head')
    .action(async (name: string, options: BranchOptions & { readonly at: string | undefined }) =>
      (await branchVerbs()).createBranch(name, options, sink),
    )
  printing(place(branch.command('list')))
    .description('the branches of the log')
    .action(async (options: BranchOptions) => (await branchVerbs()).listBranches(options, sink))
  files(verb('apply'))
    .description('set policies, groups and services on the branch')
    .action(async (name: string, options: NamedOptions) => (await branchCommands()).applyToBranch(name, options, sink))
  files(verb('delete').argument('[policy...]', 'cnp/NAMESPACE/NAME, or KIND NAME...'))
    .description('delete policies, groups and services on the branch')
    .action(async (name: string, words: readonly string[], options: NamedOptions) =>
      (await branchCommands()).deleteOnBranch(name, words, { options, sink }),
    )
  verb('without')
    .argument('<position...>', 'of events about policies, groups, services, DNS answers or labels')
    .description('had that never happened: leave old events out')
    .action(async (name: string, positions: readonly string[], options: BranchOptions) =>
      (await branchCommands()).withoutOnBranch(name, positions, { options, sink }),
    )
  verb('edit')
    .argument('<position>', 'of an event that set a policy')
    .option('-f, --filename <path>', 'the policy as it should have been: file or -', collect, [])
    .description('had that policy been this instead: edit an old event; what set it again later stays')
    .action(async (name: string, position: string, options: EditOptions) =>
      (await branchCommands()).editOnBranch(name, position, { options, sink }),
    )
  addShow(verb('show'), sink)
  addLanding(branch, { sink, place })
  verb('drop')
    .description('forget the branch')
    .action(async (name: string, options: BranchOptions) => (await branchVerbs()).dropBranch(name, options, sink))
}

function printing(command: Command): Command {
  return command.addOption(new Option('-o, --output <form>').choices(['table', 'json']).default('table'))
}

function addShow(command: Command, sink: LogSink): void {
  withFlowOptions(command)
    .alias('diff')
    .description('what it amounts to, as plan says it; ends with 1 where something would change')
    .option('--connections', 'fail where the connections of the kernel cannot be judged; by default that is said')
    .option('--summary', 'for people: how many entries and verdicts, without each of them', false)
    .option('--no-connections', 'do not look at connections')
    .option('--bpffs <folder>', 'mount point of the BPF file system', BPFFS_DEFAULT)
    .action(async (name: string, options: ShowOptions) => (await branchVerbs()).showBranch(name, options, sink))
}

function addLanding(branch: Command, { sink, place }: Context): void {
  printing(place(branch.command('rebase').argument('<name>', 'of the branch')))
    .description('put it on top of a later moment; ends with 1 where what it touches changed in between')
    .option('--onto <moment>', 'as after --at; by default the head')
    .action(async (name: string, options: RebaseOptions) => (await branchLanding()).rebaseBranch(name, options, sink))
  writing(branch.command('merge').argument('<name>', 'of the branch'), place)
    .description(
      'make the policies, groups and services of the log so, all or none; ends with 1 where one changed since the fork',
    )
    .action(async (name: string, options: WriteOptions) => (await branchLanding()).mergeBranch(name, options, sink))
}
