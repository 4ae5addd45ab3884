import assert from 'node:assert/strict'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { status } from '@grpc/grpc-js'
import { toArray } from 'rxjs'
import { startXdsServer } from '../../src/xds/server.ts'
import { NOT_SERVED } from '../../src/xds/services.ts'
import { parseStamp } from '../../src/xds/stamp.ts'
import { aPolicy, aServer, EPOCH, endpointsIn, PATIENCE_MS, RawClient, STAMP, snapshot, until } from './fixture.ts'

const NODE = 'host~127.0.0.1~no-id~localdomain'

test('X10 the socket is for owner and group, and goes with the server', async () => {
  const fixture = await aServer()
  assert.equal(statSync(fixture.socket).mode & 0o777, 0o660)
  await fixture.server[Symbol.asyncDispose]()
  assert.ok(!existsSync(fixture.socket))
  await fixture[Symbol.asyncDispose]()
})

test('X10 a socket that a server answers on is not taken, and the server goes on', async () => {
  await using fixture = await aServer()
  await assert.rejects(startXdsServer({ socket: fixture.socket, epoch: 'other' }), {
    name: 'XdsSocketError',
    code: 'socket-taken',
  })
  fixture.server.publish('npds', snapshot(1, aPolicy(7)), STAMP)
  await using client = new RawClient(fixture.socket)
  client.subscribe()
  assert.deepEqual(endpointsIn(await client.response()), [7])
})

test('X10 a socket that nobody listens on is replaced; what is no socket is left alone', async () => {
  await using fixture = await aServer()
  const stale = join(fixture.folder, 'stale.sock')
  const left = createServer()
  await new Promise<void>((resolve) => left.listen(join(fixture.folder, 'bound'), resolve))
  const { linkSync } = await import('node:fs')
  linkSync(join(fixture.folder, 'bound'), stale)
  await new Promise((resolve) => left.close(resolve))
  assert.ok(statSync(stale).isSocket(), 'the socket file outlived its server')
  await using again = await startXdsServer({ socket: stale, epoch: 'e' })
  assert.equal(again.socket, stale)
  const file = join(fixture.folder, 'notes.txt')
  writeFileSync(file, 'keep')
  await assert.rejects(startXdsServer({ socket: file, epoch: 'e' }), { code: 'socket-not-ours' })
  await assert.rejects(startXdsServer({ socket: `/${'x'.repeat(120)}`, epoch: 'e' }), { code: 'socket-path' })
})

test('X11 X18 a subscriber gets the whole world with version, nonce, type and stamp; the ACK is an event', async () => {
  await using fixture = await aServer()
  fixture.server.publish('npds', snapshot(1, aPolicy(7, 1001), aPolicy(9)), STAMP)
  await using client = new RawClient(fixture.socket)
  const acked = until(fixture.server.events, ({ kind }) => kind === 'acked')
  client.subscribe({ versionInfo: `${EPOCH}.1`, responseNonce: '4' })
  const response = await client.response()
  assert.equal(response.versionInfo, `${EPOCH}.1`)
  assert.equal(response.nonce, '1')
  assert.equal(response.typeUrl, 'type.googleapis.com/cilium.NetworkPolicy')
  assert.deepEqual(parseStamp(response.controlPlane?.identifier ?? null), STAMP)
  assert.deepEqual(endpointsIn(response), [7, 9])
  client.ack(response)
  assert.deepEqual(await acked, { kind: 'acked', xds: 'npds', version: `${EPOCH}.1`, nonce: '1', client: NODE })
})

test('X12 a stale nonce is not answered, and publications during an unanswered response become one', async () => {
  await using fixture = await aServer()
  const { server } = fixture
  server.publish('npds', snapshot(1, aPolicy(7)), STAMP)
  await using client = new RawClient(fixture.socket)
  client.subscribe()
  const first = await client.response()
  client.send({ responseNonce: '99' })
  for (const sequence of [2, 3, 4]) server.publish('npds', snapshot(sequence, aPolicy(7, sequence)), STAMP)
  client.ack(first)
  const second = await client.response()
  assert.equal(second.versionInfo, `${EPOCH}.4`)
  assert.equal(second.nonce, '2')
  client.ack(second)
  assert.deepEqual(await server.acknowledged('npds', `${EPOCH}.4`, PATIENCE_MS), { kind: 'acked' })
  assert.equal(client.waiting, 0)
})

