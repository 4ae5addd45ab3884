/** What every event log does, whatever it is made of. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { firstValueFrom, take, toArray } from 'rxjs'
import type { StoredEvent, UnstoredEvent } from '../../events/codec.ts'
import { EventId, POLICY_STREAM, type Position, StreamName, StreamRevision, Timestamp } from '../../events/ids.ts'
import type { EventLog, ReadAllOptions, StreamAppend } from '../../src/ports/log.ts'

export type LogFixture = {
  readonly log: EventLog
  /** The clock that the log reads. */
  readonly clock: { now: number }
}

export type LogFactory = () => Promise<LogFixture>

const NODE = StreamName('node-n1')
let nextId = 0

export function anEvent(type = 'Tried', body = '{}'): UnstoredEvent {
  nextId += 1
  const id = EventId(`00000000-0000-4000-8000-${nextId.toString(16).padStart(12, '0')}`)
  return { id, type, v: 1, body, meta: '{}' }
}

const on = (
  stream: StreamName,
  events: readonly UnstoredEvent[],
  expected: StreamAppend['expected'] = 'any',
): StreamAppend => ({
  stream,
  expected,
  events,
})

export async function readEverything(
  log: EventLog,
  options: Partial<ReadAllOptions> = {},
): Promise<readonly StoredEvent[]> {
  return (await Array.fromAsync(log.readAll({ direction: 'forwards', after: null, ...options }))).flat()
}

export function logContract(name: string, open: LogFactory): void {
  const withLog = (title: string, body: (fixture: LogFixture) => Promise<void>): void => {
    test(`${title} (${name})`, async () => {
      const fixture = await open()
      try {
        await body(fixture)
      } finally {
        await fixture.log[Symbol.asyncDispose]()
      }
    })
  }
  appending(withLog)
  reading(withLog)
  subscribing(withLog)
  properties(withLog)
}

type WithLog = (title: string, body: (fixture: LogFixture) => Promise<void>) => void

