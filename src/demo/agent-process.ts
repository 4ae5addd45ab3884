/** The agent of the story: `hindcast agent` in a process of its own, so that it can be killed like any other. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { NODE, type Stage } from './cast.ts'

const STOP_LIMIT_MS = 10_000

export class AgentProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>

  /** Its log goes to `agent.log` in the state folder. */
  constructor(stage: Stage, state: string) {
    const [command = '', ...args] = [
      ...stage.onNode,
      process.execPath,
      join(import.meta.dirname, '../cli/hindcast.ts'),
      'agent',
      ...['--state', state, '--node', NODE],
      ...stage.agentArguments,
    ]
    const output = openSync(join(state, 'agent.log'), 'a')
    this.#child = spawn(command, args, { stdio: ['ignore', output, output] })
    closeSync(output)
    this.#closed = once(this.#child, 'close')
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** `kill -9`: nothing is cleaned up, nothing is said. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.running) return
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_LIMIT_MS)
    await this.#closed
    clearTimeout(timer)
  }
}
