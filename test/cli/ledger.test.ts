/** What a writer knows: the same from a saved state of any moment as from the first event, and never from a state that is not of this log. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import {
  EventId,
  IDENTITY_STREAM,
  LabelText,
  NodeName,
  nodeStream,
  POLICY_STREAM,
  Position,
  type StreamName,
  Timestamp,
} from '../../events/ids.ts'
import { LedgerReader } from '../../src/cli/ledger-reader.ts'
import { submit } from '../../src/cli/submit.ts'
import type { Command } from '../../src/decide/command.ts'
import { openMemoryLog } from '../../src/log/memory.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import type { EventLog } from '../../src/ports/log.ts'
import type { SavedStates } from '../../src/ports/saved-states.ts'
import { openSavedStates } from '../../src/states/saved-states.ts'
import { aCommand } from '../doubles/commands.ts'
import { MemoryStates } from '../doubles/saved-states.ts'
import { normal } from '../states/normal.ts'

const folder = mkdtempSync(join(tmpdir(), `hindcast-ledger-${process.pid}-`))
after(() => rmSync(folder, { recursive: true, force: true }))

const HOTH = NodeName('hoth')
const ENDOR = NodeName('endor')
const STREAMS: readonly StreamName[] = [POLICY_STREAM, IDENTITY_STREAM, nodeStream(HOTH), nodeStream(ENDOR)]
const source = () => ({ kind: 'test', detail: 'ledger' }) as const

const command = aCommand(HOTH, ENDOR)

async function read(log: EventLog, states: SavedStates | null): Promise<LedgerReader> {
  const reader = new LedgerReader({ log, streams: STREAMS, states, unsavedMax: 1 })
  await reader.readOn()
  return reader
}

function assertSame(found: LedgerReader, expected: LedgerReader): void {
  assert.deepEqual(normal(found.ledger), normal(expected.ledger))
  const revisions = (reader: LedgerReader) => STREAMS.map((stream) => reader.expected(stream))
  assert.deepEqual(revisions(found), revisions(expected))
}

const memoryLog = (): EventLog => openMemoryLog({ now: () => Timestamp(1_000) })

test('C51 the ledger from a state saved at any earlier moment is the one of the whole fold', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 40 }), async (commands) => {
      await using log = memoryLog()
      const states = new MemoryStates()
      const moments: MemoryStates[] = []
      for (const each of commands) {
        await submit({ log, command: each, source, dryRun: false })
        await (await read(log, states)).save()
        moments.push(states.copy())
      }
      const whole = await read(log, null)
      for (const earlier of moments) assertSame(await read(log, earlier), whole)
    }),
    { numRuns: 40 },
  )
})

test('C51 what is decided from a saved state is what is decided from the fold', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(command, fc.boolean()), { minLength: 1, maxLength: 30 }), async (steps) => {
      await using plain = memoryLog()
      await using cached = memoryLog()
      const states = new MemoryStates()
      for (const [each, save] of steps) {
        const expected = await submit({ log: plain, command: each, source, dryRun: false })
        const found = await submit({ log: cached, command: each, source, dryRun: false, states })
        assert.deepEqual(found.decision, expected.decision)
        assert.deepEqual(found.positions, expected.positions)
        if (save) await (await read(cached, states)).save()
      }
    }),
    { numRuns: 40 },
  )
})

const tag = (n: number): Command => ({ kind: 'tag-position', name: `t${n}`, position: Position(1n), move: true })

async function logWith(...names: readonly number[]): Promise<EventLog> {
  const log = memoryLog()
  for (const name of names) await submit({ log, command: tag(name), source, dryRun: false })
  return log
}

test('C51 a state of another log, of a later one, of another fold or that says another event is not believed', async () => {
  const [log, other, shorter] = [await logWith(1, 2, 3), await logWith(4, 5, 6), await logWith(1)]
  const states = new MemoryStates()
  await (await read(log, states)).save()
  assertSame(await read(other, states), await read(other, null))
  assertSame(await read(shorter, states), await read(shorter, null))
  const name = `ledger ${POLICY_STREAM}`
  const saved = states.saved.get(name)
  assert.ok(saved !== undefined)
  const lie = saved.pieces[0]!.replaceAll('"t1"', '"t9"')
  const wrong = [
    { ...saved, fold: saved.fold.replace('ledger@', 'ledger@9'), pieces: [lie] },
    { ...saved, event: EventId('6a0d3c9e-7b1f-4d58-9c2a-3e5f70819243'), pieces: [lie] },
    { ...saved, at: '1', pieces: [lie] },
    { ...saved, at: '7', pieces: [lie] },
    { ...saved, pieces: [] },
  ]
  for (const state of wrong) {
    states.saved.set(name, state)
    assertSame(await read(log, states), await read(log, null))
  }
  // The lie would be seen: with the right mark it is what counts.
  states.saved.set(name, { ...saved, pieces: [lie] })
  assert.ok((await read(log, states)).ledger.policies.tags.has('t9'))
})

test('C51 whoever folds much saves it, and the next writer reads only what came since', async () => {
  const path = join(folder, 'log.db')
  await using log = openSqliteLog({ path, now: () => Timestamp(1_000) })
  for (let n = 0; n < 120; n++) await submit({ log, command: tag(n), source, dryRun: false })
  using states = openSavedStates(`${path}.ledger`)
  await submit({ log, command: tag(200), source, dryRun: true, states })
  assert.equal(states.load(`ledger ${POLICY_STREAM}`)?.at, '119')
  await submit({ log, command: tag(201), source, dryRun: false, states })
  const asked: (number | null)[] = []
  const watched: EventLog = {
    ...{ location: log.location, append: (batch) => log.append(batch), readAll: (options) => log.readAll(options) },
    readStream: (stream, options) => {
      asked.push(options.after)
      return log.readStream(stream, options)
    },
    ...{ subscribe: (at) => log.subscribe(at), head: () => log.head(), streams: () => log.streams() },
    ...{ positionAtTime: (time) => log.positionAtTime(time), streamHead: (stream) => log.streamHead(stream) },
    [Symbol.asyncDispose]: async () => undefined,
  }
  const { before } = await submit({ log: watched, command: tag(202), source, dryRun: true, states })
  assert.deepEqual(asked, [118, 119], 'the event that the state ends with, and what came after it')
  assert.equal(before.policies.tags.size, 121)
})

test('C51 two writers with one file of states order themselves as without it', async () => {
  const path = join(folder, 'shared.db')
  await using log = openSqliteLog({ path, now: () => Timestamp(1_000) })
  await using same = openSqliteLog({ path, now: () => Timestamp(1_000) })
  using first = openSavedStates(`${path}.ledger`)
  using second = openSavedStates(`${path}.ledger`)
  for (let round = 0; round < 4; round++) {
    const wish = (name: string): Command => ({
      ...{ kind: 'allocate-identity', labels: [LabelText(`k8s:app=${name}-${round}`)], wanted: null },
    })
    await Promise.all([
      submit({ log, command: wish('left'), source, dryRun: false, states: first }),
      submit({ log: same, command: wish('right'), source, dryRun: false, states: second }),
      read(log, first).then((reader) => reader.save()),
      read(same, second).then((reader) => reader.save()),
    ])
  }
  const whole = await read(log, null)
  assert.equal(whole.ledger.identities.used.size, 8)
  assertSame(await read(log, first), whole)
})
