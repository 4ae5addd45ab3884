/**
 * The event log. Adapters: src/log/sqlite, src/log/memory, src/log/kurrentdb. Every adapter passes test/contract/log.ts.
 *
 * Guarantees: an append is atomic over its whole batch and durable when its promise resolves; positions are strictly increasing
 * in the order in which readers see events, and not dense; a stream's revisions are dense from 0; an event id is stored once (a
 * second append of the same ids at the same place is answered as the first was).
 */
import type { Observable } from 'rxjs'
import type { StoredEvent, UnstoredEvent } from '../../events/codec.ts'
import type { Position, StreamName, StreamRevision, Timestamp } from '../../events/ids.ts'

/** What the stream must look like for the append to happen. */
export type ExpectedRevision = StreamRevision | 'no-stream' | 'any'

export type StreamAppend = {
  readonly stream: StreamName
  readonly expected: ExpectedRevision
  readonly events: readonly UnstoredEvent[]
}

export type AppendOutcome =
  | {
      readonly kind: 'appended'
      /** Positions in the order of the batch. */
      readonly positions: readonly Position[]
      readonly recordedAt: Timestamp
    }
  | { readonly kind: 'conflict'; readonly stream: StreamName; readonly actual: StreamRevision | 'no-stream' }

export type ReadAllOptions = {
  readonly direction: 'forwards' | 'backwards'
  /** Exclusive; null is the very beginning (forwards) or the head (backwards). */
  readonly after: Position | null
  /** Events in all; unlimited where left out. */
  readonly limit?: number
  /** Only these types. */
  readonly types?: readonly string[]
  /** Only streams whose name starts with one of these. */
  readonly streamPrefixes?: readonly string[]
}

export type ReadStreamOptions = {
  readonly direction: 'forwards' | 'backwards'
  /** Exclusive; null is the first (forwards) or the last (backwards) event. */
  readonly after: StreamRevision | null
  readonly limit?: number
}

export type SubscriptionMessage =
  | { readonly kind: 'events'; readonly events: readonly StoredEvent[] }
  /** Everything that was on the log when this was sent has been sent. Comes once, and again after each falling behind. */
  | { readonly kind: 'caught-up'; readonly position: Position | null }

/** The batch is a copy of another log's: it keeps the time at which it was recorded there, except where that would go back. */
export type Copied = { readonly recordedAt: Timestamp }

/** Where a part of a log begins that can be asked about. */
export type LogPart = { readonly position: Position; readonly recordedAt: Timestamp }

/** How a log that lives on a server is reached. */
export type Link =
  | { readonly kind: 'up' }
  /** Reads are answered from what was known `since` then (by this machine's clock; null: never reached from here), and appends are refused. */
  | { readonly kind: 'away'; readonly since: Timestamp | null; readonly reason: string }

export interface EventLog extends AsyncDisposable {
  /** For people: `sqlite:/path/log.db`. */
  readonly location: string
  /** Only where the log lives on a server: what is so now, then each change. */
  readonly link?: Observable<Link>
  /** Only where this is a part of a log: what stands before its first moment is there to be folded, cut down to what held then. */
  readonly begins?: LogPart
  /**
   * Rejects with `LogError` only where the store itself fails; a conflict is a value. An empty batch is a bug (`TypeError`). After `log-unavailable`
   * nobody knows whether the batch stands: appended again with the same ids it is answered as if the first try had been.
   */
  append(batch: readonly StreamAppend[], copied?: Copied): Promise<AppendOutcome>
  /** Arrays of at most `READ_BATCH_MAX` events. Sees a consistent prefix of the log: never half a batch. */
  readAll(options: ReadAllOptions): AsyncIterable<readonly StoredEvent[]>
  /** Nothing for a stream that does not exist. */
  readStream(stream: StreamName, options: ReadStreamOptions): AsyncIterable<readonly StoredEvent[]>
  /**
   * Everything after `after` (exclusive; null: from the beginning), then what comes, also from other processes. Cold: each subscriber reads for
   * itself; unsubscribing stops. The next batch is read only after the subscriber's `next` has returned.
   */
  subscribe(after: Position | null): Observable<SubscriptionMessage>
  head(): Promise<Position | null>
  /** The last position recorded at or before `time`; null where there is none. */
  positionAtTime(time: Timestamp): Promise<Position | null>
  /** The revision of the last event of the stream. */
  streamHead(stream: StreamName): Promise<StreamRevision | 'no-stream'>
  /** The names of all streams, in no order. */
  streams(): Promise<readonly StreamName[]>
}

/** Enough to spread the cost of a hop, little enough to stay in the cache: 1,000 events of about 500 bytes. */
export const READ_BATCH_MAX = 1_000

export type LogErrorCode =
  | 'log-corrupt'
  | 'log-newer'
  | 'log-locked'
  | 'log-io'
  | 'log-closed'
  /** The address of a remote log is not one. */
  | 'log-address'
  /** The server cannot be reached, or did not answer in time. */
  | 'log-unavailable'
  /** The server refuses the credentials. */
  | 'log-denied'
  /** The server's certificate is not trusted, or one side speaks TLS and the other does not. */
  | 'log-untrusted'
  /** The server lacks something that the log needs. */
  | 'log-unsupported'

/** Whether the store may be there again later, without anybody changing this side: the same call is then worth another try. */
export function mayPass({ code }: LogError): boolean {
  return ['log-io', 'log-locked', 'log-unavailable', 'log-denied', 'log-untrusted'].includes(code)
}

/** The store failed. The message names the place and keeps the store's own words. */
export class LogError extends Error {
  override readonly name = 'LogError'
  readonly code: LogErrorCode

  constructor(code: LogErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options)
    this.code = code
  }
}
