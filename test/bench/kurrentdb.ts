/**
 * The log on KurrentDB beside the official client doing the same: append and see the record back on a live subscription, because that is what
 * the log promises when an append resolves. Single, concurrent and batched appends, and catching up from the beginning; the client's append
 * without seeing it back stands beside. The server is the one at KURRENTDB_URL, or the double of the tests in a process of its own.
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type AllStreamSubscription,
  END,
  type EventData,
  jsonEvent,
  KurrentDBClient,
  START,
  streamNameFilter,
} from '@kurrent/kurrentdb-client'
import type { UnstoredEvent } from '../../events/codec.ts'
import { StreamName, Timestamp } from '../../events/ids.ts'
import { readAddress } from '../../src/log/kurrentdb/address.ts'
import { openKurrentLog } from '../../src/log/kurrentdb/log.ts'
import type { EventLog } from '../../src/ports/log.ts'
import { inTurns, timeUs } from './measure.ts'
import { atMost, type Benchmark, type Figure, figure } from './report.ts'

const now = (): Timestamp => Timestamp(Date.now())
const SINGLES = 200
const CONCURRENT = 64
const EACH = 10
const BATCHES = 20
const BATCH_EVENTS = 100

export const benchmark: Benchmark = {
  title: 'the log on KurrentDB beside the official client',
  run: async (say) => {
    const folder = mkdtempSync(join(tmpdir(), `hindcast-bench-kurrentdb-${process.pid}-`))
    await using server = await serverOf()
    say(`server: ${server.name}`)
    try {
      return await measure(server.url, folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

async function serverOf(): Promise<AsyncDisposable & { readonly url: string; readonly name: string }> {
  const url = process.env['KURRENTDB_URL']
  if (url !== undefined) return { url, name: url, [Symbol.asyncDispose]: async () => {} }
  const script = join(import.meta.dirname, '../doubles/kurrentdb/serve.ts')
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [first] = (await once(child.stdout, 'data')) as [Buffer]
  const close = async (): Promise<void> => {
    child.stdin.end()
    await once(child, 'exit')
  }
  return { url: first.toString().trim(), name: 'the double of the tests', [Symbol.asyncDispose]: close }
}

async function measure(url: string, folder: string): Promise<readonly Figure[]> {
  const prefix = `bench_${randomUUID().slice(0, 8)}`
  const address = readAddress(`${url}${url.includes('?') ? '&' : '?'}prefix=${prefix}`, process.env)
  const client = KurrentDBClient.connectionString(address.connection)
  const log = await openKurrentLog({ address, now, mirrorPath: join(folder, 'append.db') })
  const seen = new SeenAppends(client)
  try {
    const cost = await inTurns(
      {
        bareOne: () => singles(() => rawAppend(client, 1)),
        rawOne: () => singles(() => seen.append(client, 1)),
        ourOne: () => singles(() => append(log, 1)),
        bareMany: () => concurrent(() => rawAppend(client, 1)),
        rawMany: () => concurrent(() => seen.append(client, 1)),
        ourMany: () => concurrent(() => append(log, 1)),
        bareBatch: () => batches(() => rawAppend(client, BATCH_EVENTS)),
        rawBatch: () => batches(() => seen.append(client, BATCH_EVENTS)),
        ourBatch: () => batches(() => append(log, BATCH_EVENTS)),
      },
      { rounds: 7, warmUp: 1 },
    )
    const events = await headOf(log)
    let copies = 0
    const catchingUp = await inTurns(
      {
        raw: () => timeUs(() => rawCatchUp(client, prefix, events)),
        ours: async () => {
          copies += 1
          return timeUs(async () => {
            await using _ = await openKurrentLog({ address, now, mirrorPath: join(folder, `${copies}.db`) })
          })
        },
      },
      { rounds: 3, warmUp: 1 },
    )
    return [
      figure('one append, client, not seen back', cost.bareOne, 'us/event'),
      figure(`${CONCURRENT} appenders, client, not seen back`, cost.bareMany, 'us/event'),
      figure(`batches of ${BATCH_EVENTS}, client, not seen back`, cost.bareBatch, 'us/event'),
      ...pair('one append', cost.rawOne, cost.ourOne),
      ...pair(`${CONCURRENT} appenders`, cost.rawMany, cost.ourMany),
      ...pair(`batches of ${BATCH_EVENTS}`, cost.rawBatch, cost.ourBatch),
      ...pair(`catching up ${events} events`, catchingUp.raw / events, catchingUp.ours / events),
    ]
  } finally {
    await log[Symbol.asyncDispose]()
    await seen.close()
    await client.dispose()
  }
}

/** The adapter may cost 15 % more than the client that it is made of. */
function pair(what: string, rawUs: number, oursUs: number): readonly Figure[] {
  return [
    figure(`${what}, client`, rawUs, 'us/event'),
    figure(`${what}, log`, oursUs, 'us/event'),
    figure(`${what}, log : client`, oursUs / rawUs, 'x', atMost(1.15)),
  ]
}

