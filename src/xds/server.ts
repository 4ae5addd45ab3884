/**
 * The xDS server that proxies connect to: NPDS, NPHDS and LDS over gRPC on a Unix socket, state of the world, one stream per type, as Cilium's agent
 * serves them. The stamp of a publication travels in `control_plane.identifier` (stamp.ts).
 */
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { type Observable, Subject } from 'rxjs'
import type { XdsType } from '../../events/node.ts'
import { XDS_TYPES } from '../../proto/messages.ts'
import type { AckOutcome, XdsServer, XdsServerEvent, XdsSnapshot, XdsStamp } from '../ports/xds.ts'
import { otherHandlers, otherServices, streamMethod, streamService } from './services.ts'
import { type BoundSocket, prepareSocket, publishSocket, XdsSocketError } from './socket-file.ts'
import type { XdsStream } from './stream.ts'
import type { Answer } from './subscription.ts'
import { TypeServer } from './type-server.ts'

export type XdsServerOptions = {
  /** Path of the Unix socket; its folder exists. */
  readonly socket: string
  /** Unique per process. */
  readonly epoch: string
  /** The group that may connect beside the owner; null leaves the process's own. */
  readonly gid?: number | null
}

/** A request names resources and answers; policies only go the other way. */
const REQUEST_MAX_BYTES = 4 * 1_024 * 1_024

/** Serves when it resolves. Throws `XdsSocketError`: taken by a server that answers, not a socket, not reachable. */
export async function startXdsServer({ socket, epoch, gid = null }: XdsServerOptions): Promise<XdsServer> {
  if (epoch === '') throw new TypeError('an epoch is not empty')
  const place = await prepareSocket(socket)
  const server = new UnixXdsServer(socket, epoch)
  try {
    await server.listen(place, gid)
    return server
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
}

class UnixXdsServer implements XdsServer {
  readonly socket: string
  readonly epoch: string
  readonly #events = new Subject<XdsServerEvent>()
  readonly #grpc = new Server({ 'grpc.max_receive_message_length': REQUEST_MAX_BYTES })
  readonly #types: { readonly [Type in XdsType]: TypeServer }
  /** Streams by client: it is connected while it has one. */
  readonly #clients = new Map<string, number>()
  #unlink: () => void = () => undefined
  #closed = false

  constructor(socket: string, epoch: string) {
    this.socket = socket
    this.epoch = epoch
    this.#types = { npds: this.#typeServer('npds'), nphds: this.#typeServer('nphds'), lds: this.#typeServer('lds') }
    for (const xds of XDS_TYPES) {
      this.#grpc.addService(streamService(xds), {
        [streamMethod(xds)]: (call: Parameters<TypeServer['accept']>[0]) => this.#types[xds].accept(call),
      })
    }
    this.#grpc.addService(otherServices, otherHandlers)
  }

  get events(): Observable<XdsServerEvent> {
    return this.#events.asObservable()
  }

  async listen(place: BoundSocket, gid: number | null): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#grpc.bindAsync(`unix:${place.temporary}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve()
      else reject(new XdsSocketError('socket-io', `${place.path}: ${error.message}`, { cause: error }))
    })
    await promise
    this.#unlink = publishSocket(place, gid)
  }

  publish(xds: XdsType, snapshot: XdsSnapshot, stamp: XdsStamp): void {
    if (this.#closed) throw new TypeError(`the xDS server at ${this.socket} is closed`)
    this.#types[xds].publish(snapshot, stamp)
  }

  acknowledged(xds: XdsType, version: string, deadlineMs: number): Promise<AckOutcome> {
    return this.#types[xds].acknowledged(version, deadlineMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#unlink()
    this.#grpc.forceShutdown()
    for (const type of Object.values(this.#types)) type.close()
    this.#events.complete()
  }

  #typeServer(xds: XdsType): TypeServer {
    return new TypeServer({
      xds,
      epoch: this.epoch,
      answered: (stream, answer) => this.#answered(xds, stream, answer),
      ended: (stream) => this.#ended(stream),
    })
  }

  #answered(xds: XdsType, { client }: XdsStream, answer: Answer): void {
    if (client === null) return
    if (answer.kind === 'acked' || answer.kind === 'nacked') this.#events.next({ xds, client, ...answer })
    if (answer.kind !== 'first') return
    const streams = this.#clients.get(client) ?? 0
    this.#clients.set(client, streams + 1)
    if (streams === 0) this.#events.next({ kind: 'connected', client })
  }

  #ended({ client }: XdsStream): void {
    if (client === null) return
    const left = (this.#clients.get(client) ?? 1) - 1
    if (left > 0) return void this.#clients.set(client, left)
    this.#clients.delete(client)
    this.#events.next({ kind: 'disconnected', client })
  }
}
