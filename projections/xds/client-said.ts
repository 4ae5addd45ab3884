/** What a client of the xDS server says of what it was served, and its coming and going. */
import type { XdsType } from '../../events/node.ts'

export type ClientSaid =
  | {
      readonly kind: 'acked'
      readonly xds: XdsType
      readonly version: string
      readonly nonce: string
      readonly client: string
    }
  | {
      readonly kind: 'nacked'
      readonly xds: XdsType
      readonly version: string
      readonly running: string | null
      readonly nonce: string
      readonly client: string
      readonly detail: string
    }
  | { readonly kind: 'connected' | 'disconnected'; readonly client: string }
