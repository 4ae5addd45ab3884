/** What the embedded proxy needs from the datapath to know who is talking. Adapters: src/kernel/identity-source.ts, src/model. */
import type { Server, Socket } from 'node:net'
import type { IdentityId, IpAddress } from '../../events/ids.ts'

export type ConnectionTuple = {
  readonly source: IpAddress
  readonly sourcePort: number
  readonly destination: IpAddress
  readonly destinationPort: number
}

export interface IdentitySource {
  /** Identity that the datapath recorded in conntrack for this redirected TCP connection; null where there is no entry. */
  fromConntrack(tuple: ConnectionTuple, direction: 'ingress' | 'egress'): IdentityId | null
  /** Longest prefix match; null where no prefix holds the address. */
  fromIpcache(address: IpAddress): IdentityId | null
}

/** Sockets that Node cannot make by itself: transparent listeners and upstream connections with a mark and a foreign source. */
export interface TransparentSockets {
  /** A listening socket's file descriptor with IP_TRANSPARENT set before bind. */
  listen(address: IpAddress, port: number): number
  /** A non-blocking connecting socket's file descriptor, bound to `source` (port 0) where given, carrying `mark`. */
  connect(options: {
    readonly destination: IpAddress
    readonly destinationPort: number
    readonly source: IpAddress | null
    readonly mark: number
  }): number
}

/**
 * What the proxy listens and connects by. Adapters: src/proxy/sockets.ts over TransparentSockets, where the kernel redirects, and
 * src/model/sockets.ts, where the model datapath does: a user-space gate hands it connections by `server.emit('connection', socket)`, and
 * the socket's own addresses say nothing there. So the proxy asks `original` and never the socket.
 */
export interface ProxySockets {
  /** Resolves when connections reach `server` (created with `allowHalfOpen`); rejects where the address is taken. Closing the server ends it. */
  listen(server: Server, address: IpAddress, port: number): Promise<void>
  /** A socket that is connecting; what is written meanwhile waits, and a failure comes as its error. */
  connect(target: {
    readonly destination: IpAddress
    readonly destinationPort: number
    /** Null: the proxy's own address. */
    readonly source: IpAddress | null
    readonly mark: number
  }): Socket
  /** Who connected to whom before the redirect: with TPROXY the accepted socket's own addresses. Null where the socket is gone already. */
  original(socket: Socket): ConnectionTuple | null
}
