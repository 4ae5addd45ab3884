/** `hindcast flows`: the last verdicts and requests, and with `--follow` those that come. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Timestamp } from '../../events/ids.ts'
import { AddressBook } from '../history/address-book.ts'
import { isoTime, parseTime } from '../history/position.ts'
import { type Flow, type FlowQuery, type FlowStore, FlowStoreError } from '../ports/flows.ts'
import type { EventLog } from '../ports/log.ts'
import { momentsOf } from './answer.ts'
import { now, openFlowsToRead, openLogToRead, type Place } from './compose.ts'
import { CliError } from './failure.ts'
import type { LogSink } from './log-verb.ts'
import { type ColourWhen, paintFor } from './render/colour.ts'
import { flowLine } from './render/flows.ts'
import { requireEver } from './subjects.ts'

export type FlowsOptions = Place & {
  readonly node: string | undefined
  readonly since: string | undefined
  readonly until: string | undefined
  readonly last: number | undefined
  readonly verdict: Flow['verdict'] | undefined
  readonly endpoint: number | undefined
  readonly follow: boolean
  readonly output: 'table' | 'json' | 'jsonl'
  readonly color: ColourWhen
}

/** As `hubble observe` without a time. */
const LAST_DEFAULT = 20
/** The store has no signal for other processes; so long does a flow wait to be shown. */
const FOLLOW_PAUSE_MS = 200

export async function printFlows(options: FlowsOptions, sink: LogSink): Promise<void> {
  if (options.follow && options.output === 'json')
    throw new CliError('usage', '--follow gives no end to one document: take -o jsonl')
  await using log = await openLogToRead(options, sink.warn)
  const query = await queryOf(log, options)
  const flows = await openFlowsToRead(log, options)
  const shown = { log, book: new AddressBook(), options, sink }
  try {
    await print(flows, query, shown)
  } catch (error) {
    if (error instanceof FlowStoreError && error.code === 'flows-missing') await requireEver(log, options)
    throw error
  }
}

async function print(flows: Reader, query: FlowQuery, shown: Shown): Promise<void> {
  const { log, book, options, sink } = shown
  if (options.output === 'json') {
    const items = await all(flows, query)
    if (items.length === 0) await requireEver(log, options)
    await book.readOn(log)
    return sink.write(`${JSON.stringify({ items: items.map((flow) => plain(flow, book)) }, null, 2)}\n`)
  }
  const last = await pages(flows, query, (page) => show(page, shown))
  if (last === null) await requireEver(log, options)
  if (options.follow) await follow({ flows, query, after: last }, shown)
}

async function all(flows: Reader, query: FlowQuery): Promise<readonly Flow[]> {
  const items: Flow[] = []
  await pages(flows, query, async (page) => void items.push(...page))
  return items
}

/** A store answers with a bounded number of flows: goes on until there are no more. Gives the last id. */
async function pages(
  flows: Reader,
  query: FlowQuery,
  take: (page: readonly Flow[]) => Promise<void>,
): Promise<number | null> {
  let last: number | null = null
  for (let next = query; ; next = { ...query, sinceId: last ?? 0 }) {
    const page = await flows.query(next)
    if (page.length === 0) return last
    await take(page)
    last = page.at(-1)?.id ?? last
    if (query.last !== undefined) return last
  }
}

type Reader = Pick<FlowStore, 'query'>

type Shown = {
  readonly log: EventLog
  readonly book: AddressBook
  readonly options: FlowsOptions
  readonly sink: LogSink
}

/** For programs: times as everywhere, RFC 3339, and whose the addresses were at the position that decided. */
function plain(flow: Flow, book: AddressBook): object {
  const at = BigInt(flow.stamp.position)
  const named = (end: Flow['source']): object => ({ ...end, name: book.ownerAt(end.address, at)?.name ?? null })
  return { ...flow, time: isoTime(flow.time), source: named(flow.source), destination: named(flow.destination) }
}

async function show(flows: readonly Flow[], { log, book, options, sink }: Shown): Promise<void> {
  await book.readOn(log)
  if (options.output === 'jsonl')
    return sink.write(flows.map((flow) => `${JSON.stringify(plain(flow, book))}\n`).join(''))
  const paint = paintFor({ when: options.color, terminal: sink.terminal, noColor: process.env['NO_COLOR'] })
  const nameAt = (address: string, position: bigint): string | null => book.ownerAt(address, position)?.name ?? null
  sink.write(flows.map((flow) => `${flowLine(flow, { nameAt, paint })}\n`).join(''))
}

async function follow(
  { flows, query, after }: { readonly flows: Reader; readonly query: FlowQuery; readonly after: number | null },
  shown: Shown,
): Promise<void> {
  const { last: _, ...rest } = query
  let sinceId = after ?? 0
  while (!shown.sink.stop.aborted) {
    const next = await flows.query({ ...rest, sinceId })
    if (next.length > 0) await show(next, shown)
    sinceId = next.at(-1)?.id ?? sinceId
    if (next.length === 0) await pause(shown.sink.stop)
  }
}

/** Ends at once, and without failing, when the reader stops. */
async function pause(stop: AbortSignal): Promise<void> {
  try {
    await sleep(FOLLOW_PAUSE_MS, undefined, { signal: stop })
  } catch (error) {
    if (!stop.aborted) throw error
  }
}

async function queryOf(log: EventLog, { since, until, last, verdict, endpoint }: FlowsOptions): Promise<FlowQuery> {
  const [from, to] = await timesOf(log, { since, until })
  const bound = last ?? (since === undefined ? LAST_DEFAULT : undefined)
  return {
    ...(from === null ? {} : { since: from }),
    ...(to === null ? {} : { until: to }),
    ...(bound === undefined ? {} : { last: bound }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(endpoint === undefined ? {} : { endpoint }),
  }
}

/** A time is a time, also where the log does not reach; any other moment is when its event was recorded. Throws `CliError`. */
async function timesOf(
  log: EventLog,
  { since, until }: Pick<FlowsOptions, 'since' | 'until'>,
): Promise<readonly [Timestamp | null, Timestamp | null]> {
  const timeOf = (text: string | undefined): Timestamp | null => (text === undefined ? null : parseTime(text, now()))
  const [from, to] = [timeOf(since), timeOf(until)]
  const words = [
    ...(since === undefined || from !== null ? [] : [['--since', since] as const]),
    ...(until === undefined || to !== null ? [] : [['--until', until] as const]),
  ]
  const moments = await momentsOf({ log }, words)
  const found = new Map(words.map(([where], index) => [where, moments[index]?.recordedAt ?? null]))
  return [from ?? found.get('--since') ?? null, to ?? found.get('--until') ?? null]
}
