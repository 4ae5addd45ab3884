/** Every field of every event: what is in it does not come through, or stands in a list here with the reason. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalText } from '../../events/canonical.ts'
import { catalogue, EVENT_TYPES, type EventType, type HindcastEvent } from '../../events/catalogue.ts'
import { decodeEvent, encodeEvent, type StoredEvent } from '../../events/codec.ts'
import { CorrelationId, EventId, Position, StreamName, StreamRevision, Timestamp } from '../../events/ids.ts'
import { actor, source } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { Renaming } from '../../src/history/capsule/pseudonyms/events.ts'
import { Pseudonyms } from '../../src/history/capsule/pseudonyms/names.ts'
import type { Flow } from '../../src/ports/flows.ts'
import { examples } from '../events/examples.ts'
import { type Leaf, valueOfShape } from './shapes.ts'

const KEY = Buffer.from('a key that nobody else has')
const NOTHING = new Map<string, Json>()
const renaming = (): Renaming => new Renaming(new Pseudonyms(KEY), NOTHING)
const ID = EventId('00000000-0000-4000-8000-000000000001')
const CORRELATION = CorrelationId('00000000-0000-4000-8000-000000000002')

/**
 * Texts that stay, by type and field: words of the engine, versions of programs and of the kernel, positions, numbers that were drawn by chance,
 * digests of maps (which have no names in them), and of HTTP the method and the path.
 */
const STAYS: readonly string[] = [
  'AgentStarted/version',
  'DnsAnswerExpired/-',
  'EndpointRegenerationFailed/code',
  'EndpointRegenerationFailed/phase',
  'EndpointRegenerationFailed/phases/name',
  'EndpointRegenerationStarted/reads',
  'EndpointRegenerationStarted/triggers/cause',
  'EndpointRegenerationSucceeded/desiredDigest',
  'EndpointRegenerationSucceeded/npdsVersion',
  'EndpointRegenerationSucceeded/phases/name',
  'EndpointRegenerationSucceeded/realizedDigest',
  'EndpointRegenerationSucceeded/redirects/id',
  'EndpointRegenerationSucceeded/redirects/parser',
  'EndpointRegenerationSucceeded/redirects/protocol',
  'KernelProbed/features/name',
  'KernelProbed/features/since',
  'KernelProbed/release',
  'PolicyMapWritten/digest',
  'PolicyRefused/problems/code',
  'PositionTagged/position',
  'ProgramLoaded/program',
  'ProgramUnloaded/program',
  'ProxyPortAllocated/listener',
  'ProxyPortAllocated/parser',
  'ProxyPortReleased/listener',
  'XdsAcked/nonce',
  'XdsAcked/version',
  'XdsNacked/nonce',
  'XdsNacked/running',
  'XdsNacked/version',
  'XdsPublished/changed/name',
  'XdsPublished/removed',
  'XdsPublished/version',
].filter((line) => !line.endsWith('-'))

function stored(event: HindcastEvent, position = 1): StoredEvent {
  const context = {
    actor: { kind: 'user', name: 'mon-mothma' },
    source: { kind: 'file', detail: '/home/mon-mothma/yavin.yaml' },
    correlation: CORRELATION,
    cause: null,
  } as const
  return {
    ...encodeEvent({ id: ID, event, context }),
    position: Position(BigInt(position)),
    stream: StreamName('endpoint-yavin.rebels.example-7'),
    revision: StreamRevision(position),
    recordedAt: Timestamp(0),
  }
}

/** What is inside of JSON is walked in its own tests; the events around it need one that is right. */
function generated(type: EventType): { readonly event: HindcastEvent; readonly leaves: readonly Leaf[] } {
  const leaves: Leaf[] = []
  const event = valueOfShape(catalogue[type].schema.shape, {
    leaves,
    json: (path) =>
      path.endsWith('manifest') ? { kind: 'Rule', spec: {} } : { endpointIps: ['198.51.100.7'], name: '' },
    texts: (path, marker) => (path.endsWith('origins') ? `Rule/${marker}/${marker}#/spec` : marker),
  }) as HindcastEvent
  return { event, leaves }
}

function staying(type: EventType): readonly string[] {
  const { event, leaves } = generated(type)
  const once = stored(event)
  const renamed = renaming().event(once)
  decodeEvent(renamed)
  const text = `${renamed.stream} ${renamed.body} ${renamed.meta}`
  assert.ok(!/yavin|mothma/.test(text), text)
  return [...new Set(leaves.filter(({ found }) => text.includes(found)).map(({ path }) => `${type}${path}`))]
}

test('T68 of every field of every event nothing comes through but what is said to stay', () => {
  assert.deepEqual(EVENT_TYPES.flatMap(staying).toSorted(), STAYS)
})

test('T68 every event under pseudonyms is an event of its type, the same each time, and again under others', () => {
  for (const type of EVENT_TYPES) {
    for (const event of [examples[type], generated(type).event]) {
      const once = renaming().event(stored(event))
      assert.equal(decodeEvent(once).event.type, type)
      assert.deepEqual(renaming().event(stored(event)), once)
      const twice = renaming().event(once)
      assert.equal(decodeEvent(twice).event.type, type)
      assert.equal(JSON.parse(twice.meta).correlation, CORRELATION)
    }
  }
})

test('T68 who did it and where it stands is a name like others', () => {
  const shape = `{actor:${actor.shape},source:${source.shape}}`
  const leaves: Leaf[] = []
  valueOfShape(shape, { leaves, json: () => null, texts: (_, marker) => marker })
  assert.deepEqual(
    leaves.map(({ path }) => path),
    ['/actor/name', '/source/detail'],
  )
})

const FLOW: Flow = {
  id: 1,
  time: Timestamp(0),
  stamp: { position: '1', revision: 1 },
  kind: 'http-request',
  verdict: 'DROPPED',
  direction: 'ingress',
  endpoint: 7,
  source: { address: '198.51.100.7', port: 4_000, identity: 300 },
  destination: { address: 'fd00::7', port: 80, identity: 301 },
  protocol: 6,
  dropReason: 181,
  matchType: 'l3-l4',
  proxyPort: 10_000,
  http: {
    method: 'GET',
    host: 'yavin.rebels.example:8080',
    path: '/v1/base',
    protocol: 'HTTP/1.1',
    status: 403,
    durationMs: null,
    missing: [
      { name: 'x-side', value: 'rebels' },
      { name: ':path', value: '/v1/base' },
      { name: ':authority', value: 'yavin.rebels.example' },
    ],
    rejected: [{ name: 'host', value: '[fd00::7]:80' }],
  },
} as unknown as Flow

test('T68 of a flow addresses, hosts and values of headers do not come through', () => {
  const names = new Pseudonyms(KEY)
  const renamed = new Renaming(names, NOTHING).flow(FLOW)
  assert.equal(/yavin|rebels|198\.51|fd00/.exec(canonicalText(renamed as unknown as Json)), null)
  assert.equal(renamed.http?.host, `${names.dns('yavin.rebels.example')}:8080`)
  assert.deepEqual(renamed.http?.missing[1], { name: ':path', value: '/v1/base' })
  assert.equal(renamed.http?.missing[2]?.value, names.dns('yavin.rebels.example'))
  assert.equal(renamed.http?.rejected[0]?.value, `[${names.address('fd00::7')}]:80`)
  const masked = { ...FLOW, source: 0, destination: 0, http: 0 }
  assert.deepEqual({ ...renamed, source: 0, destination: 0, http: 0 }, masked)
})
