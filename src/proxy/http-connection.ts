/**
 * HTTP/1.1 between one downstream connection and its own upstream connection.
 *
 * Invariants:
 * 1. No byte of a request leaves before the policy of that moment has allowed the request, also where requests are pipelined: one exchange at a time.
 * 2. Heads are read strictly and bodies to their end, so both sides agree where a message ends; where they might not, the connection closes.
 * 3. A response that was not sent whole is never made to look whole: the connection is reset.
 * 4. Nothing is buffered beyond a head: who reads slowly pauses the other side.
 */
import type { Socket } from 'node:net'
import type { Clock } from '../ports/clock.ts'
import type { AccessLog, RequestFacts } from './access-log.ts'
import type { ConnectionMetadata } from './bpf-metadata.ts'
import type { Connection, ConnectionRegistry } from './connections.ts'
import { type Exchange, type Passage, startExchange } from './exchange.ts'
import { type BodyScanner, bodyScanner } from './http/body.ts'
import type { RequestHead } from './http/head.ts'
import { RequestReader } from './http/request-reader.ts'
import { requestTarget } from './http/target.ts'
import { answerBytes, type LocalAnswer } from './http/wire.ts'
import { decideRequest } from './http-filter.ts'
import { DISCARD_MAX, HEAD_MAX, LINGER_MS, type ProxyLimits } from './limits.ts'
import type { ListenerConfig } from './listener-config.ts'
import type { LivePolicies } from './live-policies.ts'
import { tunnel } from './tunnel.ts'
import { Upstream } from './upstream.ts'

export type HttpServices = {
  readonly metadata: ConnectionMetadata
  readonly config: ListenerConfig
  readonly policies: LivePolicies
  readonly access: AccessLog
  readonly clock: Clock
  readonly limits: ProxyLimits
  readonly registry: ConnectionRegistry
  /** May throw where the system refuses a socket. */
  readonly connectUpstream: () => Socket
}

/**
 * `head`: between requests, or in one's head. `exchange`: a request is on its way, or its answer. `discard`: the request was answered here and its
 * body is read away. `tunnel`: upgraded. `closing`: the last answer is written and what still comes is ignored.
 */
type Phase = 'head' | 'exchange' | 'discard' | 'tunnel' | 'closing' | 'closed'

const US_PER_MS = 1_000
const NO_FACTS: RequestFacts = { method: '', host: '', path: '', protocol: 'HTTP/1.1' }

export class HttpConnection implements Connection {
  readonly listener: string
  readonly #downstream: Socket
  readonly #services: HttpServices
  /** An unfinished head, or what follows the request in progress. */
  readonly #input = new RequestReader(HEAD_MAX)
  #upstream: Upstream | null = null
  #phase: Phase = 'head'
  #exchange: Exchange | null = null
  /** In `discard`. */
  #unwanted: BodyScanner | null = null
  #discarded = 0
  #held = false
  #draining = false
  #downstreamEnded = false

  constructor(downstream: Socket, services: HttpServices) {
    this.#downstream = downstream
    this.#services = services
    this.listener = services.config.name
  }