function appending(withLog: WithLog): void {
  withLog('L1 an append over several streams is there as a whole, in the order of the batch', async ({ log }) => {
    const [a, b, c] = [anEvent('A'), anEvent('B'), anEvent('C')]
    const outcome = await log.append([on(POLICY_STREAM, [a, b]), on(NODE, [c])])
    const events = await readEverything(log)
    assert.deepEqual(
      events.map(({ id }) => id),
      [a.id, b.id, c.id],
    )
    assert.ok(outcome.kind === 'appended')
    assert.deepEqual(
      outcome.positions,
      events.map(({ position }) => position),
    )
    assert.deepEqual(
      events.map(({ revision }) => revision),
      [0, 1, 0],
    )
  })
  withLog(
    'L2 another revision than the expected one is a conflict, a value, and nothing is written',
    async ({ log }) => {
      await log.append([on(POLICY_STREAM, [anEvent()], 'no-stream')])
      for (const expected of ['no-stream', StreamRevision(1), StreamRevision(7)] as const) {
        const outcome = await log.append([on(NODE, [anEvent()]), on(POLICY_STREAM, [anEvent()], expected)])
        assert.deepEqual(outcome, { kind: 'conflict', stream: POLICY_STREAM, actual: 0 })
      }
      assert.deepEqual(await log.append([on(NODE, [anEvent()], StreamRevision(0))]), {
        kind: 'conflict',
        stream: NODE,
        actual: 'no-stream',
      })
      assert.equal((await readEverything(log)).length, 1)
    },
  )
  withLog(
    'L3 an append tried again with the same ids is answered as the first was and stored once',
    async ({ log, clock }) => {
      for (const expected of ['no-stream', 'any'] as const) {
        const stream = expected === 'any' ? NODE : POLICY_STREAM
        const batch = [on(stream, [anEvent(), anEvent()], expected)]
        const first = await log.append(batch)
        clock.now += 1_000
        assert.deepEqual(await log.append(batch), first)
      }
      assert.equal((await readEverything(log)).length, 4)
    },
  )
  withLog(
    'L4 positions rise in the order of reading; recorded times never go back, even when the clock does',
    async ({ log, clock }) => {
      for (const now of [5_000, 4_000, 6_000]) {
        clock.now = now
        await log.append([on(NODE, [anEvent()])])
      }
      const events = await readEverything(log)
      assert.deepEqual(
        events.map(({ recordedAt }) => recordedAt),
        [5_000, 5_000, 6_000],
      )
      assert.ok(events.every(({ position }, index) => index === 0 || position > events[index - 1]!.position))
    },
  )
  withLog(
    'L5 concurrent appenders all get their answer, and one conflict does not touch the others',
    async ({ log }) => {
      const appends = Array.from({ length: 50 }, (_, index) =>
        log.append([on(StreamName(`node-n${index}`), [anEvent()], index === 7 ? StreamRevision(3) : 'no-stream')]),
      )
      const kinds = (await Promise.all(appends)).map(({ kind }) => kind)
      assert.equal(kinds[7], 'conflict')
      assert.equal(kinds.filter((kind) => kind === 'appended').length, 49)
      assert.equal((await readEverything(log)).length, 49)
    },
  )
  withLog('L29 a copied append keeps its time, except where that would go back', async ({ log, clock }) => {
    clock.now = 9_000
    for (const recordedAt of [5_000, 7_000, 6_000]) {
      await log.append([on(NODE, [anEvent()])], { recordedAt: Timestamp(recordedAt) })
    }
    await log.append([on(NODE, [anEvent()])])
    const times = (await readEverything(log)).map(({ recordedAt }) => recordedAt)
    assert.deepEqual(times, [5_000, 7_000, 7_000, 9_000])
  })
  withLog('L6 an empty batch, an empty append and a stream named twice are bugs', async ({ log }) => {
    const bugs = [[], [on(NODE, [])], [on(NODE, [anEvent()]), on(NODE, [anEvent()])]]
    for (const batch of bugs) await assert.rejects(async () => log.append(batch), TypeError)
    assert.equal(await log.head(), null)
  })
}

function reading(withLog: WithLog): void {
  withLog('L7 the log reads both ways from a position, filtered by type and stream, in arrays', async ({ log }) => {
    await log.append([on(POLICY_STREAM, [anEvent('A'), anEvent('B')]), on(NODE, [anEvent('A')])])
    const all = await readEverything(log)
    const [first, second, third] = all.map(({ position }) => position) as [Position, Position, Position]
    const positions = async (options: Partial<ReadAllOptions>): Promise<readonly Position[]> =>
      (await readEverything(log, options)).map(({ position }) => position)
    assert.deepEqual(await positions({ after: first }), [second, third])
    assert.deepEqual(await positions({ direction: 'backwards' }), [third, second, first])
    assert.deepEqual(await positions({ direction: 'backwards', after: third, limit: 1 }), [second])
    assert.deepEqual(await positions({ types: ['A'] }), [first, third])
    assert.deepEqual(await positions({ streamPrefixes: ['node-'] }), [third])
    assert.deepEqual(await positions({ types: ['A'], streamPrefixes: ['policy'], direction: 'backwards' }), [first])
    assert.deepEqual(await positions({ after: third }), [])
  })
  withLog('L8 a stream reads both ways, and one that does not exist is empty', async ({ log }) => {
    await log.append([on(NODE, [anEvent(), anEvent(), anEvent()])])
    const revisions = async (direction: 'forwards' | 'backwards', after: number | null): Promise<readonly number[]> =>
      (await Array.fromAsync(log.readStream(NODE, { direction, after: after === null ? null : StreamRevision(after) })))
        .flat()
        .map(({ revision }) => revision)
    assert.deepEqual(await revisions('forwards', null), [0, 1, 2])
    assert.deepEqual(await revisions('forwards', 0), [1, 2])
    assert.deepEqual(await revisions('backwards', null), [2, 1, 0])
    assert.deepEqual(await revisions('backwards', 1), [0])
    assert.equal(await log.streamHead(NODE), 2)
    assert.equal(await log.streamHead(POLICY_STREAM), 'no-stream')
    assert.deepEqual(await log.streams(), [NODE])
    assert.deepEqual(await Array.fromAsync(log.readStream(POLICY_STREAM, { direction: 'forwards', after: null })), [])
  })
  withLog('L9 a time finds the last position recorded at or before it', async ({ log, clock }) => {
    const positions: Position[] = []
    for (const now of [1_000, 2_000, 2_000, 3_000]) {
      clock.now = now
      const outcome = await log.append([on(NODE, [anEvent()])])
      assert.ok(outcome.kind === 'appended')
      positions.push(outcome.positions[0]!)
    }
    const found = await Promise.all(
      [999, 1_000, 1_500, 2_000, 9_000].map((time) => log.positionAtTime(Timestamp(time))),
    )
    assert.deepEqual(found, [null, positions[0], positions[0], positions[2], positions[3]])
  })
}

