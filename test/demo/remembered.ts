/**
 * What a log alone must be good for, checked on the log of a played demo: its file, copied to where nothing may be written, answers every reading verb
 * at every position as a log that ends there answers, and as the story's own commands answered while it was played.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
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
    [Symbol.dispose]: () => (mounted ? void execFileSync('umount', ['--lazy', folder]) : chmodSync(folder, 0o755)),
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

/** Each verb is asked at every so many positions, and always some of them are. */
const TURNS = 3

/** What a helper of `assertEveryPosition` looks at. */
export type Share = { readonly log: string; readonly cut: string; readonly positions: readonly bigint[] }

/** Two threads, each with a half of the positions: every other, so that both have as much to do. */
export async function assertEveryPosition({ log, positions }: Copy, folder: string): Promise<void> {
  const shares = [0, 1].map((which): Share => {
    const cut = join(folder, `cut-${which}.db`)
    return { log, cut, positions: positions.filter((_, index) => index % 2 === which) }
  })
  await Promise.all(
    shares.map(async (workerData) => {
      const worker = new Worker(join(import.meta.dirname, 'remembered-worker.ts'), { workerData })
      const [code] = await once(worker, 'exit')
      assert.equal(code, 0)
    }),
  )
}

/** From the last position backwards one log is cut event by event, so that each of its heads is asked about. */
export async function assertPositions({ log, cut, positions }: Share): Promise<void> {
  copyFileSync(log, cut)
  chmodSync(cut, 0o644)
  const first = positions[0] ?? 0n
  const seen = new Map<readonly string[], string>()
  for (const [turn, position] of positions.toReversed().entries()) {
    cutAfter(cut, position)
    // In turns: between one position and the next little changes.
    for (const verb of VERBS.filter((_, index) => index % TURNS === turn % TURNS)) {
      const answer = await assertSame([...verb, '-o', 'json'], { log, cut, position })
      // What is shown depends on what was found: the table is looked at wherever that is another than at the position before.
      const found = JSON.stringify(answer.code === 0 ? JSON.parse(answer.out).items : answer)
      if (found !== seen.get(verb)) await assertSame([...verb, '-o', 'table'], { log, cut, position })
      seen.set(verb, found)
    }
    const range = `${first}..${position}`
    assert.deepEqual(await hindcast('diff', range, '--log', log), await hindcast('diff', range, '--log', cut), range)
  }
}

/** Gives the answer of the log that ends at the position. */
async function assertSame(
  args: readonly string[],
  { log, cut, position }: Omit<Share, 'positions'> & { readonly position: bigint },
): Promise<Ran> {
  const then = await hindcast(...args, '--log', cut)
  const later = await hindcast(...args, '--at', String(position), '--log', log)
  assert.deepEqual(later, then, `${args.join(' ')} --at ${position}`)
  return then
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
