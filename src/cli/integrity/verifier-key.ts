/** The key by which signatures are checked: the one that was given, or the one beside the log. */
import { existsSync, readFileSync } from 'node:fs'
import { readVerifierKey, type VerifierKey } from '../../history/checkpoint/note.ts'
import { checkpointFolder } from '../beside.ts'
import type { Place } from '../compose.ts'
import { CliError, messageOf } from '../failure.ts'

/** `key` is a key, or a file with one. Throws `CliError`. */
export function verifierKey({ key, ...place }: Place & { readonly key: string | undefined }): VerifierKey {
  const found = key === undefined ? trying(() => checkpointFolder(place).verifier()) : givenKey(key)
  if (found !== null) return found
  throw new CliError('usage', 'key-missing at --key: there is no verifier key beside the log')
}

/** Throws `CliError`. */
export function givenKey(key: string): VerifierKey {
  return trying(() => readVerifierKey(existsSync(key) ? fileText(key, '--key') : key))
}

/** Throws `CliError`. */
export function fileText(file: string, where: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new CliError('notFound', `cannot read ${file} at ${where}: ${messageOf(error)}`, { cause: error })
  }
}

function trying<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError('usage', `key-wrong at --key: ${messageOf(error)}`, { cause: error })
  }
}
