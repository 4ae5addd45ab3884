/** `hindcast log sync`: one history from one log to another, either way between a file and a server. */

import { type Copied, CopyRefused, type CopyStep, copyHistory } from '../history/copy.ts'
import { openLogToRead, openLogToWrite, type Place } from './compose.ts'
import { CliError } from './failure.ts'
import type { LogSink } from './log-verb.ts'
import { counted } from './render/counted.ts'

export type SyncOptions = Pick<Place, 'state'> & {
  readonly from: string
  readonly to: string
  readonly output: 'table' | 'json'
}

const PROGRESS_MS = 1_000

export async function syncLog({ from, to, state, output }: SyncOptions, sink: LogSink): Promise<void> {
  await using source = await openLogToRead({ log: from, state }, sink.warn)
  await using target = await openLogToWrite({ log: to, state })
  let said = performance.now()
  const progress = (step: CopyStep, events: number): void => {
    if (performance.now() < said + PROGRESS_MS) return
    said = performance.now()
    sink.warn(`${events} events ${step}\n`)
  }
  try {
    const copied = await copyHistory({ from: source, to: target, progress })
    sink.write(output === 'json' ? json(copied) : text(copied, target.location))
  } catch (error) {
    if (error instanceof CopyRefused) throw new CliError('integrity', `log-differs: ${error.message}`, { cause: error })
    throw error
  }
}

function text({ present, copied, last }: Copied, target: string): string {
  const end = last === null ? 'the history is empty' : `up to position ${last.from}, which is ${last.to} there`
  return `${counted(copied, 'event')} copied to ${target}, ${present} ${present === 1 ? 'was' : 'were'} there; all compared with their originals, ${end}\n`
}

function json({ present, copied, last }: Copied): string {
  const positions = last === null ? null : { from: String(last.from), to: String(last.to) }
  return `${JSON.stringify({ present, copied, last: positions }, null, 2)}\n`
}
