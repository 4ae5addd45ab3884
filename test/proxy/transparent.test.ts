/** With the kernel's sockets; needs CAP_NET_ADMIN. */
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { IpAddress } from '../../events/ids.ts'
import { closeFd } from '../../src/kernel/libc.ts'
import { transparentSockets } from '../../src/kernel/transparent-sockets.ts'
import { endpoint, portPolicy } from '../l7/messages.ts'
import { eventually, exchange, freePort, RawClient, rig, WEB } from './fixture.ts'

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n`

/** Null: they can be made here. */
async function reasonAgainst(): Promise<string | null> {
  try {
    closeFd(transparentSockets.listen(WEB, await freePort()))
    return null
  } catch (error) {
    return `no transparent sockets here: ${error instanceof Error ? error.message : String(error)}`
  }
}
const against = await reasonAgainst()

test('H24 upstream sees the client itself, on a socket that carries the mark', { skip: against ?? false }, async () => {
  const seen: string[] = []
  const marks: number[] = []
  const upstream = (socket: Socket): void => {
    seen.push(String(socket.remoteAddress))
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
  }
  const sockets = {
    ...transparentSockets,
    connect: (options: Parameters<typeof transparentSockets.connect>[0]) => {
      marks.push(options.mark)
      return transparentSockets.connect(options)
    },
  }
  await using it = await rig({ upstream, sockets })
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [])]))
  await using client = await RawClient.to(it.port, '127.0.0.9')
  client.send(get('/a'))
  assert.match(await client.rest(), /^HTTP\/1\.1 200 OK/)
  assert.deepEqual([seen, marks], [['127.0.0.9'], [0x03e9_0a00]])
  await eventually(() => it.flows.length === 2, 'the records')
  assert.equal(it.flows[0]?.source.address, IpAddress('127.0.0.9'))
})

test('H10 a transparent upstream socket that nobody accepts becomes 503', { skip: against ?? false }, async () => {
  await using it = await rig({ sockets: transparentSockets, upstreamPort: await freePort() })
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [])]))
  assert.match(await exchange(it.port, get('/a')), /^HTTP\/1\.1 503 /)
  await using it2 = await rig({
    sockets: {
      ...transparentSockets,
      connect: () => {
        throw new Error('EMFILE')
      },
    },
  })
  await it2.client.policies(endpoint(7, WEB, [portPolicy(it2.upstreamPort, [])]))
  assert.match(await exchange(it2.port, get('/a')), /^HTTP\/1\.1 503 /)
  await eventually(() => it2.flows.length === 2, 'the records')
  assert.equal(it2.flows.at(-1)?.matchType, 'no upstream socket: EMFILE')
})
