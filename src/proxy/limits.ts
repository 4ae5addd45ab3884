/** Bounds of the proxy; tests make them small. */

export type ProxyLimits = {
  /** Of all listeners together. Where it is reached, the connection that has waited longest between requests makes room, else the new one is refused. */
  readonly connectionsMax: number
  /** From a head's first byte to its last. */
  readonly headTimeoutMs: number
  /** Without a byte either way, in a request or between two. A listener's own stream idle timeout goes first. */
  readonly idleTimeoutMs: number
  readonly connectTimeoutMs: number
  /** For connections of a listener that went. */
  readonly drainTimeoutMs: number
  /** For all connections, when the proxy itself ends: whoever stops it waits. */
  readonly closeTimeoutMs: number
}

export const DEFAULT_LIMITS: ProxyLimits = {
  connectionsMax: 10_000,
  headTimeoutMs: 30_000,
  idleTimeoutMs: 300_000,
  connectTimeoutMs: 5_000,
  drainTimeoutMs: 30_000,
  closeTimeoutMs: 5_000,
}

/** Bytes of a message's head, both ways. */
export const HEAD_MAX = 65_536
/** Bytes of a denied request's body that are read away to keep the connection. */
export const DISCARD_MAX = 65_536
/** How long a closing connection is read on, so that the answer is not lost to a reset. */
export const LINGER_MS = 1_000
