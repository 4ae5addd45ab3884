/** A server on a socket of its own, policies to serve, and a client made by hand: it sends what it is told and hides nothing. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, type ClientDuplexStream, credentials, type StatusObject } from '@grpc/grpc-js'
import { filter, firstValueFrom, type Observable, timeout } from 'rxjs'
import type { XdsType } from '../../events/node.ts'
import type { Json } from '../../events/schema.ts'
import { type NetworkPolicyMessage, PLAIN_RULE } from '../../projections/xds/messages.ts'
import {
  type DiscoveryRequestMessage,
  type DiscoveryResponseMessage,
  decodeResponse,
  encodeRequest,
  typeUrlOf,
  unpackResource,
} from '../../proto/messages.ts'
import type { XdsServer, XdsSnapshot } from '../../src/ports/xds.ts'
import { startXdsServer } from '../../src/xds/server.ts'
import { streamPath } from '../../src/xds/services.ts'

export const EPOCH = '5f1c'
export const STAMP = { position: '812', revision: 14 }
export const PATIENCE_MS = 10_000

export type Fixture = AsyncDisposable & { readonly server: XdsServer; readonly socket: string; readonly folder: string }

export async function aServer(): Promise<Fixture> {
  const folder = mkdtempSync(join(tmpdir(), 'hx-'))
  const socket = join(folder, 'xds.sock')
  const server = await startXdsServer({ socket, epoch: EPOCH })
  return {
    server,
    socket,
    folder,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

/** A policy that lets `peers` in; the endpoint's address follows from its id. */
export function aPolicy(endpointId: number, ...peers: readonly number[]): NetworkPolicyMessage {
  return {
    endpointIps: [`10.0.${endpointId >> 8}.${endpointId & 255}`],
    endpointId,
    ingressPerPortPolicies: [
      {
        port: 80,
        endPort: 0,
        protocol: 'TCP',
        rules: [
          {
            ...PLAIN_RULE,
            remotePolicies: peers,
          },
        ],
      },
    ],
    egressPerPortPolicies: [],
  }
}

export function snapshot(sequence: number, ...policies: readonly NetworkPolicyMessage[]): XdsSnapshot {
  const resources = policies.map((policy) => [String(policy.endpointId), policy as unknown as Json] as const)
  return { version: `${EPOCH}.${sequence}`, resources: new Map(resources) }
}

/** Waits for an event of this kind. */
export function until<Event extends { readonly kind: string }>(
  events: Observable<Event>,
  matches: (event: Event) => boolean,
): Promise<Event> {
  return firstValueFrom(events.pipe(filter(matches), timeout(PATIENCE_MS)))
}

export class RawClient implements AsyncDisposable {
  readonly #client: Client
  readonly #stream: ClientDuplexStream<Buffer, DiscoveryResponseMessage>
  readonly #xds: XdsType
  readonly #responses: DiscoveryResponseMessage[] = []
  readonly #status: Promise<StatusObject>
  #wake: () => void = () => undefined

  constructor(socket: string, xds: XdsType = 'npds', path: string = streamPath(xds)) {
    this.#xds = xds
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
    })
    this.#stream = this.#client.makeBidiStreamRequest(path, (bytes: Buffer) => bytes, decodeResponse)
    this.#stream.on('data', (response) => {
      this.#responses.push(response)
      this.#wake()
    })
    this.#stream.on('error', () => undefined)
    this.#status = new Promise((resolve) => this.#stream.once('status', resolve))
  }

  send(request: Partial<DiscoveryRequestMessage>): void {
    this.#stream.write(
      encodeRequest({
        versionInfo: '',
        node: null,
        resourceNames: [],
        typeUrl: typeUrlOf(this.#xds),
        responseNonce: '',
        errorDetail: null,
        ...request,
      }),
    )
  }

  /** The first request, as Envoy sends it: the node stands only in this one. */
  subscribe(request: Partial<DiscoveryRequestMessage> = {}): void {
    this.send({ node: { id: 'host~127.0.0.1~no-id~localdomain' }, ...request })
  }

  sendBytes(bytes: Buffer): void {
    this.#stream.write(bytes)
  }

  ack({ versionInfo, nonce }: DiscoveryResponseMessage, resourceNames: readonly string[] = []): void {
    this.send({ versionInfo, responseNonce: nonce, resourceNames })
  }

  nack({ nonce }: DiscoveryResponseMessage, message: string, running = ''): void {
    this.send({ versionInfo: running, responseNonce: nonce, errorDetail: { code: 3, message } })
  }

  async response(): Promise<DiscoveryResponseMessage> {
    const deadline = setTimeout(() => this.#wake(), PATIENCE_MS)
    try {
      if (this.#responses.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
      const response = this.#responses.shift()
      if (response === undefined) throw new Error('no response came')
      return response
    } finally {
      clearTimeout(deadline)
    }
  }

  /** Responses that nobody took yet. */
  get waiting(): number {
    return this.#responses.length
  }

  status(): Promise<StatusObject> {
    return this.#status
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.cancel()
    this.#client.close()
  }
}

/** Endpoint ids in a response, in its order. */
export function endpointsIn(response: DiscoveryResponseMessage): readonly number[] {
  return response.resources.map((packed) => unpackResource('npds', packed).endpointId)
}
