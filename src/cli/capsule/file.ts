/** Capsules in files: `--log capsule:FILE`. */

import { randomUUID } from 'node:crypto'
import { createReadStream, existsSync, linkSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { CapsuleError } from '../../history/capsule/capsule-error.ts'
import { capsuleLog, openCapsule, PROJECTION } from '../../history/capsule/export.ts'
import { type Capsule, capsuleChunks, type ReadCapsule, readCapsule } from '../../history/capsule/format.ts'
import { checkedOrigin } from '../../history/capsule/origin.ts'
import type { History } from '../../history/history.ts'
import type { EventLog } from '../../ports/log.ts'
import type { ReadModel } from '../../ports/read-model.ts'
import { IN_MEMORY, openReadModel } from '../../readmodel/model.ts'
import { CliError, messageOf } from '../failure.ts'
import { CAPSULE_SCHEME } from '../log-url.ts'
import { version } from '../version.ts'
import { keptModel } from './cache.ts'

/** Throws `CliError` where there is no such file, `CapsuleError` where it is none or was changed. */
export async function readCapsuleFile(path: string): Promise<ReadCapsule> {
  try {
    return await readCapsule(createReadStream(path))
  } catch (error) {
    if (error instanceof CapsuleError || !isOfFiles(error)) throw error
    throw new CliError('notFound', `capsule-missing: ${messageOf(error)}`, { cause: error })
  }
}

export type OpenedCapsule = History & { readonly capsule: ReadCapsule }

const inMemory = (log: EventLog): Promise<ReadModel> => openReadModel(log, IN_MEMORY)

/**
 * The states at both ends are those that it says, and its events lead to the root of its checkpoint, if it has one. What another program made is said to
 * `warn`. Throws like `readCapsuleFile`.
 */
export async function checkCapsuleFile(path: string, warn: (text: string) => void): Promise<OpenedCapsule> {
  const capsule = await readWarning(path, warn)
  checkedOrigin(capsule, null)
  return { ...(await openCapsule(capsule, { location: locationOf(path), openModel: inMemory })), capsule }
}

/** Events from which on it is worth to keep what was found out; a small capsule leaves nothing behind. */
const KEPT_FROM = 5_000

/** The same for whoever asks it; what a large one came to is kept in the user's cache, by the digest of its lines. */
export async function openCapsuleFile(path: string, warn: (text: string) => void): Promise<OpenedCapsule> {
  const capsule = await readWarning(path, warn)
  const location = locationOf(path)
  const kept = capsule.events.length < KEPT_FROM ? null : keptModel(capsule.digest)
  if (kept?.isChecked === true) {
    const log = capsuleLog(capsule, location)
    return { log, model: await kept.open(log), capsule }
  }
  checkedOrigin(capsule, null)
  const opened = await openCapsule(capsule, { location, openModel: kept === null ? inMemory : kept.open })
  kept?.checked()
  return { ...opened, capsule }
}

async function readWarning(path: string, warn: (text: string) => void): Promise<ReadCapsule> {
  const capsule = await readCapsuleFile(path)
  const { engine, projection } = capsule.header
  if (engine !== version())
    warn(`capsule-of-another-engine: ${path} is by hindcast ${engine}; what follows is said by ${version()}\n`)
  if (projection !== PROJECTION)
    warn(`capsule-not-compared: the digests of its states are of ${projection}, not ${PROJECTION}\n`)
  return capsule
}

function locationOf(path: string): string {
  return `${CAPSULE_SCHEME}${path}`
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
    putInPlace(part, path)
    return bytes
  } catch (error) {
    if (error instanceof CapsuleError || error instanceof CliError || !isOfFiles(error)) throw error
    const isTarget = TARGET_WRONG.includes((error as NodeJS.ErrnoException).code ?? '')
    throw new CliError(isTarget ? 'usage' : 'backend', `capsule-not-written: ${messageOf(error)}`, { cause: error })
  } finally {
    rmSync(part, { force: true })
  }
}

/** What is wrong is the name that was given. */
const TARGET_WRONG: readonly string[] = ['EEXIST', 'EISDIR', 'ENOENT', 'ENOTDIR']

async function written(part: string, capsule: Capsule, stop: AbortSignal): Promise<number> {
  await using file = await open(part, 'wx')
  let bytes = 0
  for await (const chunk of capsuleChunks(capsule)) {
    if (stop.aborted) throw interrupted()
    await file.writeFile(chunk)
    bytes += chunk.length
  }
  await file.sync()
  return bytes
}

/** Unlike a renaming, a link does not replace what somebody else has put there meanwhile; not every file system has them. */
function putInPlace(part: string, path: string): void {
  try {
    linkSync(part, path)
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    checkCapsuleTarget(path)
    renameSync(part, path)
  }
}

export function interrupted(): CliError {
  return new CliError('interrupted', 'capsule-not-written: interrupted')
}

function isOfFiles(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'
}
