/** One stream of one type: bytes in, bytes out, around the subscription machine. */
import { type ServerDuplexStream, status } from '@grpc/grpc-js'
import type { XdsType } from '../../events/node.ts'
import { type DiscoveryRequestMessage, decodeRequest, typeUrlOf } from '../../proto/messages.ts'
import { encodedResponse } from './encoding.ts'
import {
  type Answer,
  isUnsubscribed,
  NO_SUBSCRIPTION,
  next,
  onRequest,
  type Served,
  type Subscription,
  standing,
} from './subscription.ts'

export type Publication = { readonly served: Served; readonly stamp: string }

export type XdsStreamOptions = {
  readonly xds: XdsType
  readonly call: ServerDuplexStream<Buffer, Buffer>
  readonly published: () => Publication | null
  /** After every request, and where an acknowledgement holds for a later version too; `client` is known by then. */
  readonly answered: (stream: XdsStream, answer: Answer) => void
  readonly ended: (stream: XdsStream) => void
}

/** What a client that gives no node id is called. */
const UNNAMED = 'unnamed'

export class XdsStream {
  readonly #options: XdsStreamOptions
  #subscription: Subscription = NO_SUBSCRIPTION
  #client: string | null = null
  #hold: NodeJS.Timeout | null = null
  #open = true

  constructor(options: XdsStreamOptions) {
    this.#options = options
    const { call } = options
    call.on('data', (bytes: Buffer) => this.#receive(bytes))
    call.on('end', () => {
      this.#end()
      call.end()
    })
    for (const event of ['cancelled', 'close', 'error']) call.on(event, () => this.#end())
  }

  /** The node id of the first request; null before it. */
  get client(): string | null {
    return this.#client
  }

  get waitsForNothing(): boolean {
    return isUnsubscribed(this.#subscription)
  }

  get refusal(): string | null {
    return this.#subscription.refusal?.detail ?? null
  }

  standing(order: number): ReturnType<typeof standing> {
    return standing(this.#subscription, order)
  }

  /** Sends what is due. The machine lets one response be unanswered, so `write` never queues more than one. */
  flush(): void {
    const { xds, call, published } = this.#options
    const publication = published()
    if (!this.#open || this.#hold !== null) return
    const step = next(this.#subscription, publication?.served ?? null, performance.now())
    this.#subscription = step.after
    if (step.next.kind === 'send' && publication !== null) {
      call.write(encodedResponse(xds, step.next.response, publication.stamp))
    } else if (step.next.kind === 'wait') this.#holdFor(step.next.waitMs)
    else if (step.next.kind === 'covered') this.#options.answered(this, { ...step.next, kind: 'acked' })
  }

  #receive(bytes: Buffer): void {
    if (!this.#open) return
    const request = this.#decode(bytes)
    if (request === null) return
    this.#client ??= request.node?.id || UNNAMED
    const { after, answer } = onRequest(this.#subscription, request, performance.now())
    this.#subscription = after
    this.#options.answered(this, answer)
    this.flush()
  }

  #decode(bytes: Buffer): DiscoveryRequestMessage | null {
    const wanted = typeUrlOf(this.#options.xds)
    try {
      const request = decodeRequest(bytes)
      if (request.typeUrl === '' || request.typeUrl === wanted) return request
      this.#refuse(`a request for ${request.typeUrl} on the stream of ${wanted}`)
    } catch (error) {
      this.#refuse(`not a DiscoveryRequest: ${error instanceof Error ? error.message : String(error)}`)
    }
    return null
  }

  #refuse(details: string): void {
    this.#options.call.emit('error', { code: status.INVALID_ARGUMENT, details })
  }

  #holdFor(waitMs: number): void {
    this.#hold = setTimeout(() => {
      this.#hold = null
      this.flush()
    }, waitMs)
    this.#hold.unref()
  }

  #end(): void {
    if (!this.#open) return
    this.#open = false
    if (this.#hold !== null) clearTimeout(this.#hold)
    this.#options.ended(this)
  }
}
