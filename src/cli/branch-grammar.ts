/** The grammar of `hindcast branch`. */
import { type Command, Option } from 'commander'
import type { BranchOptions, NamedOptions } from './branch-verbs.ts'
import { withFlowOptions } from './flow-options.ts'
import type { ReportOptions } from './history-plan.ts'
import type { LogSink } from './log-verb.ts'
import { collect } from './option-values.ts'
import { writing } from './write-grammar.ts'
import type { WriteOptions } from './written.ts'

type Context = { readonly sink: LogSink; readonly place: (command: Command) => Command }

const branchVerbs = () => import('./branch-verbs.ts')

export function addBranch(program: Command, { sink, place }: Context): void {
  const branch = program.command('branch').description('what if: policies on top of a moment, kept beside the log')
  const verb = (word: string): Command => place(branch.command(word).argument('<name>', 'of the branch'))
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
  place(branch.command('list'))
    .description('the branches of the log')
    .addOption(new Option('-o, --output <form>').choices(['table', 'json']).default('table'))
    .action(async (options: BranchOptions & { readonly output: 'table' | 'json' }) =>
      (await branchVerbs()).listBranches(options, sink),
    )
  files(verb('apply'))
    .description('set policies on the branch')
    .action(async (name: string, options: NamedOptions) => (await branchVerbs()).applyToBranch(name, options, sink))
  files(verb('delete').argument('[policy...]', 'cnp/NAMESPACE/NAME, or KIND NAME...'))
    .description('delete policies on the branch')
    .action(async (name: string, words: readonly string[], options: NamedOptions) =>
      (await branchVerbs()).deleteOnBranch(name, words, { options, sink }),
    )
  verb('without')
    .argument('<position...>', 'of events that set or deleted a policy')
    .description('had that never been applied: leave old events out')
    .action(async (name: string, positions: readonly string[], options: BranchOptions) =>
      (await branchVerbs()).withoutOnBranch(name, positions, { options, sink }),
    )
  withFlowOptions(verb('show'))
    .alias('diff')
    .description('what it amounts to, as plan says it; ends with 1 where something would change')
    .addOption(new Option('-o, --output <form>').choices(['table', 'json']).default('table'))
    .action(async (name: string, options: ReportOptions) => (await branchVerbs()).showBranch(name, options, sink))
  verb('rebase')
    .description('put it on top of a later moment; ends with 1 where a policy that it touches changed in between')
    .option('--onto <moment>', 'as after --at; by default the head')
    .action(async (name: string, options: BranchOptions & { readonly onto: string | undefined }) =>
      (await branchVerbs()).rebaseBranch(name, options, sink),
    )
  writing(branch.command('merge').argument('<name>', 'of the branch'), place)
    .description('make the policies of the log so, all or none; ends with 1 where one of them changed since the fork')
    .action(async (name: string, options: WriteOptions) => (await branchVerbs()).mergeBranch(name, options, sink))
  verb('drop')
    .description('forget the branch')
    .action(async (name: string, options: BranchOptions) => (await branchVerbs()).dropBranch(name, options, sink))
}
