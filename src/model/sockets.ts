/**
 * The embedded proxy's sockets where the model datapath redirects: its listeners are no sockets of the system but places to which the gate hands connections, and its own
 * connections meet the datapath with their mark before they reach the server behind their destination.
 */
import { Socket } from 'node:net'
import { type IpAddress, Port } from '../../events/ids.ts'
import type { ProxySockets } from '../ports/proxy.ts'
import type { ModelNetwork } from './network.ts'
import { MARK, markMagic } from './packet.ts'

export type ModelSocketsOptions = {
  readonly network: ModelNetwork
  /** What the proxy's own connections carry as their source. */
  readonly nodeAddress: IpAddress
}

/** Linux' ephemeral ports. */
const FIRST_PORT = 32_768
const LAST_PORT = 60_999

export function modelSockets(options: ModelSocketsOptions): ProxySockets {
  const ports = ephemeralPorts()
  return {
    listen: async (server, address, port) => options.network.addProxyListener(server, address, port),
    original: (socket) => options.network.original(socket),
    connect: (target) => dial(target, ports.next().value, options),
  }
}

function dial(
  { destination, destinationPort, source, mark }: Parameters<ProxySockets['connect']>[0],
  sourcePort: number,
  { network, nodeAddress }: ModelSocketsOptions,
): Socket {
  const socket = new Socket({ allowHalfOpen: true })
  const tuple = { source: source ?? nodeAddress, sourcePort, destination, destinationPort }
  const { packet, passage } = network.first(tuple, mark)
  const running = { socket, packet, passage }
  if (passage.kind === 'dropped') return failing(socket, `dropped with ${passage.reason}`)
  if (passage.kind === 'delivered') {
    const real = network.server(destination, destinationPort)
    if (real === null) return failing(socket, 'nothing listens there')
    return socket.connect(real.port, real.host, () => network.run(running))
  }
  const port = passage.port
  if (port === null || markMagic(mark) === MARK.fromIngressProxy) return failing(socket, 'the proxy would meet itself')
  network.connectWire(socket, (other) => {
    if (network.handOver(other, Port(port), packet)) network.run(running)
    else other.resetAndDestroy()
  })
  return socket
}

/** As if the packets were lost, but at once. */
function failing(socket: Socket, why: string): Socket {
  return socket.destroy(Object.assign(new Error(`connect EHOSTUNREACH: ${why}`), { code: 'EHOSTUNREACH' }))
}

function* ephemeralPorts(): Generator<number, never> {
  for (;;) for (let port = FIRST_PORT; port <= LAST_PORT; port += 1) yield port
}
