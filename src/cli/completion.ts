/** Completion scripts for shells, made from the grammar itself, so that a new verb or option is there at once. */
import type { Argument, Command, Option } from 'commander'

export type Shell = 'bash' | 'zsh'
export const SHELLS: readonly Shell[] = ['bash', 'zsh']

/** `path` is the words of a verb; `words` what may follow: verbs, options, values of the argument. `values` by option. */
type Place = {
  readonly path: string
  readonly words: readonly string[]
  readonly values: readonly (readonly [option: string, words: readonly string[]])[]
  readonly files: readonly string[]
}

/** Options whose value is a file or a folder. */
const FILE_OPTIONS: readonly string[] = ['filename', 'log', 'state', 'expect', 'bpffs', 'socket']

export function completionScript(program: Command, shell: Shell): string {
  const script = bashScript(placesOf(program, []))
  return shell === 'bash' ? script : `#compdef hindcast\nautoload -U +X bashcompinit && bashcompinit\n${script}`
}

function placesOf(command: Command, path: readonly string[]): readonly Place[] {
  const options = command.options.filter(({ hidden }) => !hidden)
  const own: Place = {
    path: path.join(' '),
    words: [
      ...command.commands.map((sub) => sub.name()),
      ...command.registeredArguments.flatMap((argument: Argument) => argument.argChoices ?? []),
      ...options.flatMap(flagsOf),
      '--help',
    ],
    values: options.flatMap((option) => flagsOf(option).map((flag) => [flag, option.argChoices ?? []] as const)),
    files: options.filter((option) => FILE_OPTIONS.includes(option.name())).flatMap(flagsOf),
  }
  return [own, ...command.commands.flatMap((sub) => placesOf(sub, [...path, sub.name()]))]
}

function flagsOf({ long, short }: Option): readonly string[] {
  return [long, short].filter((flag) => flag != null)
}

/** Bash 3.2 and newer: no associative arrays. */
function bashScript(places: readonly Place[]): string {
  const words = places.map(({ path, words }) => `    ${quoted(path)}) words=${quoted(words.join(' '))} ;;`)
  const values = places.flatMap(({ path, values }) =>
    values
      .filter(([, choices]) => choices.length > 0)
      .map(([flag, choices]) => `    ${quoted(`${path} ${flag}`)}) words=${quoted(choices.join(' '))} ;;`),
  )
  const files = [...new Set(places.flatMap(({ files }) => files))]
  const verbs = places.map(({ path }) => path).filter((path) => path !== '')
  return `_hindcast() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${verbs.map(quoted).join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  COMPREPLY=()
  case "$previous" in
    ${files.join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  case "$path $previous" in
${values.join('\n')}
  esac
  [ -n "$words" ] || case "$path" in
${words.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _hindcast hindcast
`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
