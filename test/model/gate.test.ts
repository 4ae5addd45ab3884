import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { IpAddress } from '../../events/ids.ts'
import type { GateAddress } from '../../src/model/gate.ts'
import {
  ask,
  DEATHSTAR,
  eventually,
  FROM_TIEFIGHTER,
  LANDING,
  landingOnly,
  OUT,
  PROXY_PORT,
  redirectTo,
  TIEFIGHTER,
  type World,
  withProxy,
  world,
  XWING,
} from './world.ts'

async function closed(socket: Socket): Promise<void> {
  socket.on('error', () => undefined)
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}

/** A connection with one answer behind it, still open. */
async function talking({ host, port }: GateAddress): Promise<Socket> {
  const socket = connect(port, host)
  socket.write('GET /v1 HTTP/1.1\r\nhost: deathstar\r\n\r\n')
  await once(socket, 'data')
  return socket
}

/** The tiefighter may leave for anywhere, and the death star lets it in. */
async function friendly(it: World): Promise<GateAddress> {
  await it.allow(TIEFIGHTER, OUT)
  await it.allow(DEATHSTAR, FROM_TIEFIGHTER)
  return await it.gate.open({ from: TIEFIGHTER.address, to: LANDING })
}

test('D51 a claimed source reaches the real server where policy allows it, and is reset where not', async () => {
  await using it = await world()
  const friend = await friendly(it)
  await it.allow(XWING, OUT)
  const foe = await it.gate.open({ from: XWING.address, to: LANDING })
  assert.equal(await ask(friend, 'POST', '/v1/request-landing'), '200 POST /v1/request-landing')
  assert.equal(await ask(foe), 'ECONNRESET')
  assert.equal(it.visits(), 1)
  assert.deepEqual(
    it.verdicts.map(({ endpoint, direction, action, dropReason }) => [endpoint, direction, action, dropReason]),
    [
      [TIEFIGHTER.endpoint, 'egress', 'allow', null],
      [DEATHSTAR.endpoint, 'ingress', 'allow', null],
      [XWING.endpoint, 'egress', 'allow', null],
      [DEATHSTAR.endpoint, 'ingress', 'deny', 133],
    ],
  )
})

test('D51 where nothing listens the connection is reset, and the gate goes on', async () => {
  await using it = await world()
  await it.allow(TIEFIGHTER, OUT)
  const outside = IpAddress('192.0.2.1')
  const nowhere = await it.gate.open({ from: TIEFIGHTER.address, to: { address: outside, port: LANDING.port } })
  assert.equal(await ask(nowhere), 'ECONNRESET')
  it.network.serve(outside, LANDING.port, { host: '127.0.0.1', port: 1 })
  assert.equal(await ask(nowhere), 'ECONNRESET', 'the server behind it is gone')
})

test('D52 a running connection ends with the policy that allowed it, and conntrack follows its life', async () => {
  await using it = await world()
  const friend = await friendly(it)
  const [first, second] = [await talking(friend), await talking(friend)]
  const open = await it.datapath.readConntrack()
  assert.equal(open.length, 4, 'each at both ends')
  assert.ok(open.every(({ flags }) => flags === 16))
  first.destroy()
  await closed(first)
  const ended = async (): Promise<number> =>
    (await it.datapath.readConntrack()).filter(({ flags }) => (flags & 3) === 3).length
  await eventually(async () => (await ended()) === 2, 'both ends are closed')
  await it.datapath.writePolicyMap(DEATHSTAR.endpoint, { upserts: [], removals: [FROM_TIEFIGHTER] })
  await closed(second)
  assert.ok(it.verdicts.some(({ endpoint, dropReason }) => endpoint === DEATHSTAR.endpoint && dropReason === 133))
})

