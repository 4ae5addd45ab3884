/** A log on KurrentDB for a verb: read from its local copy, and said aloud where that is all there is. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { firstValueFrom } from 'rxjs'
import type { Timestamp } from '../../events/ids.ts'
import { isoTime } from '../history/position.ts'
import { openKurrentLog } from '../log/kurrentdb/log.ts'
import { openSqliteLog } from '../log/sqlite/log.ts'
import { type EventLog, LogError } from '../ports/log.ts'
import { kurrentAddress } from './log-url.ts'

export type Warn = (text: string) => void

export type Opening = {
  readonly url: string
  /** Path of the local copy. */
  readonly copy: string
  readonly purpose: 'read' | 'write' | 'agent'
  readonly now: () => Timestamp
  readonly warn: Warn
}

/** A reader does not wait long where it has an answer, a writer has none. */
const DEADLINE_MS: { readonly [Purpose in Opening['purpose']]: number } = { read: 2_000, write: 5_000, agent: 10_000 }

/** Throws `LogError`, `CliError`. */
export async function openKurrent({ url, copy, purpose, now, warn }: Opening): Promise<EventLog> {
  const address = kurrentAddress(url)
  const reading = purpose === 'read'
  try {
    mkdirSync(dirname(copy), { recursive: true })
    const log = await openKurrentLog({
      ...{ address, mirrorPath: copy, now, deadlineMs: DEADLINE_MS[purpose] },
      whenAway: purpose === 'write' ? 'refuse' : 'go-on',
    })
    const link = await firstValueFrom(log.link)
    if (!reading || link.kind === 'up') return log
    if (link.since === null) {
      // A copy that never heard of its server answers for nothing.
      await log[Symbol.asyncDispose]()
      throw new LogError('log-unavailable', link.reason.replace(/^log-unavailable: /, ''))
    }
    warn(await aside(log, { ...link, now: now() }))
    return log
  } catch (error) {
    if (!reading || !isUnwritable(error) || !existsSync(copy)) throw error
    const log = openSqliteLog({ path: copy, now, readOnly: true })
    warn(
      await aside(log, { reason: `the copy cannot be brought up to date: ${error.message}`, since: null, now: now() }),
    )
    return log
  }
}

type Away = { readonly reason: string; readonly since: Timestamp | null; readonly now: Timestamp }

/** How far the copy goes, and since when nobody has heard of the server. */
async function aside(log: EventLog, { reason, since, now }: Away): Promise<string> {
  const known =
    since === null ? '' : `; last heard from it at ${isoTime(since)}, ${Math.round((now - since) / 1_000)} s ago`
  for await (const [last] of log.readAll({ direction: 'backwards', after: null, limit: 1 })) {
    if (last === undefined) break
    const place = `position ${last.position}, ${isoTime(last.recordedAt)}`
    return `warning: answered from the local copy, which goes to ${place}: ${reason}${known}\n`
  }
  return `warning: answered from the local copy, which is empty: ${reason}${known}\n`
}

function isUnwritable(error: unknown): error is LogError {
  return error instanceof LogError && (error.code === 'log-io' || error.code === 'log-locked')
}
