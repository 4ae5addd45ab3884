/** The reader's terminal: `hindcast` run on the story's state folder, in this process. */
import { Readable } from 'node:stream'
import { runCommand } from '../cli/program.ts'
import type { Exhibit } from './narrator.ts'

export type Answer = { readonly code: number; readonly out: string; readonly err: string }

export class Console {
  readonly #state: string
  readonly #stop: AbortSignal

  constructor(state: string, stop: AbortSignal) {
    this.#state = state
    this.#stop = stop
  }

  async run(...args: readonly string[]): Promise<Answer> {
    const [out, err]: [string[], string[]] = [[], []]
    const code = await runCommand([...args, '--state', this.#state], {
      write: (text) => void out.push(text),
      warn: (text) => void err.push(text),
      stdin: Readable.from([]),
      terminal: false,
      stop: this.#stop,
    })
    return { code, out: out.join(''), err: err.join('') }
  }

  /** Throws where the command fails: the story needs it. */
  async must(...args: readonly string[]): Promise<string> {
    const { code, out, err } = await this.run(...args)
    if (code !== 0) throw new Error(`hindcast ${args.join(' ')} ended with ${code}: ${err || out}`)
    return out
  }

  async exhibit(...args: readonly string[]): Promise<Exhibit> {
    const { out, err } = await this.run(...args)
    return { command: `hindcast ${args.map(quoted).join(' ')}`, output: out || err }
  }
}

function quoted(word: string): string {
  return /^[-\w./:=]+$/.test(word) ? word : `'${word}'`
}
