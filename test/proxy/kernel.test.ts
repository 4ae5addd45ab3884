/** The proxy behind the kernel's redirect: pods in namespaces of their own, the real programs, conntrack's identities. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { EndpointId, IdentityId, IpAddress, Port } from '../../events/ids.ts'
import { httpListener } from '../../projections/xds/listeners.ts'
import { openIdentitySource } from '../../src/kernel/identity-source.ts'
import { TCP } from '../../src/kernel/packet.ts'
import { ensureProxyRoutes } from '../../src/kernel/routes.ts'
import { transparentSockets } from '../../src/kernel/transparent-sockets.ts'
import type { NewFlow } from '../../src/ports/flows.ts'
import { startProxy } from '../../src/proxy/proxy.ts'
import { entry, KERNEL_REASON, type Laboratory, laboratory } from '../kernel/laboratory.ts'
import { Network } from '../kernel/network.ts'
import { endpoint, http, portPolicy, route } from '../l7/messages.ts'
import { clock, eventually, FakeXdsClient } from './fixture.ts'

const DEATHSTAR = { endpoint: 11, identity: 30_011, address: '10.244.0.11' }
const TIEFIGHTER = { endpoint: 12, identity: 30_012, address: '10.244.0.12' }
const PROXY_PORT = { ingress: Port(10_080), egress: Port(10_081) }
const LANDING = 'POST /v1/request-landing'
const EXHAUST = 'PUT /v1/exhaust-port'

async function galaxy(lab: Laboratory, network: Network): Promise<void> {
  for (const [name, pod] of Object.entries({ deathstar: DEATHSTAR, tiefighter: TIEFIGHTER })) {
    await lab.datapath.attachEndpoint({
      endpoint: EndpointId(pod.endpoint),
      identity: IdentityId(pod.identity),
      ipv4: IpAddress(pod.address),
      device: network.pod(name, pod.address),
      mac: null,
      nodeMac: null,
    })
    await lab.peer(`${pod.address}/32`, pod.identity)
  }
  await lab.peer('10.244.0.1/32', 1)
}

/** Asks over one connection and gives what came back: status, and who the server says it saw. */
async function ask(socket: Socket, requests: readonly string[]): Promise<readonly string[]> {
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  let over = false
  socket.on('error', () => {
    over = true
  })
  socket.on('close', () => {
    over = true
  })
  const answers: string[] = []
  for (const request of requests) {
    received = ''
    socket.write(`${request} HTTP/1.1\r\nHost: deathstar\r\n\r\n`)
    await eventually(() => over || /\r\n\r\n.*(denied\r\n|!)$/s.test(received), request)
    answers.push(over ? 'over' : `${received.slice(9, 12)} ${received.split('\r\n\r\n')[1]!.trim()}`)
  }
  socket.destroy()
  return answers
}

