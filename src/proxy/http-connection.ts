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
import type { RequestVerdict } from '../../projections/l7/network-policy.ts'
import type { Clock } from '../ports/clock.ts'
import type { FlowStamp } from '../ports/flows.ts'
import type { AccessLog, RequestFacts } from './access-log.ts'
import type { ConnectionMetadata } from './bpf-metadata.ts'
import type { Connection, ConnectionRegistry } from './connections.ts'
import { type BodyScanner, bodyScanner } from './http/body.ts'
import { endOfHead, hasBareLineFeed, leadingEmptyLines, parseRequestHead, type RequestHead } from './http/head.ts'
import { ResponseReader } from './http/response-reader.ts'
import { type RequestTarget, requestTarget } from './http/target.ts'
import { answerBytes, type LocalAnswer, requestHeadBytes, withoutUpgrade } from './http/wire.ts'
import { decideRequest } from './http-filter.ts'
import { DISCARD_MAX, HEAD_MAX, LINGER_MS, type ProxyLimits } from './limits.ts'
import type { ListenerConfig } from './listener-config.ts'
import type { LivePolicies } from './live-policies.ts'
import { tunnel } from './tunnel.ts'

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

type Exchange = {
  readonly head: RequestHead
  readonly facts: RequestFacts
  readonly stamp: FlowStamp
  readonly startedUs: number
  readonly reader: ResponseReader
  /** Of the request, while it is not through. */
  body: BodyScanner | null
  /** Whether anything of a response has gone downstream. */
  responded: boolean
}

type Target = Extract<RequestTarget, { kind: 'target' }>

const EMPTY = Buffer.alloc(0)
const US_PER_MS = 1_000
/** The one protocol that an allowed request may change to: its messages belong to that request. Others would carry requests that nobody checks. */
const UPGRADE = 'websocket'
const NO_FACTS: RequestFacts = { method: '', host: '', path: '', protocol: 'HTTP/1.1' }

export class HttpConnection implements Connection {
  readonly listener: string
  readonly #downstream: Socket
  readonly #services: HttpServices
  #upstream: Socket | null = null
  #connectTimer: NodeJS.Timeout | null = null
  #phase: Phase = 'head'
  #exchange: Exchange | null = null
  /** Bytes that no request has claimed yet: an unfinished head, or what follows the request in progress. */
  #input: Buffer = EMPTY
  #searched = 0
  #headSinceUs: number | null = null
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
    if (this.#phase === 'head' && this.#input.length === 0) this.#closeGently()
  }

  destroy(): void {
    this.#downstream.destroy()
    this.#dropUpstream()
  }

