/**
 * Time travel on logs of different lengths with the same 1,000 endpoints, in one run: 10,000, 1,000,000 and 10,000,000 events.
 *
 * The longest takes 7 GB of disk, and some minutes to write: HINDCAST_BENCH_EVENTS=1000000 leaves it out, and HINDCAST_BENCH_LOGS names a folder
 * with logs that were written before (`<events>.db`, by writeLongLog), which are only read. Everything is processor time, so that figures and
 * ratios do not depend on what else runs on the machine; verbs are measured as processes of their own, started as `hindcast` is.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Timestamp } from '../../events/ids.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import type { EventLog } from '../../src/ports/log.ts'
import { openReadModel } from '../../src/readmodel/model.ts'
import { straightness } from './history/line.ts'
import { type Usage, usageOf, verb, verbs } from './history/processes.ts'
import { type Asked, ask } from './history/questions.ts'
import { writeLongLog } from './long-log.ts'
import { cpuUs, percentile } from './measure.ts'
import { atLeast, atMost, type Benchmark, type Figure, figure, type Target } from './report.ts'

const LENGTHS = [10_000, 1_000_000, 10_000_000] as const
const LONGEST = Number(process.env['HINDCAST_BENCH_EVENTS'] || LENGTHS.at(-1))
const WRITTEN_BEFORE = process.env['HINDCAST_BENCH_LOGS']
const ONE_VERB = ['history', '7', 'ingress:1000:1024/TCP'] as const
const DECODE = join(import.meta.dirname, 'history/decode-log.ts')
/** Events whose bare hashing is timed. */
const HASHED = 50_000

type Found = {
  readonly events: number
  /** Processor time without what a process takes to start; memory with it. */
  readonly decode: Usage
  /** Of a verb that finds no read model, without what the same verb takes when it is there. */
  readonly build: Usage
  readonly verify: Usage
  readonly hashMs: number
  readonly bytes: number
  readonly asked: Asked
  readonly verbs: Readonly<Record<string, Usage>>
}

export const benchmark: Benchmark = {
  title: 'state at any position, blame, diff, bisect, verify: a short, a long and a very long log',
  run: async (say) => {
    const folder = mkdtempSync(join(tmpdir(), `hindcast-bench-history-${process.pid}-`))
    const clear = (): void => rmSync(folder, { recursive: true, force: true })
    process.once('exit', clear)
    try {
      const found: Found[] = []
      for (const events of LENGTHS.filter((length) => length <= LONGEST)) {
        found.push(await measured(folder, events, say))
      }
      return [...found.flatMap(figuresOf), ...(found.length > 1 ? ratios(found[0]!, found.at(-1)!) : [])]
    } finally {
      clear()
    }
  },
}

async function measured(folder: string, events: number, say: (line: string) => void): Promise<Found> {
  const path = join(folder, `${events}.db`)
  await madeLog(path, events, say)
  say(`${events} events: decoding`)
  const decode = without(usageOf(DECODE, [path, String(events)]), usageOf(DECODE, [path, '0']))
  say(`${events} events: building the read model`)
  const [first, again] = [verb(path, ...ONE_VERB), verb(path, ...ONE_VERB)]
  const bytes = statSync(`${path}.readmodel`).size / events
  say(`${events} events: asking`)
  await using log = openSqliteLog({ path, now: () => Timestamp(0), readOnly: true })
  using model = await openReadModel(log, `${path}.readmodel`)
  const history = { log, model }
  const asked = await ask(history, events)
  const found = verbs(path, history, (await log.head())!)
  const hashMs = await hashing(log, events)
  say(`${events} events: verifying`)
  const verify = without(verb(path, 'verify'), again)
  return { events, decode, build: without(first, again), verify, hashMs, bytes, asked, verbs: found }
}

/** The usage with the processor time that is left when the start is taken away. */
function without(usage: Usage, start: Usage): Usage {
  return { ...usage, cpuMs: Math.max(1, usage.cpuMs - start.cpuMs) }
}

