/**
 * Real TCP connections under the model datapath: who listens where, which connections are running, and what becomes of them when policy changes.
 *
 * A connection is shown to the datapath as the packets that make it one (SYN, its answer, ACK, FIN both ways), not byte by byte. Every change of policy shows
 * each running connection again, so it ends with the policy that allowed it, as in the kernel, where every packet is judged.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Subscription } from 'rxjs'
import type { IpAddress, Port } from '../../events/ids.ts'
import type { ConnectionTuple } from '../ports/proxy.ts'
import type { ModelDatapath, Passage } from './datapath.ts'
import { aPacket, MARK, type ModelPacket, PROTOCOL, TCP_FLAGS, turned } from './packet.ts'

/** Where a server really listens. */
export type RealServer = { readonly host: string; readonly port: number }

/** A running connection. `passage` is what became of its SYN. */
type Running = { readonly socket: Socket; readonly packet: ModelPacket; readonly passage: Passage }

/** An accepted socket that is not joined to its other end by then came from somebody else. */
const JOIN_MS = 5_000

/** Creates the loopback socket over which the proxy talks to its own other listener. */
export async function openModelNetwork(datapath: ModelDatapath): Promise<ModelNetwork> {
  const wire = createServer({ allowHalfOpen: true })
  const listening = Promise.withResolvers<void>()
  wire.once('error', listening.reject)
  wire.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  return new ModelNetwork(datapath, wire)
}

export class ModelNetwork implements AsyncDisposable {
  readonly datapath: ModelDatapath
  readonly #wire: Server
  readonly #changes: Subscription
  /** By `address:port` of the endpoint. */
  readonly #servers = new Map<string, RealServer>()
  /** By `address:port` of the listener. */
  readonly #proxyListeners = new Map<string, Server>()
  readonly #originals = new WeakMap<Socket, ConnectionTuple>()
  readonly #running = new Set<Running>()
  /** Connections that the proxy has, by tuple. */
  readonly #held = new Set<string>()
  /** The two ends of the wire by the client's port, whichever came first. */
  readonly #accepted = new Map<number, Socket>()
  readonly #expected = new Map<number, (other: Socket) => void>()
  #judging: NodeJS.Immediate | null = null

