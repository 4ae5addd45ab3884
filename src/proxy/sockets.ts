/**
 * How the proxy listens and connects: by transparent sockets, which keep foreign addresses and carry marks, or by plain ones, where the datapath is
 * the model and nothing is redirected.
 */
import { connect, type Server, Socket } from 'node:net'
import type { IpAddress } from '../../events/ids.ts'
import type { TransparentSockets } from '../ports/proxy.ts'
import type { UpstreamSocket } from './bpf-metadata.ts'

export interface ProxySockets {
  /** Resolves when it listens; rejects with the system's error. */
  listen(server: Server, address: IpAddress, port: number): Promise<void>
  /** A socket that is connecting; failure comes as its error. */
  connect(target: UpstreamSocket): Socket
}

/** Pending connections; the kernel caps it at net.core.somaxconn. */
const BACKLOG = 1_024

export function transparentSockets(sockets: TransparentSockets): ProxySockets {
  return {
    listen: async (server, address, port) =>
      await listening(server, { fd: sockets.listen(address, port), backlog: BACKLOG }),
    connect: (target) =>
      new Socket({ fd: sockets.connect(target), readable: true, writable: true, allowHalfOpen: true }),
  }
}

export function plainSockets(): ProxySockets {
  return {
    listen: async (server, address, port) =>
      await listening(server, { host: address, port, backlog: BACKLOG, ipv6Only: address.includes(':') }),
    connect: ({ destination, destinationPort }) =>
      connect({ host: destination, port: destinationPort, allowHalfOpen: true, noDelay: true }),
  }
}

async function listening(server: Server, options: Parameters<Server['listen']>[0] & object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(options, resolve)
  await promise
  server.removeListener('error', reject)
}
