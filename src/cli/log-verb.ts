/** `hindcast log`: the events themselves, oldest first, and with `--follow` those that come. */
import { EVENT_TYPES, type EventType } from '../../events/catalogue.ts'
import { decodeEvent, type StoredEvent } from '../../events/codec.ts'
import type { Position, Timestamp } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { isoTime, parseTime } from '../history/position.ts'
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

type Range = {
  readonly since: Timestamp | null
  readonly until: Timestamp | null
  readonly types: readonly EventType[]
}

export async function printLog(options: LogOptions, sink: LogSink): Promise<void> {
  const range = rangeOf(options)
  await using log = await openLogToRead(options, sink.warn)
  const after = laterOf(await startOf(log, range.since, sink), log)
  const wanted = (stored: StoredEvent): boolean => isWanted(stored, range, options.stream)
  const page = (events: readonly StoredEvent[]): void => {
    const shown = events.filter(wanted).map(decodeEvent)
    if (shown.length > 0) sink.write(printed(shown, options.output))
  }
  if (options.output === 'table') sink.write(`${fixed(EVENT_HEADER)}\n`)
  if (options.follow) return await follow(log, after, { page, stop: sink.stop })
  for await (const batch of log.readAll({ direction: 'forwards', after })) page(batch)
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

function rangeOf({ since, until, type }: LogOptions): Range {
  const unknown = type.filter((name) => !EVENT_TYPES.some((known) => known === name))
  const problems = unknown.map((name) => `event-type-unknown at --type: ${name}; there are ${EVENT_TYPES.join(', ')}`)
  const times = [since, until].map((text) => (text === undefined ? null : parseTime(text, now())))
  for (const [index, text] of [since, until].entries()) {
    if (text !== undefined && times[index] === null)
      problems.push(`bad-time at --${index === 0 ? 'since' : 'until'}: ${text} is not an RFC 3339 time or a duration`)
  }
  if (problems.length > 0) throw new CliError('usage', problems.join('\n'))
  return { since: times[0] ?? null, until: times[1] ?? null, types: type as readonly EventType[] }
}

/** Where the log is younger than `--since`, that is said and everything is shown. */
async function startOf(log: EventLog, since: Timestamp | null, sink: LogSink): Promise<Position | null> {
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

function isWanted(
  { type, stream, recordedAt }: StoredEvent,
  { types, until }: Range,
  streams: readonly string[],
): boolean {
  return (
    (types.length === 0 || types.some((name) => name === type)) &&
    (streams.length === 0 || streams.some((prefix) => stream.startsWith(prefix))) &&
    (until === null || recordedAt <= until)
  )
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
