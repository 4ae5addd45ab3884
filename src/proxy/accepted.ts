/**
 * A connection from its acceptance until it is known what it is: its metadata, its first bytes, the network filter's word; then HTTP, unread
 * bytes both ways, or the end.
 */
import type { Socket } from 'node:net'
import type { Clock } from '../ports/clock.ts'
import type { ConnectionTuple, IdentitySource, ProxySockets } from '../ports/proxy.ts'
import type { AccessLog } from './access-log.ts'
import { type ConnectionMetadata, connectionMetadata } from './bpf-metadata.ts'
import { beginsHandshake, readClientHello } from './client-hello.ts'
import type { Connection, ConnectionRegistry } from './connections.ts'
import { HttpConnection } from './http-connection.ts'
import type { ProxyLimits } from './limits.ts'
import type { ListenerConfig } from './listener-config.ts'
import type { LivePolicies } from './live-policies.ts'
import { decideConnection } from './network-filter.ts'
import { tunnel } from './tunnel.ts'

export type ProxyServices = {
  readonly policies: LivePolicies
  readonly identities: IdentitySource
  readonly sockets: ProxySockets
  readonly access: AccessLog
  readonly clock: Clock
  readonly limits: ProxyLimits
  readonly registry: ConnectionRegistry
  readonly report: (line: string) => void
}

const EMPTY = Buffer.alloc(0)
const KEEP_ALIVE_MS = 300_000

export function acceptConnection(socket: Socket, config: ListenerConfig, services: ProxyServices): void {
  // Without a listener an error would end the process, also one that comes before the first byte.
  socket.on('error', () => undefined)
  const tuple = services.sockets.original(socket)
  if (tuple === null) {
    socket.destroy()
    return
  }
  const metadata = metadataOf(tuple, config, services)
  if (metadata === null) {
    socket.resetAndDestroy()
    return
  }
  const accepted = new AcceptedConnection(socket, metadata, { config, services })
  if (!services.registry.add(accepted)) {
    services.access.connection(metadata, 'ERROR', 'connections-max')
    socket.resetAndDestroy()
    return
  }
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  accepted.start()
}

/** Null where the datapath cannot say who it is: then nothing is allowed. */
function metadataOf(
  tuple: ConnectionTuple,
  config: ListenerConfig,
  services: ProxyServices,
): ConnectionMetadata | null {
  try {
    return connectionMetadata(config.metadata, tuple, services)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    services.report(
      `connection from ${tuple.source} to ${tuple.destination} refused, its identity is not known: ${why}`,
    )
    return null
  }
}

class AcceptedConnection implements Connection {
  readonly listener: string
  readonly #socket: Socket
  readonly #metadata: ConnectionMetadata
  readonly #config: ListenerConfig
  readonly #services: ProxyServices
  readonly #sinceUs: number
  #bytes: Buffer = EMPTY

  constructor(
    socket: Socket,
    metadata: ConnectionMetadata,
    { config, services }: { readonly config: ListenerConfig; readonly services: ProxyServices },
  ) {
    this.listener = config.name
    this.#socket = socket
    this.#metadata = metadata
    this.#config = config
    this.#services = services
    this.#sinceUs = services.clock.monotonicUs()
  }

  start(): void {
    if (this.#loops()) {
      this.#refuse('direct', 'the destination is the listener itself')
      return
    }
    // Without a policy, or with none for the port, no first byte can change the answer.
    const decision = decideConnection(
      this.#services.policies.policyOf(this.#metadata.endpoint)?.compiled ?? null,
      this.#metadata,
      undefined,
    )
    if (decision.kind === 'refused' && (decision.reason === 'no-policy' || decision.detail === 'no-port')) {
      this.#refuse(decision.reason, decision.rule ?? decision.detail)
      return
    }
    this.#services.registry.idle(this)
    this.#socket.on('data', this.#onData)
    this.#socket.once('close', this.#onClose)
    this.#socket.once('end', this.#onEnd)
  }