  /** Takes the socket over; `initial` are the bytes read from it so far. */
  start(initial: Buffer): void {
    const socket = this.#downstream
    socket.on('data', this.#onDownstreamData)
    socket.on('drain', () => this.#onDownstreamDrain())
    socket.on('end', () => this.#onDownstreamEnd())
    socket.on('error', () => this.destroy())
    socket.on('close', () => this.#onDownstreamClose())
    socket.setTimeout(this.#services.config.idleTimeoutMs ?? this.#services.limits.idleTimeoutMs, () => this.#onIdle())
    this.#onDownstreamData(initial)
  }

  drain(): void {
    this.#draining = true
    if (this.#phase === 'head' && this.#input.empty) this.#closeGently()
  }

  destroy(): void {
    this.#downstream.destroy()
    this.#dropUpstream()
  }

  checkHead(nowUs: number): void {
    const { headTimeoutMs } = this.#services.limits
    const { sinceUs } = this.#input
    if (this.#phase !== 'head' || sinceUs === null || nowUs - sinceUs <= headTimeoutMs * US_PER_MS) return
    if (this.#input.empty) this.#closeGently()
    else this.#refuse(408, `the head took longer than ${headTimeoutMs} ms`)
  }

  readonly #onDownstreamData = (chunk: Buffer): void => {
    switch (this.#phase) {
      case 'head':
        this.#input.push(chunk)
        this.#readRequests()
        break
      case 'exchange':
        this.#streamRequest(chunk)
        break
      case 'discard':
        this.#discard(chunk)
        this.#readRequests()
        break
      default:
        return
    }
    this.#hold()
  }

  #readRequests(): void {
    const { registry, clock } = this.#services
    // An answer that is not read yet bounds how many more are written.
    while (this.#phase === 'head' && !this.#input.empty && !this.#downstream.writableNeedDrain) {
      registry.busy(this)
      const read = this.#input.next(() => clock.monotonicUs())
      if (read.kind === 'more') return
      if (read.kind === 'refused') this.#refuse(read.status, read.reason)
      else this.#serve(read.head, read.bytes)
    }
  }

  #serve(head: RequestHead, bytes: Buffer): void {
    const { config, policies, metadata, access } = this.#services
    const target = requestTarget(head, config.paths)
    if (target.kind === 'malformed') {
      this.#refuse(400, target.reason)
      return
    }
    const path = target.kind === 'redirect' ? target.location : target.path
    const facts = { method: head.method, host: head.host ?? '', path, protocol: `HTTP/1.${head.minor}` }
    if (target.kind === 'redirect') {
      access.own(metadata, facts, { status: 307, why: 'escaped-slash' })
      this.#answer(head, { status: 307, body: '', headers: [['location', target.location]] })
      return
    }
    const verdict = decideRequest(policies, metadata, { head, path, authority: target.authority })
    access.request(metadata, facts, verdict)
    if (verdict.allowed) this.#forward({ head, bytes, target, verdict, facts })
    else this.#answer(head, { status: 403, body: config.deniedBody })
  }

  #forward(passage: Passage): void {
    const { access, clock } = this.#services
    const { exchange, bytes } = startExchange(passage, access.stamp, clock.monotonicUs())
    this.#phase = 'exchange'
    this.#exchange = exchange
    const upstream = this.#upstream ?? this.#connect()
    if (upstream === null) return
    if (exchange.body === null || this.#input.empty) upstream.write(bytes)
    else this.#streamBody(exchange.body, this.#input.take(), bytes)
  }

  #connect(): Upstream | null {
    try {
      this.#upstream = new Upstream(this.#services.connectUpstream(), this.#services.limits.connectTimeoutMs, {
        data: (chunk) => this.#onUpstreamData(chunk),
        drained: () => this.#hold(),
        ended: () => this.#onUpstreamEnd(),
        lost: (why) => this.#onUpstreamLost(why),
      })
    } catch (error) {
      this.#onUpstreamLost(`no upstream socket: ${error instanceof Error ? error.message : String(error)}`)
    }
    return this.#upstream
  }

  /** Bytes from downstream while an exchange is on: of its body, or of the next request, which waits. */
  #streamRequest(chunk: Buffer): void {
    const body = this.#exchange?.body ?? null
    if (body === null) this.#input.push(chunk)
    else this.#streamBody(body, chunk)
  }

  /** `head`: of the request, where it has not been written yet. */
  #streamBody(body: BodyScanner, chunk: Buffer, ...head: readonly Buffer[]): void {
    const end = body.scan(chunk, 0)
    if (body.problem !== null) {
      this.#requestBroken(body.problem)
      return
    }
    // Trailers end here: they would be headers that no rule has seen.
    const { from, to } = body.trailers
    if (to === 0) this.#upstream?.write(...head, chunk.subarray(0, end))
    else this.#upstream?.write(...head, chunk.subarray(0, from), chunk.subarray(to, end))
    if (!body.done || this.#exchange === null) return
    this.#exchange.body = null
    if (end < chunk.length) this.#input.push(chunk.subarray(end))
    this.#finishWhenDone()
  }

  /** The head is upstream already, so only the connection's reset tells upstream that the request is not whole. */
  #requestBroken(problem: string): void {
    const responded = this.#exchange?.responded ?? false
    this.#dropUpstream()
    if (responded) this.#downstream.resetAndDestroy()
    else this.#refuse(400, problem)
  }

