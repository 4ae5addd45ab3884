/** `hindcast log`: the events themselves, oldest first, and with `--follow` those that come. */
import { EVENT_TYPES, type EventType } from '../../events/catalogue.ts'
import { decodeEvent, type StoredEvent } from '../../events/codec.ts'
import type { Position, Timestamp } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { isoTime, parseTime, resolveMoment } from '../history/position.ts'
import type { EventLog } from '../ports/log.ts'
import type { Output } from './answer.ts'
import { now, openLogToRead, type Place } from './compose.ts'
import { CliError } from './failure.ts'
import { EVENT_HEADER, eventRow } from './render/objects.ts'

export type LogOptions = Place & {
  readonly since: string | undefined
  readonly until: string | undefined
  readonly type: readonly string[]
  readonly stream: readonly string[]
  readonly follow: boolean
  readonly output: Output
}

export type LogSink = {
  readonly write: (text: string) => void
  readonly warn: (text: string) => void
  readonly stdin: AsyncIterable<Uint8Array>
  /** Standard output is one: colour is welcome. */
  readonly terminal: boolean
  /** Ends `--follow`. */
  readonly stop: AbortSignal
}

/** A bound is a time, or the position of another moment; both count themselves in. */
type Bound = { readonly time: Timestamp | null; readonly position: Position | null }
type Range = { readonly since: Bound; readonly until: Bound; readonly types: readonly EventType[] }

export async function printLog(options: LogOptions, sink: LogSink): Promise<void> {
  await using log = await openLogToRead(options, sink.warn)
  const range = await rangeOf(log, options)
  const after = laterOf(await startOf(log, range.since, sink), log)
  const wanted = (stored: StoredEvent): boolean => isWanted(stored, range, options.stream)
  const page = (events: readonly StoredEvent[]): void => {
    const shown = events.filter(wanted).map(decodeEvent)
    if (shown.length > 0) sink.write(printed(shown, options.output))
  }
  if (options.output === 'table') sink.write(`${fixed(EVENT_HEADER)}\n`)
  if (options.follow) return await follow(log, after, { page, stop: sink.stop })
  for await (const batch of log.readAll({ direction: 'forwards', after })) {
    page(batch)
    if (isOver(batch.at(-1), range)) return
  }
}

/** Fixed widths, because a stream's rows are printed as they come. */
const WIDTHS: readonly number[] = [10, 26, 24, 31, 24]

function printed(events: readonly Recorded[], output: Output): string {
  if (output === 'table') return events.map((event) => `${fixed(eventRow(event))}\n`).join('')
  return events.map((event) => `${JSON.stringify(plain(event))}\n`).join('')
}

function fixed(row: readonly string[]): string {
  return row
    .map((cell, column) => `${cell} `.padEnd(WIDTHS[column] ?? 0))
    .join('')
    .trimEnd()
}

function plain({ position, recordedAt, context, ...rest }: Recorded): unknown {
  const cause = context.cause === null ? null : String(context.cause)
  return { position: String(position), time: isoTime(recordedAt), ...rest, context: { ...context, cause } }
}

/** Throws `CliError` with everything that is wrong. */
async function rangeOf(log: EventLog, { since, until, type }: LogOptions): Promise<Range> {
  const unknown = type.filter((name) => !EVENT_TYPES.some((known) => known === name))
  const problems = unknown.map((name) => `event-type-unknown at --type: ${name}; there are ${EVENT_TYPES.join(', ')}`)
  let isUsage = problems.length > 0
  const bound = async (where: string, at: string | undefined): Promise<Bound> => {
    const time = at === undefined ? null : parseTime(at, now())
    if (at === undefined || time !== null) return { time, position: null }
    const outcome = await resolveMoment({ log, now: now(), at })
    if (outcome.kind === 'found') return { time, position: outcome.moment?.position ?? null }
    isUsage ||= outcome.kind === 'bad-input'
    problems.push(`${outcome.kind === 'bad-input' ? 'bad-time' : outcome.kind} at ${where}: ${outcome.reason}`)
    return { time, position: null }
  }
  const range = { since: await bound('--since', since), until: await bound('--until', until) }
  if (problems.length > 0) throw new CliError(isUsage ? 'usage' : 'notFound', problems.join('\n'))
  return { ...range, types: type as readonly EventType[] }
}

/** Where the log is younger than `--since`, that is said and everything is shown. */
async function startOf(log: EventLog, { time: since, position }: Bound, sink: LogSink): Promise<Position | null> {
  if (position !== null) return (position - 1n) as Position
  if (since === null || since === 0) return null
  const after = await log.positionAtTime((since - 1) as Timestamp)
  if (after === null) {
    for await (const [first] of log.readAll({ direction: 'forwards', after: null, limit: 1 })) {
      if (first !== undefined) sink.warn(`the log begins at position ${first.position}, ${isoTime(first.recordedAt)}\n`)
    }
  }
  return after
}

/** Of a part of a log its events are shown, not those that its state at the start follows from. */
function laterOf(after: Position | null, { begins }: EventLog): Position | null {
  if (begins === undefined) return after
  const before = (begins.position - 1n) as Position
  return after !== null && after > before ? after : before
}

function isWanted(stored: StoredEvent, range: Range, streams: readonly string[]): boolean {
  const { types } = range
  return (
    (types.length === 0 || types.some((name) => name === stored.type)) &&
    (streams.length === 0 || streams.some((prefix) => stored.stream.startsWith(prefix))) &&
    !isOver(stored, range)
  )
}

/** Everything after it is over, too. */
function isOver(stored: StoredEvent | undefined, { until: { time, position } }: Range): boolean {
  if (stored === undefined) return false
  return (time !== null && stored.recordedAt > time) || (position !== null && stored.position > position)
}

async function follow(
  log: EventLog,
  after: Position | null,
  { page, stop }: { readonly page: (events: readonly StoredEvent[]) => void; readonly stop: AbortSignal },
): Promise<void> {
  if (stop.aborted) return
  const { fromEvent, lastValueFrom, takeUntil, tap } = await import('rxjs')
  const pages = log.subscribe(after).pipe(
    takeUntil(fromEvent(stop, 'abort')),
    tap((message) => {
      if (message.kind === 'events') page(message.events)
    }),
  )
  // Nothing else keeps the process there while nothing comes.
  const alive = setInterval(() => {}, ALIVE_MS)
  try {
    await lastValueFrom(pages, { defaultValue: null })
  } finally {
    clearInterval(alive)
  }
}

const ALIVE_MS = 60_000
