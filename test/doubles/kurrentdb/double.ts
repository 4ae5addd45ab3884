/**
 * A KurrentDB server for tests: real gRPC on loopback, spoken to by the official client. It answers the calls that the client makes (features,
 * read, subscribe, batch append, append session) and fails on demand.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import * as grpc from '@grpc/grpc-js'
import featuresGrpc from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb.js'
import features from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb.js'
import streamsGrpc from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js'
import type {
  BatchAppendReq,
  BatchAppendResp,
  ReadReq,
  ReadResp,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js'
import v2Grpc from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/streams_grpc_pb.js'
import type {
  AppendRequest,
  AppendSessionResponse,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v2/streams/streams_pb.js'
import { Store, type StoredRecord, type StreamWrite, type WriteOutcome } from './store.ts'
import * as wire from './wire.ts'

export type DoubleOptions = {
  /** Address to listen on; 127.0.0.1 where left out. */
  readonly host?: string
  readonly now?: () => number
  /** Methods that the server says it has; an older server has no append session. */
  readonly version?: string
  readonly appendSession?: boolean
  /** PEM; without it the server speaks in the clear. */
  readonly tls?: { readonly key: Buffer; readonly certificate: Buffer; readonly caFile: string }
  /** Who may read and append; without it everyone may. */
  readonly login?: { readonly name: string; readonly password: string }
}

/** What shall go wrong, once, with the next append. `lost`: written, but the answer never comes. */
export type AppendFault = 'not-leader' | 'unavailable' | 'lost' | 'silent'

const LOOPBACK = '127.0.0.1'
const BATCH_APPEND = { service: 'event_store.client.streams.streams', method: 'batchappend' }
const APPEND_SESSION = { service: 'kurrentdb.protocol.v2.streams.StreamsService', method: 'AppendSession' }
/** Records written in one turn to a reader; enough to show paging, little enough to show back-pressure. */
const WRITE_CHUNK = 256

export class KurrentDouble implements AsyncDisposable {
  readonly store: Store
  readonly #options: DoubleOptions
  readonly #faults: AppendFault[] = []
  readonly #subscriptions: Set<Subscription> = new Set()
  #server: grpc.Server | null = null
  #port = 0
  /** Messages received, by method: what a test may count. */
  readonly calls: Map<string, number> = new Map()

  private constructor(options: DoubleOptions) {
    this.#options = options
    this.store = new Store(options.now ?? Date.now)
  }

  static async start(options: DoubleOptions = {}): Promise<KurrentDouble> {
    const double = new KurrentDouble(options)
    await double.up()
    return double
  }

  get url(): string {
    const { tls, host = LOOPBACK } = this.#options
    const security = tls === undefined ? 'tls=false' : `tls=true&tlsCAFile=${encodeURIComponent(tls.caFile)}`
    return `kurrentdb://${host}:${this.#port}?${security}`
  }

  get subscriptions(): number {
    return this.#subscriptions.size
  }

  failNextAppend(...faults: readonly AppendFault[]): void {
    this.#faults.push(...faults)
  }

