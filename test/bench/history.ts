/**
 * Time travel on logs of different lengths with the same 1,000 endpoints, in one run: 10,000 and 1,000,000 events, and 10,000,000 where
 * HINDCAST_BENCH_EVENTS says so (`HINDCAST_BENCH_EVENTS=10000000`; it takes about 8 GB of disk).
 * Everything is processor time of this process, so that figures and ratios do not depend on what else runs on the machine.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeEvent } from '../../events/codec.ts'
import { EndpointId, type Position, Timestamp } from '../../events/ids.ts'
import { bisectBy } from '../../src/history/bisect.ts'
import { blame, entryHistory } from '../../src/history/blame.ts'
import { diffMoments } from '../../src/history/diff.ts'
import type { History } from '../../src/history/history.ts'
import type { Moment } from '../../src/history/position.ts'
import { endpointAt, worldFrom } from '../../src/history/state-at.ts'
import { verifyLog } from '../../src/history/verify.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import type { EventLog } from '../../src/ports/log.ts'
import { openReadModel } from '../../src/readmodel/model.ts'
import { ENDPOINTS, NODE, writeLongLog } from './long-log.ts'
import { cpuUs, median, percentile } from './measure.ts'
import { atLeast, atMost, type Benchmark, type Figure, figure, type Target } from './report.ts'

const SHORT = 10_000
const LONG = Number(process.env['HINDCAST_BENCH_EVENTS'] || 1_000_000)
const QUESTIONS = 600
const WORLDS = 12
const ROOT = join(import.meta.dirname, '../..')

type Found = {
  readonly build: { readonly decodeRate: number; readonly rate: number; readonly bytes: number }
  readonly endpoint: readonly number[]
  readonly world: number
  readonly head: number
  readonly blame: readonly number[]
  readonly history: readonly number[]
  readonly diffs: readonly { readonly events: number; readonly us: number }[]
  readonly bisect: { readonly evaluations: number; readonly us: number }
  readonly verify: { readonly rate: number; readonly hashRate: number }
  readonly rss: Readonly<Record<string, number>>
}

export const benchmark: Benchmark = {
  title: 'state at any position, blame, diff, bisect, verify: short log beside long log',
  run: async (say) => {
    const folder = mkdtempSync(join(tmpdir(), `hindcast-bench-history-${process.pid}-`))
    try {
      const short = await measured(join(folder, 'short.db'), SHORT, say)
      const long = await measured(join(folder, 'long.db'), LONG, say)
      return [...figuresOf('10k', short), ...figuresOf(`${LONG / 1e6}M`, long), ...ratios(short, long)]
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

async function measured(path: string, events: number, say: (line: string) => void): Promise<Found> {
  say(`writing ${events} events`)
  await writeLongLog(path, events)
  await using log = openSqliteLog({ path, now: () => Timestamp(0), readOnly: true })
  say('indexing')
  const build = await building(log, path, events)
  using model = await openReadModel(log, `${path}.readmodel`)
  const history = { log, model }
  const moments = await someMoments(log, events)
  say('asking')
  const dice = random(events)
  const endpoint = await samples(QUESTIONS, () => {
    const question = {
      node: NODE,
      endpoint: EndpointId(1 + dice(ENDPOINTS)),
      at: moments[dice(moments.length)]!.position,
    }
    const view = endpointAt(model, question)
    if (view !== null && view.policyMap.size === 0) throw new Error('an endpoint without a map')
  })
  const head = moments.at(-1)!
  return {
    build,
    endpoint,
    world: median(await samples(WORLDS, () => void worldFrom(model, moments[dice(moments.length)]!.position))),
    head: median(await samples(WORLDS, () => void worldFrom(model, head.position))),
    ...(await whoDidIt(history, head, dice)),
    diffs: await diffing(history, moments),
    bisect: await bisecting(history, moments),
    verify: await verifying(log, events),
    rss: memory(path),
  }
}

async function building(log: EventLog, path: string, events: number): Promise<Found['build']> {
  const decodeUs = await cpuUs(async () => {
    for await (const batch of log.readAll({ direction: 'forwards', after: null }))
      for (const stored of batch) decodeEvent(stored)
  })
  const us = await cpuUs(async () => (await openReadModel(log, `${path}.readmodel`))[Symbol.dispose]())
  const bytes = statSync(`${path}.readmodel`).size / events
  return { decodeRate: (events / decodeUs) * 1e6, rate: (events / us) * 1e6, bytes }
}

async function whoDidIt(
  history: History,
  head: Moment,
  dice: (below: number) => number,
): Promise<Pick<Found, 'blame' | 'history'>> {
  const keyOf = (endpoint: EndpointId): string => {
    const view = endpointAt(history.model, { node: NODE, endpoint, at: head.position })!
    return [...view.policyMap.keys()][dice(view.policyMap.size)]!
  }
  const asked = Array.from({ length: QUESTIONS / 2 }, () => {
    const endpoint = EndpointId(1 + dice(ENDPOINTS))
    return { node: NODE, endpoint, key: keyOf(endpoint), at: head.position }
  })
  let [one, all] = [0, 0]
  return {
    blame: await samples(asked.length, () => blame(history, asked[one++ % asked.length]!)),
    history: await samples(asked.length, () => entryHistory(history, { ...asked[all++ % asked.length]!, limit: 10 })),
  }
}

async function diffing(history: History, moments: readonly Moment[]): Promise<Found['diffs']> {
  const found: Found['diffs'][number][] = []
  for (const events of [10, 1_000, 100_000]) {
    if (events >= LONG / 2) continue
    const from = moments[Math.floor(moments.length / 3)]!
    const to = await momentAfter(history.log, from, events)
    if (to === null) continue
    found.push({ events, us: median(await samples(events > 1_000 ? 3 : 30, () => diffMoments(history, { from, to }))) })
  }
  return found
}

async function momentAfter(log: EventLog, from: Moment, events: number): Promise<Moment | null> {
  let left = events
  for await (const batch of log.readAll({ direction: 'forwards', after: from.position, limit: events })) {
    left -= batch.length
    if (left === 0) return batch.at(-1)!
  }
  return null
}

/** When did this one endpoint get the entry that it has at the end? */
async function bisecting(history: History, moments: readonly Moment[]): Promise<Found['bisect']> {
  const endpoint = EndpointId(7)
  const [good, bad] = [moments[Math.floor(moments.length / 2)]!, moments.at(-1)!]
  const has = (at: Position): string =>
    [...endpointAt(history.model, { node: NODE, endpoint, at })!.policyMap.keys()].join()
  const before = has(good.position)
  let evaluations = 0
  const us = await cpuUs(() =>
    bisectBy(history, { good, bad }, async (at) => {
      evaluations += 1
      return has(at) === before
    }),
  )
  return { evaluations, us }
}

