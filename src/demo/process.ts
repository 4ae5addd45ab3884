/** Children of the demo: waited for by what they print, never by time alone. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Reply } from './cast.ts'

const START_LIMIT_MS = 15_000
/** A dropped SYN is silent; a ship waits this long before it says so. */
const SHIP_TIMEOUT_MS = 1_500

export function shipCommand(method: string, url: string): readonly string[] {
  return [process.execPath, join(import.meta.dirname, 'ship.ts'), method, url, String(SHIP_TIMEOUT_MS)]
}

/** Resolves when the child prints the line; rejects where it ends or the limit is reached before. */
export async function firstLine(child: ChildProcess, wanted: string): Promise<void> {
  if (child.stdout === null) throw new TypeError('the child has no standard output to read')
  const signal = AbortSignal.timeout(START_LIMIT_MS)
  const lines = createInterface({ input: child.stdout, signal })
  for await (const line of lines) if (line === wanted) return
  throw new Error(`${child.spawnfile} ended without saying ${wanted}`)
}

/** Runs a ship (ship.ts) and reads its reply. */
export async function answerOf([command = '', ...args]: readonly string[]): Promise<Reply> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(child, 'close')
  const text = Buffer.concat(chunks).toString()
  if (text === '') throw new Error(`${command} ${args.join(' ')} ended with ${child.exitCode} and said nothing`)
  return JSON.parse(text) as Reply
}
