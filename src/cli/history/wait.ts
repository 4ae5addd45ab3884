/** `hindcast wait`: until endpoints enforce a revision. */

import { filter, firstValueFrom, race, timer } from 'rxjs'
import { type EndpointProgress, progressOf } from '../../history/convergence.ts'
import type { History } from '../../history/history.ts'
import { isoTime, type Moment } from '../../history/position.ts'
import { worldFrom } from '../../history/state-at.ts'
import { momentOf } from '../answer.ts'
import { openHistory, type Place } from '../compose.ts'
import { CliError } from '../failure.ts'
import type { LogSink } from '../log-verb.ts'
import { counted } from '../render/counted.ts'
import { progressTable } from '../render/progress.ts'
import { requireSubjects } from '../subjects.ts'

export type WaitOptions = Place & {
  readonly for: 'realized'
  readonly rev: number | undefined
  readonly node: string | undefined
  readonly endpoint: number | undefined
  readonly timeout: number
  readonly output: 'table' | 'json'
}

/** Ends with 1 where the time is over, and says who is behind and why. */
export async function waitFor(options: WaitOptions, sink: LogSink): Promise<void> {
  await using history = await openHistory(options, sink.warn)
  const deadline = Date.now() + options.timeout * 1_000
  for (;;) {
    const { behind, all, moment } = await behindNow(history, options)
    const isThere = all.length > 0 && behind.length === 0
    const left = deadline - Date.now()
    if (isThere || left <= 0) {
      sink.write(options.output === 'json' ? json({ behind, all, moment }) : text({ behind, all, moment }))
      if (isThere) return
      requireSubjects(history, options, { moment, span: 'then' })
      throw new CliError('difference', all.length === 0 ? 'there is no endpoint to wait for' : '')
    }
    await something(history, moment, left)
  }
}

type Standing = {
  readonly behind: readonly EndpointProgress[]
  readonly all: readonly EndpointProgress[]
  readonly moment: Moment | null
}

function text({ behind, all, moment }: Standing): string {
  const verb = all.length === 1 ? 'realises' : 'realise'
  const endpoints = counted(all.length, 'endpoint')
  if (all.length === 0 || behind.length > 0)
    return `${all.length - behind.length} of ${endpoints} ${verb} it\n${progressTable(behind)}`
  return `${endpoints} ${verb} revision ${all[0]!.wanted} at position ${moment!.position}, ${isoTime(moment!.recordedAt)}\n`
}

function json({ behind, all, moment }: Standing): string {
  const position = moment === null ? null : String(moment.position)
  const time = moment === null ? null : isoTime(moment.recordedAt)
  const realised = all.length > 0 && behind.length === 0
  return `${JSON.stringify({ position, time, revision: all[0]?.wanted ?? null, realised, items: all }, null, 2)}\n`
}

async function behindNow(history: History, { rev, node, endpoint }: WaitOptions): Promise<Standing> {
  await history.model.catchUp(history.log)
  const moment = await momentOf(history, null, '--rev')
  if (moment === null) return { behind: [], all: [], moment }
  const at = { position: history.model.builtTo() ?? moment.position, recordedAt: moment.recordedAt }
  const world = worldFrom(history.model, at.position)
  const progress = await progressOf(history, { world, moment: at, wanted: rev ?? null })
  const all = progress.filter(
    (one) => (node === undefined || one.node === node) && (endpoint === undefined || one.endpoint === endpoint),
  )
  return { behind: all.filter(({ realised }) => !realised), all, moment: at }
}

/** Until the log has gained something, or the time is over. */
async function something({ log }: History, moment: Moment | null, leftMs: number): Promise<void> {
  const events = log.subscribe(moment?.position ?? null).pipe(filter(({ kind }) => kind === 'events'))
  await firstValueFrom(race(events, timer(leftMs)), { defaultValue: null })
}
