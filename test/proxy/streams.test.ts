import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { endpoint, headerMatch, http, portPolicy, regex, route } from '../l7/messages.ts'
import { clock, eventually, exchange, LUKE, RawClient, type Rig, type RigOptions, rig, WEB } from './fixture.ts'

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: web\r\n${more}\r\n`
const CLOSE = 'Connection: close\r\n'

/** Everything is allowed but what begins with /private. */
async function open(options: RigOptions = {}): Promise<Rig> {
  const it = await rig(options)
  const rules = { headers: [regex(':path', '/([^p].*)?|/public.*')] }
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [http(rules)])]))
  return it
}

/** An upstream that collects what it gets and says what the test says. */
function recorder(): { received: string; sockets: Socket[]; ends: number; accept: (socket: Socket) => void } {
  const made = {
    received: '',
    sockets: [] as Socket[],
    ends: 0,
    accept(socket: Socket) {
      made.sockets.push(socket)
      socket.on('data', (chunk) => {
        made.received += chunk.toString('latin1')
      })
      socket.on('end', () => {
        made.ends += 1
      })
    },
  }
  return made
}

test('H15 bodies of both framings stream both ways as they come', async () => {
  const upstream = recorder()
  await using it = await open({ upstream: upstream.accept })
  await using client = await RawClient.to(it.port)
  client.send('POST /a HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
  await eventually(() => upstream.received.endsWith('5\r\nhello\r\n'), 'the first chunk, before the last')
  client.send('0\r\nX-Late: 1\r\n\r\n')
  await eventually(() => upstream.received.endsWith('0\r\n\r\n'), 'the end, without the trailer')
  upstream.sockets[0]!.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234')
  await client.until(({ received }) => received.endsWith('01234'))
  upstream.sockets[0]!.write('56789')
  await client.until(({ received }) => received.endsWith('56789'))
  client.send('PUT /b HTTP/1.1\r\nHost: web\r\nContent-Length: 4\r\n\r\nab')
  await eventually(() => upstream.received.endsWith('\r\n\r\nab'), 'half a body')
  client.send('cd')
  await eventually(() => upstream.received.endsWith('abcd'), 'the body')
  upstream.sockets[0]!.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\nX-T: 1\r\n\r\n')
  await client.until(({ received }) => received.endsWith('3\r\nxyz\r\n0\r\nX-T: 1\r\n\r\n'))
  assert.equal(upstream.sockets.length, 1)
})

test('H15 a response without a length ends with the connection, a HEAD, 204 or 304 has no body', async () => {
  const answers: Record<string, string> = {
    '/head': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n',
    '/204': 'HTTP/1.1 204 No Content\r\n\r\n',
    '/304': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n',
    '/last': 'HTTP/1.1 200 OK\r\n\r\nto the end',
  }
  await using it = await open({
    upstream: (socket) =>
      socket.on('data', (chunk) => {
        const path = / (\/\S*) /.exec(chunk.toString())![1]!
        socket.write(answers[path]!)
        if (path === '/last') socket.end()
      }),
  })
  await using client = await RawClient.to(it.port)
  for (const [path, method] of [
    ['/head', 'HEAD'],
    ['/204', 'GET'],
    ['/304', 'GET'],
    ['/last', 'GET'],
  ] as const) {
    client.received = ''
    client.send(`${method} ${path} HTTP/1.1\r\nHost: web\r\n\r\n`)
    await client.until(({ received }) => received === answers[path])
  }
  assert.equal(await client.rest(), answers['/last'])
})

test('H15 100 Continue passes down before the body goes up, and the final response follows', async () => {
  const upstream = recorder()
  await using it = await open({ upstream: upstream.accept })
  await using client = await RawClient.to(it.port)
  client.send('POST /a HTTP/1.1\r\nHost: web\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n')
  await eventually(() => upstream.received.includes('Expect: 100-continue\r\n'), 'the head')
  upstream.sockets[0]!.write('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n')
  await client.until(({ received }) => received.endsWith('100 Continue\r\n\r\n'))
  client.send('ok')
  await eventually(() => upstream.received.endsWith('ok'), 'the body')
  upstream.sockets[0]!.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  await client.until(({ received }) => received.endsWith('Content-Length: 0\r\n\r\n'))
})

test('H15 a client that ends its side gets the whole response; one that ends within a request resets it upstream', async () => {
  await using it = await open()
  await using client = await RawClient.to(it.port)
  client.socket.end(get('/a'))
  assert.match(await client.rest(), /"url":"\/a"/)
  const upstream = recorder()
  await using other = await open({ upstream: upstream.accept })
  await using cut = await RawClient.to(other.port)
  cut.send('POST /a HTTP/1.1\r\nHost: web\r\nContent-Length: 10\r\n\r\n12345')
  await eventually(() => upstream.received.endsWith('12345'), 'half a body')
  let reset = false
  upstream.sockets[0]!.on('error', () => {
    reset = true
  })
  cut.socket.end()
  await eventually(() => reset, 'a reset upstream')
  assert.equal(upstream.ends, 0)
})

/** More than the kernel holds for the sockets on the way. */
const LARGE = 48 * 2 ** 20

/** Writes `LARGE` bytes as fast as they are taken; the count is what has been given away so far. */
function flood(socket: Socket): { given: number } {
  const chunk = Buffer.alloc(65_536, 97)
  const made = { given: 0 }
  const go = (): void => {
    while (made.given < LARGE) {
      made.given += chunk.length
      if (!socket.write(chunk)) return void socket.once('drain', go)
    }
  }
  go()
  return made
}

async function untilStill(count: () => number): Promise<number> {
  for (let seen = -1; seen !== count(); await clock.sleep(150)) seen = count()
  return count()
}

test('H15 a slow reader slows upstream, and a slow upstream slows the client; nothing is lost', {
  timeout: 60_000,
}, async () => {
  const upstream = recorder()
  await using it = await open({ upstream: upstream.accept })
  await using reader = await RawClient.to(it.port)
  reader.send(get('/a', CLOSE))
  await eventually(() => upstream.received.endsWith('\r\n\r\n'), 'the request')
  reader.socket.removeAllListeners('data')
  reader.socket.pause()
  upstream.sockets[0]!.write(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n`)
  const down = flood(upstream.sockets[0]!)
  assert.ok((await untilStill(() => down.given)) < LARGE, 'upstream waits')
  let bytes = 0
  reader.socket.on('data', (chunk) => {
    bytes += chunk.length
  })
  reader.socket.resume()
  await eventually(() => bytes > LARGE, 'the whole body')

  await using writer = await RawClient.to(it.port)
  writer.send(`POST /a HTTP/1.1\r\nHost: web\r\nContent-Length: ${LARGE}\r\n\r\n`)
  await eventually(() => upstream.received.includes('POST /a'), 'the request')
  const slow = upstream.sockets[1]!
  slow.removeAllListeners('data')
  slow.pause()
  const up = flood(writer.socket)
  assert.ok((await untilStill(() => up.given)) < LARGE, 'the client waits')
  let taken = 0
  slow.on('data', (chunk) => {
    taken += chunk.length
  })
  slow.resume()
  await eventually(() => taken === LARGE, 'the whole request')
  slow.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  await writer.until(({ received }) => received.includes('200 OK'))
})

