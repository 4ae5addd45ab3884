/** The proxy on loopback with a fake control plane, over a real HTTP server. */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { Subject } from 'rxjs'
import { type EventId, IdentityId, IpAddress, Port, Timestamp } from '../../events/ids.ts'
import { httpListener } from '../../projections/xds/listeners.ts'
import type {
  ListenerMessage,
  NetworkPolicyHostsMessage,
  NetworkPolicyMessage,
} from '../../projections/xds/messages.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { NewFlow } from '../../src/ports/flows.ts'
import type { IdentitySource, ProxySockets, TransparentSockets } from '../../src/ports/proxy.ts'
import type { XdsClient, XdsClientEvent, XdsConsumer, XdsTaken } from '../../src/ports/xds-client.ts'
import type { ProxyLimits } from '../../src/proxy/limits.ts'
import { type EmbeddedProxy, startProxy } from '../../src/proxy/proxy.ts'
import { plainSockets, transparentSockets } from '../../src/proxy/sockets.ts'

export const LUKE: IdentityId = IdentityId(1001)
export const VADER: IdentityId = IdentityId(1002)
/** The endpoint whose policy decides: what the fake redirection says the client wanted. */
export const WEB: IpAddress = IpAddress('127.0.0.1')

/** Runs for real: proxies are tested on real sockets. */
export const clock: Clock = {
  now: () => Timestamp(Date.now()),
  monotonicUs: () => performance.now() * 1_000,
  sleep: async (ms) => await new Promise((resolve) => setTimeout(resolve, ms)),
  newId: () => crypto.randomUUID() as EventId,
}

export class FakeXdsClient implements XdsClient {
  readonly node = 'death-star'
  readonly events: Subject<XdsClientEvent> = new Subject<XdsClientEvent>()
  #consumer: XdsConsumer | null = null
  #version = 0

  start(consumer: XdsConsumer): void {
    this.#consumer = consumer
  }

  async policies(...messages: readonly NetworkPolicyMessage[]): Promise<XdsTaken> {
    const resources = new Map(messages.map((message) => [String(message.endpointId), message]))
    return await this.#consumer!({ xds: 'npds', ...this.#stamped(), resources })
  }

  async hosts(...messages: readonly NetworkPolicyHostsMessage[]): Promise<XdsTaken> {
    const resources = new Map(messages.map((message) => [String(message.policy), message]))
    return await this.#consumer!({ xds: 'nphds', ...this.#stamped(), resources })
  }

  async listeners(...messages: readonly ListenerMessage[]): Promise<XdsTaken> {
    const resources = new Map(messages.map((message) => [message.name, message]))
    return await this.#consumer!({ xds: 'lds', ...this.#stamped(), resources })
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #stamped() {
    this.#version += 1
    return {
      version: `fake.${this.#version}`,
      stamp: { position: String(this.#version * 100), revision: this.#version },
    }
  }
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void
export const echo: Handler = (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    response.setHeader('x-upstream', 'yes')
    response.end(
      JSON.stringify({
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      }),
    )
  })
}

export type Rig = AsyncDisposable & {
  readonly client: FakeXdsClient
  readonly proxy: EmbeddedProxy
  readonly flows: NewFlow[]
  readonly port: Port
  /** Where the endpoint's server listens: the port that policies name. */
  readonly upstreamPort: number
  readonly listener: ListenerMessage
  /** Conntrack's answer. */
  remote: IdentityId
}

export type RigOptions = {
  readonly handler?: Handler
  /** In place of the HTTP server. */
  readonly upstream?: (socket: Socket) => void
  readonly limits?: Partial<ProxyLimits>
  readonly direction?: 'ingress' | 'egress'
  readonly upstreamPort?: number
  readonly sockets?: TransparentSockets
  readonly identities?: IdentitySource
  readonly report?: (line: string) => void
}

/**
 * Below the ports that the kernel gives to connections (net.ipv4.ip_local_port_range), or a busy machine may have taken it before the proxy
 * listens.
 */
export async function freePort(): Promise<Port> {
  for (;;) {
    const port = randomInt(10_000, 32_768)
    const server = createTcpServer().listen(port, '127.0.0.1')
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    server.close()
    if (free) return Port(port)
  }
}

export async function rig(options: RigOptions = {}): Promise<Rig> {
  const upstream =
    options.upstream === undefined
      ? createServer(options.handler ?? echo)
      : createTcpServer({ allowHalfOpen: true }, options.upstream)
  const sockets = new Set<Socket>()
  upstream.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const upstreamPort = options.upstreamPort ?? (upstream.address() as AddressInfo).port
  const port = await freePort()
  const client = new FakeXdsClient()
  const flows: NewFlow[] = []
  const made = { remote: LUKE }
  const proxy = startProxy({
    client,
    identities: options.identities ?? identitiesOf(() => made.remote),
    ...(options.report === undefined ? {} : { report: options.report }),
    sockets: redirected(
      options.sockets === undefined ? plainSockets() : transparentSockets(options.sockets),
      upstreamPort,
    ),
    flows: { add: (more) => void flows.push(...more) },
    clock,
    limits: { closeTimeoutMs: 200, ...options.limits },
  })
  const direction = options.direction ?? 'ingress'
  const listener = httpListener(
    { listener: `cilium-http-${direction}`, direction, port },
    { bpfRoot: '/sys/fs/bpf', ipcacheName: 'hindcast_ipcache' },
  )
  const taken = await client.listeners(listener)
  if (taken.kind === 'refused') throw new Error(taken.detail)
  return Object.assign(made, {
    client,
    proxy,
    flows,
    port,
    upstreamPort,
    listener,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      for (const socket of sockets) socket.destroy()
      await closed(upstream)
    },
  })
}