  drain(): void {
    this.destroy()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  checkHead(nowUs: number): void {
    if (nowUs - this.#sinceUs > this.#services.limits.headTimeoutMs * 1_000) this.destroy()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    if (!beginsHandshake(this.#bytes[0]!)) {
      this.#decide(undefined)
      return
    }
    const hello = readClientHello(this.#bytes)
    if (hello.kind === 'malformed') this.#refuse('access-denied', hello.reason)
    else if (hello.kind === 'hello') this.#decide(hello.serverName)
  }

  readonly #onClose = (): void => this.#services.registry.remove(this)
  readonly #onEnd = (): void => this.destroy()

  #decide(serverName: string | null | undefined): void {
    const policy = this.#services.policies.policyOf(this.#metadata.endpoint)?.compiled ?? null
    const decision = decideConnection(policy, this.#metadata, serverName)
    switch (decision.kind) {
      case 'refused':
        if (decision.reason === 'parser-not-served') this.#reportParser(decision.detail)
        this.#refuse(
          decision.reason,
          decision.reason === 'parser-not-served' ? decision.detail : (decision.rule ?? decision.detail),
        )
        break
      case 'opaque':
        this.#services.access.connection(this.#metadata, 'FORWARDED', `opaque ${decision.rule ?? 'no-rules'}`)
        this.#release()
        new OpaqueConnection(this.#socket, this.listener, this.#services).start(this.#connectUpstream, this.#bytes)
        break
      case 'http':
        this.#release()
        this.#startHttp()
        break
    }
  }

  #startHttp(): void {
    const http = new HttpConnection(this.#socket, {
      ...this.#services,
      metadata: this.#metadata,
      config: this.#config,
      connectUpstream: this.#connectUpstream,
    })
    this.#services.registry.add(http)
    http.start(this.#bytes)
  }

  readonly #connectUpstream = (): Socket => {
    const upstream = this.#services.sockets.connect(this.#metadata.upstream)
    upstream.setNoDelay(true)
    upstream.setKeepAlive(true, KEEP_ALIVE_MS)
    return upstream
  }

  /** Hands the socket to its next owner, who takes this one's room. */
  #release(): void {
    this.#socket.off('data', this.#onData)
    this.#socket.off('close', this.#onClose)
    this.#socket.off('end', this.#onEnd)
    this.#services.registry.remove(this)
  }

  #refuse(reason: string, why: string): void {
    this.#services.registry.remove(this)
    this.#services.access.connection(this.#metadata, 'DROPPED', why === '' ? reason : `${reason} ${why}`)
    this.#socket.resetAndDestroy()
  }

  #reportParser(parser: string): void {
    const { endpoint, destination } = this.#metadata
    this.#services.report(
      `the policy of ${endpoint} asks for the parser ${parser} at port ${destination.port}, which the embedded proxy does not serve: connection refused`,
    )
  }

  /** Connecting upstream would come back here, for ever. */
  #loops(): boolean {
    const { destination } = this.#metadata
    return this.#config.addresses.some(
      ({ address, port }) => address === destination.address && port === destination.port,
    )
  }
}

class OpaqueConnection implements Connection {
  readonly listener: string
  readonly #socket: Socket
  readonly #services: ProxyServices
  #upstream: Socket | null = null

  constructor(socket: Socket, listener: string, services: ProxyServices) {
    this.#socket = socket
    this.listener = listener
    this.#services = services
  }

  start(connectUpstream: () => Socket, initial: Buffer): void {
    const { registry, limits } = this.#services
    registry.add(this)
    this.#socket.once('close', () => registry.remove(this))
    try {
      this.#upstream = connectUpstream()
    } catch {
      // The system refuses a socket; the client sees what it would see from an unreachable server.
      this.#socket.resetAndDestroy()
      return
    }
    const upstream = this.#upstream
    const timer = setTimeout(() => this.destroy(), limits.connectTimeoutMs)
    upstream.once('close', () => clearTimeout(timer))
    upstream.write(initial, () => clearTimeout(timer))
    this.#socket.setTimeout(limits.idleTimeoutMs, () => this.destroy())
    tunnel(this.#socket, upstream)
  }

  /** Where it ends is not known; it has until the deadline. */
  drain(): void {}

  destroy(): void {
    this.#socket.destroy()
    this.#upstream?.destroy()
  }

  checkHead(): void {}
}
