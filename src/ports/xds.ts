/** The xDS server as the agent sees it. Adapter: src/xds/server.ts. */
import type { Observable } from 'rxjs'
import type { XdsType } from '../../events/node.ts'
import type { Json } from '../../events/schema.ts'
import type { ClientSaid } from '../../projections/xds/client-said.ts'

/** Resources of one type in proto3 JSON form with our field names (projections/xds), by name. */
export type XdsSnapshot = { readonly version: string; readonly resources: ReadonlyMap<string, Json> }

/** What a client said, as the server heard it. */
export type XdsServerEvent = ClientSaid

/** How waiting for a version ended. `no-client`: nobody is subscribed, so nobody can acknowledge. */
export type AckOutcome =
  | { readonly kind: 'acked' }
  | { readonly kind: 'nacked'; readonly client: string; readonly detail: string }
  | { readonly kind: 'deadline'; readonly missing: readonly string[] }
  | { readonly kind: 'no-client' }

export interface XdsServer extends AsyncDisposable {
  /** Path of the Unix socket. */
  readonly socket: string
  /** Hot. The agent appends each as an event. */
  readonly events: Observable<XdsServerEvent>
  /** Unique per process: the first part of every version. */
  readonly epoch: string
  /**
   * Serves the snapshot from now on, state of the world; `stamp` travels with it so that the proxy can tell under which log position and
   * revision it decides. Throws `TypeError` where a resource cannot be encoded: nothing is served then.
   */
  publish(xds: XdsType, snapshot: XdsSnapshot, stamp: XdsStamp): void
  /** Waits until every subscribed client has acknowledged `version` or a later one. */
  acknowledged(xds: XdsType, version: string, deadlineMs: number): Promise<AckOutcome>
}

export type XdsStamp = { readonly position: string; readonly revision: number }
