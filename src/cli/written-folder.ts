/** Files of `replay --into`: first aside, then moved to their places, so that a kill leaves no half file there. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { MaterialFile } from '../history/materialise.ts'
import { CliError, messageOf } from './failure.ts'

const ASIDE = /^\.writing-[0-9]+$/
/** Moved last: where it is, everything is. */
const LAST = 'moment.json'

/** Into a folder that is new or empty, so that nothing of somebody else's is mixed in; what an interrupted run left there goes. Throws `CliError`. */
export function writeFolder(folder: string, files: readonly MaterialFile[]): void {
  const aside = join(folder, `.writing-${process.pid}`)
  const tops = new Set(files.map(({ path }) => path.split('/')[0]!))
  try {
    mkdirSync(folder, { recursive: true })
    clear(folder, tops)
    for (const { path, text } of files) {
      mkdirSync(join(aside, dirname(path)), { recursive: true })
      writeFileSync(join(aside, path), text)
    }
    const inOrder = [...tops].toSorted((a, b) => Number(a === LAST) - Number(b === LAST))
    for (const name of inOrder) renameSync(join(aside, name), join(folder, name))
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError('backend', `cannot write at --into: ${messageOf(error)}`, { cause: error })
  } finally {
    if (existsSync(aside)) rmSync(aside, { recursive: true })
  }
}

/** What a killed run left is known by its folder aside, and by the last file that is missing. */
function clear(folder: string, tops: ReadonlySet<string>): void {
  const names = readdirSync(folder)
  const isOurs = names.every((name) => ASIDE.test(name) || (tops.has(name) && name !== LAST))
  if (names.length > 0 && !(isOurs && names.some((name) => ASIDE.test(name))))
    throw new CliError('usage', `folder-not-empty at --into: ${folder}`)
  for (const name of names) rmSync(join(folder, name), { recursive: true })
}
