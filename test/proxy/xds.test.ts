/** The proxy behind the real xDS server and client, over a real socket. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { XdsType } from '../../events/node.ts'
import type { Json } from '../../events/schema.ts'
import { httpListener } from '../../projections/xds/listeners.ts'
import type { NewFlow } from '../../src/ports/flows.ts'
import { startProxy } from '../../src/proxy/proxy.ts'
import { plainSockets } from '../../src/proxy/sockets.ts'
import { createXdsClient } from '../../src/xds/client.ts'
import { startXdsServer } from '../../src/xds/server.ts'
import { endpoint, http, portPolicy, route } from '../l7/messages.ts'
import { clock, eventually, exchange, freePort, LUKE, redirected, WEB } from './fixture.ts'

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n`
const DEADLINE_MS = 5_000

test('H10, H9, H18 through the real control plane: an acknowledged version decides, a refused one says why and changes nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), `hindcast-proxy-${process.pid}-`))
  const upstream = createServer((_, response) => response.end('hello there')).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const upstreamPort = (upstream.address() as AddressInfo).port
  const flows: NewFlow[] = []
  try {
    const socket = join(folder, 'xds.sock')
    await using server = await startXdsServer({ socket, epoch: 'test' })
    await using client = createXdsClient({ socket, node: 'death-star' })
    await using _proxy = startProxy({
      client,
      identities: { fromConntrack: () => LUKE, fromIpcache: () => null },
      sockets: redirected(plainSockets(), upstreamPort),
      flows: { add: (more) => void flows.push(...more) },
      clock,
      limits: { closeTimeoutMs: 100 },
    })
    let sequence = 0
    const publish = async (xds: XdsType, resources: Readonly<Record<string, unknown>>) => {
      sequence += 1
      const version = `test.${sequence}`
      const snapshot = { version, resources: new Map(Object.entries(resources) as [string, Json][]) }
      server.publish(xds, snapshot, { position: String(1_000 + sequence), revision: sequence })
      return await server.acknowledged(xds, version, DEADLINE_MS)
    }
    const port = await freePort()
    const listener = httpListener(
      { listener: 'cilium-http-ingress', direction: 'ingress', port },
      { bpfRoot: '', ipcacheName: '' },
    )
    const rule = (path: string) =>
      endpoint(7, WEB, [portPolicy(upstreamPort, [{ name: 'r', remotePolicies: [LUKE], ...http(route('GET', path)) }])])
    let first: string = 'no-client'
    for (const end = Date.now() + DEADLINE_MS; first === 'no-client' && Date.now() < end; await clock.sleep(10)) {
      first = (await publish('npds', { '7': rule('/a') })).kind
    }
    assert.equal(first, 'acked')
    assert.deepEqual(await publish('lds', { [listener.name]: listener }), { kind: 'acked' })
    assert.match(await exchange(port, get('/a')), /hello there$/)
    assert.match(await exchange(port, get('/b')), /Access denied\r\n$/)
    assert.deepEqual(await publish('npds', { '7': rule('/b') }), { kind: 'acked' })
    assert.match(await exchange(port, get('/b')), /hello there$/)
    await eventually(() => flows.length === 5, 'five records')
    assert.deepEqual(flows.at(-1)?.stamp, { position: String(1_000 + sequence), revision: sequence })
    assert.equal(
      flows.slice(0, 3).every(({ stamp }) => stamp.revision < sequence - 1),
      true,
    )

    const taken = httpListener(
      { listener: 'blocked', direction: 'egress', port: upstreamPort as typeof port },
      { bpfRoot: '', ipcacheName: '' },
    )
    const refusal = await publish('lds', { [listener.name]: listener, [taken.name]: taken })
    assert.ok(refusal.kind === 'nacked')
    assert.match(refusal.detail, /listener blocked:.*EADDRINUSE/)
    assert.match(await exchange(port, get('/b')), /hello there$/)
  } finally {
    upstream.close()
    rmSync(folder, { recursive: true })
  }
})