test('H24, H10 behind the kernel each request of a redirected connection is decided for the identity that conntrack knows, on ingress and on egress', {
  skip: KERNEL_REASON ?? false,
  timeout: 60_000,
}, async () => {
  using network = new Network()
  await using lab = await laboratory()
  await galaxy(lab, network)
  await ensureProxyRoutes()
  const server = createServer((incoming, response) => {
    const body = `${incoming.method} from ${incoming.socket.remoteAddress}!`
    response.setHeader('content-length', body.length)
    response.end(body)
  })
  network.listen('deathstar', server, '0.0.0.0', 80)
  using identities = openIdentitySource(lab.options)
  const client = new FakeXdsClient()
  const flows: NewFlow[] = []
  const add = (more: readonly NewFlow[]): void => void flows.push(...more)
  try {
    await using _proxy = startProxy({
      client,
      identities,
      sockets: transparentSockets,
      flows: { add },
      clock,
      limits: { closeTimeoutMs: 100 },
    })
    const kernel = { bpfRoot: lab.options.bpffs, ipcacheName: 'ipcache' }
    const listeners = (['ingress', 'egress'] as const).map((direction) =>
      httpListener({ listener: `cilium-http-${direction}`, direction, port: PROXY_PORT[direction] }, kernel),
    )
    assert.deepEqual(await client.listeners(...listeners), { kind: 'taken' })
    const rule = (remote: { readonly identity: number }) => [
      portPolicy(80, [
        { name: 'landing', remotePolicies: [remote.identity], ...http(route('POST', '/v1/request-landing')) },
      ]),
    ]
    const web = { identity: TIEFIGHTER.identity, protocol: TCP, port: 80 }
    await client.policies(endpoint(DEATHSTAR.endpoint, DEATHSTAR.address, rule(TIEFIGHTER)))
    await lab.policy(TIEFIGHTER.endpoint, entry({ direction: 'egress' }))
    await lab.policy(DEATHSTAR.endpoint, entry(web, { verdict: 'redirect', proxyPort: PROXY_PORT.ingress }))
    const answers = await ask(network.connect('tiefighter', DEATHSTAR.address, 80), [LANDING, EXHAUST, LANDING])
    assert.deepEqual(answers, [
      `200 POST from ${TIEFIGHTER.address}!`,
      '403 Access denied',
      `200 POST from ${TIEFIGHTER.address}!`,
    ])
    await eventually(() => flows.length === 5, 'the records')
    assert.deepEqual(
      [flows[0]?.source.identity, flows[0]?.destination.address, flows[0]?.endpoint],
      [30_012, DEATHSTAR.address, 11],
    )

    flows.length = 0
    await client.policies(endpoint(TIEFIGHTER.endpoint, TIEFIGHTER.address, [], rule(DEATHSTAR)))
    await lab.policy(DEATHSTAR.endpoint, entry(web))
    const out = { direction: 'egress', identity: DEATHSTAR.identity, protocol: TCP, port: 80 } as const
    await lab.policy(TIEFIGHTER.endpoint, entry(out, { verdict: 'redirect', proxyPort: PROXY_PORT.egress }))
    const left = await ask(network.connect('tiefighter', DEATHSTAR.address, 80), [EXHAUST, LANDING])
    assert.deepEqual(left, ['403 Access denied', `200 POST from ${TIEFIGHTER.address}!`])
    await eventually(() => flows.length === 3, 'the records')
    assert.deepEqual([flows[0]?.direction, flows[0]?.destination.identity, flows[0]?.endpoint], ['egress', 30_011, 12])

    // Towards an endpoint of this node the source is the node's, and the mark says who it is.
    await client.policies(
      endpoint(DEATHSTAR.endpoint, DEATHSTAR.address, rule(TIEFIGHTER)),
      endpoint(TIEFIGHTER.endpoint, TIEFIGHTER.address, [], rule(DEATHSTAR)),
    )
    assert.deepEqual(await ask(network.connect('tiefighter', DEATHSTAR.address, 80), [LANDING]), [
      '200 POST from 10.244.0.1!',
    ])
    await eventually(() => flows.length === 5, 'its records')

    // Both ends by the proxy: what leaves its egress side comes back to its ingress side as the tie fighter's.
    flows.length = 0
    await lab.policy(DEATHSTAR.endpoint, entry(web, { verdict: 'redirect', proxyPort: PROXY_PORT.ingress }))
    assert.deepEqual(await ask(network.connect('tiefighter', DEATHSTAR.address, 80), [LANDING]), [
      '200 POST from 10.244.0.1!',
    ])
    await eventually(() => flows.length === 4, 'the records of both')
    const requests = flows.filter(({ kind }) => kind === 'http-request')
    assert.deepEqual(
      requests.map(({ direction, source }) => [direction, source.identity]),
      [
        ['egress', TIEFIGHTER.identity],
        ['ingress', TIEFIGHTER.identity],
      ],
    )
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
