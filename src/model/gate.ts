/**
 * The door through which ordinary programs meet the model datapath: a loopback listener for each pair of a source that is claimed and a destination. A
 * connection to it counts as one from that source to that destination, and is dropped, passed to the server behind the destination, or
 * given to the embedded proxy with its original addresses.
 *
 * Whoever can reach the listener is believed to be the source: the gate shows what policy says, and is no protection.
 *
 * A dropped packet is silence in the kernel; here the connection is open already, so a drop is a reset.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { IpAddress, Port } from '../../events/ids.ts'
import type { ModelNetwork } from './network.ts'

export type GateRoute = {
  readonly from: IpAddress
  readonly to: { readonly address: IpAddress; readonly port: Port }
}

export type GateAddress = { readonly host: string; readonly port: number }

/** Connections at a time; more are reset. */
const GATE_CONNECTIONS_MAX = 4_096

export class Gate implements AsyncDisposable {
  readonly #network: ModelNetwork
  readonly #servers = new Set<Server>()
  readonly #sockets = new Set<Socket>()

  constructor(network: ModelNetwork) {
    this.#network = network
  }

  /** Listens on a free loopback port, or on `listen`; the answer says where. */
  async open(route: GateRoute, listen = 0): Promise<GateAddress> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket, route))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen(listen, '127.0.0.1', resolve)
    await promise
    this.#servers.add(server)
    const { address, port } = server.address() as AddressInfo
    return { host: address, port }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = [...this.#servers].map((server) => new Promise((resolve) => server.close(resolve)))
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(closed)
    this.#servers.clear()
  }

  #accept(client: Socket, { from, to }: GateRoute): void {
    // Without a listener an error would end the process.
    client.on('error', () => client.destroy())
    if (client.remotePort === undefined || this.#sockets.size >= GATE_CONNECTIONS_MAX) {
      client.resetAndDestroy()
      return
    }
    this.#sockets.add(client)
    client.once('close', () => this.#sockets.delete(client))
    const tuple = {
      source: from,
      sourcePort: client.remotePort,
      destination: to.address,
      destinationPort: to.port,
    }
    const { packet, passage } = this.#network.first(tuple)
    if (passage.kind === 'dropped') client.resetAndDestroy()
    else if (passage.kind === 'delivered')
      this.#deliver(client, to, () => this.#network.run({ socket: client, packet, passage }))
    else if (passage.port === null || !this.#network.handOver(client, passage.port, packet)) client.resetAndDestroy()
    else this.#network.run({ socket: client, packet, passage })
  }

  #deliver(client: Socket, { address, port }: GateRoute['to'], connected: () => void): void {
    const real = this.#network.server(address, port)
    if (real === null) {
      client.resetAndDestroy()
      return
    }
    const upstream = connect({ ...real, allowHalfOpen: true, noDelay: true }, () => {
      if (client.destroyed) {
        upstream.destroy()
        return
      }
      connected()
      client.pipe(upstream).pipe(client)
    })
    upstream.on('error', () => client.resetAndDestroy())
    upstream.once('close', () => client.destroy())
    client.once('close', () => upstream.destroy())
  }
}