  /** Every subscription ends with an error, as when a node goes away. */
  dropSubscriptions(): void {
    for (const subscription of this.#subscriptions) subscription.fail()
  }

  /** The server is gone; what it kept, it keeps. */
  async down(): Promise<void> {
    this.dropSubscriptions()
    this.#server?.forceShutdown()
    this.#server = null
  }

  /** The same server again, on the same port. */
  async up(): Promise<void> {
    const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 })
    server.addService(featuresGrpc.ServerFeaturesService, {
      getSupportedMethods: (_: unknown, answer: grpc.sendUnaryData<features.SupportedMethods>) =>
        this.#features(answer),
    })
    server.addService(streamsGrpc.StreamsService, {
      read: (call: ReadCall) => this.#read(call),
      batchAppend: (call: BatchCall) => this.#batchAppend(call),
    })
    server.addService(v2Grpc.StreamsServiceService, {
      appendSession: (call: SessionCall, answer: grpc.sendUnaryData<AppendSessionResponse>) =>
        this.#session(call, answer),
    })
    const { host = LOOPBACK } = this.#options
    this.#port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(`${host}:${this.#port}`, credentialsOf(this.#options), (error, port) =>
        error === null ? resolve(port) : reject(error),
      ),
    )
    this.#server = server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down()
  }

  #features(answer: grpc.sendUnaryData<features.SupportedMethods>): void {
    const { version = '26.1.0', appendSession = true } = this.#options
    const supported = new features.SupportedMethods()
    supported.setEventStoreServerVersion(version)
    for (const { service, method } of appendSession ? [BATCH_APPEND, APPEND_SESSION] : [BATCH_APPEND]) {
      const entry = new features.SupportedMethod()
      entry.setServiceName(service)
      entry.setMethodName(method)
      supported.addMethods(entry)
    }
    answer(null, supported)
  }

  #refuses(call: ReadCall | BatchCall | SessionCall): boolean {
    const { login } = this.#options
    if (login === undefined) return false
    const wanted = `Basic ${Buffer.from(`${login.name}:${login.password}`).toString('base64')}`
    return call.metadata.get('authorization')[0]?.toString() !== wanted
  }

  #batchAppend(call: BatchCall): void {
    if (this.#refuses(call)) return void call.emit('error', DENIED)
    const parts = new Map<string, BatchAppendReq[]>()
    call.on('data', (request: BatchAppendReq) => {
      const id = request.getCorrelationId()?.getString() ?? JSON.stringify(request.getCorrelationId()?.toObject())
      const part = [...(parts.get(id) ?? []), request]
      parts.set(id, part)
      if (!request.getIsFinal()) return
      parts.delete(id)
      this.#count('batchAppend')
      const done = this.#attempt(wire.batchWrite(part))
      if (done.kind === 'silent') return
      if (done.kind === 'failed') call.emit('error', done.error)
      else if (done.outcome.kind === 'conflict') call.write(wire.batchRefused(request, done.outcome))
      else call.write(wire.batchSucceeded(request, [...done.outcome.heads.values()][0] ?? 0, done.outcome.position))
    })
    call.on('end', () => call.end())
    call.on('error', () => {})
  }

  #session(call: SessionCall, answer: grpc.sendUnaryData<AppendSessionResponse>): void {
    if (this.#refuses(call)) return void answer(DENIED)
    const requests: AppendRequest[] = []
    call.on('data', (request: AppendRequest) => requests.push(request))
    call.on('end', () => {
      this.#count('appendSession')
      const done = this.#attempt(...requests.map(wire.sessionWrite))
      if (done.kind === 'silent') return
      if (done.kind === 'failed') answer(done.error)
      else if (done.outcome.kind === 'written')
        answer(null, wire.sessionResponse(done.outcome.heads, done.outcome.position))
      else {
        const metadata = new grpc.Metadata()
        metadata.set('grpc-status-details-bin', Buffer.from(wire.revisionConflict(done.outcome)))
        answer({ code: grpc.status.FAILED_PRECONDITION, details: 'stream revision conflict', metadata })
      }
    })
  }

  #attempt(...writes: readonly StreamWrite[]): Attempt {
    const fault = this.#faults.shift()
    if (fault === 'not-leader' || fault === 'unavailable') return { kind: 'failed', error: failure(fault, this.#port) }
    const outcome = this.store.write(writes)
    if (fault === 'lost') return { kind: 'failed', error: failure('unavailable', 0) }
    return fault === 'silent' ? { kind: 'silent' } : { kind: 'done', outcome }
  }

  #read(call: ReadCall): void {
    this.#count('read')
    if (this.#refuses(call)) return void call.emit('error', DENIED)
    const options = call.request.getOptions()
    if (options === undefined) return void call.emit('error', failure('unavailable', 0))
    if (options.hasSubscription()) {
      const subscription = new Subscription(call, options, this.store)
      this.#subscriptions.add(subscription)
      call.on('cancelled', () => this.#subscriptions.delete(subscription))
      subscription.ended.then(() => this.#subscriptions.delete(subscription))
      return
    }
    void this.#readOnce(call, options)
  }

  async #readOnce(call: ReadCall, options: ReadReq.Options): Promise<void> {
    const stream = options.getStream()
    const name = wire.nameOf(stream?.getStreamIdentifier())
    if (stream !== undefined && this.store.head(name) === null) {
      call.write(wire.streamNotFound(name))
      return void call.end()
    }
    const found = stream === undefined ? allOf(this.store, options) : streamOf(this.store.stream(name), options)
    await writeAll(call, found.slice(0, Number(options.getCount())).map(wire.readEvent))
    call.end()
  }

  #count(method: string): void {
    this.calls.set(method, (this.calls.get(method) ?? 0) + 1)
  }
}

const DENIED = { code: grpc.status.PERMISSION_DENIED, details: 'Access Denied', metadata: deniedMetadata() }

