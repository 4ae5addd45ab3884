/** The choice of adapters: the only file that knows which log stands behind a URL. */
import { join } from 'node:path'
import { Timestamp } from '../../events/ids.ts'
import { openSqliteLog } from '../log/sqlite/log.ts'
import type { EventLog } from '../ports/log.ts'
import { CliError } from './failure.ts'

export type Place = { readonly log: string | undefined; readonly state: string | undefined }

/** `.hindcast/` here, unless `--state` or HINDCAST_STATE says otherwise. */
export function stateFolder({ state }: Pick<Place, 'state'>): string {
  return state ?? (process.env['HINDCAST_STATE'] || '.hindcast')
}

/** For reading only. `sqlite:PATH` or a plain path; by default `log.db` in the state folder. Throws `LogError`, `CliError`. */
export function openLogToRead(place: Place): EventLog {
  const url = place.log ?? join(stateFolder(place), 'log.db')
  const scheme = /^([a-z][a-z0-9+]*):/.exec(url)?.[1]
  if (scheme !== undefined && scheme !== 'sqlite') {
    throw new CliError('usage', `log-scheme-unknown at --log: ${scheme}: is not one of sqlite:PATH or a plain path`)
  }
  return openSqliteLog({ path: url.replace(/^sqlite:/, ''), now, readOnly: true })
}

export function now(): Timestamp {
  return Timestamp(Date.now())
}
