/**
 * What a large capsule came to when it was first asked, kept for the next question: its read model, and a mark that its states at both ends and its origin
 * were checked. Both are named by the digest of the capsule's lines, so nothing is believed of another one, and they are in the user's own cache,
 * never beside the capsule, where whoever sent it could have put them. Where nothing can be kept, nothing is.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { DecodeError } from '../../../events/codec.ts'
import type { Digest } from '../../../events/ids.ts'
import { PROJECTION } from '../../history/capsule/export.ts'
import { type EventLog, LogError } from '../../ports/log.ts'
import type { ReadModel } from '../../ports/read-model.ts'
import { IN_MEMORY, openReadModel } from '../../readmodel/model.ts'
import { version } from '../version.ts'

/** Capsules that are kept; the ones that were made longest ago go first. */
const KEPT_MAX = 8
const MARK = '.checked'

export type KeptModel = {
  /** Whether this program has found it as it says. */
  readonly isChecked: boolean
  readonly open: (log: EventLog) => Promise<ReadModel>
  readonly checked: () => void
}

/** Null where there is no place for it. */
export function keptModel(digest: Digest): KeptModel | null {
  const folder = cacheFolder()
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch {
    return null
  }
  const name = digest.slice('sha256:'.length)
  const path = join(folder, name)
  // Of the program, too: another one may look at more.
  const mark = join(folder, `${name}.${PROJECTION}.${version()}${MARK}`)
  return {
    isChecked: existsSync(mark) && existsSync(path),
    open: (log) => opened(log, path),
    checked: () => keep(folder, name, mark),
  }
}

function cacheFolder(): string {
  const given = process.env['XDG_CACHE_HOME'] ?? ''
  return join(isAbsolute(given) ? given : join(homedir(), '.cache'), 'hindcast', 'capsules')
}

async function opened(log: EventLog, path: string): Promise<ReadModel> {
  try {
    return await openReadModel(log, path)
  } catch (error) {
    if (error instanceof DecodeError || error instanceof LogError) throw error
    return openReadModel(log, IN_MEMORY)
  }
}

function keep(folder: string, name: string, mark: string): void {
  try {
    writeFileSync(mark, '')
    const names = new Set(readdirSync(folder).map((file) => file.split(/[.-]/)[0]!))
    names.delete(name)
    const aged = [...names].map((other) => ({ other, at: madeAt(join(folder, other)) })).toSorted((a, b) => b.at - a.at)
    for (const { other } of aged.slice(KEPT_MAX - 1)) forget(folder, other)
  } catch {
    // A full disk or somebody else at work: the next question looks again.
  }
}

function madeAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function forget(folder: string, name: string): void {
  for (const file of readdirSync(folder)) if (file.startsWith(name)) rmSync(join(folder, file), { force: true })
}