  checkHead(nowUs: number): void {
    const { headTimeoutMs } = this.#services.limits
    if (this.#phase !== 'head' || this.#headSinceUs === null) return
    if (nowUs - this.#headSinceUs <= headTimeoutMs * US_PER_MS) return
    if (this.#input.length === 0) this.#closeGently()
    else this.#refuse(408, `the head took longer than ${headTimeoutMs} ms`)
  }

  readonly #onDownstreamData = (chunk: Buffer): void => {
    switch (this.#phase) {
      case 'head':
        this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk])
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
    // An answer that is not read yet bounds how many more are written.
    while (this.#phase === 'head' && this.#input.length > 0 && !this.#downstream.writableNeedDrain) {
      if (!this.#readRequest()) return
    }
  }

  /** Whether there was a whole head. */
  #readRequest(): boolean {
    this.#services.registry.busy(this)
    const empty = leadingEmptyLines(this.#input)
    if (empty > 0) {
      this.#input = this.#input.subarray(empty)
      this.#searched = 0
    }
    const end = endOfHead(this.#input, this.#searched)
    if (end < 0 || end > HEAD_MAX) {
      this.#awaitHead(end)
      return false
    }
    const head = parseRequestHead(this.#input.toString('latin1', 0, end))
    this.#searched = 0
    this.#headSinceUs = null
    if (head.kind === 'malformed') this.#refuse(head.status, head.reason)
    else this.#serve(head, end)
    return true
  }

  #awaitHead(end: number): void {
    const searched = this.#searched
    this.#headSinceUs ??= this.#services.clock.monotonicUs()
    this.#searched = this.#input.length
    if (end > HEAD_MAX || this.#input.length > HEAD_MAX) this.#refuse(431, `the head is longer than ${HEAD_MAX} bytes`)
    else if (hasBareLineFeed(this.#input, searched)) this.#refuse(400, 'a line does not end with CR LF')
  }

  #serve(head: RequestHead, end: number): void {
    const { config, policies, metadata, access } = this.#services
    const target = requestTarget(head, config.paths)
    if (target.kind === 'malformed') {
      this.#refuse(400, target.reason)
      return
    }
    const path = target.kind === 'redirect' ? target.location : target.path
    const facts = { method: head.method, host: head.host ?? '', path, protocol: `HTTP/1.${head.minor}` }
    if (target.kind === 'redirect') {
      this.#recordOwn(facts, 307, 'escaped-slash')
      this.#answer(head, end, { status: 307, body: '', headers: [['location', target.location]] })
      return
    }
    const verdict = decideRequest(policies, metadata, { head, path, authority: target.authority })
    access.request(metadata, facts, verdict)
    if (verdict.allowed) this.#forward(head, end, { target, verdict, facts })
    else this.#answer(head, end, { status: 403, body: config.deniedBody })
  }

  #forward(
    head: RequestHead,
    end: number,
    decided: { readonly target: Target; readonly verdict: RequestVerdict; readonly facts: RequestFacts },
  ): void {
    const { target, verdict, facts } = decided
    const { access, clock } = this.#services
    const upgrades = head.upgrade.length === 1 && head.upgrade[0] === UPGRADE
    const sent = head.upgrade.length > 0 && !upgrades ? withoutUpgrade(head) : head
    const changed = target.changed || verdict.mutations.length > 0 || sent !== head
    const bytes = changed ? requestHeadBytes(sent, target.path, verdict.mutations) : this.#input.subarray(0, end)
    const rest = this.#input.subarray(end)
    this.#input = EMPTY
    this.#phase = 'exchange'
    this.#exchange = {
      head,
      facts,
      stamp: access.stamp,
      startedUs: clock.monotonicUs(),
      reader: new ResponseReader(head.method, { headMax: HEAD_MAX, mayUpgrade: upgrades }),
      body: bodyScanner(head.framing),
      responded: false,
    }
    const upstream = this.#upstream ?? this.#connect()
    if (upstream === null) return
    if (rest.length === 0) {
      this.#send(upstream, bytes)
      return
    }
    upstream.cork()
    this.#send(upstream, bytes)
    this.#streamRequest(rest)
    upstream.uncork()
  }

  #connect(): Socket | null {
    let upstream: Socket
    try {
      upstream = this.#services.connectUpstream()
    } catch (error) {
      this.#upstreamFailed(`no upstream socket: ${error instanceof Error ? error.message : String(error)}`)
      return null
    }
    this.#upstream = upstream
    const { connectTimeoutMs } = this.#services.limits
    this.#connectTimer = setTimeout(
      () => this.#upstreamFailed(`no connection in ${connectTimeoutMs} ms`),
      connectTimeoutMs,
    )
    upstream.on('data', this.#onUpstreamData)
    upstream.on('drain', () => this.#hold())
    upstream.on('end', () => this.#onUpstreamEnd('upstream closed before its response was whole'))
    upstream.on('error', (error) => this.#onUpstreamLost(error.message))
    upstream.on('close', () => this.#onUpstreamLost('the upstream connection closed'))
    return upstream
  }

  #send(upstream: Socket, bytes: Buffer): void {
    if (this.#connectTimer === null) upstream.write(bytes)
    // Written means connected: a socket by descriptor has no event of its own for that.
    else upstream.write(bytes, (error) => this.#connected(error))
  }

  #connected(error: Error | null | undefined): void {
    if (this.#connectTimer === null || (error !== null && error !== undefined)) return
    clearTimeout(this.#connectTimer)
    this.#connectTimer = null
  }

  /** Bytes from downstream while an exchange is on: of its body, or of the next request, which waits. */
  #streamRequest(chunk: Buffer): void {
    const exchange = this.#exchange
    const body = exchange?.body
    if (exchange === null || body === null || body === undefined) {
      this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk])
      return
    }
    const end = body.scan(chunk, 0)
    if (body.problem !== null) {
      this.#requestBroken(body.problem)
      return
    }
    // Trailers end here: they would be headers that no rule has seen.
    const { from, to } = body.trailers
    this.#sendBody(chunk.subarray(0, to === 0 ? end : from))
    if (to > 0) this.#sendBody(chunk.subarray(to, end))
    if (!body.done) return
    exchange.body = null
    this.#input = chunk.subarray(end)
    this.#finishWhenDone()
  }

  #sendBody(bytes: Buffer): void {
    if (bytes.length > 0 && this.#upstream !== null) this.#send(this.#upstream, bytes)
  }

  /** The head is upstream already, so only the connection's reset tells upstream that the request is not whole. */
  #requestBroken(problem: string): void {
    const responded = this.#exchange?.responded ?? false
    this.#dropUpstream()
    if (responded) this.#downstream.resetAndDestroy()
    else this.#refuse(400, problem)
  }

  readonly #onUpstreamData = (chunk: Buffer): void => {
    const exchange = this.#exchange
    if (exchange === null) {
      // Nobody asked: this may be the answer to a request that upstream alone has seen.
      this.#closeGently()
      return
    }
    const { reader } = exchange
    const { forward, rest, head, problem } = reader.read(chunk)
    if (problem !== null) {
      this.#responseBroken(exchange, problem)
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

  #responseBroken(exchange: Exchange, problem: string): void {
    this.#recordOwn(exchange.facts, 502, problem)
    if (exchange.responded) this.#reset()
    else this.#answerAndClose(exchange.head.method, 502, 'the upstream response cannot be read')
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
    if (this.#input.length === 0) this.#services.registry.idle(this)
    else this.#readRequests()
    this.#hold()
  }

  #switchProtocol(rest: Buffer): void {
    this.#phase = 'tunnel'
    const upstream = this.#upstream
    if (upstream === null) return
    this.#downstream.off('data', this.#onDownstreamData)
    upstream.off('data', this.#onUpstreamData)
    if (rest.length > 0) this.#downstream.write(rest)
    if (this.#input.length > 0) upstream.write(this.#input)
    this.#input = EMPTY
    tunnel(this.#downstream, upstream)
  }

  /** Answers a whole request here, and keeps the connection where the next request's beginning is certain. */
  #answer(head: RequestHead, end: number, answer: Pick<LocalAnswer, 'status' | 'body' | 'headers'>): void {
    const body = bodyScanner(head.framing)
    // A client that waits for 100 may send its body or not.
    const uncertain = body !== null && (head.expectsContinue || tooLongToDiscard(head))
    const close = uncertain || !head.keepAlive || this.#draining || this.#downstreamEnded
    this.#downstream.write(answerBytes({ ...answer, close, method: head.method }))
    const rest = this.#input.subarray(end)
    this.#input = EMPTY
    if (close) {
      this.#closeGently()
    } else if (body === null) {
      this.#input = rest
      if (rest.length === 0) this.#services.registry.idle(this)
    } else {
      this.#phase = 'discard'
      this.#unwanted = body
      this.#discarded = 0
      this.#discard(rest)
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
    this.#input = chunk.subarray(end)
    if (this.#input.length === 0) this.#services.registry.idle(this)
  }

  /** What is no request is answered and ends the connection: where the next one begins is not known. */
  #refuse(status: LocalAnswer['status'], reason: string): void {
    this.#recordOwn(this.#exchange?.facts ?? NO_FACTS, status, reason)
    this.#answerAndClose('GET', status, reason)
  }

  #upstreamFailed(why: string): void {
    const exchange = this.#exchange
    if (exchange === null || this.#phase !== 'exchange') {
      this.#closeGently()
      return
    }
    this.#recordOwn(exchange.facts, 503, why)
    if (exchange.responded) this.#reset()
    else this.#answerAndClose(exchange.head.method, 503, 'the upstream connection failed')
  }

  #answerAndClose(method: string, status: LocalAnswer['status'], text: string): void {
    this.#downstream.write(answerBytes({ status, body: `${text}\r\n`, close: true, method }))
    this.#closeGently()
  }

  #onUpstreamEnd(why: string): void {
    if (this.#phase === 'exchange' && this.#exchange?.reader.endsWithConnection === true) this.#closeGently()
    else this.#onUpstreamLost(why)
  }

  #onUpstreamLost(why: string): void {
    if (this.#phase === 'exchange') this.#upstreamFailed(why)
    else if (this.#phase === 'head' || this.#phase === 'discard') this.#closeGently()
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
    } else if (this.#phase === 'exchange' && exchange !== null && exchange.body === null && !exchange.responded) {
      this.#recordOwn(exchange.facts, 504, 'upstream did not answer in time')
      this.#answerAndClose(exchange.head.method, 504, 'upstream did not answer in time')
    } else {
      this.#reset()
    }
  }

  /** Whether downstream may send: not while the next request waits, or the reader of what it causes is slow. */
  #hold(): void {
    if (this.#phase === 'tunnel') return
    const exchanging =
      this.#phase === 'exchange' && (this.#input.length > 0 || this.#upstream?.writableNeedDrain === true)
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
    this.#input = EMPTY
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

  /** Upstream must not take what it has so far for a whole request, nor wait for more. */
  #dropUpstream(): void {
    if (this.#connectTimer !== null) clearTimeout(this.#connectTimer)
    this.#connectTimer = null
    const upstream = this.#upstream
    if (upstream === null || upstream.destroyed) return
    const unfinished = this.#exchange !== null && this.#exchange.body !== null
    if (unfinished) upstream.resetAndDestroy()
    else upstream.destroy()
  }

  #recordResponse({ facts, stamp, startedUs }: Exchange, status: number): void {
    const { access, metadata, clock } = this.#services
    const durationMs = Math.round(clock.monotonicUs() - startedUs) / US_PER_MS
    access.response(metadata, facts, { status, durationMs, stamp, verdict: 'FORWARDED', why: null })
  }

  #recordOwn(facts: RequestFacts, status: number, why: string): void {
    const { access, metadata } = this.#services
    access.response(metadata, facts, { status, durationMs: null, stamp: access.stamp, verdict: 'ERROR', why })
  }
}

function tooLongToDiscard({ framing }: RequestHead): boolean {
  return framing.kind === 'length' && framing.length > DISCARD_MAX
}
