/**
 * The network filter cilium.network: whether a connection may be, once its first bytes are known.
 *
 * Plain bytes go to the HTTP filter, which decides each request. A TLS handshake cannot be read here (no secrets are served), so it passes unread, and
 * only where rules that need no reading allow it. Parsers other than HTTP are not served: such a connection is refused and the record says so.
 */
import { type CompiledNetworkPolicy, connectionVerdict, DENY_ALL } from '../../projections/l7/network-policy.ts'
import type { ConnectionMetadata } from './bpf-metadata.ts'

export type ConnectionDecision =
  | { readonly kind: 'http' }
  /** Pass the bytes both ways, unread. */
  | { readonly kind: 'opaque'; readonly rule: string | null }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly rule: string | null; readonly detail: string }

/** `parser-not-served` and `tls-not-readable`: the policy would allow the connection if it could be read. */
export type RefusalReason = 'access-denied' | 'no-policy' | 'parser-not-served' | 'tls-not-readable'

/** `serverName` undefined: the connection did not begin with a TLS handshake. */
export function decideConnection(
  policy: CompiledNetworkPolicy | null,
  { direction, destination, remote, proxyPort }: ConnectionMetadata,
  serverName: string | null | undefined,
): ConnectionDecision {
  const probe = { direction, port: destination.port, remote, proxyPort, serverName: serverName ?? null }
  const verdict = connectionVerdict(policy ?? DENY_ALL, probe)
  const { rule, opaque } = verdict
  if (policy === null) return { kind: 'refused', reason: 'no-policy', rule: null, detail: '' }
  if (!verdict.allowed) return { kind: 'refused', reason: 'access-denied', rule, detail: verdict.reason }
  const others = verdict.parsers.filter((parser) => parser !== 'http')
  if (serverName !== undefined) {
    if (opaque.allowed) return { kind: 'opaque', rule: opaque.rule }
    const reason = others.length > 0 ? 'parser-not-served' : 'tls-not-readable'
    return { kind: 'refused', reason, rule, detail: verdict.parsers.join(',') }
  }
  if (!opaque.allowed && others.length === verdict.parsers.length && others.length > 0) {
    return { kind: 'refused', reason: 'parser-not-served', rule, detail: others.join(',') }
  }
  return { kind: 'http' }
}
