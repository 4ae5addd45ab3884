/** The story as a user gets it, `npm run demo`, in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export const SCRIPT: string = join(import.meta.dirname, '../../src/demo/demo.ts')

export type Exhibit = { readonly command: string; readonly output: string }

export type Line =
  | { readonly kind: 'progress'; readonly text: string }
  | {
      readonly kind: 'step'
      readonly title: string
      readonly seen: string
      readonly ok: boolean
      readonly exhibits: readonly Exhibit[]
    }
  | { readonly kind: 'end'; readonly passed: number; readonly failed: number }

export type Told = {
  readonly code: number | null
  readonly lines: readonly Line[]
  readonly err: string
  readonly pid: number
}

export async function play(...args: readonly string[]): Promise<Told> {
  const child = spawn(process.execPath, [SCRIPT, '--json', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const lines = out
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
  return { code: child.exitCode, lines: lines.map((line) => JSON.parse(line) as Line), err, pid: child.pid ?? 0 }
}