async function verifying(log: EventLog, events: number): Promise<Found['verify']> {
  const bodies: string[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after: null, limit: 50_000 })) {
    bodies.push(...batch.map(({ body, meta }) => body + meta))
  }
  const hashUs = await cpuUs(() => {
    for (const body of bodies) createHash('sha256').update(body).digest()
  })
  const us = await cpuUs(() => verifyLog({ log, checkpoints: [] }))
  return { rate: (events / us) * 1e6, hashRate: (bodies.length / hashUs) * 1e6 }
}

/** At most, in MiB, of a process that does nothing else. */
function memory(path: string): Found['rss'] {
  const verbs = {
    status: ['status', '--at', 'HEAD~2000'],
    blame: ['blame', '7'],
    diff: ['diff', 'HEAD~500..HEAD'],
    verify: ['verify'],
  }
  return Object.fromEntries(
    Object.entries(verbs).map(([name, args]) => {
      const command = [
        '--import',
        join(ROOT, 'test/bench/print-rss.ts'),
        join(ROOT, 'src/cli/hindcast.ts'),
        ...args,
        '--log',
        path,
      ]
      const { stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
      const kib = /max-rss-kib ([0-9]+)/.exec(stderr)?.[1]
      if (kib === undefined) throw new Error(`${name}: ${stderr}`)
      return [name, Number(kib) / 1_024]
    }),
  )
}

/** Microseconds of processor time of each; the first tenth warms up. */
async function samples(count: number, work: () => unknown): Promise<readonly number[]> {
  const found: number[] = []
  for (let n = 0; n < count + Math.ceil(count / 10); n += 1) found.push(await cpuUs(work))
  return found.slice(Math.ceil(count / 10))
}

async function someMoments(log: EventLog, events: number): Promise<readonly Moment[]> {
  const step = Math.max(1, Math.floor(events / 2_000))
  const moments: Moment[] = []
  let index = 0
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) {
    for (const { position, recordedAt } of batch) {
      // Before that most endpoints are not there yet.
      if (index > 6_000 && index % step === 0) moments.push({ position, recordedAt })
      index += 1
    }
  }
  return moments
}

function random(seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
}

function figuresOf(name: string, found: Found): readonly Figure[] {
  const { build, endpoint, world, head, blame: blamed, history, diffs, bisect, verify, rss } = found
  const of = (what: string, value: number, unit: string, target: Target | null = null): Figure =>
    figure(`${name}: ${what}`, value, unit, target)
  return [
    of('bare decode', build.decodeRate, 'events/s'),
    of('building the read model', build.rate, 'events/s'),
    of('read model : bare decode', build.rate / build.decodeRate, 'x', atLeast(0.5)),
    of('read model', build.bytes, 'bytes/event'),
    of('state of one endpoint, median', median(endpoint), 'us'),
    of('state of one endpoint, p99', percentile(endpoint, 99), 'us', atMost(2_000)),
    of('state of the node at a position', world / 1e3, 'ms'),
    of('state at a position : at the head', world / head, 'x', atMost(20)),
    of('blame, p99', percentile(blamed, 99), 'us', atMost(1_000)),
    of('history of an entry, p99', percentile(history, 99), 'us', atMost(1_000)),
    ...diffs.map(({ events, us }) => of(`diff over ${events} events`, us / 1e3, 'ms')),
    of('bisect', bisect.us / 1e3, 'ms', atMost(1_000)),
    of('bisect, evaluations', bisect.evaluations, '', atMost(30)),
    of('verify', verify.rate, 'events/s'),
    of('verify : bare SHA-256 of each event', verify.rate / verify.hashRate, 'x', atLeast(0.5)),
    ...Object.entries(rss).map(([verb, mib]) => of(`memory of ${verb}`, mib, 'MiB')),
  ]
}

function ratios(short: Found, long: Found): readonly Figure[] {
  const p99 = (samplesOf: readonly number[]): number => percentile(samplesOf, 99)
  return [
    figure('long : short, state of one endpoint, p99', p99(long.endpoint) / p99(short.endpoint), 'x', atMost(1.5)),
    figure('long : short, state of the node', long.world / short.world, 'x'),
    ...Object.keys(short.rss).map((verb) =>
      figure(`long : short, memory of ${verb}`, long.rss[verb]! / short.rss[verb]!, 'x'),
    ),
  ]
}