function deniedMetadata(): grpc.Metadata {
  const metadata = new grpc.Metadata()
  metadata.set('exception', 'access-denied')
  return metadata
}

function credentialsOf({ tls }: DoubleOptions): grpc.ServerCredentials {
  if (tls === undefined) return grpc.ServerCredentials.createInsecure()
  return grpc.ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.certificate }])
}

type ReadCall = grpc.ServerWritableStream<ReadReq, ReadResp>
type BatchCall = grpc.ServerDuplexStream<BatchAppendReq, BatchAppendResp>
type SessionCall = grpc.ServerReadableStream<AppendRequest, AppendSessionResponse>

type Attempt =
  | { readonly kind: 'done'; readonly outcome: WriteOutcome }
  | { readonly kind: 'failed'; readonly error: Partial<grpc.StatusObject> & { readonly code: grpc.status } }
  | { readonly kind: 'silent' }

class Subscription {
  readonly ended: Promise<void>
  readonly #call: ReadCall
  readonly #store: Store
  readonly #wanted: (record: StoredRecord) => boolean
  #next: number
  #ended = false

  constructor(call: ReadCall, options: ReadReq.Options, store: Store) {
    this.#call = call
    this.#store = store
    this.#wanted = wire.filterOf(options)
    if (options.getAll()?.hasEnd() === true) {
      this.#next = store.records.length
      this.ended = this.#run().catch(() => {})
      return
    }
    const after = options.getAll()?.getPosition()?.getCommitPosition()
    this.#next = after === undefined ? 0 : store.records.findIndex(({ position }) => position > BigInt(after))
    if (this.#next < 0) this.#next = store.records.length
    this.ended = this.#run().catch(() => {})
  }

  fail(): void {
    this.#ended = true
    this.#call.emit('error', failure('unavailable', 0))
    this.#store.emit('written')
  }

  async #run(): Promise<void> {
    this.#call.on('cancelled', () => {
      this.#ended = true
      this.#store.emit('written')
    })
    this.#call.write(wire.confirmation(randomUUID()))
    let caughtUp = false
    while (!this.#ended) {
      const records = this.#store.records.slice(this.#next, this.#next + WRITE_CHUNK)
      this.#next += records.length
      await writeAll(this.#call, records.filter(this.#wanted).map(wire.readEvent))
      if (records.length > 0) continue
      if (!caughtUp) this.#call.write(wire.caughtUp())
      caughtUp = true
      await new Promise<void>((resolve) => this.#store.once('written', resolve))
    }
  }
}

function allOf({ records }: Store, options: ReadReq.Options): readonly StoredRecord[] {
  const wanted = records.filter(wire.filterOf(options))
  const all = options.getAll()
  const position = all?.getPosition()?.getCommitPosition()
  // Forwards from a position is inclusive, backwards exclusive.
  if (options.getReadDirection() === 1) {
    const below = position === undefined ? wanted : wanted.filter((record) => record.position < BigInt(position))
    return all?.hasStart() ? [] : below.toReversed()
  }
  if (all?.hasEnd()) return []
  return position === undefined ? wanted : wanted.filter((record) => record.position >= BigInt(position))
}

function streamOf(records: readonly StoredRecord[], options: ReadReq.Options): readonly StoredRecord[] {
  const stream = options.getStream()
  const backwards = options.getReadDirection() === 1
  const given = stream?.hasRevision() ? Number(stream.getRevision()) : null
  if (backwards) return (given === null ? records : records.filter(({ revision }) => revision <= given)).toReversed()
  return given === null ? records : records.filter(({ revision }) => revision >= given)
}

async function writeAll(call: ReadCall, responses: readonly ReadResp[]): Promise<void> {
  for (const response of responses) {
    if (!call.write(response)) await Promise.race([new Promise((resolve) => call.once('drain', resolve)), sleep(100)])
  }
}

/** `leaderPort`: where the client is sent to; a cluster of one names itself. */
function failure(
  kind: 'not-leader' | 'unavailable',
  leaderPort: number,
): Partial<grpc.StatusObject> & { readonly code: grpc.status } {
  const metadata = new grpc.Metadata()
  if (kind === 'not-leader') {
    metadata.set('exception', 'not-leader')
    metadata.set('leader-endpoint-host', '127.0.0.1')
    metadata.set('leader-endpoint-port', String(leaderPort))
    return { code: grpc.status.NOT_FOUND, details: 'not the leader', metadata }
  }
  return { code: grpc.status.UNAVAILABLE, details: 'the server is not available', metadata }
}
