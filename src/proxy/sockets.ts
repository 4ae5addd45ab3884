/**
 * How the proxy listens and connects: by transparent sockets, which keep foreign addresses and carry marks, or by plain ones, where the datapath is
 * the model and nothing is redirected.
 */
import { connect, type Server, Socket } from 'node:net'
import { IpAddress } from '../../events/ids.ts'
import { addressText, parseAddress } from '../../projections/ip/prefix.ts'
import type { ConnectionTuple, ProxySockets, TransparentSockets } from '../ports/proxy.ts'

/** Pending connections; the kernel caps it at net.core.somaxconn. */
const BACKLOG = 1_024

export function transparentSockets(sockets: TransparentSockets): ProxySockets {
  return {
    listen: async (server, address, port) =>
      await listening(server, { fd: sockets.listen(address, port), backlog: BACKLOG }),
    connect: (target) =>
      new Socket({ fd: sockets.connect(target), readable: true, writable: true, allowHalfOpen: true }),
    original: addressesOf,
  }
}

export function plainSockets(): ProxySockets {
  return {
    listen: async (server, address, port) =>
      await listening(server, { host: address, port, backlog: BACKLOG, ipv6Only: address.includes(':') }),
    connect: ({ destination, destinationPort }) =>
      connect({ host: destination, port: destinationPort, allowHalfOpen: true, noDelay: true }),
    original: addressesOf,
  }
}

async function listening(server: Server, options: Parameters<Server['listen']>[0] & object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(options, resolve)
  await promise
  server.removeListener('error', reject)
}

/** Transparent redirection leaves them on the socket. */
function addressesOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): ConnectionTuple | null {
  const source = canonicalAddress(remoteAddress)
  const destination = canonicalAddress(localAddress)
  // A connection that was reset already has no addresses any more.
  if (source === null || destination === null || remotePort === undefined || localPort === undefined) return null
  return { source, sourcePort: remotePort, destination, destinationPort: localPort }
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

function canonicalAddress(text: string | undefined): IpAddress | null {
  if (text === undefined) return null
  const parsed = parseAddress(MAPPED.exec(text)?.[1] ?? text)
  return parsed === null ? null : IpAddress(addressText(parsed))
}
