/** Appending under group commit while the agent signs in the same process, beside appending while it does not. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { pino } from 'pino'
import type { UnstoredEvent } from '../../../events/codec.ts'
import type { StreamName } from '../../../events/ids.ts'
import { Timestamp } from '../../../events/ids.ts'
import { systemClock } from '../../../src/agent/system-clock.ts'
import { Signing } from '../../../src/cli/node/signing.ts'
import { openSqliteLog } from '../../../src/log/sqlite/log.ts'
import type { EventLog } from '../../../src/ports/log.ts'
import { median, timeUs } from '../measure.ts'
import { atMost, type Figure, figure } from '../report.ts'

const APPENDERS = 64
const APPENDS_EACH = 100
const ROUNDS = 15
/** Sixty times as often as an agent does by itself. */
const SIGN_EVERY_MS = 5_000

type Round = { readonly wallUs: number; readonly threadUs: number }

export async function appending(folder: string): Promise<readonly Figure[]> {
  const path = join(folder, 'append.db')
  await using log = openSqliteLog({ path, now: () => Timestamp(Date.now()) })
  let signed = 0
  const logger = pino(
    { level: 'info', base: null },
    {
      write: (line: string) => {
        if (line.includes('checkpoint signed')) signed += 1
      },
    },
  )
  const plain: Round[] = []
  const signing: Round[] = []
  await round(log)
  for (let n = 0; n < ROUNDS; n += 1) {
    plain.push(await round(log))
    const before = signed
    await using _ = new Signing({ path, node: 'node1', everyMs: SIGN_EVERY_MS, clock: systemClock, logger })
    signing.push(await round(log, () => signed > before))
  }
  const of = (rounds: readonly Round[], what: keyof Round): number => median(rounds.map((each) => each[what]))
  return [
    figure('append under group commit', 1e6 / of(plain, 'wallUs'), 'events/s'),
    figure('append while the agent signs', 1e6 / of(signing, 'wallUs'), 'events/s'),
    figure('signing : not, time of an append', of(signing, 'wallUs') / of(plain, 'wallUs'), 'x', atMost(1.05)),
    figure(
      'signing : not, processor time of the appending thread',
      of(signing, 'threadUs') / of(plain, 'threadUs'),
      'x',
      atMost(1.05),
    ),
  ]
}

/** Microseconds an event, when many append at the same time, each waiting for its own, until the interval and `isOver`: one checkpoint falls into it. */
async function round(log: EventLog, isOver = (): boolean => true): Promise<Round> {
  const before = process.threadCpuUsage()
  let events = 0
  const wallUs = await timeUs(async () => {
    const end = Date.now() + SIGN_EVERY_MS
    while (Date.now() < end || !isOver()) events += await appendAll(log)
  })
  const { user, system } = process.threadCpuUsage(before)
  return { wallUs: wallUs / events, threadUs: (user + system) / events }
}

async function appendAll(log: EventLog): Promise<number> {
  await Promise.all(
    Array.from({ length: APPENDERS }, async (_, appender) => {
      const stream = `endpoint-node1-${appender + 1}` as StreamName
      for (let n = 0; n < APPENDS_EACH; n += 1) {
        const outcome = await log.append([{ stream, expected: 'any', events: [newEvent()] }])
        if (outcome.kind !== 'appended') throw new Error('the append conflicted')
      }
    }),
  )
  return APPENDERS * APPENDS_EACH
}

/** About 440 bytes, as a map write of one entry has. */
const BODY = JSON.stringify({ build: 7, deltas: [{ filling: 'x'.repeat(250) }], digest: `sha256:${'0'.repeat(64)}` })
const META = JSON.stringify({
  actor: { kind: 'agent', name: 'node1' },
  cause: '1',
  source: { detail: '', kind: 'agent' },
})

function newEvent(): UnstoredEvent {
  return { id: randomUUID() as UnstoredEvent['id'], type: 'PolicyMapWritten', v: 1, body: BODY, meta: META }
}
