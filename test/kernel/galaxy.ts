/** Three pods on one node, a server on one of them, and a proxy small enough to be read at a glance. */
import { createServer as createHttpServer, request } from 'node:http'
import { createServer, type Server, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { EndpointId, IdentityId, IpAddress } from '../../events/ids.ts'
import { openIdentitySource } from '../../src/kernel/identity-source.ts'
import { transparentSockets } from '../../src/kernel/transparent-sockets.ts'
import type { Datapath, LoadedProgram } from '../../src/ports/datapath.ts'
import { entry, KERNEL_REASON, type Laboratory, laboratory } from './laboratory.ts'
import { Network } from './network.ts'

export const PODS = {
  deathstar: { endpoint: 11, identity: 30_011, address: '10.244.0.11' },
  tiefighter: { endpoint: 12, identity: 30_012, address: '10.244.0.12' },
  xwing: { endpoint: 13, identity: 30_013, address: '10.244.0.13' },
} as const
export type Pod = keyof typeof PODS

/** Three pods on one node; every one may open connections, and nobody may be reached. */
async function galaxy(lab: Laboratory, network: Network): Promise<void> {
  for (const [name, { endpoint, identity, address }] of Object.entries(PODS)) {
    network.pod(name, address)
    await attach(lab.datapath, network, name as Pod)
    await lab.policy(endpoint, entry({ direction: 'egress' }))
    await lab.peer(`${address}/32`, identity)
  }
  await lab.peer('10.244.0.1/32', 1)
}

export async function attach(datapath: Datapath, network: Network, pod: Pod): Promise<readonly LoadedProgram[]> {
  const { endpoint, identity, address } = PODS[pod]
  return await datapath.attachEndpoint({
    endpoint: EndpointId(endpoint),
    identity: IdentityId(identity),
    ipv4: IpAddress(address),
    device: network.deviceOf(pod),
    mac: null,
    nodeMac: null,
  })
}

export function networkTest(title: string, body: (lab: Laboratory, network: Network) => Promise<void>): void {
  test(title, { skip: KERNEL_REASON ?? false, timeout: 30_000 }, async () => {
    using network = new Network()
    await using lab = await laboratory()
    await galaxy(lab, network)
    await body(lab, network)
  })
}

/** A busy machine answers late; what is dropped is not waited for as long. */
const ANSWER_MS = 8_000
export const DROPPED_MS = 600

/** What a request over this connection is answered with, `null` where there is no answer in `limitMs`. */
export async function answer(
  socket: Socket,
  options: { method: string; path: string },
  limitMs: number = ANSWER_MS,
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
export function deathstarServer(network: Network): Disposable {
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

export const LANDING = { method: 'POST', path: '/v1/request-landing' }
export const EXHAUST = { method: 'PUT', path: '/v1/exhaust-port' }
export const dial = (network: Network, from: Pod): Socket => network.connect(from, PODS.deathstar.address, 80)

export type ProxyOptions = {
  readonly direction: 'ingress' | 'egress'
  readonly port: number
  /** The first line of a request that it lets pass begins with this. */
  readonly allows: string
}

/** Answers 403 to all but one kind of request, and sends those on in the client's name with its direction's mark. */
export function startProxy(lab: Laboratory, options: ProxyOptions): { readonly seen: string[] } & Disposable {
  const identities = openIdentitySource(lab.options)
  const seen: string[] = []
  const sockets = new Set<Socket>()
  const server: Server = createServer((client) => {
    sockets.add(client)
    client.on('error', () => client.destroy())
    const tuple = {
      source: IpAddress(client.remoteAddress!),
      sourcePort: client.remotePort!,
      destination: IpAddress(client.localAddress!),
      destinationPort: client.localPort!,
    }
    const identity = Number(identities.fromConntrack(tuple, options.direction))
    client.once('data', (head) => {
      const line = head.toString('latin1').split(' HTTP')[0]!
      seen.push(`${identity} ${tuple.source} -> ${tuple.destination}:${tuple.destinationPort} ${line}`)
      if (!line.startsWith(options.allows)) {
        client.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 15\r\n\r\nAccess denied\r\n')
        return
      }
      const magic = options.direction === 'ingress' ? 0x0a00 : 0x0b00
      const mark = (magic | (identity << 16)) >>> 0
      const upstream = new Socket({
        fd: transparentSockets.connect({ ...tuple, mark }),
        readable: true,
        writable: true,
      })
      sockets.add(upstream)
      upstream.on('error', () => client.destroy())
      upstream.write(head)
      client.pipe(upstream).pipe(client)
    })
  })
  server.listen({ fd: transparentSockets.listen(IpAddress('127.0.0.1'), options.port) })
  return {
    seen,
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      identities[Symbol.dispose]()
    },
  }
}