test('X13 a NACK is an event with what still runs, and the repaired policy follows', async () => {
  await using fixture = await aServer()
  const { server } = fixture
  server.publish('npds', snapshot(1, aPolicy(7)), STAMP)
  await using client = new RawClient(fixture.socket)
  client.subscribe()
  client.ack(await client.response())
  assert.deepEqual(await server.acknowledged('npds', `${EPOCH}.1`, PATIENCE_MS), { kind: 'acked' })
  const nacked = until(server.events, ({ kind }) => kind === 'nacked')
  server.publish('npds', snapshot(2, aPolicy(7, 5)), STAMP)
  const waiting = server.acknowledged('npds', `${EPOCH}.2`, PATIENCE_MS)
  client.nack(await client.response(), 'duplicate address', `${EPOCH}.1`)
  assert.deepEqual(await nacked, {
    kind: 'nacked',
    xds: 'npds',
    version: `${EPOCH}.2`,
    running: `${EPOCH}.1`,
    nonce: '2',
    client: NODE,
    detail: 'duplicate address',
  })
  assert.deepEqual(await waiting, { kind: 'nacked', client: NODE, detail: 'duplicate address' })
  assert.equal((await server.acknowledged('npds', `${EPOCH}.2`, 0)).kind, 'nacked', 'also when asked later')
  server.publish('npds', snapshot(3, aPolicy(7, 6)), STAMP)
  client.ack(await client.response())
  assert.deepEqual(await server.acknowledged('npds', `${EPOCH}.3`, PATIENCE_MS), { kind: 'acked' })
})

test('X17 waiting ends without clients, at the deadline with names, or when the last one acknowledges', async () => {
  await using fixture = await aServer()
  const { server } = fixture
  server.publish('npds', snapshot(1, aPolicy(7)), STAMP)
  assert.deepEqual(await server.acknowledged('npds', `${EPOCH}.1`, PATIENCE_MS), { kind: 'no-client' })
  await using one = new RawClient(fixture.socket)
  await using other = new RawClient(fixture.socket)
  one.subscribe({ node: { id: 'one' } })
  other.subscribe({ node: { id: 'other' } })
  const [first, second] = [await one.response(), await other.response()]
  one.ack(first)
  await until(server.events, ({ kind }) => kind === 'acked')
  assert.deepEqual(await server.acknowledged('npds', `${EPOCH}.1`, 20), { kind: 'deadline', missing: ['other'] })
  const waiting = server.acknowledged('npds', `${EPOCH}.1`, PATIENCE_MS)
  other.ack(second)
  assert.deepEqual(await waiting, { kind: 'acked' })
  assert.deepEqual(await server.acknowledged('nphds', `${EPOCH}.1`, PATIENCE_MS), { kind: 'no-client' }, 'another type')
})

test('X17 a client that goes while it is awaited is missed until it is back and acknowledges', async () => {
  await using fixture = await aServer()
  const { server } = fixture
  server.publish('npds', snapshot(1, aPolicy(7)), STAMP)
  const client = new RawClient(fixture.socket)
  client.subscribe()
  await client.response()
  const short = server.acknowledged('npds', `${EPOCH}.1`, 200)
  const long = server.acknowledged('npds', `${EPOCH}.1`, PATIENCE_MS)
  const gone = until(server.events, ({ kind }) => kind === 'disconnected')
  await client[Symbol.asyncDispose]()
  assert.deepEqual(await gone, { kind: 'disconnected', client: NODE })
  assert.deepEqual(await short, { kind: 'deadline', missing: [NODE] })
  await using back = new RawClient(fixture.socket)
  back.subscribe({ versionInfo: `${EPOCH}.1` })
  const response = await back.response()
  assert.equal(response.nonce, '1', 'nonces are of the stream')
  back.ack(response)
  assert.deepEqual(await long, { kind: 'acked' })
})

test('X17 closing ends the waits', async () => {
  await using fixture = await aServer()
  const { server } = fixture
  server.publish('npds', snapshot(1, aPolicy(7)), STAMP)
  await using client = new RawClient(fixture.socket)
  client.subscribe()
  await client.response()
  const seen = new Promise<readonly { readonly kind: string }[]>((resolve) =>
    server.events.pipe(toArray()).subscribe(resolve),
  )
  const waiting = server.acknowledged('npds', `${EPOCH}.1`, PATIENCE_MS)
  await server[Symbol.asyncDispose]()
  assert.deepEqual(await waiting, { kind: 'no-client' })
  assert.deepEqual(await seen, [])
  assert.notEqual((await client.status()).code, status.OK)
  assert.throws(() => server.publish('npds', snapshot(2), STAMP), TypeError)
})

test('X15 named resources over the wire', async () => {
  await using fixture = await aServer()
  const { server } = fixture
  server.publish('npds', snapshot(1, aPolicy(7), aPolicy(9)), STAMP)
  await using client = new RawClient(fixture.socket)
  client.subscribe({ resourceNames: ['9', '11'] })
  const first = await client.response()
  assert.deepEqual(endpointsIn(first), [9])
  client.ack(first, ['9', '11'])
  const covered = until(server.events, (event) => event.kind === 'acked' && event.version === `${EPOCH}.2`)
  server.publish('npds', snapshot(2, aPolicy(7, 5), aPolicy(9)), STAMP)
  assert.equal((await covered).kind, 'acked', 'told, although nothing was sent')
  assert.deepEqual(await server.acknowledged('npds', `${EPOCH}.2`, PATIENCE_MS), { kind: 'acked' }, 'nothing of theirs')
  server.publish('npds', snapshot(3, aPolicy(7, 5), aPolicy(9), aPolicy(11)), STAMP)
  assert.deepEqual(endpointsIn(await client.response()), [9, 11])
})

