/**
 * What a log alone must be good for, checked on the log of a played demo: its file, copied to where nothing may be written, answers every reading verb
 * at every position as a log that ends there answers, and as the story's own commands answered while it was played.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { hindcast, type Ran, READING_VERBS } from '../cli/recorded-log.ts'
import type { Exhibit, Told } from './play.ts'

const LANDING = 'POST /v1/request-landing'
const VERBS: readonly (readonly string[])[] = [
  ...READING_VERBS,
  ['why', '--from', 'tiefighter', '--to', 'deathstar', '--http', LANDING],
  ['why', '--from', 'tiefighter', '--to', 'deathstar', '--http', 'PUT /v1/exhaust-port'],
  ['why', '--from', 'xwing', '--to', 'deathstar', '--http', LANDING],
  ['blame', '863'],
  ['history', '863', 'ingress:29439:80/TCP'],
]
/** Verbs whose answers come from the log: those of the story that ask the live kernel or the flow store are left out. */
const LIVE = /^hindcast (bpf ct|flows|log|drift)( |$)/

export type Copy = Disposable & { readonly log: string; readonly positions: readonly bigint[] }

/** The file alone, without what SQLite keeps beside an open one, in a folder where nothing may be written. */
export function copyAlone(log: string, folder: string): Copy {
  mkdirSync(folder)
  const copy = join(folder, 'copy.db')
  copyFileSync(log, copy)
  const positions = positionsOf(copy)
  chmodSync(copy, 0o444)
  const mounted = mountReadOnly(folder)
  if (!mounted) chmodSync(folder, 0o555)
  return {
    log: copy,
    positions,
    [Symbol.dispose]: () => (mounted ? void execFileSync('umount', [folder]) : chmodSync(folder, 0o755)),
  }
}

/** Modes do not hold root back, a mount does. False where this process may not mount. */
function mountReadOnly(folder: string): boolean {
  try {
    execFileSync('mount', ['--bind', folder, folder], { stdio: 'pipe' })
  } catch {
    return false
  }
  execFileSync('mount', ['-o', 'remount,bind,ro', folder])
  return true
}

function positionsOf(path: string): readonly bigint[] {
  const database = new DatabaseSync(path, { readBigInts: true })
  const rows = database.prepare('SELECT position FROM events ORDER BY position').all()
  database.close()
  return rows.map(({ position }) => BigInt(String(position)))
}

/** From the last position backwards one log is cut event by event, so that each of its heads is asked about. */
export async function assertEveryPosition(copy: Copy, folder: string): Promise<void> {
  const path = join(folder, 'cut.db')
  copyFileSync(copy.log, path)
  chmodSync(path, 0o644)
  const first = copy.positions[0] ?? 0n
  for (const position of copy.positions.toReversed()) {
    cutAfter(path, position)
    for (const verb of VERBS) {
      for (const form of ['table', 'json']) {
        const args = [...verb, '-o', form]
        const [then, later] = [
          await hindcast(...args, '--log', path),
          await hindcast(...args, '--at', String(position), '--log', copy.log),
        ]
        assert.deepEqual(later, then, `${args.join(' ')} --at ${position}`)
      }
    }
    const range = `${first}..${position}`
    const [then, later] = [
      await hindcast('diff', range, '--log', path),
      await hindcast('diff', range, '--log', copy.log),
    ]
    assert.deepEqual(later, then, `diff ${range}`)
  }
}

function cutAfter(path: string, position: bigint): void {
  const database = new DatabaseSync(path)
  database.prepare('DELETE FROM events WHERE position > ?').run(position)
  database.close()
}

/** Asks the story's own commands again; gives how many were asked. */
export async function assertAsTold(copy: Copy, { lines }: Told): Promise<number> {
  const exhibits = lines.flatMap((line) => (line.kind === 'step' ? line.exhibits : []))
  const recorded = exhibits.filter(({ command }) => !LIVE.test(`${command} `))
  for (const { command, output } of recorded) {
    const args = words(command)
    const at = /^at position ([0-9]+)/m.exec(output)?.[1]
    assert.ok(at !== undefined, `${command} says no position`)
    const again: Ran = await hindcast(...args, ...(args.includes('--at') ? [] : ['--at', at]), '--log', copy.log)
    assert.equal(again.out, output, command)
  }
  return recorded.length
}

function words(command: Exhibit['command']): readonly string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '').slice(1)
}
