import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { endpoint, http, portPolicy, route } from '../l7/messages.ts'
import { clock, eventually, exchange, RawClient, type Rig, type RigOptions, rig, WEB } from './fixture.ts'

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: web\r\n${more}\r\n`

async function open(options: RigOptions = {}): Promise<Rig> {
  const it = await rig(options)
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [])]))
  return it
}

test('H22 a head above 64 KiB is answered with 431, one below passes', async () => {
  await using it = await open({
    upstream: (socket) =>
      socket.on('data', (chunk) => chunk.toString().endsWith('\r\n\r\n') && socket.end('HTTP/1.1 200 OK\r\n\r\n')),
  })
  const padded = (bytes: number): string => get('/a', `Connection: close\r\n${'X: y\r\n'.repeat(bytes / 6)}`)
  assert.match(await exchange(it.port, padded(66_000)), /^HTTP\/1\.1 431 /)
  assert.match(await exchange(it.port, padded(64_000)), /^HTTP\/1\.1 200 /)
  assert.match(await exchange(it.port, `GET /${'a'.repeat(70_000)}`), /^HTTP\/1\.1 431 /)
})

test('H22 a head that takes too long is answered with 408, a silent connection ends', async () => {
  await using it = await open({ limits: { headTimeoutMs: 200 } })
  await using slow = await RawClient.to(it.port)
  await using silent = await RawClient.to(it.port)
  slow.send('GET / HT')
  const drip = setInterval(() => slow.send('T'), 20)
  try {
    assert.match(await slow.rest(), /^HTTP\/1\.1 408 /)
  } finally {
    clearInterval(drip)
  }
  assert.equal(await silent.rest(), '')
})

test('H22 an idle connection ends, an upstream that does not answer becomes 504, one that stalls a reset', async () => {
  await using it = await rig({
    upstream: (socket: Socket) =>
      socket.on('data', (chunk) => {
        if (chunk.toString().startsWith('GET /half')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')
        if (chunk.toString().startsWith('GET /whole')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      }),
  })
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [])]))
  const manager = it.listener.filterChains[0]!.filters[1]!
  const typedConfig = {
    ...manager.typedConfig,
    streamIdleTimeout: { seconds: 0, nanos: 200_000_000 },
  } as typeof manager.typedConfig
  const filters = [it.listener.filterChains[0]!.filters[0]!, { ...manager, typedConfig }]
  await it.client.listeners({ ...it.listener, filterChains: [{ ...it.listener.filterChains[0]!, filters }] })
  assert.match(await exchange(it.port, get('/nothing')), /^HTTP\/1\.1 504 /)
  assert.match(await exchange(it.port, get('/whole')), /Content-Length: 0\r\n\r\n$/)
  await using half = await RawClient.to(it.port)
  half.send(get('/half'))
  await half.rest()
  assert.equal(half.reset, true)
})

test('H22 connections are bounded: the longest idle one makes room, and without one the new one is refused', async () => {
  await using it = await open({ limits: { connectionsMax: 3 } })
  const clients = await Promise.all([RawClient.to(it.port), RawClient.to(it.port), RawClient.to(it.port)])
  for (const client of clients) {
    client.send(get('/a'))
    await client.until(({ received }) => received.endsWith('}') || received.endsWith('\r\n0\r\n\r\n'))
  }
  assert.equal(it.proxy.connections, 3)
  clients[0]!.received = ''
  clients[0]!.send('GET /b HTTP/1.1\r\n')
  await eventually(() => it.proxy.idleConnections === 2, 'the first to be busy')
  assert.match(await exchange(it.port, get('/new', 'Connection: close\r\n')), /"url":"\/new"/)
  await clients[1]!.rest()
  assert.equal(clients[2]!.ended || clients[2]!.reset, false)
  clients[2]!.send('GET /')
  await eventually(() => it.proxy.connections === 2, 'the room of the third')
  await using another = await RawClient.to(it.port)
  another.send('GET /')
  await eventually(() => it.proxy.connections === 3 && it.proxy.idleConnections === 0, 'all to be busy')
  await using refused = await RawClient.to(it.port)
  await refused.rest()
  await eventually(
    () => it.flows.some(({ matchType, verdict }) => matchType === 'connections-max' && verdict === 'ERROR'),
    'the record of the refusal',
  )
  clients[0]!.send('Host: web\r\n\r\n')
  await clients[0]!.until(({ received }) => received.includes('"url":"/b"'))
  for (const client of clients) client.socket.destroy()
})

test('H22 resets at any moment and errors after the end leave the proxy whole', { timeout: 60_000 }, async () => {
  await using it = await open({
    handler: (request, response) => {
      request.resume()
      if (request.url === '/reset') request.socket.resetAndDestroy()
      else response.end('x'.repeat(100_000))
    },
  })
  const beginnings = [
    '',
    'GET',
    get('/a'),
    get('/reset'),
    'POST /a HTTP/1.1\r\nHost: web\r\nContent-Length: 10\r\n\r\n12',
    get('/a') + get('/b'),
  ]
  for (let round = 0; round < 40; round++) {
    const client = await RawClient.to(it.port)
    client.send(beginnings[round % beginnings.length]!)
    await new Promise((resolve) => setTimeout(resolve, round % 5))
    if (round % 2 === 0) client.socket.resetAndDestroy()
    else client.socket.destroy()
  }
  await eventually(() => it.proxy.connections === 0, 'no connection is left')
  assert.match(await exchange(it.port, get('/a', 'Connection: close\r\n')), /^HTTP\/1\.1 200 /)
})

test('H22 whoever asks without reading the answers is not read either, and loses none', {
  timeout: 60_000,
}, async () => {
  const REQUESTS = 60_000
  await using it = await rig()
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [http(route('GET', '/public'))])]))
  await using client = await RawClient.to(it.port)
  client.socket.removeAllListeners('data')
  client.socket.pause()
  client.send(get('/private').repeat(REQUESTS))
  await eventually(() => it.flows.length > 1_000, 'the first denials')
  // Until the proxy stops by itself.
  for (let seen = -1; seen !== it.flows.length; await clock.sleep(100)) seen = it.flows.length
  assert.ok(it.flows.length < REQUESTS, 'it stopped before the end')
  let answers = 0
  let tail = ''
  client.socket.on('data', (chunk) => {
    const text = tail + chunk.toString('latin1')
    answers += text.split('Access denied').length - 1
    tail = text.slice(-12)
  })
  client.socket.resume()
  await eventually(() => answers === REQUESTS, 'every answer')
})
