/** Capsules in files: `--log capsule:FILE`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { openCapsule } from '../history/capsule/export.ts'
import { type Capsule, CapsuleError, capsuleBytes, readCapsule } from '../history/capsule/format.ts'
import type { History } from '../history/history.ts'
import { IN_MEMORY, openReadModel } from '../readmodel/model.ts'
import { CliError, messageOf } from './failure.ts'

const SCHEME = 'capsule:'

/** Null where the address is not one of a capsule. */
export function capsulePath(url: string): string | null {
  return url.startsWith(SCHEME) ? url.slice(SCHEME.length) : null
}

/** Throws `CliError` where there is no such file, `CapsuleError` where it is none or was changed. */
export function readCapsuleFile(path: string): Capsule {
  try {
    return readCapsule(readFileSync(path))
  } catch (error) {
    if (error instanceof CapsuleError) throw error
    throw new CliError('notFound', `capsule-missing: ${messageOf(error)}`, { cause: error })
  }
}

/** The states at both ends are those that it says. Throws like `readCapsuleFile`. */
export async function openCapsuleFile(path: string): Promise<History> {
  const location = `${SCHEME}${path}`
  return openCapsule(readCapsuleFile(path), { location, openModel: (log) => openReadModel(log, IN_MEMORY) })
}

/** Gives the number of bytes. Throws `CliError`; a file that is there stays. */
export function writeCapsuleFile(path: string, capsule: Capsule): number {
  const bytes = capsuleBytes(capsule)
  try {
    writeFileSync(path, bytes, { flag: 'wx' })
    return bytes.length
  } catch (error) {
    throw new CliError('usage', `capsule-not-written: ${messageOf(error)}`, { cause: error })
  }
}
