/** One connection to an xDS server with a stream per type. It ends as a whole when any stream ends. */
import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js'
import type { XdsType } from '../../events/node.ts'
import {
  type DiscoveryRequestMessage,
  type DiscoveryResponseMessage,
  decodeResponse,
  encodeRequest,
  typeUrlOf,
  XDS_TYPES,
} from '../../proto/messages.ts'
import { streamPath } from './services.ts'

export type SessionOptions = {
  readonly socket: string
  readonly node: string
  /** What runs already, from a connection before. */
  readonly running: (xds: XdsType) => string | null
  readonly received: (session: XdsSession, xds: XdsType, response: DiscoveryResponseMessage) => void
  /** Once, with the reason. */
  readonly ended: (session: XdsSession, detail: string) => void
}

/** google.rpc.Code INVALID_ARGUMENT, as Envoy refuses. */
const REFUSED = 3
const CHANNEL = {
  // A whole node's policies are far more than gRPC's 4 MiB.
  'grpc.max_receive_message_length': -1,
  // HTTP/2's 64 KiB window costs a round trip each: 1,000 policies take twice as long with it.
  'grpc-node.flow_control_window': 16 * 1_024 * 1_024,
  // A connection of our own, that closing the session closes.
  'grpc.use_local_subchannel_pool': 1,
}

export class XdsSession {
  readonly #options: SessionOptions
  readonly #client: Client
  readonly #streams: ReadonlyMap<XdsType, ClientDuplexStream<Buffer, DiscoveryResponseMessage>>
  #open = true

  constructor(options: SessionOptions) {
    this.#options = options
    this.#client = new Client(`unix:${options.socket}`, credentials.createInsecure(), CHANNEL)
    this.#streams = new Map(XDS_TYPES.map((xds) => [xds, this.#subscribe(xds)]))
  }

  /** `detail` null: taken. Nothing happens where the session ended meanwhile: the next one subscribes anew. */
  answer(xds: XdsType, nonce: string, { running, detail }: { running: string | null; detail: string | null }): void {
    if (!this.#open) return
    const errorDetail = detail === null ? null : { code: REFUSED, message: detail }
    this.#streams
      .get(xds)
      ?.write(encodeRequest({ ...this.#request(xds), versionInfo: running ?? '', responseNonce: nonce, errorDetail }))
  }

  close(detail: string): void {
    if (!this.#open) return
    this.#open = false
    for (const stream of this.#streams.values()) stream.cancel()
    this.#client.close()
    this.#options.ended(this, detail)
  }

  #subscribe(xds: XdsType): ClientDuplexStream<Buffer, DiscoveryResponseMessage> {
    const stream = this.#client.makeBidiStreamRequest<Buffer, DiscoveryResponseMessage>(
      streamPath(xds),
      (bytes) => bytes,
      decodeResponse,
    )
    stream.on('data', (response) => {
      if (this.#open) this.#options.received(this, xds, response)
    })
    stream.on('error', (error) => this.close(error.message))
    stream.on('end', () => this.close(`the server ended the stream of ${xds}`))
    const { node, running } = this.#options
    stream.write(encodeRequest({ ...this.#request(xds), node: { id: node }, versionInfo: running(xds) ?? '' }))
    return stream
  }

  #request(xds: XdsType): DiscoveryRequestMessage {
    return {
      versionInfo: '',
      node: null,
      resourceNames: [],
      typeUrl: typeUrlOf(xds),
      responseNonce: '',
      errorDetail: null,
    }
  }
}
