import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { connect } from 'node:tls'
import fc from 'fast-check'
import { readClientHello } from '../../src/proxy/client-hello.ts'

/** The ClientHello that Node's OpenSSL sends. */
async function realHello(servername: string): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({ host: '127.0.0.1', port, ...(servername === '' ? {} : { servername }) })
  client.on('error', () => undefined)
  const [socket] = await once(server, 'connection')
  const [bytes] = await once(socket, 'data')
  client.destroy()
  socket.destroy()
  server.close()
  return bytes
}

test('H14 the server name of a real handshake is read, in whatever pieces it comes', async () => {
  const bytes = await realHello('Death.Star.example')
  assert.deepEqual(readClientHello(bytes), { kind: 'hello', serverName: 'death.star.example' })
  for (let cut = 0; cut < bytes.length; cut++) assert.equal(readClientHello(bytes.subarray(0, cut)).kind, 'more')
  assert.deepEqual(readClientHello(await realHello('')), { kind: 'hello', serverName: null })
})

test('H14 a handshake over several records is one', async () => {
  const bytes = await realHello('death.star')
  const body = bytes.subarray(5)
  const record = (part: Buffer) => Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part])
  for (const cut of [1, 3, 50, body.length - 1]) {
    const split = Buffer.concat([record(body.subarray(0, cut)), record(body.subarray(cut))])
    assert.deepEqual(readClientHello(split), { kind: 'hello', serverName: 'death.star' })
  }
})

test('H14 damaged handshakes are refused or waited for, and never throw', async () => {
  const bytes = await realHello('death.star')
  const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(damage, (changes) => {
      const damaged = Buffer.from(bytes)
      for (const [at, value] of changes) damaged[at] = value
      assert.ok(['hello', 'more', 'malformed'].includes(readClientHello(damaged).kind))
    }),
    { numRuns: 2_000 },
  )
  assert.equal(readClientHello(Buffer.from('GET / HTTP/1.1\r\n')).kind, 'malformed')
  assert.equal(readClientHello(Buffer.from([22, 3, 1, 0, 0, 1])).kind, 'malformed')
})
