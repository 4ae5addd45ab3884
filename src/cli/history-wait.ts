/** `hindcast wait`: until endpoints enforce a revision. */

import { filter, firstValueFrom, race, timer } from 'rxjs'
import { type EndpointProgress, progressOf } from '../history/convergence.ts'
import type { History } from '../history/history.ts'
import { isoTime, type Moment } from '../history/position.ts'
import { worldFrom } from '../history/state-at.ts'
import { momentOf } from './answer.ts'
import { openHistory, type Place } from './compose.ts'
import { CliError } from './failure.ts'
import type { LogSink } from './log-verb.ts'
import { counted } from './render/counted.ts'
import { progressTable } from './render/progress.ts'

export type WaitOptions = Place & {
  readonly for: 'realized'
  readonly rev: number | undefined
  readonly node: string | undefined
  readonly endpoint: number | undefined
  readonly timeout: number
}

/** Ends with 1 where the time is over, and says who is behind and why. */
export async function waitFor(options: WaitOptions, sink: LogSink): Promise<void> {
  await using history = await openHistory(options, sink.warn)
  const deadline = Date.now() + options.timeout * 1_000
  for (;;) {
    const { behind, all, moment } = await behindNow(history, options)
    if (all.length > 0 && behind.length === 0) {
      sink.write(
        `${counted(all.length, 'endpoint')} ${all.length === 1 ? 'realises' : 'realise'} revision ${all[0]!.wanted} at position ${moment!.position}, ${isoTime(moment!.recordedAt)}\n`,
      )
      return
    }
    const left = deadline - Date.now()
    if (left <= 0) {
      sink.write(
        `${all.length - behind.length} of ${counted(all.length, 'endpoint')} realise${all.length === 1 ? 's' : ''} it\n${progressTable(behind)}`,
      )
      throw new CliError('difference', all.length === 0 ? 'there is no endpoint to wait for' : '')
    }
    await something(history, moment, left)
  }
}

async function behindNow(
  history: History,
  { rev, node, endpoint }: WaitOptions,
): Promise<{
  readonly behind: readonly EndpointProgress[]
  readonly all: readonly EndpointProgress[]
  readonly moment: Moment | null
}> {
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
