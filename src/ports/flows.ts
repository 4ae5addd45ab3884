/**
 * The bounded store of high-volume facts: packet verdicts and L7 access records. Adapter: src/flows/sqlite.ts (one file beside the log).
 * Each is stamped with the log position and policy revision under which it was decided.
 */
import type { IdentityId, IpAddress, Timestamp } from '../../events/ids.ts'

export type FlowStamp = { readonly position: string; readonly revision: number }

export type Flow = {
  /** Given by the store, increasing. */
  readonly id: number
  readonly time: Timestamp
  readonly stamp: FlowStamp
  readonly kind: 'policy-verdict' | 'http-request' | 'http-response'
  readonly verdict: 'FORWARDED' | 'DROPPED' | 'REDIRECTED' | 'ERROR'
  readonly direction: 'ingress' | 'egress'
  readonly endpoint: number
  readonly source: { readonly address: IpAddress; readonly port: number; readonly identity: IdentityId }
  readonly destination: { readonly address: IpAddress; readonly port: number; readonly identity: IdentityId }
  readonly protocol: number
  readonly dropReason: number | null
  readonly matchType: string | null
  readonly proxyPort: number | null
  readonly http: {
    readonly method: string
    readonly host: string
    readonly path: string
    readonly protocol: string
    readonly status: number
    readonly durationMs: number | null
    /** Headers that the deciding rules missed, and those they found wrong or took away; the values of secrets are not told. */
    readonly missing: readonly FlowHeader[]
    readonly rejected: readonly FlowHeader[]
  } | null
}

export type FlowHeader = { readonly name: string; readonly value: string }

export type NewFlow = Omit<Flow, 'id'>

/** All that are given must hold. */
export type FlowQuery = {
  /** This one. */
  readonly id?: number
  /** Newer than this one: with the id of the last flow of an answer, the next page. */
  readonly sinceId?: number
  /** At or after. */
  readonly since?: Timestamp
  /** At or before. */
  readonly until?: Timestamp
  /** The newest so many; without it an answer begins with the oldest. */
  readonly last?: number
  /** The oldest so many; not with `last`. */
  readonly first?: number
  readonly verdict?: Flow['verdict']
  readonly endpoint?: number
}

/** Flows in one answer: about 10 MiB. */
export const FLOW_QUERY_MAX = 10_000

export type FlowStoreErrorCode =
  | 'flows-missing'
  | 'flows-not-ours'
  | 'flows-newer'
  | 'flows-damaged'
  | 'flows-io'
  | 'flows-closed'

/** The message names the file. Damage is an error for readers only: the writer begins a new file. */
export class FlowStoreError extends Error {
  override readonly name = 'FlowStoreError'
  readonly code: FlowStoreErrorCode

  constructor(code: FlowStoreErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options)
    this.code = code
  }
}

export interface FlowStore extends AsyncDisposable {
  /** Queued and written in groups; the oldest flows go when the bound is reached. Never blocks the datapath. */
  add(flows: readonly NewFlow[]): void
  /** Resolves when everything added so far is in the file. */
  flush(): Promise<void>
  /** In order of id, at most `FLOW_QUERY_MAX`; flows that are still queued here are not among them. */
  query(query: FlowQuery): Promise<readonly Flow[]>
  /** Flows that were given up because the queue was full. */
  lost(): number
}
