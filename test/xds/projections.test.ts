import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HindcastEvent } from '../../events/catalogue.ts'
import {
  Cidr,
  CorrelationId,
  EventId,
  IdentityId,
  NodeName,
  nodeStream,
  Port,
  Position,
  StreamRevision,
  Timestamp,
} from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { fold } from '../../projections/projection.ts'
import { networkPolicyHosts } from '../../projections/xds/hosts.ts'
import { httpListeners } from '../../projections/xds/listeners.ts'
import { servedBy, servedXds, snapshotChange, snapshotDigest } from '../../projections/xds/snapshot.ts'
import { packResource, unpackResource } from '../../proto/messages.ts'

const STREAM = nodeStream(NodeName('death-star'))
const KERNEL = { bpfRoot: '/sys/fs/bpf', ipcacheName: 'hindcast_ipcache' }

const recorded = (event: HindcastEvent, index: number): Recorded => ({
  position: Position(BigInt(index + 1)),
  stream: STREAM,
  revision: StreamRevision(index),
  recordedAt: Timestamp(0),
  id: EventId('00000000-0000-4000-8000-000000000000'),
  event,
  context: {
    actor: { kind: 'agent', name: 'death-star' },
    source: { kind: 'test', detail: '' },
    correlation: CorrelationId('00000000-0000-4000-8000-000000000000'),
    cause: null,
  },
})
const served = (...events: readonly HindcastEvent[]) => servedBy(fold(servedXds, events.map(recorded)), STREAM, 'npds')

const publication = (
  version: string,
  after: Readonly<Record<string, Json>>,
  removed: readonly string[] = [],
): HindcastEvent => ({
  type: 'XdsPublished',
  v: 1,
  xds: 'npds',
  version,
  digest: snapshotDigest(new Map(Object.entries(after))),
  changed: Object.entries(after).map(([name, resource]) => ({ name, resource })),
  removed,
})
const answer = { v: 1, xds: 'npds', nonce: '1', client: 'proxy' } as const

test('X6 a listener has the three filters of Cilium in their places and reads back from the wire', () => {
  const listeners = httpListeners(
    [
      { listener: 'cilium-http-ingress', direction: 'ingress', port: Port(14567) },
      { listener: 'cilium-http-egress', direction: 'egress', port: Port(14568) },
    ],
    KERNEL,
  )
  assert.deepEqual([...listeners.keys()], ['cilium-http-egress:14568', 'cilium-http-ingress:14567'])
  const ingress = listeners.get('cilium-http-ingress:14567')!
  assert.deepEqual(
    [ingress.listenerFilters, ingress.filterChains[0]!.filters].map((filters) => filters.map(({ name }) => name)),
    [
      ['envoy.filters.listener.tls_inspector', 'cilium.bpf_metadata'],
      ['cilium.network', 'envoy.filters.network.http_connection_manager'],
    ],
  )
  assert.equal(ingress.socketOptions[0]!.intValue, 0xa00)
  for (const listener of listeners.values()) {
    assert.deepEqual(unpackResource('lds', packResource('lds', listener)), listener)
  }
})

test('X6 without the kernel the proxy is told to ask for hosts', () => {
  const [listener] = httpListeners([{ listener: 'cilium-http-ingress', direction: 'ingress', port: Port(14567) }], {
    bpfRoot: '',
    ipcacheName: '',
  }).values()
  const metadata = listener!.listenerFilters.find(({ name }) => name === 'cilium.bpf_metadata')!.typedConfig
  assert.ok('useNphds' in metadata && metadata.useNphds && metadata.proxyId === 14567)
})

test('X7 hosts are the ipcache turned round, in order', () => {
  const hosts = networkPolicyHosts([
    { prefix: Cidr('fd00::7b/128'), identity: IdentityId(29439) },
    { prefix: Cidr('10.0.0.123/32'), identity: IdentityId(29439) },
    { prefix: Cidr('0.0.0.0/0'), identity: IdentityId(2) },
  ])
  assert.deepEqual(
    [...hosts],
    [
      ['2', { policy: 2, hostAddresses: ['0.0.0.0/0'] }],
      ['29439', { policy: 29439, hostAddresses: ['10.0.0.123/32', 'fd00::7b/128'] }],
    ],
  )
})

test('X8 the served snapshot is the sum of the publications', () => {
  const state = served(publication('e.1', { '863': { a: 1 }, '775': {} }), {
    type: 'XdsPublished',
    v: 1,
    xds: 'npds',
    version: 'e.2',
    digest: snapshotDigest(new Map(Object.entries({ '863': { a: 2 } }))),
    changed: [{ name: '863', resource: { a: 2 } }],
    removed: ['775'],
  })
  assert.equal(state.version, 'e.2')
  assert.deepEqual([...state.resources], [['863', { a: 2 }]])
})

test('X8 a client runs what it acknowledged and keeps running it after a refusal', () => {
  const state = served(
    publication('e.1', { '863': {} }),
    { ...answer, type: 'XdsAcked', version: 'e.1' },
    publication('e.2', { '863': { a: 1 } }),
    { ...answer, type: 'XdsNacked', version: 'e.2', running: 'e.1', detail: 'no endpoint ip' },
  )
  assert.deepEqual(state.clients.get('proxy'), {
    running: 'e.1',
    refused: { version: 'e.2', detail: 'no endpoint ip', position: Position(4n) },
  })
})

test('X8 a publication that does not fit the log is found', () => {
  const first = publication('e.1', { '863': {} })
  assert.throws(() => served(first, publication('e.2', { '775': {} })), /npds e.2 at position 2 has digest/)
})

test('X9 a change names what differs, and nothing is published where nothing differs', () => {
  const before = served(publication('e.1', { '863': { a: 1 }, '775': {} }))
  assert.equal(
    snapshotChange(
      before,
      new Map<string, Json>([
        ['775', {}],
        ['863', { a: 1 }],
      ]),
    ),
    null,
  )
  const change = snapshotChange(
    before,
    new Map<string, Json>([
      ['863', { a: 2 }],
      ['5513', {}],
    ]),
  )
  assert.deepEqual(change?.removed, ['775'])
  assert.deepEqual(
    change?.changed.map(({ name }) => name),
    ['5513', '863'],
  )
})

test('X9 the very first publication happens even when it is empty', () => {
  assert.notEqual(snapshotChange(served(), new Map()), null)
})