test('D53 a redirected connection meets the embedded proxy as who it is; what L7 policy forbids is a 403', async () => {
  await using it = await world()
  const friend = await friendly(it)
  await it.allow(XWING, OUT)
  await it.allow(DEATHSTAR, FROM_TIEFIGHTER, redirectTo(PROXY_PORT.ingress))
  await using proxied = await withProxy(it, [landingOnly(DEATHSTAR, 'ingress', TIEFIGHTER)])
  const foe = await it.gate.open({ from: XWING.address, to: LANDING })
  assert.equal(await ask(friend, 'POST', '/v1/request-landing'), '200 POST /v1/request-landing')
  assert.equal(await ask(friend, 'PUT', '/v1/exhaust-port'), '403 Access denied\r\n')
  assert.equal(await ask(foe, 'POST', '/v1/request-landing'), 'ECONNRESET', 'not even L4')
  assert.equal(it.visits(), 1)
  await eventually(() => proxied.flows.some(({ verdict }) => verdict === 'DROPPED'), 'the denial is told')
  const denied = proxied.flows.find(({ verdict }) => verdict === 'DROPPED')
  assert.deepEqual(
    [denied?.source.identity, denied?.source.address, denied?.destination.address, denied?.http?.path],
    [TIEFIGHTER.identity, TIEFIGHTER.address, DEATHSTAR.address, '/v1/exhaust-port'],
  )
  const redirected = it.verdicts.filter(({ action }) => action === 'redirect')
  assert.deepEqual(
    redirected.map(({ proxyPort }) => proxyPort),
    [PROXY_PORT.ingress, PROXY_PORT.ingress],
  )
  await it.datapath.writePolicyMap(DEATHSTAR.endpoint, { upserts: [], removals: [FROM_TIEFIGHTER] })
  assert.equal(await ask(friend, 'POST', '/v1/request-landing'), 'ECONNRESET')
})

test('D53 both ends may redirect: the egress proxy’s connection meets the ingress proxy', async () => {
  await using it = await world()
  await it.allow(TIEFIGHTER, OUT, redirectTo(PROXY_PORT.egress))
  await it.allow(DEATHSTAR, FROM_TIEFIGHTER, redirectTo(PROXY_PORT.ingress))
  await using proxied = await withProxy(it, [
    landingOnly(TIEFIGHTER, 'egress', DEATHSTAR),
    landingOnly(DEATHSTAR, 'ingress', TIEFIGHTER),
  ])
  const friend = await it.gate.open({ from: TIEFIGHTER.address, to: LANDING })
  assert.equal(await ask(friend, 'POST', '/v1/request-landing'), '200 POST /v1/request-landing')
  assert.equal(await ask(friend, 'PUT', '/v1/exhaust-port'), '403 Access denied\r\n')
  const requests = (): readonly string[] =>
    proxied.flows
      .filter(({ kind }) => kind === 'http-request')
      .map(({ direction, verdict }) => `${direction} ${verdict}`)
  await eventually(() => requests().length === 3, 'every request is told')
  assert.deepEqual(requests().toSorted(), ['egress DROPPED', 'egress FORWARDED', 'ingress FORWARDED'])
})

test('D53 a redirect without a proxy is a drop, told with 178, and ends what ran past it', async () => {
  await using it = await world()
  const friend = await friendly(it)
  const running = await talking(friend)
  await it.allow(DEATHSTAR, FROM_TIEFIGHTER, redirectTo(PROXY_PORT.ingress))
  await closed(running)
  assert.equal(await ask(friend), 'ECONNRESET')
  assert.equal(it.verdicts.at(-1)?.dropReason, 178)
})

test('D54 closing the gate ends its connections and listeners; a taken port is an error', async () => {
  await using it = await world()
  const friend = await friendly(it)
  const running = await talking(friend)
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  await assert.rejects(it.gate.open({ from: TIEFIGHTER.address, to: LANDING }, port), { code: 'EADDRINUSE' })
  taken.close()
  await it.gate[Symbol.asyncDispose]()
  await closed(running)
  assert.equal(await ask(friend), 'ECONNREFUSED')
})