test('H16 pipelined requests are answered in order, and of a denied one no byte leaves', async () => {
  const upstream = recorder()
  await using it = await open({ upstream: upstream.accept })
  await using client = await RawClient.to(it.port)
  client.send(
    `${get('/1')}${get('/private')}POST /2 HTTP/1.1\r\nHost: web\r\nContent-Length: 3\r\n\r\nabc${get('/private2')}${get('/3')}`,
  )
  await eventually(() => upstream.received.includes('GET /1 '), 'the first request')
  assert.equal(upstream.received.includes('/2'), false)
  const ok = (n: number): string => `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${n}`
  upstream.sockets[0]!.write(ok(1))
  await eventually(() => upstream.received.endsWith('abc'), 'the second')
  upstream.sockets[0]!.write(ok(2))
  await eventually(() => upstream.received.includes('GET /3 '), 'the third')
  upstream.sockets[0]!.write(ok(3))
  await client.until(({ received }) => received.endsWith('\r\n3'))
  const order = [...client.received.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1])
  assert.deepEqual(order, ['200', '403', '200', '403', '200'])
  assert.equal(upstream.received.includes('private'), false)
})

test('H17 a denied request leaves the connection usable, its body read away, and closes it where the next request is uncertain', async () => {
  await using it = await open()
  const denied = (more: string, body = ''): string => `POST /private HTTP/1.1\r\nHost: web\r\n${more}\r\n${body}`
  await using client = await RawClient.to(it.port)
  client.send(denied('Content-Length: 5\r\n', 'he'))
  await client.until(({ received }) => received.endsWith('Access denied\r\n'))
  client.send(`llo${denied('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\n')}`)
  await client.until(({ received }) => received.split('Access denied').length === 3)
  client.send(get('/a', CLOSE))
  assert.match(await client.rest(), /"url":"\/a"/)
  for (const more of [
    'Content-Length: 5\r\nExpect: 100-continue\r\n',
    'Content-Length: 100000\r\n',
    `Content-Length: 0\r\n${CLOSE}`,
  ]) {
    assert.match(
      await exchange(it.port, denied(more)),
      /^HTTP\/1\.1 403 .*connection: close\r\n\r\nAccess denied\r\n$/s,
      more,
    )
  }
  const endless = denied('Transfer-Encoding: chunked\r\n', `${'4000\r\n'.concat('x'.repeat(0x4000), '\r\n').repeat(5)}`)
  assert.match(await exchange(it.port, endless), /^HTTP\/1\.1 403 /)
  assert.match(
    await exchange(it.port, 'HEAD /private HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n'),
    /content-length: 15\r\n(.*\r\n)+\r\n$/,
  )
})