  constructor(datapath: ModelDatapath, wire: Server) {
    this.datapath = datapath
    this.#wire = wire
    wire.on('connection', (socket) => this.#acceptWire(socket))
    datapath.useProxy({
      holds: (packet) => this.#held.has(keyOf(packet)),
      listens: (port) => this.#proxyListener(port) !== null,
    })
    this.#changes = datapath.changes.subscribe(() => {
      this.#judging ??= setImmediate(() => this.#judgeRunning())
    })
  }

  /** What listens at an address of the model is really there; one place has one server. */
  serve(address: IpAddress, port: Port, real: RealServer): void {
    this.#servers.set(`${address}:${port}`, real)
  }

  server(address: IpAddress, port: number): RealServer | null {
    return this.#servers.get(`${address}:${port}`) ?? null
  }

  /** Throws as the system would where the place is taken. */
  addProxyListener(server: Server, address: string, port: number): void {
    const key = `${address}:${port}`
    if (this.#proxyListeners.has(key)) {
      throw Object.assign(new Error(`listen EADDRINUSE: address already in use ${key}`), { code: 'EADDRINUSE' })
    }
    this.#proxyListeners.set(key, server)
    server.once('close', () => this.#proxyListeners.delete(key))
  }

  original(socket: Socket): ConnectionTuple | null {
    return this.#originals.get(socket) ?? null
  }

  /** Shows the connection's first packet. Nothing is remembered here yet. */
  first(tuple: ConnectionTuple, mark: number = MARK.none): { readonly packet: ModelPacket; readonly passage: Passage } {
    const packet = aPacket({ protocol: PROTOCOL.tcp, ...tuple, tcpFlags: TCP_FLAGS.syn, mark })
    return { packet, passage: this.datapath.judge(packet) }
  }

  /** Both sides have spoken. From now on the connection is shown at every change, and its end when `socket` closes. */
  run(running: Running): void {
    const { packet, socket } = running
    this.#running.add(running)
    this.#showAnswer(running, TCP_FLAGS.syn | TCP_FLAGS.ack)
    this.datapath.judge({ ...packet, tcpFlags: TCP_FLAGS.ack })
    socket.once('close', () => {
      this.#running.delete(running)
      this.datapath.judge({
        ...packet,
        tcpFlags: TCP_FLAGS.fin | TCP_FLAGS.ack,
        bytes: packet.bytes + socket.bytesRead,
      })
      this.#showAnswer(running, TCP_FLAGS.fin | TCP_FLAGS.ack, socket.bytesWritten)
    })
  }

  /** Gives the accepted end to the proxy's listener. False where none listens. */
  handOver(socket: Socket, port: Port, packet: ModelPacket): boolean {
    const listener = this.#proxyListener(port)
    if (listener === null) return false
    const { source, sourcePort, destination, destinationPort } = packet
    this.#originals.set(socket, { source, sourcePort, destination, destinationPort })
    const key = keyOf(packet)
    this.#held.add(key)
    socket.once('close', () => this.#held.delete(key))
    listener.emit('connection', socket)
    return true
  }

  /** Connects `socket` to a socket of this process; `joined` gets the other end. */
  connectWire(socket: Socket, joined: (other: Socket) => void): void {
    socket.connect((this.#wire.address() as AddressInfo).port, '127.0.0.1', () => {
      const port = socket.localPort!
      const other = this.#accepted.get(port)
      if (other === undefined) this.#expected.set(port, joined)
      else {
        this.#accepted.delete(port)
        joined(other)
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#changes.unsubscribe()
    if (this.#judging !== null) clearImmediate(this.#judging)
    for (const { socket } of this.#running) socket.destroy()
    for (const socket of this.#accepted.values()) socket.destroy()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wire.close(() => resolve())
    await promise
  }

  #proxyListener(port: Port): Server | null {
    return this.#proxyListeners.get(`127.0.0.1:${port}`) ?? this.#proxyListeners.get(`::1:${port}`) ?? null
  }

  /** A packet the other way: out of the endpoint that took the connection, or from the proxy that has it. */
  #showAnswer({ packet, passage }: Running, tcpFlags: number, payload = 0): void {
    const mark = passage.kind === 'proxy' ? MARK.fromEgressProxy : MARK.none
    this.datapath.judge({ ...turned(packet), tcpFlags, mark, bytes: packet.bytes + payload })
  }

  /** A connection that is dropped now, or goes another way than it went, cannot go on. */
  #judgeRunning(): void {
    this.#judging = null
    for (const { packet, passage, socket } of this.#running) {
      const now = this.datapath.judge({ ...packet, tcpFlags: TCP_FLAGS.ack })
      if (now.kind !== passage.kind) socket.resetAndDestroy()
    }
  }

  #acceptWire(socket: Socket): void {
    const port = socket.remotePort
    if (port === undefined) return
    const joined = this.#expected.get(port)
    this.#expected.delete(port)
    socket.on('error', () => undefined)
    if (joined !== undefined) {
      joined(socket)
      return
    }
    this.#accepted.set(port, socket)
    const timer = setTimeout(() => {
      if (this.#accepted.get(port) === socket) socket.destroy()
    }, JOIN_MS)
    timer.unref()
    socket.once('close', () => {
      clearTimeout(timer)
      if (this.#accepted.get(port) === socket) this.#accepted.delete(port)
    })
  }
}

function keyOf({ source, sourcePort, destination, destinationPort }: ConnectionTuple): string {
  return `${source}:${sourcePort} ${destination}:${destinationPort}`
}