async function singles(work: () => Promise<unknown>): Promise<number> {
  const us = await timeUs(async () => {
    for (let n = 0; n < SINGLES; n += 1) await work()
  })
  return us / SINGLES
}

async function concurrent(work: () => Promise<unknown>): Promise<number> {
  const one = async (): Promise<void> => {
    for (let n = 0; n < EACH; n += 1) await work()
  }
  return (await timeUs(() => Promise.all(Array.from({ length: CONCURRENT }, one)))) / (CONCURRENT * EACH)
}

async function batches(work: () => Promise<unknown>): Promise<number> {
  const us = await timeUs(async () => {
    for (let n = 0; n < BATCHES; n += 1) await work()
  })
  return us / (BATCHES * BATCH_EVENTS)
}

async function append(log: EventLog, count: number): Promise<void> {
  const events = Array.from({ length: count }, newEvent)
  await log.append([{ stream: StreamName('endpoint-node1-1'), expected: 'any', events }])
}

/** The client alone, with a live subscription on which every appended record is waited for. */
class SeenAppends {
  readonly #waiting: Map<string, () => void> = new Map()
  readonly #subscription: AllStreamSubscription

  constructor(client: KurrentDBClient) {
    this.#subscription = client.subscribeToAll({ fromPosition: END, filter: streamNameFilter({ prefixes: ['raw-'] }) })
    this.#subscription.on('data', ({ event }) => {
      this.#waiting.get(event?.id ?? '')?.()
      this.#waiting.delete(event?.id ?? '')
    })
  }

  async append(client: KurrentDBClient, count: number): Promise<void> {
    const events = rawEvents(count)
    const back = new Promise<void>((resolve) => this.#waiting.set(events.at(-1)?.id ?? '', resolve))
    await client.appendToStream('raw-endpoint-1', events)
    await back
  }

  async close(): Promise<void> {
    await this.#subscription.unsubscribe()
  }
}

async function rawAppend(client: KurrentDBClient, count: number): Promise<void> {
  await client.appendToStream('bare-endpoint-1', rawEvents(count))
}

function rawEvents(count: number): EventData[] {
  return Array.from({ length: count }, newEvent).map(({ id, type, body, meta }) =>
    jsonEvent({ id, type, data: JSON.parse(body), metadata: { v: '1', batch: '0/1', context: meta } }),
  )
}

async function rawCatchUp(client: KurrentDBClient, prefix: string, count: number): Promise<void> {
  const filter = streamNameFilter({ prefixes: [`${prefix}.`] })
  const subscription = client.subscribeToAll({ fromPosition: START, filter })
  let seen = 0
  for await (const _ of subscription) {
    seen += 1
    if (seen === count) break
  }
  await subscription.unsubscribe()
}

async function headOf(log: EventLog): Promise<number> {
  let count = 0
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) count += batch.length
  return count
}

const BODY = JSON.stringify({
  build: 7,
  deltas: [{ after: null, before: null, key: { direction: 'ingress', identity: 29_439, port: 80, portBits: 16 } }],
  digest: `sha256:${'0'.repeat(64)}`,
  endpoint: 863,
})
const META = JSON.stringify({ actor: { kind: 'agent', name: 'node1' }, cause: null, correlation: randomUUID() })

function newEvent(): UnstoredEvent {
  return { id: randomUUID() as UnstoredEvent['id'], type: 'PolicyMapWritten', v: 1, body: BODY, meta: META }
}
