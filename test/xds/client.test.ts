import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Cidr, IdentityId, Port } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { networkPolicyHosts } from '../../projections/xds/hosts.ts'
import { httpListeners } from '../../projections/xds/listeners.ts'
import type { XdsClient, XdsConsumer, XdsUpdate } from '../../src/ports/xds-client.ts'
import { createXdsClient } from '../../src/xds/client.ts'
import { startXdsServer } from '../../src/xds/server.ts'
import { aPolicy, aServer, EPOCH, PATIENCE_MS, STAMP, snapshot, until } from './fixture.ts'

const plain = (sequence: number, resources: ReadonlyMap<string, unknown>) => ({
  version: `${EPOCH}.${sequence}`,
  resources: resources as ReadonlyMap<string, Json>,
})

/** A client whose consumer takes everything and remembers it. */
function taking(socket: string, node = 'proxy'): { readonly client: XdsClient; readonly updates: XdsUpdate[] } {
  const client = createXdsClient({ socket, node })
  const updates: XdsUpdate[] = []
  client.start((update) => {
    updates.push(update)
    return { kind: 'taken' }
  })
  return { client, updates }
}

test('X21 all three types arrive checked, typed and stamped, and are acknowledged', async () => {
  await using fixture = await aServer()
  const { server } = fixture
  const hosts = networkPolicyHosts([{ prefix: Cidr('10.0.0.7/32'), identity: IdentityId(1001) }])
  const listeners = httpListeners([{ listener: 'cilium-http-ingress', direction: 'ingress', port: Port(14567) }], {
    bpfRoot: '',
    ipcacheName: '',
  })
  server.publish('npds', snapshot(1, aPolicy(7, 1001)), STAMP)
  server.publish('nphds', plain(1, hosts), STAMP)
  server.publish('lds', plain(1, listeners), STAMP)
  const { client, updates } = taking(fixture.socket)
  await using _ = client
  await until(server.events, (event) => event.kind === 'acked' && event.xds === 'lds')
  for (const xds of ['npds', 'nphds', 'lds'] as const) {
    assert.deepEqual(await server.acknowledged(xds, `${EPOCH}.1`, PATIENCE_MS), { kind: 'acked' })
  }
  const byType = new Map(updates.map((update) => [update.xds, update]))
  assert.deepEqual(byType.get('npds')?.resources, new Map([['7', aPolicy(7, 1001)]]))
  assert.deepEqual(byType.get('nphds')?.resources, hosts)
  assert.deepEqual(byType.get('lds')?.resources, listeners)
  assert.deepEqual(byType.get('npds')?.stamp, STAMP)
})

test('X22 what Envoy would refuse is refused as a whole, with every reason, and the last good stays', async () => {
  await using fixture = await aServer()
  const { server } = fixture
  server.publish('npds', snapshot(1, aPolicy(7)), STAMP)
  const { client, updates } = taking(fixture.socket)
  await using _ = client
  await until(client.events, ({ kind }) => kind === 'acked')
  const twice = { ...aPolicy(9), endpointIps: ['10.0.0.7', 'no'], endpointId: 9 }
  server.publish('npds', snapshot(2, aPolicy(7), twice), STAMP)
  const outcome = await server.acknowledged('npds', `${EPOCH}.2`, PATIENCE_MS)
  assert.equal(outcome.kind, 'nacked')
  assert.match(outcome.kind === 'nacked' ? outcome.detail : '', /npds 9: \/endpointIps\/1 no is not an address/)
  assert.equal(updates.length, 1)
  server.publish('npds', snapshot(3, aPolicy(7), aPolicy(9)), STAMP)
  assert.deepEqual(await server.acknowledged('npds', `${EPOCH}.3`, PATIENCE_MS), { kind: 'acked' })
  const [first, second] = updates
  assert.equal(first?.resources.get('7'), second?.resources.get('7'), 'what did not change is the same object')
})

test('X22 a refusal or a failure of the consumer is a NACK with its words', async () => {
  await using fixture = await aServer()
  const { server } = fixture
  const answers: XdsConsumer[] = [
    () => ({ kind: 'refused', detail: 'port 14567 is taken' }),
    () => Promise.reject(new Error('broken')),
    () => ({ kind: 'taken' }),
  ]
  await using client = createXdsClient({ socket: fixture.socket, node: 'proxy' })
  client.start((update) => answers.shift()!(update))
  const details: string[] = []
  for (const sequence of [1, 2, 3]) {
    const answered = until(server.events, ({ kind }) => kind === 'acked' || kind === 'nacked')
    server.publish('npds', snapshot(sequence, aPolicy(7, sequence)), STAMP)
    const event = await answered
    details.push(event.kind === 'nacked' ? `${event.running} ${event.detail}` : event.kind)
  }
  assert.deepEqual(details, ['null port 14567 is taken', 'null the proxy failed: broken', 'acked'])
})

