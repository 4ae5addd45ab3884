import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { IpAddress, Port } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import type { GateAddress } from '../../src/model/gate.ts'
import { Invariants } from './invariants.ts'
import { NODE, WholeNode } from './whole.ts'

const PATIENCE_MS = 20_000
const DEATHSTAR = IpAddress('10.0.0.1')

const ship = (id: number, name: string, org: string) => ({
  id,
  name,
  labels: [`class=${name}`, `org=${org}`],
  ipv4: `10.0.0.${id}`,
})

const landing = (http: Json | null): Json => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name: 'rule1', namespace: 'default' },
  spec: {
    endpointSelector: { matchLabels: { org: 'empire', class: 'deathstar' } },
    ingress: [
      {
        fromEndpoints: [{ matchLabels: { org: 'empire' } }],
        toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], ...(http === null ? {} : { rules: { http: [http] } }) }],
      },
    ],
  },
})

async function ask({ host, port }: GateAddress, method: string, path: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const sent = request({ host, port, method, path, agent: false }, (response) => {
    response.resume()
    response.on('end', () => resolve(String(response.statusCode)))
  })
  sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  sent.end()
  return await promise
}

async function within<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`not within ${PATIENCE_MS} ms`)), PATIENCE_MS)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** The death star's server, reached by its address. */
async function serve(node: WholeNode): Promise<AsyncDisposable> {
  const server = createServer((_, response) => response.end('landed'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  node.network.serve(DEATHSTAR, Port(80), { host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function checkLog(node: WholeNode): Promise<void> {
  const invariants = new Invariants(NODE)
  for (const recorded of await node.history()) invariants.check(recorded)
  invariants.checkSettled()
}

test('A13 applied is enforced: L3, L4 and HTTP, by the real engine, control plane and proxy, and over a restart', async () => {
  await using node = await WholeNode.open()
  await using _server = await serve(node)
  const first = await node.startAgent()
  await node.submit({
    kind: 'add-endpoints',
    node: NODE,
    endpoints: [ship(1, 'deathstar', 'empire'), ship(2, 'tiefighter', 'empire'), ship(3, 'xwing', 'alliance')],
  })
  await within(first.settled())
  const to = { address: DEATHSTAR, port: Port(80) }
  const tiefighter = await node.gate.open({ from: IpAddress('10.0.0.2'), to })
  const xwing = await node.gate.open({ from: IpAddress('10.0.0.3'), to })
  assert.equal(await ask(xwing, 'POST', '/v1/request-landing'), '200', 'no policy, no denial')
  await node.apply(landing(null))
  await within(first.settled())
  assert.equal(await ask(xwing, 'POST', '/v1/request-landing'), 'ECONNRESET')
  assert.equal(await ask(tiefighter, 'PUT', '/v1/exhaust-port'), '200')
  await node.apply(landing({ method: 'POST', path: '/v1/request-landing' }))
  await within(first.settled())
  const enforced = async (): Promise<readonly string[]> => [
    await ask(tiefighter, 'POST', '/v1/request-landing'),
    await ask(tiefighter, 'PUT', '/v1/exhaust-port'),
    await ask(xwing, 'POST', '/v1/request-landing'),
  ]
  assert.deepEqual(await enforced(), ['200', '403', 'ECONNRESET'])
  await checkLog(node)
  await first[Symbol.asyncDispose]()
  assert.deepEqual(await enforced(), ['200', '403', 'ECONNRESET'], 'enforcement needs no agent')
  const second = await node.startAgent()
  await within(second.settled())
  assert.deepEqual(await enforced(), ['200', '403', 'ECONNRESET'])
  await checkLog(node)
  await node.flows.flush()
  const flows = await node.flows.query({ last: 50 })
  const denied = flows.findLast(({ verdict, kind }) => verdict === 'DROPPED' && kind === 'policy-verdict')
  assert.deepEqual([denied?.stamp.revision, denied?.dropReason], [3, 133])
  assert.ok(BigInt(denied?.stamp.position ?? '0') > 0n)
})
