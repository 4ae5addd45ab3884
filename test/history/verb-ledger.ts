/** Every verb of the program, taken from its own grammar, so that a new one cannot be forgotten. */
import type { Command } from 'commander'
import { grammar } from '../../src/cli/program.ts'
import { silentSink } from '../cli/recorded-log.ts'

export type Verb = {
  /** As it is written, such as `bpf policy get`. */
  readonly name: string
  /** Long flags, such as `--at`. */
  readonly options: readonly string[]
  /** Short flags, such as `-o`. */
  readonly shorts: readonly string[]
  readonly arguments: readonly string[]
  readonly help: string
}

export async function verbsOfProgram(): Promise<readonly Verb[]> {
  return verbsBelow(await grammar(silentSink()), [])
}

function verbsBelow(command: Command, path: readonly string[]): readonly Verb[] {
  return command.commands.flatMap((below) => {
    const words = [...path, below.name()]
    return [...(isVerb(below) ? [verbOf(below, words)] : []), ...verbsBelow(below, words)]
  })
}

/** A group, such as `bpf`, only gathers verbs; `log` is one though it has one below it. */
function isVerb(command: Command): boolean {
  return command.commands.length === 0 || command.options.length > 0
}

function verbOf(command: Command, words: readonly string[]): Verb {
  let help = ''
  command.configureOutput({
    writeOut: (text) => {
      help += text
    },
  })
  command.outputHelp()
  return {
    name: words.join(' '),
    options: command.options.flatMap(({ long }) => (long == null ? [] : [long])),
    shorts: command.options.flatMap(({ short }) => (short == null ? [] : [short])),
    arguments: command.registeredArguments.map((argument) => argument.name()),
    help,
  }
}
