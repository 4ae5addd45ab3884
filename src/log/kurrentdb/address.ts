/**
 * Where the log lives on a KurrentDB: `kurrentdb://host:2113[,host…]?tls=true&prefix=hindcast`, with every option of the client's own connection
 * strings, and `prefix` of ours.
 *
 * Credentials come from KURRENTDB_USERNAME and KURRENTDB_PASSWORD, or from the file KURRENTDB_PASSWORD_FILE; in the address itself they are
 * refused, because addresses are printed, logged and kept in shell histories.
 */
import { readFileSync } from 'node:fs'
import { LogError } from '../../ports/log.ts'

export type KurrentAddress = {
  /** For the client; it may hold the password and must never be shown. */
  readonly connection: string
  /** For people. */
  readonly shown: string
  /** Streams are named `<prefix>.<stream>`, so that a shared server can hold other data. */
  readonly prefix: string
}

export type Environment = { readonly [name: string]: string | undefined }

const SCHEMES = /^(kurrentdb|kurrent|kdb)(\+discover)?:\/\//
const PREFIX = /^[a-z][a-z0-9_]{0,31}$/
const DEFAULT_PREFIX = 'hindcast'

/** Throws `LogError` with one sentence that names what is wrong, without the credentials. */
export function readAddress(url: string, environment: Environment): KurrentAddress {
  const scheme = SCHEMES.exec(url)?.[0]
  if (scheme === undefined) throw refused('the scheme is not kurrentdb:// or kurrentdb+discover://')
  const [authority = '', query = ''] = url.slice(scheme.length).split('?', 2)
  if (authority.includes('@')) {
    throw refused('credentials belong into KURRENTDB_USERNAME and KURRENTDB_PASSWORD or KURRENTDB_PASSWORD_FILE')
  }
  const hosts = authority.replace(/\/$/, '')
  if (hosts === '' || /[/#\s]/.test(hosts)) throw refused('it names no host')
  const options = new URLSearchParams(query)
  const prefix = options.get('prefix') ?? DEFAULT_PREFIX
  if (!PREFIX.test(prefix))
    throw refused(`prefix ${prefix} is not a letter and up to 31 letters, digits and underscores`)
  options.delete('prefix')
  // The client would answer conflicts with a wrong revision.
  options.delete('throwOnAppendFailure')
  const rest = options.size === 0 ? '' : `?${options}`
  const login = loginOf(environment)
  return { connection: `${scheme}${login}${hosts}${rest}`, shown: `${scheme}${hosts}${rest}`, prefix }
}

function loginOf(environment: Environment): string {
  const name = environment['KURRENTDB_USERNAME']
  if (name === undefined || name === '') return ''
  return `${encodeURIComponent(name)}:${encodeURIComponent(passwordOf(environment))}@`
}

function passwordOf(environment: Environment): string {
  const file = environment['KURRENTDB_PASSWORD_FILE']
  if (file === undefined || file === '') return environment['KURRENTDB_PASSWORD'] ?? ''
  try {
    return readFileSync(file, 'utf8').trimEnd()
  } catch (error) {
    throw refused(`KURRENTDB_PASSWORD_FILE: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function refused(reason: string): LogError {
  return new LogError('log-address', `not an address of a KurrentDB: ${reason}`)
}
