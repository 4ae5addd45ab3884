/**
 * The embedded log beside the limits of its disk: one durable append beside `write` + `fdatasync` of the same bytes, 64 concurrent
 * appenders beside one, and the speed and memory of reading a million events.
 */
import { randomUUID } from 'node:crypto'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UnstoredEvent } from '../../events/codec.ts'
import { Position, type StreamName, Timestamp } from '../../events/ids.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import type { EventLog } from '../../src/ports/log.ts'
import { inTurns, median, percentile, residentMiB, timeUs } from './measure.ts'
import { atLeast, atMost, type Benchmark, type Figure, figure } from './report.ts'

const SINGLES_PER_ROUND = 200
const CONCURRENT = 64
const APPENDS_EACH = 100
const READ_EVENTS = 1_000_000
const LOAD_BATCH = 5_000

export const benchmark: Benchmark = {
  title: 'durable appends, group commit and reading of the embedded log',
  run: async (say) => {
    const folder = mkdtempSync(join(tmpdir(), `hindcast-bench-log-${process.pid}-`))
    try {
      const appends = await appending(folder)
      say('appends measured; writing a million events to read')
      return [...appends, ...(await reading(folder))]
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

async function appending(folder: string): Promise<readonly Figure[]> {
  await using log = openSqliteLog({ path: join(folder, 'append.db'), now })
  const raw = openSync(join(folder, 'raw'), 'w')
  const singles: number[] = []
  try {
    const cost = await inTurns(
      {
        raw: async () => median(await samplesUs(SINGLES_PER_ROUND, () => rawAppend(raw))),
        one: async () => {
          const samples = await samplesUs(SINGLES_PER_ROUND, () => appendTo(log, 0))
          singles.push(...samples)
          return median(samples)
        },
        alone: () => appenders(log, 1, SINGLES_PER_ROUND),
        many: () => appenders(log, CONCURRENT, APPENDS_EACH),
      },
      { rounds: 15, warmUp: 2 },
    )
    return [
      figure('write + fdatasync of one event, median', cost.raw, 'us'),
      figure('one durable append, median', cost.one, 'us'),
      figure('one durable append, p99', percentile(singles, 99), 'us'),
      figure('raw write : durable append', cost.raw / cost.one, 'x', atLeast(0.8)),
      figure('one appender', 1e6 / cost.alone, 'events/s'),
      figure(`${CONCURRENT} appenders`, 1e6 / cost.many, 'events/s'),
      figure(`${CONCURRENT} appenders : one`, cost.alone / cost.many, 'x', atLeast(15)),
    ]
  } finally {
    closeSync(raw)
  }
}

async function reading(folder: string): Promise<readonly Figure[]> {
  await using log = openSqliteLog({ path: join(folder, 'read.db'), now })
  const loadedUs = await timeUs(async () => {
    for (let written = 0; written < READ_EVENTS; written += LOAD_BATCH) await load(log, written)
  })
  // The first tenth brings the reader to its working size; what the rest adds is growth.
  await scan(log, READ_EVENTS / 10)
  const before = residentMiB()
  let peak = before
  const cost = await inTurns(
    {
      scan: async () => {
        const us = await timeUs(() => scan(log, READ_EVENTS))
        peak = Math.max(peak, residentMiB())
        return us / READ_EVENTS
      },
    },
    { rounds: 5, warmUp: 1 },
  )
  return [
    figure('bulk load', READ_EVENTS / (loadedUs / 1e6), 'events/s'),
    figure('sequential read, undecoded', 1e6 / cost.scan, 'events/s', atLeast(700_000)),
    figure('memory growth while reading 1M events', peak - before, 'MiB', atMost(64)),
  ]
}

async function scan(log: EventLog, limit: number): Promise<void> {
  let [count, last] = [0, Position(0n)]
  for await (const batch of log.readAll({ direction: 'forwards', after: null, limit })) {
    count += batch.length
    last = batch.at(-1)!.position
  }
  if (count !== limit) throw new Error(`read ${count} of ${limit} events, up to ${last}`)
}

async function load(log: EventLog, written: number): Promise<void> {
  const streams = 100
  const events = LOAD_BATCH / streams
  const batch = Array.from({ length: streams }, (_, index) => ({
    stream: stream(((written / LOAD_BATCH) * streams + index) % 1_000),
    expected: 'any' as const,
    events: Array.from({ length: events }, newEvent),
  }))
  await log.append(batch)
}

/** Microseconds an event, when so many append at the same time, each waiting for its own. */
async function appenders(log: EventLog, count: number, each: number): Promise<number> {
  const us = await timeUs(() =>
    Promise.all(
      Array.from({ length: count }, async (_, appender) => {
        for (let n = 0; n < each; n += 1) await appendTo(log, appender)
      }),
    ),
  )
  return us / (count * each)
}

async function appendTo(log: EventLog, appender: number): Promise<void> {
  const outcome = await log.append([{ stream: stream(appender), expected: 'any', events: [newEvent()] }])
  if (outcome.kind !== 'appended') throw new Error('the append conflicted')
}

function rawAppend(file: number): void {
  const { id, type, body, meta } = newEvent()
  writeSync(file, `${id}${type}${body}${meta}`)
  fdatasyncSync(file)
}

async function samplesUs(count: number, work: () => unknown): Promise<readonly number[]> {
  const samples: number[] = []
  for (let n = 0; n < count; n += 1) samples.push(await timeUs(work))
  return samples
}

function stream(index: number): StreamName {
  return `endpoint-node1-${index + 1}` as StreamName
}

/** About 440 bytes, as a map write of one entry has. */
const BODY = JSON.stringify({
  build: 7,
  deltas: [
    {
      after: {
        authType: 0,
        origins: ['CiliumNetworkPolicy/default/rule1#/spec/ingress/0'],
        precedence: 1,
        proxyPort: 0,
      },
      before: null,
      key: { direction: 'ingress', identity: 29_439, port: 80, portBits: 16, protocol: 6 },
    },
  ],
  digest: `sha256:${'0'.repeat(64)}`,
})
const META = JSON.stringify({
  actor: { kind: 'agent', name: 'node1' },
  cause: '1',
  correlation: randomUUID(),
  source: { detail: '', kind: 'agent' },
})

function newEvent(): UnstoredEvent {
  return { id: randomUUID() as UnstoredEvent['id'], type: 'PolicyMapWritten', v: 1, body: BODY, meta: META }
}

function now(): Timestamp {
  return Timestamp(Date.now())
}
