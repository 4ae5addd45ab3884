import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { bodyScanner } from '../../src/proxy/http/body.ts'
import { endOfHead, parseRequestHead, parseResponseHead } from '../../src/proxy/http/head.ts'
import { ResponseReader } from '../../src/proxy/http/response-reader.ts'
import { endpoint, portPolicy } from '../l7/messages.ts'
import { exchange, rig, WEB } from './fixture.ts'

/** What is refused, and why: each could be read in two ways. */
const REFUSED: readonly (readonly [what: string, head: string])[] = [
  ['both lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['a length twice, different', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n'],
  ['a length twice, equal', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n'],
  ['a list of lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n'],
  ['a signed length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n'],
  ['a negative length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n'],
  ['a hexadecimal length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n'],
  ['an empty length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n'],
  ['a huge length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n'],
  ['another coding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n'],
  ['chunked and another coding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
  ['chunked twice', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['chunked, hidden by a tab', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n'],
  ['chunked with a space that is none', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\xa0\r\n\r\n'],
  ['identity', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n'],
  ['chunked in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['a space before the colon', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n'],
  ['a folded line', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n'],
  ['a line that begins with a tab', 'GET / HTTP/1.1\r\nHost: a\r\n\tX-A: b\r\n\r\n'],
  ['a bare line feed', 'GET / HTTP/1.1\r\nHost: a\nX-A: b\r\n\r\n'],
  ['a bare carriage return', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: b\rX-B: c\r\n\r\n'],
  ['a zero byte', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: b\0\r\n\r\n'],
  ['a name that is no token', 'GET / HTTP/1.1\r\nHost: a\r\nX(A): b\r\n\r\n'],
  ['an empty name', 'GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n'],
  ['a line without a colon', 'GET / HTTP/1.1\r\nHost: a\r\nX-A\r\n\r\n'],
  [
    'a length that ends at the next hop',
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: Content-Length\r\nContent-Length: 5\r\n\r\n',
  ],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'],
  ['a Host with a user', 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n'],
  ['a Host list', 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n'],
  ['a method that is no token', 'G(T / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['two spaces', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a space in the target', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a space after the version', 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n'],
  ['a fragment', 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a target outside ASCII', 'GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['HTTP/0.9', 'GET /\r\n\r\n'],
  ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\n'],
  ['small letters', 'GET / http/1.1\r\nHost: a\r\n\r\n'],
]

test('H11 a head that two readers could read differently is refused', () => {
  for (const [what, head] of REFUSED) assert.equal(parseRequestHead(head).kind, 'malformed', what)
})

test('H11 on the wire such a request is answered with 400 or 505, the connection ends, and nothing goes upstream', async () => {
  const upstream: string[] = []
  await using it = await rig({
    upstream: (socket) => socket.on('data', (chunk) => upstream.push(chunk.toString('latin1'))),
  })
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [])]))
  for (const [what, head] of REFUSED) {
    assert.match(
      await exchange(it.port, `${head}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`),
      /^HTTP\/1\.1 (400|505) .*connection: close/s,
      what,
    )
  }
  assert.deepEqual(upstream, [])
})

test('H11 what is plain is taken', () => {
  const head = parseRequestHead(
    'POST /a?b HTTP/1.1\r\nHost: web:8080\r\nContent-Length:  5 \r\nX-Empty:\r\nX-Obs: \xe9\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nExpect: 100-continue\r\n\r\n',
  )
  assert.ok(head.kind === 'request')
  assert.deepEqual(
    [head.method, head.target, head.host, head.framing, head.keepAlive, head.upgrade, head.expectsContinue],
    ['POST', '/a?b', 'web:8080', { kind: 'length', length: 5 }, true, ['websocket'], true],
  )
  assert.deepEqual(head.headers.slice(2, 4), [
    ['x-empty', ''],
    ['x-obs', '\xe9'],
  ])
  const old = parseRequestHead('GET / HTTP/1.0\r\n\r\n')
  assert.ok(old.kind === 'request')
  assert.deepEqual([old.keepAlive, old.host, old.framing.kind], [false, null, 'none'])
})

test('H11 responses have the body that their status, method and headers say', () => {
  const framing = (head: string, method = 'GET') => {
    const parsed = parseResponseHead(`${head}\r\n\r\n`, method)
    return parsed.kind === 'response' ? parsed.framing.kind : parsed.kind
  }
  assert.equal(framing('HTTP/1.1 200 OK\r\nContent-Length: 5'), 'length')
  assert.equal(framing('HTTP/1.1 200 OK\r\nContent-Length: 5', 'HEAD'), 'none')
  assert.equal(framing('HTTP/1.1 204 No Content\r\nContent-Length: 5'), 'none')
  assert.equal(framing('HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked'), 'none')
  assert.equal(framing('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked'), 'chunked')
  assert.equal(framing('HTTP/1.1 200'), 'close')
  assert.equal(framing('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5'), 'malformed')
  assert.equal(framing('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6'), 'malformed')
  assert.equal(framing('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked'), 'malformed')
  assert.equal(framing('ICY 200 OK'), 'malformed')
})

/** Encoded body → what a scanner makes of it, fed in pieces. */
function scanned(
  encoded: string,
  pieces: readonly number[],
): { done: boolean; problem: string | null; taken: number; body: string } {
  const scanner = bodyScanner({ kind: 'chunked' })!
  const bytes = Buffer.from(encoded, 'latin1')
  let taken = 0
  let body = ''
  for (const size of [...pieces, bytes.length]) {
    const piece = bytes.subarray(taken, taken + size)
    const end = scanner.scan(piece, 0)
    const { from, to } = scanner.trailers
    body += piece.toString('latin1', 0, to === 0 ? end : from) + (to === 0 ? '' : piece.toString('latin1', to, end))
    taken += end
    if (scanner.done || scanner.problem !== null) break
  }
  return { done: scanner.done, problem: scanner.problem, taken, body }
}

test('H12 chunked bodies end where they end, however they are cut', () => {
  const property = fc.property(
    fc.array(fc.string({ minLength: 1, maxLength: 30 }), { maxLength: 5 }),
    fc.constantFrom('', ';a=b', ';name="x y"'),
    fc.constantFrom('', 'X-Late: 1\r\n', 'X-A: 1\r\nX-B: 2\r\n'),
    fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 100 }),
    (data, extension, trailers, pieces) => {
      const chunks = data.map((part) => {
        const bytes = Buffer.from(part, 'utf8').toString('latin1')
        return `${bytes.length.toString(16)}${extension}\r\n${bytes}\r\n`
      })
      const kept = `${chunks.join('')}0\r\n\r\n`
      const encoded = `${chunks.join('')}0\r\n${trailers}\r\n`
      const answer = scanned(`${encoded}GET /next`, pieces)
      assert.deepEqual(answer, { done: true, problem: null, taken: encoded.length, body: kept })
    },
  )
  fc.assert(property, { numRuns: 500 })
})

test('H12 chunks that two readers could read differently are refused', () => {
  const broken = [
    '5\nhello\r\n0\r\n\r\n',
    '5\r\nhello0\r\n\r\n',
    '5\r\nhello\n0\r\n\r\n',
    'g\r\n',
    '-1\r\n',
    ' 5\r\nhello\r\n',
    '0x5\r\nhello\r\n',
    '\r\n',
    '5;a\nb\r\nhello\r\n',
    '00000000000000000005\r\nhello\r\n',
    '5 \r\nhello\r\n',
    '0\r\n\rX',
    '0\r\nX: a\nY: b\r\n\r\n',
    `5;${'a'.repeat(2_000)}\r\n`,
    `0\r\n${'X: a\r\n'.repeat(2_000)}\r\n`,
  ]
  for (const encoded of broken)
    assert.notEqual(scanned(encoded, []).problem, null, JSON.stringify(encoded.slice(0, 30)))
})

test('H11 what is taken is read as node:http reads it', { timeout: 60_000 }, async () => {
  const seen: string[] = []
  const server = createServer((request, response) => {
    const headers = request.rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text))
    seen.push(JSON.stringify([request.method, request.url, request.httpVersionMinor, headers]))
    request.resume()
    request.on('end', () => response.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_!#$%&'*+.^`|~-]{0,12}$/).map((name) => `x-${name}`)
  const value = fc.stringMatching(/^[\x21-\x7e\xa1-\xff]([\x20-\x7e\xa1-\xff]{0,20}[\x21-\x7e\xa1-\xff])?$/)
  const request = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'),
    target: fc.stringMatching(/^\/[\x21\x22\x24-\x7e]{0,30}$/),
    minor: fc.constantFrom(0, 1),
    headers: fc.array(fc.tuple(token, value, fc.constantFrom('', ' ', '\t', '  ')), { maxLength: 6 }),
    body: fc.constantFrom('', 'Content-Length: 3\r\n'),
  })
  try {
    const property = fc.asyncProperty(request, async ({ method, target, minor, headers, body }) => {
      const lines = headers.map(([name, text, space]) => `${name}:${space}${text}${space}\r\n`).join('')
      const head = `${method} ${target} HTTP/1.${minor}\r\nHost: web\r\n${lines}${body}Connection: close\r\n\r\n`
      const parsed = parseRequestHead(head)
      assert.ok(parsed.kind === 'request', JSON.stringify(parsed))
      assert.equal(endOfHead(Buffer.from(head, 'latin1'), 0), Buffer.from(head, 'latin1').length)
      seen.length = 0
      const socket = connect(port, '127.0.0.1')
      socket.end(Buffer.from(`${head}${body === '' ? '' : 'abc'}`, 'latin1'))
      socket.resume()
      await once(socket, 'close')
      const ours = [parsed.method, parsed.target, parsed.minor, parsed.headers.flat()]
      assert.deepEqual(seen, [JSON.stringify(ours)])
    })
    await fc.assert(property, { numRuns: 300 })
  } finally {
    server.close()
  }
})

test('H15 a response passes byte for byte and ends where it ends, however it is cut', () => {
  const interim = fc.constantFrom('', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n')
  const body = fc.string({ maxLength: 60 }).map((text) => Buffer.from(text).toString('latin1'))
  const response = fc
    .tuple(interim, body, fc.constantFrom('length', 'chunked', 'head', '204'))
    .map(([before, text, kind]) => {
      const chunks = (text.match(/.{1,9}/gs) ?? []).map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')
      const whole = {
        length: `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
        chunked: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\nX-T: 1\r\n\r\n`,
        head: `HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n`,
        '204': 'HTTP/1.1 204 No Content\r\n\r\n',
      }[kind]!
      return { bytes: before + whole, method: kind === 'head' ? 'HEAD' : 'GET' }
    })
  const pieces = fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(response, pieces, ({ bytes, method }, sizes) => {
      const reader = new ResponseReader(method, { headMax: 65_536, mayUpgrade: false })
      const sent = Buffer.from(`${bytes}behind it`, 'latin1')
      let forwarded = ''
      for (let at = 0, i = 0; !reader.done; i += 1) {
        const size = sizes[i % sizes.length]!
        const { forward, problem } = reader.read(sent.subarray(at, at + size))
        assert.equal(problem, null)
        forwarded += forward.toString('latin1')
        at += size
      }
      assert.equal(forwarded, bytes)
    }),
    { numRuns: 1_000 },
  )
})
