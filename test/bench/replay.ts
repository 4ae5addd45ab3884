/**
 * `replay` on logs of different lengths with the same 1,000 endpoints: how fast it folds beside bare decoding, how fast it does builds again, and what
 * memory it takes. 10,000 events beside 1,000,000, or as many as HINDCAST_BENCH_EVENTS says.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeEvent } from '../../events/codec.ts'
import { NodeName, Position, Timestamp } from '../../events/ids.ts'
import { type Replay, replay } from '../../src/history/replay/replay.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import type { EventLog } from '../../src/ports/log.ts'
import { NODE, writeLongLog } from './long-log.ts'
import { cpuUs } from './measure.ts'
import { writeReplayableLog } from './replayable-log.ts'
import { atLeast, type Benchmark, type Figure, figure } from './report.ts'

const SHORT = 10_000
const LONG = Number(process.env['HINDCAST_BENCH_EVENTS'] || 1_000_000)
const REPLAYABLE = 10_000

export const benchmark: Benchmark = {
  title: 'replay: folding beside bare decoding, doing builds again, on a short log and on a long one',
  run: async (say) => {
    const folder = mkdtempSync(join(tmpdir(), `hindcast-bench-replay-${process.pid}-`))
    try {
      const figures: Figure[] = []
      for (const [name, events] of [
        ['10k', SHORT],
        [`${LONG / 1e6}M`, LONG],
      ] as const) {
        say(`${events} events`)
        const path = join(folder, `${name}.db`)
        await writeLongLog(path, events)
        figures.push(...foldingFigures(name, await folding(path, events)))
      }
      say('doing builds again')
      const path = join(folder, 'replayable.db')
      await writeReplayableLog(path, REPLAYABLE)
      return [...figures, ...(await recomputing(path))]
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

export type Folding = { readonly decodeRate: number; readonly rate: number }

/** Events a second of processor time. */
export async function folding(path: string, events: number): Promise<Folding> {
  await using log = openSqliteLog({ path, now: () => Timestamp(0), readOnly: true })
  const decodeUs = await cpuUs(async () => {
    for await (const batch of log.readAll({ direction: 'forwards', after: null }))
      for (const stored of batch) decodeEvent(stored)
  })
  // Nothing stands after the head, so nothing is checked.
  const from = Position(((await log.head()) ?? 0n) + 1n)
  const us = await cpuUs(() => replayed(log, from, NodeName(NODE)))
  return { decodeRate: (events / decodeUs) * 1e6, rate: (events / us) * 1e6 }
}

function foldingFigures(name: string, { decodeRate, rate }: Folding): readonly Figure[] {
  return [
    figure(`${name}: bare decode`, decodeRate, 'events/s', null),
    figure(`${name}: replay, folding only`, rate, 'events/s', null),
    figure(`${name}: replay, folding : bare decode`, rate / decodeRate, 'x', atLeast(0.5)),
  ]
}

/** Of a log that comes out as it was recorded. */
export async function recomputing(path: string): Promise<readonly Figure[]> {
  await using log = openSqliteLog({ path, now: () => Timestamp(0), readOnly: true })
  let found: Replay | null = null
  const us = await cpuUs(async () => {
    found = await replayed(log, null, NodeName(NODE))
  })
  const { events, checked, mismatch } = found!
  if (mismatch !== null)
    throw new Error(`the log does not come out as recorded: ${(mismatch as { reason: string }).reason}`)
  const rate = (count: number): number => (count / us) * 1e6
  return [
    figure('replay, everything done again', rate(events), 'events/s', null),
    figure('builds done again', rate(checked.builds), 'builds/s', null),
    figure('map writes done again', rate(checked.maps), 'writes/s', null),
  ]
}

function replayed(log: EventLog, from: Position | null, node: NodeName): Promise<Replay> {
  return replay({ log, from, to: null, endpoint: null, nodes: [node] })
}