test('X23 updates are handed over one at a time, and of waiting ones only the newest', async () => {
  await using fixture = await aServer()
  const { server } = fixture
  let [running, most] = [0, 0]
  const gate = Promise.withResolvers<void>()
  const versions: string[] = []
  await using client = createXdsClient({ socket: fixture.socket, node: 'proxy' })
  client.start(async (update) => {
    running += 1
    most = Math.max(most, running)
    versions.push(`${update.xds} ${update.version}`)
    await gate.promise
    running -= 1
    return { kind: 'taken' }
  })
  server.publish('npds', snapshot(1, aPolicy(7)), STAMP)
  server.publish('nphds', plain(1, new Map()), STAMP)
  await until(server.events, ({ kind }) => kind === 'connected')
  for (const sequence of [2, 3]) server.publish('npds', snapshot(sequence, aPolicy(7, sequence)), STAMP)
  gate.resolve()
  assert.deepEqual(await server.acknowledged('npds', `${EPOCH}.3`, PATIENCE_MS), { kind: 'acked' })
  assert.equal(most, 1)
  assert.ok(versions.includes(`npds ${EPOCH}.3`))
  assert.ok(!versions.includes(`npds ${EPOCH}.2`))
})

test('X24 the client waits for a server that is not there yet and finds it again; unchanged content is acknowledged, not handed over', async () => {
  await using fixture = await aServer()
  const { socket } = fixture
  fixture.server.publish('npds', snapshot(1, aPolicy(7)), STAMP)
  const { client, updates } = taking(socket)
  await using _ = client
  await until(client.events, ({ kind }) => kind === 'acked')
  const lost = until(client.events, ({ kind }) => kind === 'disconnected')
  await fixture.server[Symbol.asyncDispose]()
  await lost
  await using again = await startXdsServer({ socket, epoch: 'next' })
  again.publish('npds', { ...snapshot(1, aPolicy(7)), version: 'next.1' }, STAMP)
  await until(again.events, (event) => event.kind === 'acked' && event.version === 'next.1')
  assert.equal(updates.length, 1, 'the same content')
  again.publish('npds', { ...snapshot(1, aPolicy(7, 5)), version: 'next.2' }, STAMP)
  assert.deepEqual(await again.acknowledged('npds', 'next.2', PATIENCE_MS), { kind: 'acked' })
  assert.equal(updates.length, 2)
  assert.equal(updates[1]?.version, 'next.2')
})

test('X24 a server that comes later than the client, and a client that is closed while it waits', async () => {
  await using fixture = await aServer()
  const later = join(fixture.folder, 'later.sock')
  const { client, updates } = taking(later)
  await using _ = client
  const other = taking(join(fixture.folder, 'never.sock'))
  await other.client[Symbol.asyncDispose]()
  await using server = await startXdsServer({ socket: later, epoch: 'e' })
  server.publish('npds', { ...snapshot(1, aPolicy(7)), version: 'e.1' }, STAMP)
  await until(server.events, ({ kind }) => kind === 'acked')
  assert.equal(updates.length, 1)
})

test('X24 a client killed in the middle of a response leaves the server and the other clients whole', async () => {
  await using fixture = await aServer()
  const { server } = fixture
  const many = Array.from({ length: 2_000 }, (_, index) => aPolicy(index + 1, ...Array(100).keys()))
  server.publish('npds', snapshot(1, aPolicy(7)), STAMP)
  const child = spawn(process.execPath, [join(import.meta.dirname, 'client-process.ts'), fixture.socket], {
    stdio: 'inherit',
  })
  await until(server.events, (event) => event.kind === 'acked' && event.client === 'victim')
  const { client, updates } = taking(fixture.socket, 'survivor')
  await using _ = client
  await until(server.events, (event) => event.kind === 'acked' && event.client === 'survivor')
  const gone = until(server.events, (event) => event.kind === 'disconnected' && event.client === 'victim')
  server.publish('npds', snapshot(2, ...many), STAMP)
  const waiting = server.acknowledged('npds', `${EPOCH}.2`, 2_000)
  child.kill('SIGKILL')
  await gone
  assert.deepEqual(await waiting, { kind: 'deadline', missing: ['victim'] })
  assert.deepEqual(await server.acknowledged('npds', `${EPOCH}.2`, PATIENCE_MS), { kind: 'acked' })
  assert.equal(updates.at(-1)?.resources.size, 2_000)
})

test('X24 a server that is killed leaves a socket that the next one replaces, and the client goes on with what it has', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hx-'))
  const socket = join(folder, 'xds.sock')
  const { client, updates } = taking(socket)
  try {
    for (const [index, epoch] of ['first', 'second', 'third'].entries()) {
      const acked = until(client.events, (event) => event.kind === 'acked' && event.version === `${epoch}.1`)
      const server = spawn(process.execPath, [
        join(import.meta.dirname, 'server-process.ts'),
        socket,
        epoch,
        `${index}`,
      ])
      await acked
      assert.deepEqual(updates.at(-1)?.resources.get('7'), aPolicy(7, index))
      const lost = until(client.events, ({ kind }) => kind === 'disconnected')
      server.kill('SIGKILL')
      await lost
    }
    assert.equal(updates.length, 3, 'between the servers nothing was taken away')
  } finally {
    await client[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  }
})
