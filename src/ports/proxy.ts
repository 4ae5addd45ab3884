/** What the embedded proxy needs from the datapath to know who is talking. Adapters: src/kernel/identity-source.ts, src/model. */
import type { IdentityId, IpAddress } from '../../events/ids.ts'

export type ConnectionTuple = {
  readonly source: IpAddress
  readonly sourcePort: number
  readonly destination: IpAddress
  readonly destinationPort: number
}

export interface IdentitySource {
  /** Identity that the datapath recorded in conntrack for this redirected TCP connection; null where there is no entry. */
  fromConntrack(tuple: ConnectionTuple, direction: 'ingress' | 'egress'): IdentityId | null
  /** Longest prefix match; null where no prefix holds the address. */
  fromIpcache(address: IpAddress): IdentityId | null
}

/** Sockets that Node cannot make by itself: transparent listeners and upstream connections with a mark and a foreign source. */
export interface TransparentSockets {
  /** A listening socket's file descriptor with IP_TRANSPARENT set before bind. */
  listen(address: IpAddress, port: number): number
  /** A non-blocking connecting socket's file descriptor, bound to `source` (port 0) where given, carrying `mark`. */
  connect(options: {
    readonly destination: IpAddress
    readonly destinationPort: number
    readonly source: IpAddress | null
    readonly mark: number
  }): number
}