test('H18 a policy update decides the next request of an open connection', async () => {
  await using it = await open()
  await using client = await RawClient.to(it.port)
  const ask = async (path: string): Promise<string> => {
    client.received = ''
    client.send(get(path))
    await client.until(({ received }) => /\r\n\r\n.+/s.test(received))
    return client.received.slice(9, 12)
  }
  assert.equal(await ask('/a'), '200')
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [http(route('GET', '/b'))])]))
  assert.deepEqual([await ask('/a'), await ask('/b')], ['403', '200'])
  const refused = await it.client.policies(endpoint(7, WEB, [portPolicy(0, [], { endPort: 1 })]))
  assert.equal(refused.kind, 'refused')
  assert.deepEqual([await ask('/a'), await ask('/b')], ['403', '200'])
  await it.client.policies()
  assert.equal(await ask('/b'), '403')
})

test('H19 headers are added, replaced and deleted on the wire, and nothing else of the head changes', async () => {
  const upstream = recorder()
  await using it = await rig({ upstream: upstream.accept })
  const headerMatches = [
    headerMatch('X-Side', 'light', { mismatchAction: 'REPLACE_ON_MISMATCH' }),
    headerMatch('X-Token', 'grün', { mismatchAction: 'ADD_ON_MISMATCH' }),
    headerMatch('X-Droid', '', { matchAction: 'DELETE_ON_MATCH', mismatchAction: 'CONTINUE_ON_MISMATCH' }),
  ]
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [http({ headerMatches })])]))
  await using client = await RawClient.to(it.port)
  client.send('GET /a HTTP/1.1\r\nHost: web\r\nx-side: dark\r\nAccept: \xe9\r\nX-DROID: r2\r\nX-Side: grey\r\n\r\n')
  await eventually(() => upstream.received.endsWith('\r\n\r\n'), 'the head')
  await eventually(() => it.flows.length === 1, 'the record')
  assert.deepEqual(
    [it.flows[0]?.http?.missing, it.flows[0]?.http?.rejected],
    [
      [
        { name: 'X-Side', value: 'light' },
        { name: 'X-Token', value: 'grün' },
      ],
      [
        { name: 'X-Side', value: 'dark,grey' },
        { name: 'X-Droid', value: '' },
      ],
    ],
  )
  assert.equal(
    Buffer.from(upstream.received, 'latin1').toString('latin1'),
    `GET /a HTTP/1.1\r\nhost: web\r\naccept: \xe9\r\nX-Side: light\r\nX-Token: ${Buffer.from('grün').toString('latin1')}\r\n\r\n`,
  )
})

test('H13 what is forwarded is what was matched', async () => {
  await using it = await open()
  assert.match(await exchange(it.port, get('/public/../private', CLOSE)), /^HTTP\/1\.1 403 /)
  assert.match(await exchange(it.port, get('/a/.././b?x=%2e', CLOSE)), /"url":"\/b\?x=%2e"/)
  assert.match(await exchange(it.port, get('http://web//c', CLOSE)), /"url":"\/c"/)
  assert.match(
    await exchange(it.port, get('/public%2f..%2fprivate', CLOSE)),
    /^HTTP\/1\.1 307 .*location: \/private\r\n/s,
  )
  assert.match(await exchange(it.port, get('http://db/c', CLOSE)), /^HTTP\/1\.1 400 /)
})

test('H20 an allowed request may become a websocket, whose bytes then pass both ways, with their ends', async () => {
  const upstream = recorder()
  await using it = await open({ upstream: upstream.accept })
  await using client = await RawClient.to(it.port)
  client.send(get('/ws', 'Connection: Upgrade\r\nUpgrade: websocket\r\n').concat('early'))
  await eventually(() => upstream.received.endsWith('Upgrade: websocket\r\n\r\n'), 'the upgrade, and not what follows')
  upstream.sockets[0]!.write(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nframe',
  )
  await client.until(({ received }) => received.endsWith('\r\n\r\nframe'))
  await eventually(() => upstream.received.endsWith('early'), 'the early bytes')
  client.send('GET /private HTTP/1.1')
  await eventually(() => upstream.received.endsWith('/private HTTP/1.1'), 'bytes, unread')
  client.socket.end()
  await eventually(() => upstream.ends === 1, 'the end of one side')
  upstream.sockets[0]!.end('bye')
  assert.match(await client.rest(), /bye$/)
})

