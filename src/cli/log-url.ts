/** What a `--log` names, by its scheme. */
import { createHash } from 'node:crypto'
import { type KurrentAddress, readAddress } from '../log/kurrentdb/address.ts'
import { LogError } from '../ports/log.ts'
import { CliError } from './failure.ts'

export const CAPSULE_SCHEME = 'capsule:'
const DIGITS = 12

/** Null where the address is not one of a capsule. */
export function capsulePath(url: string): string | null {
  return url.startsWith(CAPSULE_SCHEME) ? url.slice(CAPSULE_SCHEME.length) : null
}

export function isKurrentUrl(url: string): boolean {
  return /^(kurrentdb|kurrent|kdb|esdb)(\+discover)?:/.test(url)
}

/** Name of the local copy's file: one for each server and prefix. Throws `CliError`. */
export function copyPath(url: string): string {
  const { shown, prefix } = kurrentAddress(url)
  return `kurrentdb-${createHash('sha256').update(`${shown} ${prefix}`).digest('hex').slice(0, DIGITS)}.db`
}

/** Throws `CliError`. */
export function kurrentAddress(url: string): KurrentAddress {
  try {
    return readAddress(url, process.env)
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    throw new CliError('usage', `log-address at --log: ${error.message.replace(/^log-address: /, '')}`, {
      cause: error,
    })
  }
}
