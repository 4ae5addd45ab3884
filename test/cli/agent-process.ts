/** `hindcast agent` as a process of its own, and its end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const ENTRY = join(import.meta.dirname, '../../src/cli/hindcast.ts')
const READY_LIMIT_MS = 20_000

export type AgentRun = {
  readonly args: readonly string[]
  /** A command that runs its arguments, such as one that takes privileges away. */
  readonly by?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

function start({ args, by = [], env = {} }: AgentRun): ChildProcess {
  const [command = '', ...rest] = [...by, process.execPath, ENTRY, 'agent', ...args]
  return spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } })
}

/** For an agent that cannot start: its exit code and what it said. */
export async function endOfAgent(run: AgentRun): Promise<{ readonly code: number | null; readonly err: string }> {
  const child = start(run)
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_LIMIT_MS)
  const [err] = await Promise.all([text(child.stderr!), once(child, 'close')])
  clearTimeout(timer)
  return { code: child.exitCode, err }
}

export class AgentOnTest implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  #err = ''

  constructor(run: AgentRun) {
    this.#child = start(run)
    this.#closed = once(this.#child, 'close')
    this.#child.stderr?.setEncoding('utf8').on('data', (said: string) => {
      this.#err += said
    })
  }

  /** Everything that it has said so far. */
  get err(): string {
    return this.#err
  }

  /** Resolves when it says so; rejects where it ends before. */
  async said(wanted: RegExp): Promise<void> {
    const limit = AbortSignal.timeout(READY_LIMIT_MS)
    while (!wanted.test(this.#err)) {
      if (this.#child.exitCode !== null || limit.aborted)
        throw new Error(`the agent did not say ${wanted}, but: ${this.#err}`)
      await Promise.race([once(this.#child.stderr!, 'data', { signal: limit }).catch(() => undefined), this.#closed])
    }
  }

  async end(): Promise<number | null> {
    await this.#closed
    return this.#child.exitCode
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGTERM')
    await this.#closed
  }
}