  #onUpstreamData(chunk: Buffer): void {
    const exchange = this.#exchange
    if (exchange === null) {
      // Nobody asked: this may be the answer to a request that upstream alone has seen.
      this.#closeGently()
      return
    }
    const { reader } = exchange
    const { forward, rest, head, problem } = reader.read(chunk)
    if (problem !== null) {
      this.#fail(exchange, { status: 502, why: problem, text: 'the upstream response cannot be read' })
      return
    }
    if (head !== null) this.#recordResponse(exchange, head.status)
    if (forward.length > 0) {
      // Interim responses are whole, so another answer may follow them.
      exchange.responded = reader.head !== null
      if (!this.#downstream.write(forward)) this.#upstream?.pause()
    }
    if (!reader.done) return
    if (head?.status === 101) this.#switchProtocol(rest)
    else if (rest.length > 0) this.#closeGently()
    else this.#finishWhenDone()
  }

  #finishWhenDone(): void {
    const exchange = this.#exchange
    if (exchange === null || !exchange.reader.done) return
    const { head, reader, body } = exchange
    // An answer before the end of the request: upstream may take what still comes for the next request, which nobody has checked.
    const early = body !== null
    if (early || reader.head?.keepAlive !== true || !head.keepAlive || this.#draining || this.#downstreamEnded) {
      this.#closeGently()
      return
    }
    this.#exchange = null
    this.#phase = 'head'
    this.#rest()
    this.#readRequests()
    this.#hold()
  }

  #switchProtocol(rest: Buffer): void {
    if (this.#upstream === null) return
    this.#phase = 'tunnel'
    this.#downstream.off('data', this.#onDownstreamData)
    if (rest.length > 0) this.#downstream.write(rest)
    this.#upstream.write(this.#input.take())
    tunnel(this.#downstream, this.#upstream.release())
  }

  /** Answers a request here, and keeps the connection where the next request's beginning is certain. */
  #answer(head: RequestHead, answer: Pick<LocalAnswer, 'status' | 'body' | 'headers'>): void {
    const body = bodyScanner(head.framing)
    // A client that waits for 100 may send its body or not.
    const uncertain = body !== null && (head.expectsContinue || tooLongToDiscard(head))
    const close = uncertain || !head.keepAlive || this.#draining || this.#downstreamEnded
    this.#downstream.write(answerBytes({ ...answer, close, method: head.method }))
    if (close) {
      this.#closeGently()
    } else if (body === null) {
      this.#rest()
    } else {
      this.#phase = 'discard'
      this.#unwanted = body
      this.#discarded = 0
      this.#discard(this.#input.take())
    }
  }

  #discard(chunk: Buffer): void {
    const body = this.#unwanted
    if (body === null) return
    const end = body.scan(chunk, 0)
    this.#discarded += end
    if (body.problem !== null || this.#discarded > DISCARD_MAX) {
      this.#closeGently()
      return
    }
    if (!body.done) return
    this.#unwanted = null
    this.#phase = 'head'
    if (end < chunk.length) this.#input.push(chunk.subarray(end))
    this.#rest()
  }

  /** Between two requests it may make room for others. */
  #rest(): void {
    if (this.#input.empty) this.#services.registry.idle(this)
  }

  /** What is no request is answered and ends the connection: where the next one begins is not known. */
  #refuse(status: LocalAnswer['status'], reason: string): void {
    const { access, metadata } = this.#services
    access.own(metadata, this.#exchange?.facts ?? NO_FACTS, { status, why: reason })
    this.#answerAndClose('GET', status, reason)
  }

  /** The exchange cannot end well: an answer of our own where none has begun. */
  #fail(
    { facts, head, responded }: Exchange,
    { status, why, text }: { readonly status: LocalAnswer['status']; readonly why: string; readonly text: string },
  ): void {
    const { access, metadata } = this.#services
    access.own(metadata, facts, { status, why })
    if (responded) this.#reset()
    else this.#answerAndClose(head.method, status, text)
  }

  #answerAndClose(method: string, status: LocalAnswer['status'], text: string): void {
    this.#downstream.write(answerBytes({ status, body: `${text}\r\n`, close: true, method }))
    this.#closeGently()
  }

  #onUpstreamEnd(): void {
    if (this.#exchange?.reader.endsWithConnection === true) this.#closeGently()
    else this.#onUpstreamLost('upstream closed before its response was whole')
  }

  #onUpstreamLost(why: string): void {
    if (this.#phase === 'exchange' && this.#exchange !== null) {
      this.#fail(this.#exchange, { status: 503, why, text: 'the upstream connection failed' })
    } else if (this.#phase === 'head' || this.#phase === 'discard') {
      this.#closeGently()
    }
  }

  #onDownstreamDrain(): void {
    if (this.#phase === 'tunnel') return
    this.#upstream?.resume()
    this.#readRequests()
    this.#hold()
  }

  #onDownstreamEnd(): void {
    this.#downstreamEnded = true
    if (this.#phase === 'exchange') {
      // The client may have said all it wants to say; a request that is not whole will never be.
      if (this.#exchange?.body !== null) this.#reset()
    } else if (this.#phase === 'head' || this.#phase === 'discard') {
      this.#closeGently()
    }
  }

  #onDownstreamClose(): void {
    if (this.#phase !== 'tunnel') this.#dropUpstream()
    this.#phase = 'closed'
    this.#services.registry.remove(this)
  }

  #onIdle(): void {
    const exchange = this.#exchange
    if (this.#phase === 'head') {
      this.#closeGently()
    } else if (this.#phase === 'exchange' && exchange !== null && exchange.body === null) {
      const text = 'upstream did not answer in time'
      this.#fail(exchange, { status: 504, why: text, text })
    } else {
      this.#reset()
    }
  }

  /** Whether downstream may send: not while the next request waits, or the reader of what it causes is slow. */
  #hold(): void {
    if (this.#phase === 'tunnel') return
    const exchanging = this.#phase === 'exchange' && (!this.#input.empty || this.#upstream?.congested === true)
    const hold = exchanging || (this.#phase === 'head' && this.#downstream.writableNeedDrain)
    if (hold === this.#held) return
    this.#held = hold
    if (hold) this.#downstream.pause()
    else this.#downstream.resume()
  }

  /** Ends downstream after what was written, and reads on for a moment: a reset would take the answer from the client. */
  #closeGently(): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return
    this.#phase = 'closing'
    this.#dropUpstream()
    this.#exchange = null
    this.#input.take()
    const socket = this.#downstream
    socket.end(() => {
      // All is written, so from now on it may make room.
      this.#services.registry.idle(this)
      const timer = setTimeout(() => socket.destroy(), LINGER_MS)
      socket.once('close', () => clearTimeout(timer))
    })
    socket.resume()
  }

  #reset(): void {
    this.#phase = 'closing'
    this.#dropUpstream()
    this.#downstream.resetAndDestroy()
  }

  #dropUpstream(): void {
    const unfinished = this.#exchange !== null && this.#exchange.body !== null
    this.#upstream?.drop(unfinished ? 'reset' : 'end')
  }

  #recordResponse({ facts, stamp, startedUs }: Exchange, status: number): void {
    const { access, metadata, clock } = this.#services
    const durationMs = Math.round(clock.monotonicUs() - startedUs) / US_PER_MS
    access.response(metadata, facts, { status, durationMs, stamp })
  }
}

function tooLongToDiscard({ framing }: RequestHead): boolean {
  return framing.kind === 'length' && framing.length > DISCARD_MAX
}
