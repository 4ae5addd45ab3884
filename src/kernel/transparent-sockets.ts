/**
 * Sockets on foreign addresses: listeners to which packets for anyone can be given, and connections in another's name.
 *
 * Everything that must happen before bind or connect happens here; the descriptor then goes to Node
 * (`server.listen({ fd })`, `new net.Socket({ fd })`). IPv4 only, as the datapath is. Needs CAP_NET_ADMIN.
 */
import { addressBytes, parseAddress } from '../../projections/ip/prefix.ts'
import type { TransparentSockets } from '../ports/proxy.ts'
import {
  AF_INET,
  bindSocket,
  closeFd,
  connectSocket,
  IP_BIND_ADDRESS_NO_PORT,
  IP_TRANSPARENT,
  listenSocket,
  openSocket,
  SO_MARK,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_IP,
  SOL_SOCKET,
  setSocketOption,
} from './libc.ts'

/** The kernel cuts it to net.core.somaxconn. */
const BACKLOG = 4096

export const transparentSockets: TransparentSockets = {
  listen: (address, port) =>
    withSocket((fd) => {
      setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1, 'SO_REUSEADDR')
      setSocketOption(fd, SOL_IP, IP_TRANSPARENT, 1, 'IP_TRANSPARENT')
      bindSocket(fd, socketAddress(address, port), `${address}:${port}`)
      listenSocket(fd, BACKLOG)
    }),
  connect: ({ destination, destinationPort, source, mark }) =>
    withSocket((fd) => {
      setSocketOption(fd, SOL_SOCKET, SO_MARK, mark, 'SO_MARK')
      if (source !== null) {
        setSocketOption(fd, SOL_IP, IP_TRANSPARENT, 1, 'IP_TRANSPARENT')
        // Lets the kernel choose the port at connect, where it must be unique for the pair only.
        setSocketOption(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1, 'IP_BIND_ADDRESS_NO_PORT')
        bindSocket(fd, socketAddress(source, 0), source)
      }
      connectSocket(fd, socketAddress(destination, destinationPort), `${destination}:${destinationPort}`)
    }),
}

function withSocket(prepare: (fd: number) => void): number {
  const fd = openSocket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
  try {
    prepare(fd)
    return fd
  } catch (error) {
    closeFd(fd)
    throw error
  }
}

/** `struct sockaddr_in`: family, port and address in network order, eight bytes of padding. */
function socketAddress(address: string, port: number): Uint8Array {
  const parsed = parseAddress(address)
  if (parsed?.family !== 4) throw new TypeError(`${address} is not an IPv4 address`)
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16LE(AF_INET, 0)
  bytes.writeUInt16BE(port, 2)
  bytes.set(addressBytes(parsed), 4)
  return bytes
}
