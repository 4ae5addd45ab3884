import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { endpoint, http, portPolicy, regex } from '../l7/messages.ts'
import { rig, WEB } from './fixture.ts'

/** What requests are made of, and what makes two readers disagree. */
const PIECES = [
  'GET /public HTTP/1.1\r\n',
  'POST /public HTTP/1.1\r\n',
  'POST /public HTTP/1.0\r\n',
  'GET /private HTTP/1.1\r\n',
  'GET http://web/private HTTP/1.1\r\n',
  'GET /public/../private HTTP/1.1\r\n',
  'Host: web\r\n',
  'Host: web\n',
  'Host : web\r\n',
  'Content-Length: 0\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 48\r\n',
  'Content-Length: +5\r\n',
  'Content-Length : 5\r\n',
  'Content-Length: 5, 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding:\tchunked \r\n',
  'Transfer-Encoding: \x0bchunked\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Transfer_Encoding: chunked\r\n',
  ' Transfer-Encoding: chunked\r\n',
  'X: y\rTransfer-Encoding: chunked\r\n',
  'X: y\nContent-Length: 48\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive, Content-Length\r\n',
  'Connection: Upgrade\r\n',
  'Upgrade: websocket\r\n',
  'Upgrade: h2c\r\n',
  'Expect: 100-continue\r\n',
  '\r\n',
  '\r\n',
  '\n',
  '\r',
  '5\r\nhello\r\n',
  '5;x=y\r\nhello\r\n',
  '5;x\nhello\r\n',
  '05\r\nhello\r\n',
  'hello',
  '0\r\n\r\n',
  '0\r\n',
  '0\n\n',
  '00000000000000000\r\n\r\n',
  '0\r\nX-Late: GET /private HTTP/1.1\r\n\r\n',
  '\0',
  ' ',
] as const

const FIRST = ['GET /public HTTP/1.1\r\nHost: web\r\n', 'POST /public HTTP/1.1\r\nHost: web\r\n'] as const

const bytes = fc
  .tuple(
    fc.constantFrom(...FIRST),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 3 }),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }),
  )
  .map(
    ([first, head, rest]) => `${first}${head.join('')}\r\n${rest.join('')}GET /private HTTP/1.1\r\nHost: web\r\n\r\n`,
  )

test('H11, H12 whatever is sent, an upstream that reads leniently sees no request that was not allowed', {
  timeout: 120_000,
}, async () => {
  const seen: string[] = []
  const lenient = createServer({ insecureHTTPParser: true }, (request, response) => {
    seen.push(String(request.url))
    request.resume()
    request.on('end', () => response.end('ok'))
  })
  lenient.on('upgrade', (request, socket) => {
    seen.push(String(request.url))
    socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n')
  })
  lenient.listen(0, '127.0.0.1')
  await once(lenient, 'listening')
  const upstreamPort = (lenient.address() as AddressInfo).port
  try {
    await using it = await rig({ upstreamPort })
    await it.client.policies(
      endpoint(7, WEB, [portPolicy(upstreamPort, [http({ headers: [regex(':path', '/public.*')] })])]),
    )
    let passed = 0
    const property = fc.asyncProperty(bytes, async (sent) => {
      seen.length = 0
      const socket = connect(it.port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.resume()
      socket.end(sent, 'latin1')
      // A reset is one way to be refused.
      await new Promise((resolve) => socket.once('close', resolve))
      passed += seen.length
      assert.deepEqual(
        seen.filter((url) => !url.startsWith('/public')),
        [],
      )
    })
    await fc.assert(property, { numRuns: 1_500 })
    assert.ok(passed > 100, `${passed} requests passed`)
  } finally {
    lenient.closeAllConnections()
    lenient.close()
  }
})