test('X19 other ways to ask are UNIMPLEMENTED, with a sentence', async () => {
  await using fixture = await aServer()
  for (const path of [
    '/cilium.NetworkPolicyDiscoveryService/DeltaNetworkPolicies',
    '/cilium.NetworkPolicyDiscoveryService/FetchNetworkPolicies',
    '/cilium.NetworkPolicyHostsDiscoveryService/DeltaNetworkPolicyHosts',
    '/envoy.service.listener.v3.ListenerDiscoveryService/DeltaListeners',
    '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
  ]) {
    await using client = new RawClient(fixture.socket, 'npds', path)
    client.subscribe()
    const { code, details } = await client.status()
    assert.deepEqual([code, details], [status.UNIMPLEMENTED, NOT_SERVED], path)
  }
})

test('X19 a request of another type, or of no form, ends its stream with INVALID_ARGUMENT and no other', async () => {
  await using fixture = await aServer()
  const { server } = fixture
  server.publish('npds', snapshot(1, aPolicy(7)), STAMP)
  await using good = new RawClient(fixture.socket)
  good.subscribe()
  good.ack(await good.response())
  await using wrong = new RawClient(fixture.socket)
  wrong.subscribe({ typeUrl: 'type.googleapis.com/cilium.NetworkPolicyHosts' })
  assert.equal((await wrong.status()).code, status.INVALID_ARGUMENT)
  await using noise = new RawClient(fixture.socket)
  noise.sendBytes(Buffer.from([0xff, 0xff, 0xff]))
  assert.equal((await noise.status()).code, status.INVALID_ARGUMENT)
  server.publish('npds', snapshot(2, aPolicy(7, 3)), STAMP)
  assert.deepEqual(endpointsIn(await good.response()), [7])
})

test('X20 what cannot be served is refused by publish, and what was served stays', async () => {
  await using fixture = await aServer()
  const { server } = fixture
  server.publish('npds', snapshot(5, aPolicy(7)), STAMP)
  const publish =
    (version: string, resources: object, stamp = STAMP) =>
    () =>
      server.publish('npds', { version, resources: new Map(Object.entries(resources)) }, stamp)
  assert.throws(publish(`${EPOCH}.6`, { 8: { ...aPolicy(8), endpointIp: [] } }), /npds 8: \/endpointIp is unknown/)
  assert.throws(publish(`${EPOCH}.6`, { 8: aPolicy(9) }), /npds 8 names itself 9/)
  assert.throws(publish(`${EPOCH}.5`, {}), /does not follow 5f1c\.5/)
  assert.throws(publish('6', {}), /version 6 is not 5f1c\.<number>/)
  assert.throws(publish(`${EPOCH}.6`, {}, { position: '-1', revision: 1 }), /not a position/)
  await using client = new RawClient(fixture.socket)
  client.subscribe()
  const response = await client.response()
  assert.deepEqual([response.versionInfo, ...endpointsIn(response)], [`${EPOCH}.5`, 7])
})

test('X18 a thousand policies reach several streams, and one change does not encode the rest again', async () => {
  await using fixture = await aServer()
  const { server } = fixture
  const policies = Array.from({ length: 1_000 }, (_, index) => aPolicy(index + 1, ...Array(50).keys()))
  server.publish('npds', snapshot(1, ...policies), STAMP)
  const clients = ['a', 'b', 'c'].map(() => new RawClient(fixture.socket))
  for (const [index, client] of clients.entries()) client.subscribe({ node: { id: `c${index}` } })
  for (const client of clients) {
    const response = await client.response()
    assert.equal(response.resources.length, 1_000)
    client.ack(response)
  }
  assert.deepEqual(await server.acknowledged('npds', `${EPOCH}.1`, PATIENCE_MS), { kind: 'acked' })
  // A getter tells whether the resource was read again.
  let reads = 0
  const watched = {
    ...aPolicy(500),
    get endpointIps() {
      reads += 1
      return ['10.0.1.244']
    },
  }
  server.publish('npds', snapshot(2, ...policies.with(499, watched)), STAMP)
  const once = reads
  server.publish('npds', snapshot(3, ...policies.with(499, watched).with(0, aPolicy(1))), STAMP)
  assert.ok(once > 0)
  assert.equal(reads, once)
  for (const client of clients) await client[Symbol.asyncDispose]()
})
