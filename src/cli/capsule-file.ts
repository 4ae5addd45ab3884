/** Capsules in files: `--log capsule:FILE`. */

import { randomUUID } from 'node:crypto'
import { createReadStream, existsSync, linkSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { CapsuleError } from '../history/capsule/capsule-error.ts'
import { openCapsule } from '../history/capsule/export.ts'
import { type Capsule, capsuleChunks, readCapsule } from '../history/capsule/format.ts'
import type { History } from '../history/history.ts'
import { IN_MEMORY, openReadModel } from '../readmodel/model.ts'
import { CliError, messageOf } from './failure.ts'

const SCHEME = 'capsule:'

/** Null where the address is not one of a capsule. */
export function capsulePath(url: string): string | null {
  return url.startsWith(SCHEME) ? url.slice(SCHEME.length) : null
}

/** Throws `CliError` where there is no such file, `CapsuleError` where it is none or was changed. */
export async function readCapsuleFile(path: string): Promise<Capsule> {
  try {
    return await readCapsule(createReadStream(path))
  } catch (error) {
    if (error instanceof CapsuleError || !isOfFiles(error)) throw error
    throw new CliError('notFound', `capsule-missing: ${messageOf(error)}`, { cause: error })
  }
}

/** The states at both ends are those that it says. Throws like `readCapsuleFile`. */
export async function openCapsuleFile(path: string): Promise<History> {
  const location = `${SCHEME}${path}`
  return openCapsule(await readCapsuleFile(path), { location, openModel: (log) => openReadModel(log, IN_MEMORY) })
}

/** Before the work is done of which there would be nothing. Throws `CliError`. */
export function checkCapsuleTarget(path: string): void {
  if (existsSync(path)) throw new CliError('usage', `capsule-not-written: ${path} is there already`)
}

/**
 * Gives the number of bytes. The file is there whole or not at all: it is written beside its place, and put there when it is on the disk. Throws
 * `CliError`, also where `stop` ends it; a file that is there stays.
 */
export async function writeCapsuleFile(path: string, capsule: Capsule, stop: AbortSignal): Promise<number> {
  const part = `${path}.${randomUUID().slice(0, 8)}.part`
  try {
    const bytes = await written(part, capsule, stop)
    // Unlike a renaming this does not replace what somebody else has put there meanwhile.
    linkSync(part, path)
    return bytes
  } catch (error) {
    if (error instanceof CapsuleError || error instanceof CliError || !isOfFiles(error)) throw error
    throw new CliError('usage', `capsule-not-written: ${messageOf(error)}`, { cause: error })
  } finally {
    rmSync(part, { force: true })
  }
}

async function written(part: string, capsule: Capsule, stop: AbortSignal): Promise<number> {
  await using file = await open(part, 'wx', 0o600)
  let bytes = 0
  for await (const chunk of capsuleChunks(capsule)) {
    if (stop.aborted) throw interrupted()
    await file.writeFile(chunk)
    bytes += chunk.length
  }
  await file.sync()
  return bytes
}

export function interrupted(): CliError {
  return new CliError('usage', 'capsule-not-written: interrupted')
}

function isOfFiles(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'
}
