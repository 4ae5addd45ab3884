/** Settings of IPv4 in the current network namespace, below /proc/sys/net/ipv4. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatapathError, type DatapathErrorCode } from '../ports/datapath.ts'

const FOLDER = '/proc/sys/net/ipv4'

export function readSetting(name: string): string {
  return tried(`reading ${name}`, () => readFileSync(join(FOLDER, name), 'utf8').trim())
}

export function writeSetting(name: string, value: string): void {
  tried(`setting ${name} to ${value}`, () => writeFileSync(join(FOLDER, name), value))
}

/** A device may go at any moment, and in a container the settings may be for reading only. */
function tried<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    const code: DatapathErrorCode = error.code === 'ENOENT' ? 'no-device' : 'no-privilege'
    throw new DatapathError(code, `${what} in ${FOLDER}: ${error.message}`, '', { cause: error })
  }
}