/** Of every event, by the time of some. */
async function hashing(log: EventLog, events: number): Promise<number> {
  const bodies: string[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after: null, limit: HASHED })) {
    bodies.push(...batch.map(({ body, meta }) => body + meta))
  }
  const us = await cpuUs(() => {
    for (const body of bodies) createHash('sha256').update(body).digest()
  })
  return ((us / 1e3) * events) / bodies.length
}

async function madeLog(path: string, events: number, say: (line: string) => void): Promise<void> {
  const before = WRITTEN_BEFORE === undefined ? null : join(WRITTEN_BEFORE, `${events}.db`)
  if (before !== null && existsSync(before)) return symlinkSync(before, path)
  say(`${events} events: writing`)
  await writeLongLog(path, events)
}

function figuresOf(found: Found): readonly Figure[] {
  const { events, decode, hashMs, build, bytes, asked, verify } = found
  const { endpoint, world, head, blame, history, diffs, bisect } = asked
  const of = (what: string, value: number, unit: string, target: Target | null = null): Figure =>
    figure(`${named(events)}: ${what}`, value, unit, target)
  const rate = ({ cpuMs }: Usage): number => (events / cpuMs) * 1e3
  const line = straightness(diffs.map(({ changes, us }) => [changes, us]))
  return [
    of('bare decode', rate(decode), 'events/s'),
    of('building the read model', rate(build), 'events/s'),
    of('read model : bare decode', rate(build) / rate(decode), 'x', atLeast(0.5)),
    of('read model', bytes, 'bytes/event'),
    of('memory of building the read model', build.mib, 'MiB'),
    of('state of one endpoint, median', percentile(endpoint, 50), 'us'),
    of('state of one endpoint, p99', percentile(endpoint, 99), 'us', atMost(2_000)),
    of('state of the node at a position', world / 1e3, 'ms'),
    of('state at a position : at the head', world / head, 'x', atMost(20)),
    of('blame, p99', percentile(blame, 99), 'us', atMost(1_000)),
    of('history of an entry, p99', percentile(history, 99), 'us', atMost(1_000)),
    ...diffs.map(({ changes, us }) => of(`diff over ${changes.toLocaleString('en-US')} changes`, us / 1e3, 'ms')),
    of('diff, slope of its log-log line', line.slope, ''),
    of('diff, farthest from that line', line.farthest, 'x', atMost(2)),
    of('bisect', bisect.us / 1e3, 'ms', atMost(1_000)),
    of('bisect, evaluations', bisect.evaluations, '', atMost(30)),
    of('verify', rate(verify), 'events/s'),
    of('verify : bare SHA-256 of each event', hashMs / verify.cpuMs, 'x', atLeast(0.5)),
    of('memory of verify', verify.mib, 'MiB'),
    ...Object.entries(found.verbs).flatMap(([what, { mib, cpuMs }]) => [
      of(`${what}, a process`, cpuMs, 'ms'),
      of(`${what}, memory`, mib, 'MiB'),
    ]),
  ]
}

function ratios(short: Found, long: Found): readonly Figure[] {
  const p99 = ({ asked }: Found): number => percentile(asked.endpoint, 99)
  const to = `${named(long.events)} : ${named(short.events)}`
  return [
    figure(`${to}, state of one endpoint, p99`, p99(long) / p99(short), 'x', atMost(1.5)),
    figure(`${to}, state of the node`, long.asked.world / short.asked.world, 'x'),
    figure(`${to}, memory of building the read model`, long.build.mib / short.build.mib, 'x'),
    figure(`${to}, memory of verify`, long.verify.mib / short.verify.mib, 'x'),
    ...Object.keys(short.verbs).flatMap((what) => [
      figure(`${to}, ${what}`, long.verbs[what]!.cpuMs / short.verbs[what]!.cpuMs, 'x'),
      figure(`${to}, memory of ${what}`, long.verbs[what]!.mib / short.verbs[what]!.mib, 'x'),
    ]),
  ]
}

function named(events: number): string {
  return events >= 1e6 ? `${events / 1e6}M` : `${events / 1e3}k`
}
