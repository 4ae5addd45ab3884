/** `hindcast` as a process of its own, so that it can be ended by a signal as by Ctrl-C. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

const ENTRY = join(import.meta.dirname, '../../src/cli/hindcast.ts')

export type Ended = {
  /** Null where a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

export type Interrupt = { readonly signal: NodeJS.Signals; readonly afterMs: number }

/** Runs to its end, or to the interruption. */
export async function command(args: readonly string[], interrupt: Interrupt | null = null): Promise<Ended> {
  const child = spawn(process.execPath, [ENTRY, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const over = new AbortController()
  if (interrupt !== null) {
    const { signal, afterMs } = interrupt
    void sleep(afterMs, undefined, { signal: over.signal }).then(
      () => child.kill(signal),
      () => undefined,
    )
  }
  const [out, err] = await ended
  over.abort()
  return { code: child.exitCode, signal: child.signalCode, out, err }
}