/** As if every client had wanted the endpoint's server. */
export function redirected(sockets: ProxySockets, destinationPort: number): ProxySockets {
  return {
    ...sockets,
    original: (socket) => {
      const tuple = sockets.original(socket)
      return tuple === null ? null : { ...tuple, destination: WEB, destinationPort }
    },
  }
}

async function closed(server: Server | ReturnType<typeof createTcpServer>): Promise<void> {
  server.close()
  await once(server, 'close')
}

function identitiesOf(remote: () => IdentityId): IdentitySource {
  return { fromConntrack: () => remote(), fromIpcache: () => null }
}

/** A raw client: sends bytes, reads what comes. */
export class RawClient implements AsyncDisposable {
  readonly socket: Socket
  received = ''
  ended = false
  reset = false
  refused = false
  readonly #waiting = new Set<() => void>()

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => this.#note(() => (this.received += chunk.toString('latin1'))))
    socket.on('end', () => this.#note(() => (this.ended = true)))
    socket.on('connect', () => this.#note(() => undefined))
    socket.on('error', (error) =>
      this.#note(() => {
        this.refused = 'code' in error && error.code === 'ECONNREFUSED'
        this.reset = true
      }),
    )
    socket.on('close', () => this.#note(() => undefined))
  }

  static async to(port: number, localAddress = '127.0.0.1'): Promise<RawClient> {
    const client = new RawClient(connect({ host: '127.0.0.1', port, localAddress, allowHalfOpen: true }))
    await client.until(({ socket, reset }) => !socket.connecting || reset)
    if (client.refused) throw new Error(`nobody listens at ${port}`)
    return client
  }

  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  /** Waits until `condition` holds, for at most five seconds. */
  async until(condition: (client: RawClient) => boolean): Promise<void> {
    const deadline = AbortSignal.timeout(5_000)
    while (!condition(this)) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const fail = (): void => reject(new Error(`waited in vain; received: ${JSON.stringify(this.received)}`))
      this.#waiting.add(resolve)
      deadline.addEventListener('abort', fail)
      await promise.finally(() => {
        this.#waiting.delete(resolve)
        deadline.removeEventListener('abort', fail)
      })
    }
  }

  /** Until the connection is over, and what came. */
  async rest(): Promise<string> {
    await this.until((client) => client.ended || client.reset || client.socket.destroyed)
    return this.received
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
  }

  #note(change: () => unknown): void {
    change()
    for (const wake of [...this.#waiting]) wake()
  }
}

export async function exchange(port: number, bytes: string): Promise<string> {
  await using client = await RawClient.to(port)
  client.send(bytes)
  return await client.rest()
}

/** Waits until `condition` holds, for at most five seconds. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 5_000; !condition(); ) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
