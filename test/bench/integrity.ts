/**
 * Tamper evidence: reading a whole log beside bare SHA-256, reading only what is new at different lengths, and appending while the agent signs.
 *
 * The longest log takes 7 GB of disk and some minutes: HINDCAST_BENCH_EVENTS=1000000 leaves it out, and HINDCAST_BENCH_LOGS names a folder with logs that were
 * written before (`<events>.db`, by writeLongLog), which are only read. Figures are processor time unless they say otherwise.
 */
import { createHash, hash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { StoredEvent } from '../../events/codec.ts'
import { type Position, Timestamp } from '../../events/ids.ts'
import type { NamedCheckpoint } from '../../src/history/checkpoint/checkpoint.ts'
import { type AnchoredTree, anchoredTree } from '../../src/history/merkle/anchored.ts'
import { inclusionRanges } from '../../src/history/merkle/proof.ts'
import { verifyLog } from '../../src/history/verify.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import type { EventLog } from '../../src/ports/log.ts'
import { openTreeStore } from '../../src/tree/sqlite.ts'
import { verb } from './history/processes.ts'
import { appending } from './integrity/appending.ts'
import { writeLongLog } from './long-log.ts'
import { cpuUs, inTurns, median } from './measure.ts'
import { atLeast, atMost, type Benchmark, type Figure, figure, type Target } from './report.ts'

const LENGTHS = [10_000, 1_000_000, 10_000_000] as const
const LONGEST = Number(process.env['HINDCAST_BENCH_EVENTS'] || LENGTHS.at(-1))
const WRITTEN_BEFORE = process.env['HINDCAST_BENCH_LOGS']
/** Events that came after the checkpoint. */
const NEW = 1_000
/** Places of the log that events to hash are taken from, how many, and how often they are hashed in each round. */
const MOMENTS = 20
const SAMPLED = 5_000
const HASHINGS = 4
const QUESTIONS = 25

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

type Found = {
  readonly events: number
  /** Microseconds an event. */
  readonly whole: { readonly bare: number; readonly fastest: number; readonly verify: number }
  /** Milliseconds. */
  readonly since: number
  readonly prove: number
  readonly checkpoint: number
  /** Bytes an event. */
  readonly tree: number
  readonly mib: Readonly<Record<'verify' | 'since', number>>
}

export const benchmark: Benchmark = {
  title: 'verify, prove and checkpoints on logs of different lengths; appending while the agent signs',
  run: async (say) => {
    const folder = mkdtempSync(join(tmpdir(), `hindcast-bench-integrity-${process.pid}-`))
    const clear = (): void => rmSync(folder, { recursive: true, force: true })
    process.once('exit', clear)
    try {
      const found: Found[] = []
      for (const events of LENGTHS.filter((length) => length <= LONGEST))
        found.push(await measured(folder, events, say))
      say('appending')
      const appended = await appending(folder)
      return [...found.flatMap(figuresOf), ...ratios(found[0]!, found.at(-1)!), ...appended]
    } finally {
      clear()
    }
  },
}

async function measured(folder: string, events: number, say: (line: string) => void): Promise<Found> {
  const path = join(folder, `${events}.db`)
  await madeLog(path, events, say)
  await using log = openSqliteLog({ path, now: () => Timestamp(0), readOnly: true })
  say(`${events} events: verifying all`)
  const whole = await verifying(log, events)
  say(`${events} events: verifying what is new`)
  const since = await checkpointBefore(log, `${path}.tree`)
  using store = openTreeStore(`${path}.tree`)
  const question = { log, store, anchors: [since] }
  const tree = (await anchoredTree(question))!
  const places = Array.from({ length: QUESTIONS }, (_, index) => BigInt(1 + ((index * 7_919) % events)))
  return {
    ...{ events, whole, tree: statSync(`${path}.tree`).size / events },
    since: await medianMs(async () => {
      const { problems, notRead } = await verifyLog({ log, checkpoints: [], since, store })
      if (problems.length > 0 || notRead?.events !== events - NEW) throw new Error('not what was to be measured')
    }),
    prove: await medianMs(() => prove(tree, places.pop() ?? 1n)),
    checkpoint: await medianMs(() => anchoredTree(question)),
    mib: { verify: verb(path, 'verify').mib, since: verb(path, 'checkpoint', 'export').mib },
  }
}

/** In turns, each after a collection, so that nobody pays for another's garbage. */
async function verifying(log: EventLog, events: number): Promise<Found['whole']> {
  const texts = await sample(log, events)
  const collected = async (count: number, work: () => unknown): Promise<number> => {
    collect()
    return (await cpuUs(work)) / count
  }
  const each = (work: (text: Text) => unknown) => (): Promise<number> =>
    collected(texts.length * HASHINGS, () => {
      for (let n = 0; n < HASHINGS; n += 1) for (const text of texts) work(text)
    })
  const bare = each((text) => createHash('sha256').update(text.body).update(text.meta).digest())
  const fastest = each((text) => hash('sha256', text.body, 'binary'))
  const verify = (): Promise<number> => collected(events, () => verifyLog({ log, checkpoints: [] }))
  const isShort = events <= 100_000
  return inTurns({ bare, fastest, verify }, { rounds: isShort ? 30 : 3_000_000 / events, warmUp: isShort ? 10 : 0 })
}

/** Bodies and metadata from all over the log, as events are not equally large everywhere. */
type Text = Pick<StoredEvent, 'body' | 'meta'>
async function sample(log: EventLog, events: number): Promise<readonly Text[]> {
  const texts: Text[] = []
  for (let moment = 0; moment < MOMENTS; moment += 1) {
    const after = BigInt(Math.floor((events / MOMENTS) * moment)) as Position
    for await (const batch of log.readAll({ direction: 'forwards', after, limit: SAMPLED / MOMENTS })) {
      texts.push(...batch.map(({ body, meta }) => ({ body, meta })))
    }
  }
  return texts
}

/** Of the log without its last events; the stored tree of all of them is there afterwards. */
async function checkpointBefore(log: EventLog, path: string): Promise<NamedCheckpoint> {
  using store = openTreeStore(path)
  const tree = (await anchoredTree({ log, store, anchors: [] }))!
  let last: StoredEvent | undefined
  for await (const batch of log.readAll({ direction: 'backwards', after: null, limit: NEW + 1 })) last = batch.at(-1)
  return { name: 'before', checkpoint: await tree.checkpointAt(last!) }
}

async function prove(tree: AnchoredTree, position: bigint): Promise<void> {
  const place = await tree.place(position as Parameters<AnchoredTree['place']>[0])
  if (place === null) throw new Error(`no event at ${position}`)
  await tree.hashes(inclusionRanges(place.index, tree.head.size))
}

async function medianMs(work: () => unknown): Promise<number> {
  const samples: number[] = []
  for (let n = 0; n < QUESTIONS; n += 1) samples.push(await cpuUs(work))
  return median(samples) / 1e3
}

async function madeLog(path: string, events: number, say: (line: string) => void): Promise<void> {
  const before = WRITTEN_BEFORE === undefined ? null : join(WRITTEN_BEFORE, `${events}.db`)
  if (before !== null && existsSync(before)) return symlinkSync(before, path)
  say(`${events} events: writing`)
  await writeLongLog(path, events)
}

function figuresOf({ events, whole, since, prove: proof, checkpoint, tree, mib }: Found): readonly Figure[] {
  const of = (what: string, value: number, unit: string, target: Target | null = null): Figure =>
    figure(`${named(events)}: ${what}`, value, unit, target)
  return [
    of('verify', 1e6 / whole.verify, 'events/s'),
    of('verify : bare SHA-256 of each event', whole.bare / whole.verify, 'x', atLeast(0.5)),
    of('verify : the fastest call of SHA-256 in Node, of the body', whole.fastest / whole.verify, 'x'),
    of(`verify --since, ${NEW.toLocaleString('en-US')} new events`, since, 'ms'),
    of('a new checkpoint after as many', checkpoint, 'ms'),
    of('proof of an event', proof, 'ms'),
    of('stored tree', tree, 'bytes/event'),
    of('memory of verify', mib.verify, 'MiB'),
    of('memory of checkpoint export', mib.since, 'MiB'),
  ]
}

function ratios(short: Found, long: Found): readonly Figure[] {
  const to = `${named(long.events)} : ${named(short.events)}`
  return [
    figure(`${to}, verify --since`, long.since / short.since, 'x', atMost(2)),
    figure(`${to}, a new checkpoint`, long.checkpoint / short.checkpoint, 'x', atMost(2)),
    figure(`${to}, memory of verify`, long.mib.verify / short.mib.verify, 'x'),
  ]
}

function named(events: number): string {
  return events >= 1e6 ? `${events / 1e6}M` : `${events / 1e3}k`
}
