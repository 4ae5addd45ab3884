import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalText, digestOf, digestOfText } from '../../events/canonical.ts'
import { catalogue, EVENT_TYPES } from '../../events/catalogue.ts'
import { decodeEvent, encodeEvent, type StoredEvent } from '../../events/codec.ts'
import { CorrelationId, EventId, POLICY_STREAM, Position, StreamRevision, Timestamp } from '../../events/ids.ts'
import type { EventContext } from '../../events/recorded.ts'
import { upcast } from '../../events/upcast.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../projections/policy/default-options.ts'
import { examples } from './examples.ts'

const ID = '00000000-0000-4000-8000-000000000001'
const context: EventContext = {
  actor: { kind: 'user', name: 'vader' },
  source: { kind: 'test', detail: 'events' },
  correlation: CorrelationId(ID),
  cause: Position(17n),
}

function stored(event: (typeof examples)[keyof typeof examples], changes: Partial<StoredEvent> = {}): StoredEvent {
  return {
    ...encodeEvent({ id: EventId(ID), event, context }),
    position: Position(4_200n),
    stream: POLICY_STREAM,
    revision: StreamRevision(3),
    recordedAt: Timestamp(1_000),
    ...changes,
  }
}

test('E1 every event comes back from its bytes as it was, with its context', () => {
  for (const type of EVENT_TYPES) {
    const recorded = decodeEvent(stored(examples[type]))
    assert.deepEqual(recorded.event, examples[type])
    assert.deepEqual(recorded.context, context)
  }
})

test('E2 equal values have equal canonical texts whatever the order of their keys, and different values do not', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const again = JSON.parse(canonicalText(a)) as unknown
      assert.equal(canonicalText(reversed(again)), canonicalText(a))
      assert.equal(canonicalText(a) === canonicalText(b), digestOf(a) === digestOf(b))
    }),
    { seed: 863, numRuns: 300 },
  )
  assert.equal(canonicalText({ b: [1, null], a: 'é' }), '{"a":"é","b":[1,null]}')
  for (const value of [undefined, Number.NaN, 1n, () => 1, { a: undefined }])
    assert.throws(() => canonicalText(value), TypeError)
})

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, element]) => [key, reversed(element)]),
  )
}

test('E3 the shape of a type at a version never changes: the catalogue is as released', () => {
  const path = join(import.meta.dirname, 'catalogue.golden.json')
  const now = Object.fromEntries(
    EVENT_TYPES.map((type) => [type, { v: catalogue[type].v, shape: digestOfText(catalogue[type].schema.shape) }]),
  )
  if (process.env['GOLDEN'] === 'update') writeFileSync(path, `${JSON.stringify(now, null, 2)}\n`)
  assert.deepEqual(
    now,
    JSON.parse(readFileSync(path, 'utf8')),
    'a new shape needs v + 1 and an upcast step; then GOLDEN=update',
  )
})

test('E4 an event that is not of its schema is not written, and every problem is named', () => {
  const wrong = {
    ...examples.EndpointDeleted,
    endpoint: 70_000,
    extra: 1,
  } as unknown as typeof examples.EndpointDeleted
  assert.throws(
    () => encodeEvent({ id: EventId(ID), event: wrong, context }),
    /EndpointDeleted is not of its schema: \/endpoint endpoint id 70000 is not a u16 above 0; \/extra is unknown/,
  )
})

test('E5 what cannot be read is refused with what and where', () => {
  const good = stored(examples.EndpointDeleted)
  const cases: readonly (readonly [Partial<StoredEvent>, string])[] = [
    [{ type: 'HyperspaceJumped' }, 'unknown-event-type'],
    [{ v: 9 }, 'newer-event-version'],
    [{ body: '{"type"' }, 'corrupt-event'],
    [{ body: '{"type":"EndpointDeleted","v":1}' }, 'corrupt-event'],
    [{ type: 'IpcacheDeleted' }, 'corrupt-event'],
    [{ meta: '{}' }, 'corrupt-event'],
    [{ meta: good.meta.replace('"17"', '"x"') }, 'corrupt-event'],
  ]
  for (const [changes, code] of cases) {
    assert.throws(() => decodeEvent({ ...good, ...changes }), {
      name: 'DecodeError',
      code,
      message: /position 4200, revision 3 of stream policy/,
    })
  }
})

test('E7 agents that recorded no options ran with the defaults', () => {
  const { options: _, ...older } = examples.AgentStarted
  const body = canonicalText({ ...older, v: 1 })
  const { event } = decodeEvent(stored(examples.AgentStarted, { v: 1, body }))
  assert.deepEqual(event, { ...older, v: 2, options: DEFAULT_POLICY_OPTIONS })
})

test('E6 older shapes are raised one step at a time', () => {
  const steps = {
    Jumped: {
      1: (older: { readonly type: string; readonly v: number }) => ({ ...older, v: 2, added: 'a' }),
      2: (older: { readonly type: string; readonly v: number }) => ({ ...older, v: 3, further: 'b' }),
    },
  }
  assert.deepEqual(upcast({ type: 'Jumped', v: 1 }, steps), { type: 'Jumped', v: 3, added: 'a', further: 'b' })
  const leaping = { Jumped: { 1: () => ({ type: 'Jumped', v: 3 }) } }
  assert.throws(() => upcast({ type: 'Jumped', v: 1 }, leaping), /the upcast step of Jumped v1 gives Jumped v3/)
})
