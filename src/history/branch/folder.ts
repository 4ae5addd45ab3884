/** Where the branches of a log are kept, one JSON file each, beside the log. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Branch } from './branch.ts'
import { readBranch } from './branch-file.ts'

/** Also keeps names from being paths. */
export const BRANCH_NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
const FILE = /^(.+)\.json$/

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

  /** Whole or not at all, so that a kill leaves the old one. */
  save(saved: Branch): void {
    mkdirSync(this.path, { recursive: true })
    const draft = `${this.#file(saved.name)}.${process.pid}`
    writeFileSync(draft, `${JSON.stringify(saved, null, 2)}\n`)
    renameSync(draft, this.#file(saved.name))
  }

  drop(name: string): void {
    rmSync(this.#file(name))
  }

  #file(name: string): string {
    return join(this.path, `${name}.json`)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
