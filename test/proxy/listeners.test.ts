import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { httpListener } from '../../projections/xds/listeners.ts'
import type { ListenerMessage } from '../../projections/xds/messages.ts'
import { endpoint, portPolicy } from '../l7/messages.ts'
import { eventually, exchange, freePort, RawClient, type Rig, rig, WEB } from './fixture.ts'

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: web\r\n${more}\r\n`
const CLOSE = 'Connection: close\r\n'
const KERNEL = { bpfRoot: '/sys/fs/bpf', ipcacheName: 'hindcast_ipcache' }

async function open(): Promise<Rig> {
  const it = await rig()
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [])]))
  return it
}
async function connects(port: number): Promise<boolean> {
  try {
    await using client = await RawClient.to(port)
    return !client.reset
  } catch {
    return false
  }
}

test('H9 a listener listens when its update is taken, moves, and goes', async () => {
  await using it = await open()
  assert.match(await exchange(it.port, get('/a', CLOSE)), /200 OK/)
  const port = await freePort()
  const moved = httpListener({ listener: 'cilium-http-ingress', direction: 'ingress', port }, KERNEL)
  assert.deepEqual(await it.client.listeners(moved), { kind: 'taken' })
  assert.deepEqual(it.proxy.listeners, [`cilium-http-ingress:${port}`])
  assert.match(await exchange(port, get('/a', CLOSE)), /200 OK/)
  assert.equal(await connects(it.port), false)
  await it.client.listeners()
  assert.equal(await connects(port), false)
})

test('H9 a port that is taken refuses the update as a whole, with the listener and the reason', async () => {
  await using it = await open()
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  const { port } = blocker.address() as { port: number }
  const free = await freePort()
  const make = (name: string, at: number) =>
    httpListener({ listener: name, direction: 'egress', port: at as typeof free }, KERNEL)
  const answer = await it.client.listeners(it.listener, make('cilium-http-egress', free), make('blocked', port))
  assert.ok(answer.kind === 'refused')
  assert.match(answer.detail, new RegExp(`^listener blocked:${port}: .*EADDRINUSE`))
  assert.equal(await connects(free), false)
  assert.match(await exchange(it.port, get('/a', CLOSE)), /200 OK/)
  blocker.close()
})

test('H9 a listener that goes lets the request in progress end, and idle connections at once', async () => {
  let answer: (() => void) | null = null
  await using it = await rig({
    handler: (_, response) => {
      answer = () => response.end('late')
    },
  })
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [])]))
  await using idle = await RawClient.to(it.port)
  await using busy = await RawClient.to(it.port)
  busy.send(get('/a'))
  await eventually(() => answer !== null, 'the request')
  await it.client.listeners()
  await idle.rest()
  assert.equal(busy.ended, false)
  answer!()
  assert.match(await busy.rest(), /late/)
  await eventually(() => it.proxy.connections === 0, 'nothing left')
})

test('H9 what does not end is ended by the deadline, of the listener or of the proxy', async () => {
  await using gone = await rig({ handler: () => undefined, limits: { drainTimeoutMs: 100 } })
  await gone.client.policies(endpoint(7, WEB, [portPolicy(gone.upstreamPort, [])]))
  await using left = await RawClient.to(gone.port)
  left.send(get('/a'))
  await eventually(() => gone.flows.length === 1, 'the request')
  await gone.client.listeners()
  await left.rest()
  await using it = await rig({ handler: () => undefined, limits: { closeTimeoutMs: 100 } })
  await it.client.policies(endpoint(7, WEB, [portPolicy(it.upstreamPort, [])]))
  await using busy = await RawClient.to(it.port)
  busy.send(get('/a'))
  await eventually(() => it.flows.length === 1, 'the request')
  await it.proxy[Symbol.asyncDispose]()
  await busy.rest()
  assert.equal(it.proxy.connections, 0)
  assert.deepEqual(await it.client.policies(), { kind: 'refused', detail: 'the proxy is closed' })
})

test('H23 a listener that would not be enforced as it says is refused, with the reason', async () => {
  await using it = await open()
  const { listener } = it
  const [chain] = listener.filterChains
  const withFilters = (filters: NonNullable<typeof chain>['filters']): ListenerMessage => ({
    ...listener,
    filterChains: [{ ...chain!, filters }],
  })
  const [network, manager] = chain!.filters
  const wrong: readonly (readonly [message: ListenerMessage, why: RegExp])[] = [
    [{ ...listener, listenerFilters: [] }, /no cilium.bpf_metadata/],
    [{ ...listener, filterChains: [] }, /exactly one filter chain/],
    [withFilters([manager!]), /no cilium.network/],
    [withFilters([network!]), /no HTTP connection manager/],
    [
      withFilters([
        { ...network!, typedConfig: { ...network!.typedConfig, proxylib: 'libcilium.so' } as never },
        manager!,
      ]),
      /proxylib/,
    ],
    [
      withFilters([network!, { ...manager!, typedConfig: { ...manager!.typedConfig, httpFilters: [] } as never }]),
      /no cilium.l7policy/,
    ],
  ]
  for (const [message, why] of wrong) {
    const answer = await it.client.listeners(message)
    assert.ok(answer.kind === 'refused')
    assert.match(answer.detail, why)
    assert.match(answer.detail, new RegExp(`^listener ${listener.name}: `))
  }
  assert.match(await exchange(it.port, get('/a', CLOSE)), /200 OK/)
})