test('H20 other upgrades are not passed on, and a switch that nobody asked for is none', async () => {
  const upstream = recorder()
  await using it = await open({ upstream: upstream.accept })
  await using client = await RawClient.to(it.port)
  client.send(get('/a', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'))
  await eventually(
    () => upstream.received === 'GET /a HTTP/1.1\r\nhost: web\r\n\r\n',
    'the request without its upgrade',
  )
  upstream.sockets[0]!.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  assert.match(await client.rest(), /^HTTP\/1\.1 502 /)
  assert.match(await exchange(it.port, 'CONNECT db:443 HTTP/1.1\r\nHost: db:443\r\n\r\n'), /^HTTP\/1\.1 400 /)
})

test('H20 a refused upgrade is a response like another, and the next request is checked', async () => {
  await using it = await open({
    upstream: (socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n')),
  })
  await using client = await RawClient.to(it.port)
  client.send(get('/ws', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'))
  await client.until(({ received }) => received.startsWith('HTTP/1.1 426'))
  client.send(get('/private'))
  await client.until(({ received }) => received.includes('HTTP/1.1 403'))
})

test('H10 an upstream that is not there, that goes or that talks nonsense becomes 503 or 502', async () => {
  await using nobody = await open({ upstreamPort: 1 })
  assert.match(await exchange(nobody.port, get('/a')), /^HTTP\/1\.1 503 .*connection: close/s)
  await eventually(() => nobody.flows.length === 2, 'the records')
  assert.deepEqual([nobody.flows.at(-1)?.verdict, nobody.flows.at(-1)?.http?.status], ['ERROR', 503])
  await using rude = await open({ upstream: (socket) => socket.on('data', () => socket.resetAndDestroy()) })
  assert.match(await exchange(rude.port, get('/a')), /^HTTP\/1\.1 503 /)
  for (const nonsense of [
    'hello\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'x'.repeat(70_000),
  ]) {
    await using odd = await open({ upstream: (socket) => socket.on('data', () => socket.write(nonsense)) })
    assert.match(await exchange(odd.port, get('/a')), /^HTTP\/1\.1 502 /)
  }
})

test('H21 a response that is cut is never made to look whole', async () => {
  for (const part of [
    'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
  ]) {
    await using it = await open({ upstream: (socket) => socket.on('data', () => socket.end(part)) })
    await using client = await RawClient.to(it.port)
    client.send(get('/a'))
    await client.until(({ reset, ended }) => reset || ended)
    assert.equal(client.reset, true, part)
  }
})

test('H21 bytes that upstream sends without being asked go nowhere', async () => {
  await using it = await open({
    upstream: (socket) =>
      socket.on('data', () =>
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged`),
      ),
  })
  await using client = await RawClient.to(it.port)
  client.send(get('/a') + get('/b'))
  assert.match(await client.rest(), /\r\n\r\n1$/)
})

test('H21 an upstream that closes between two requests closes downstream', async () => {
  await using it = await open({
    upstream: (socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1'))
      setTimeout(() => socket.end(), 100)
    },
  })
  assert.match(await exchange(it.port, get('/a')), /\r\n\r\n1$/)
})

test('H15 an answer before the whole request passes and ends the connection: what still comes might be read as a request', async () => {
  const upstream = recorder()
  await using it = await open({ upstream: upstream.accept })
  for (const expect of ['', 'Expect: 100-continue\r\n']) {
    upstream.received = ''
    await using client = await RawClient.to(it.port)
    client.send(`POST /a HTTP/1.1\r\nHost: web\r\n${expect}Content-Length: 600\r\n\r\n`)
    await eventually(() => upstream.received.endsWith('\r\n\r\n'), 'the head')
    upstream.sockets.at(-1)!.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    await client.until(({ received }) => received.includes('200 OK'))
    client.send(get('/private'))
    assert.match(await client.rest(), /^HTTP\/1\.1 200 OK\r\nContent-Length: 0\r\n\r\n$/)
    assert.equal(upstream.received.includes('private'), false)
  }
  await eventually(
    () => it.flows.some(({ kind, source }) => kind === 'http-response' && source.identity === LUKE),
    'a record',
  )
})

test('H15 a response that begins before the request ends streams beside it', async () => {
  const upstream = recorder()
  await using it = await open({ upstream: upstream.accept })
  await using client = await RawClient.to(it.port)
  client.send('POST /a HTTP/1.1\r\nHost: web\r\nContent-Length: 6\r\n\r\nabc')
  await eventually(() => upstream.received.endsWith('abc'), 'half of it')
  upstream.sockets[0]!.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nABC')
  await client.until(({ received }) => received.endsWith('ABC'))
  client.send(`def${get('/b')}`)
  await eventually(() => upstream.received.endsWith('abcdef'), 'the rest, and not the next request')
  upstream.sockets[0]!.write('DEF')
  await eventually(() => upstream.received.includes('GET /b '), 'the next request')
})