function subscribing(withLog: WithLog): void {
  withLog('L10 a subscription catches up, says so, and follows', async ({ log }) => {
    await log.append([on(NODE, [anEvent(), anEvent()])])
    const messages = firstValueFrom(log.subscribe(null).pipe(take(4), toArray()))
    await firstValueFrom(log.subscribe(null).pipe(take(2), toArray()))
    await log.append([on(NODE, [anEvent()])])
    const sizes = (await messages).map((message) => (message.kind === 'events' ? message.events.length : message.kind))
    assert.deepEqual(sizes, [2, 'caught-up', 1, 'caught-up'])
  })
  withLog('L11 a subscription starts after its position and ends when nobody listens', async ({ log }) => {
    await log.append([on(NODE, [anEvent(), anEvent()])])
    const [first] = await readEverything(log)
    const message = await firstValueFrom(log.subscribe(first!.position))
    assert.ok(message.kind === 'events')
    assert.deepEqual(
      message.events.map(({ revision }) => revision),
      [1],
    )
  })
  withLog('L12 closing completes subscriptions and refuses what comes after', async ({ log }) => {
    const ended = new Promise<void>((resolve, reject) => {
      log.subscribe(null).subscribe({ complete: resolve, error: reject })
    })
    await log[Symbol.asyncDispose]()
    await ended
    await assert.rejects(async () => log.append([on(NODE, [anEvent()])]), { name: 'LogError', code: 'log-closed' })
    await log[Symbol.asyncDispose]()
  })
}

function properties(withLog: WithLog): void {
  withLog(
    'L13 whatever is appended is read back in order, stream revisions are dense, batches are whole',
    async ({ log }) => {
      const sizes = fc.array(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })), {
          minLength: 1,
          maxLength: 3,
        }),
        { maxLength: 12 },
      )
      let written: string[] = []
      await fc.assert(
        fc.asyncProperty(sizes, async (batches) => {
          for (const batch of batches) {
            const streams = new Map(batch.map(([stream, count]) => [StreamName(`node-p${stream}`), count]))
            const appends = [...streams].map(([stream, count]) =>
              on(
                stream,
                Array.from({ length: count }, () => anEvent()),
              ),
            )
            await log.append(appends)
            written = [...written, ...appends.flatMap(({ events }) => events.map(({ id }) => id))]
          }
          const all = await readEverything(log)
          assert.deepEqual(
            all.map(({ id }) => id),
            written,
          )
          const seen = new Map<string, number>()
          for (const { stream, revision } of all) {
            assert.equal(revision, seen.get(stream) ?? 0)
            seen.set(stream, revision + 1)
          }
        }),
        { numRuns: 25, seed: 8412 },
      )
    },
  )
}
