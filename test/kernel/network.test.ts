import assert from 'node:assert/strict'
import { createServer as createHttpServer, request } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { EndpointId, IdentityId, IpAddress } from '../../events/ids.ts'
import { openIdentitySource } from '../../src/kernel/identity-source.ts'
import { ensureProxyRoutes } from '../../src/kernel/routes.ts'
import { transparentSockets } from '../../src/kernel/transparent-sockets.ts'
import { entry, KERNEL_REASON, type Laboratory, laboratory } from './laboratory.ts'
import { Network } from './network.ts'
import { TCP } from './packet.ts'

const PODS = {
  deathstar: { endpoint: 11, identity: 30_011, address: '10.244.0.11' },
  tiefighter: { endpoint: 12, identity: 30_012, address: '10.244.0.12' },
  xwing: { endpoint: 13, identity: 30_013, address: '10.244.0.13' },
} as const
type Pod = keyof typeof PODS

/** Three pods on one node; every one may open connections, and nobody may be reached. */
async function galaxy(lab: Laboratory, network: Network): Promise<void> {
  for (const [name, { endpoint, identity, address }] of Object.entries(PODS)) {
    const device = network.pod(name, address)
    await lab.datapath.attachEndpoint({
      endpoint: EndpointId(endpoint),
      identity: IdentityId(identity),
      ipv4: IpAddress(address),
      device,
      mac: null,
      nodeMac: null,
    })
    await lab.policy(endpoint, entry({ direction: 'egress' }))
    await lab.peer(`${address}/32`, identity)
  }
  await lab.peer('10.244.0.1/32', 1)
}

function networkTest(title: string, body: (lab: Laboratory, network: Network) => Promise<void>): void {
  test(title, { skip: KERNEL_REASON ?? false, timeout: 30_000 }, async () => {
    using network = new Network()
    await using lab = await laboratory()
    await galaxy(lab, network)
    await body(lab, network)
  })
}

/** What a request over this connection is answered with, `null` where there is no answer in `limitMs`. */
async function answer(
  socket: Socket,
  options: { method: string; path: string },
  limitMs = 700,
): Promise<string | null> {
  return await new Promise((resolve) => {
    const timer = setTimeout(() => end(null), limitMs)
    const end = (result: string | null): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    const call = request({ ...options, createConnection: () => socket, headers: { host: 'deathstar' } })
    call.on('error', () => end(null))
    call.on('response', (response) => {
      text(response).then(
        (body) => end(`${response.statusCode} ${body.trim()}`),
        () => end(null),
      )
    })
    call.end()
  })
}

/** Says who asks. */
function deathstarServer(network: Network): Disposable {
  const server = createHttpServer((incoming, response) => {
    response.end(`${incoming.method} ${incoming.url} from ${incoming.socket.remoteAddress}`)
  })
  network.listen('deathstar', server, '0.0.0.0', 80)
  return {
    [Symbol.dispose]: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const LANDING = { method: 'POST', path: '/v1/request-landing' }
const EXHAUST = { method: 'PUT', path: '/v1/exhaust-port' }
const dial = (network: Network, from: Pod): Socket => network.connect(from, PODS.deathstar.address, 80)

networkTest(
  'D2 between pods of one node the egress of the source and the ingress of the destination both hold',
  async (lab, network) => {
    using _ = deathstarServer(network)
    await lab.policy(11, entry({ identity: PODS.tiefighter.identity, protocol: TCP, port: 80 }))
    assert.equal(
      await answer(dial(network, 'tiefighter'), LANDING),
      `200 POST ${LANDING.path} from ${PODS.tiefighter.address}`,
    )
    assert.equal(await answer(dial(network, 'xwing'), LANDING), null)
    await lab.policy(
      12,
      entry({ direction: 'egress', identity: PODS.deathstar.identity }, { verdict: 'deny', precedence: 0xffff_ffff }),
    )
    assert.equal(await answer(dial(network, 'tiefighter'), LANDING), null)
    const drops = (await lab.verdicts()).filter(({ dropReason }) => dropReason !== null)
    assert.deepEqual(
      new Set(
        drops.map(
          ({ endpoint, direction, remoteIdentity, dropReason }) =>
            `${endpoint} ${direction} ${remoteIdentity} ${dropReason}`,
        ),
      ),
      new Set([`11 ingress ${PODS.xwing.identity} 133`, `12 egress ${PODS.deathstar.identity} 181`]),
    )
  },
)

/** Answers 403 to everything but landing requests, and sends those on in the client's name with the ingress mark. */
function proxy(lab: Laboratory): { readonly seen: string[] } & Disposable {
  const identities = openIdentitySource(lab.options)
  const seen: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    sockets.add(client)
    client.on('error', () => client.destroy())
    const source = IpAddress(client.remoteAddress!)
    const destination = IpAddress(client.localAddress!)
    const tuple = { source, sourcePort: client.remotePort!, destination, destinationPort: client.localPort! }
    const identity = identities.fromConntrack(tuple, 'ingress')
    client.once('data', (head) => {
      seen.push(
        `${identity} ${source} -> ${destination}:${client.localPort} ${head.toString('latin1').split(' HTTP')[0]}`,
      )
      if (!head.toString('latin1').startsWith('POST /v1/request-landing ')) {
        client.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 15\r\n\r\nAccess denied\r\n')
        return
      }
      const mark = (0x0a00 | (Number(identity) << 16)) >>> 0
      const fd = transparentSockets.connect({ destination, destinationPort: client.localPort!, source, mark })
      const upstream = new (client.constructor as typeof Socket)({ fd, readable: true, writable: true })
      sockets.add(upstream)
      upstream.on('error', () => client.destroy())
      upstream.write(head)
      client.pipe(upstream).pipe(client)
    })
  })
  server.listen({ fd: transparentSockets.listen(IpAddress('127.0.0.1'), 10_080) })
  return {
    seen,
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      identities[Symbol.dispose]()
    },
  }
}

networkTest(
  'D3 a redirected connection reaches the proxy with its addresses and identity, and the server sees the client',
  async (lab, network) => {
    await ensureProxyRoutes()
    using _ = deathstarServer(network)
    using listener = proxy(lab)
    await lab.policy(
      11,
      entry(
        { identity: PODS.tiefighter.identity, protocol: TCP, port: 80 },
        { verdict: 'redirect', proxyPort: 10_080 },
      ),
    )
    assert.equal(
      await answer(dial(network, 'tiefighter'), LANDING),
      `200 POST ${LANDING.path} from ${PODS.tiefighter.address}`,
    )
    assert.equal(await answer(dial(network, 'tiefighter'), EXHAUST), '403 Access denied')
    assert.equal(await answer(dial(network, 'xwing'), LANDING), null)
    assert.deepEqual(listener.seen, [
      `${PODS.tiefighter.identity} ${PODS.tiefighter.address} -> ${PODS.deathstar.address}:80 POST /v1/request-landing`,
      `${PODS.tiefighter.identity} ${PODS.tiefighter.address} -> ${PODS.deathstar.address}:80 PUT /v1/exhaust-port`,
    ])
  },
)
