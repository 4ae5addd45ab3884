/** Where the branches of a log are kept, one JSON file each, beside the log. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Branch } from './branch.ts'
import { readBranch } from './branch-file.ts'

/** Also keeps names from being paths. */
export const BRANCH_NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
const FILE = /^(.+)\.json$/
/** A lock is held while two small files are written; one that is older was left by a process that was killed. */
const LOCK_STALE_MS = 10_000
const LOCK_PAUSE_MS = 5

export class BranchError extends Error {
  override readonly name = 'BranchError'
}

export class BranchFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  names(): readonly string[] {
    if (!existsSync(this.path)) return []
    const names = readdirSync(this.path).map((file) => FILE.exec(file)?.[1] ?? '')
    return names.filter((name) => BRANCH_NAME.test(name)).toSorted()
  }

  /** Null where there is none. Throws `BranchError` where the file is damaged or newer than this program. */
  read(name: string): Branch | null {
    if (!BRANCH_NAME.test(name) || !existsSync(this.#file(name))) return null
    const reading = readBranch(parsed(readFileSync(this.#file(name), 'utf8')))
    if (reading.kind === 'refused') throw new BranchError(`${this.#file(name)} ${reading.reason}`)
    return reading.branch
  }

  /**
   * Whole or not at all, so that a kill leaves the old one. False, and nothing is changed, where it is no longer what `before` says, because
   * another process was faster; null: not there.
   */
  async replace(saved: Branch, before: Branch | null): Promise<boolean> {
    mkdirSync(this.path, { recursive: true })
    const [file, draft] = [this.#file(saved.name), `${this.#file(saved.name)}.${process.pid}`]
    return this.#ifStill(saved.name, before, () => {
      writeFileSync(draft, `${JSON.stringify(saved, null, 2)}\n`)
      renameSync(draft, file)
    })
  }

  /** False, and it stays, where it is no longer what `before` says. Null: whatever it is, also damaged. */
  async drop(name: string, before: Branch | null): Promise<boolean> {
    if (before !== null) return this.#ifStill(name, before, () => rmSync(this.#file(name)))
    rmSync(this.#file(name))
    return true
  }

  async #ifStill(name: string, before: Branch | null, change: () => void): Promise<boolean> {
    const lock = `${this.#file(name)}.lock`
    while (!taken(lock)) await sleep(LOCK_PAUSE_MS)
    try {
      if (!isDeepStrictEqual(this.read(name), before)) return false
      change()
      return true
    } finally {
      rmSync(lock, { force: true })
    }
  }

  #file(name: string): string {
    return join(this.path, `${name}.json`)
  }
}

/** Makes the lock, where nobody has it. */
function taken(lock: string): boolean {
  try {
    closeSync(openSync(lock, 'wx'))
    return true
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
  }
  const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
  if (since !== undefined && Date.now() - since > LOCK_STALE_MS) rmSync(lock, { force: true })
  return false
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
