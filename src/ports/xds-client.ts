/**
 * The proxy's side of xDS: it subscribes to NPDS, NPHDS and LDS, checks each update as a whole and acknowledges what was taken into
 * use. Adapter: src/xds/client.ts. User: src/proxy.
 */
import type { Observable } from 'rxjs'
import type { XdsType } from '../../events/node.ts'
import type {
  ListenerMessage,
  NetworkPolicyHostsMessage,
  NetworkPolicyMessage,
} from '../../projections/xds/messages.ts'
import type { XdsStamp } from './xds.ts'

/** All resources of one type, by name: what is missing is gone. `stamp` is null where the server did not say (another control plane). */
export type XdsUpdate =
  | XdsUpdateOf<'npds', NetworkPolicyMessage>
  | XdsUpdateOf<'nphds', NetworkPolicyHostsMessage>
  | XdsUpdateOf<'lds', ListenerMessage>

export type XdsUpdateOf<Type extends XdsType, Message> = {
  readonly xds: Type
  readonly version: string
  readonly stamp: XdsStamp | null
  readonly resources: ReadonlyMap<string, Message>
}

/** `refused` becomes a NACK with this detail; the state before stays in force on both sides. */
export type XdsTaken = { readonly kind: 'taken' } | { readonly kind: 'refused'; readonly detail: string }

/**
 * Takes a checked update into use: whatever is decided after it resolves is decided by the update, because the ACK tells the agent so. A
 * listener update resolves when the sockets listen. Calls never overlap. An update of unchanged content is not handed over again.
 */
export type XdsConsumer = (update: XdsUpdate) => XdsTaken | Promise<XdsTaken>

export type XdsClientEvent =
  | { readonly kind: 'connected' | 'disconnected'; readonly detail: string }
  | { readonly kind: 'acked'; readonly xds: XdsType; readonly version: string }
  | { readonly kind: 'nacked'; readonly xds: XdsType; readonly version: string; readonly detail: string }

export interface XdsClient extends AsyncDisposable {
  /** The node id that it gives to the server. */
  readonly node: string
  /** Hot. */
  readonly events: Observable<XdsClientEvent>
  /** Connects, and reconnects with back-off until disposed; what was taken stays in force meanwhile. May be called once. */
  start(consumer: XdsConsumer): void
}
