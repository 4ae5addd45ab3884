/**
 * What one endpoint's policy says about a connection and about a request on it: enforcement, then the policy map (L3 and L4), then, where the map
 * sends the connection to the proxy, the message that the proxy has (L7).
 *
 * The same walk for a policy as it was recorded and for one as it is resolved; `why`, `eval`, `check` and replay all take it.
 */
import type { Direction } from '../../events/fields.ts'
import { EndpointId, type Port } from '../../events/ids.ts'
import { type PolicyMap, type PolicyMapEntry, policyMapOf } from '../datapath/policy-map.ts'
import { type MatchType, policyVerdict } from '../datapath/verdict.ts'
import type { PortPolicies } from '../l7/check.ts'
import type { HttpRequest } from '../l7/http-rule.ts'
import {
  type CompiledNetworkPolicy,
  compileNetworkPolicy,
  type L7Verdict,
  requestVerdict,
} from '../l7/network-policy.ts'
import type { ResolvedPolicy } from '../policy/engine.ts'
import { networkPolicyMessage } from '../policy/network-policy.ts'

export type JudgedPolicy = {
  readonly ingressEnforced: boolean
  readonly egressEnforced: boolean
  readonly map: PolicyMap
  /** Null where the proxy has no policy for the endpoint: it then denies what it gets. */
  readonly l7: CompiledNetworkPolicy | null
  /** What `l7` was made of. */
  readonly rules: PortPolicies | null
}

export type Asked = {
  readonly direction: Direction
  /** Of the other side. */
  readonly identity: number
  /** IP protocol number. */
  readonly protocol: number
  /** Destination port; for ICMP the type. */
  readonly port: number
  /** Null asks about the connection only. */
  readonly request: HttpRequest | null
}

export type Judgement = {
  readonly enforced: boolean
  /** Of the map; `allow` where the direction is not enforced. */
  readonly verdict: 'allow' | 'deny' | 'redirect'
  readonly entry: PolicyMapEntry | null
  readonly matchType: MatchType
  /** Null where no request was asked about, or the connection does not reach the proxy. */
  readonly http: L7Verdict | null
  /** All in all. A redirect without a request is allowed so far: the proxy decides request by request. */
  readonly allowed: boolean
}

const TCP = 6

export function judge(policy: JudgedPolicy, { request, ...probe }: Asked): Judgement {
  const enforced = probe.direction === 'ingress' ? policy.ingressEnforced : policy.egressEnforced
  const { verdict, entry, matchType } = policyVerdict(policy.map, probe)
  if (!enforced && verdict === 'deny') {
    return { enforced, verdict: 'allow', entry: null, matchType: 'none', http: null, allowed: true }
  }
  const base = { enforced, verdict, entry, matchType }
  if (verdict !== 'redirect' || request === null || probe.protocol !== TCP) {
    return { ...base, http: null, allowed: verdict !== 'deny' }
  }
  const http = askProxy(policy.l7, { ...probe, request, proxyPort: entry?.value.proxyPort ?? 0 })
  return { ...base, http, allowed: http.allowed }
}

function askProxy(
  l7: CompiledNetworkPolicy | null,
  {
    direction,
    port,
    identity,
    proxyPort,
    request,
  }: Asked & { readonly request: HttpRequest; readonly proxyPort: number },
): L7Verdict {
  if (l7 === null) return { allowed: false, rule: null, reason: 'no-port' }
  const { allowed, rule, reason } = requestVerdict(l7, { direction, port, remote: identity, proxyPort, request })
  return { allowed, rule, reason }
}

/** Cilium's first proxy port. Which ones stand in a policy that nobody enforces does not matter, only that there are some. */
const FIRST_PROXY_PORT = 10_000

/** The message's header does not matter for its decisions. */
const NOBODY = EndpointId(1)

/** A resolved policy as it would be enforced. Null where it cannot be resolved. */
export function judgedPolicyOf(resolved: ResolvedPolicy): JudgedPolicy | null {
  if (resolved.kind === 'unresolvable') return null
  const { ingressEnforced, egressEnforced, entries, redirects, networkPolicy } = resolved
  const ports = new Map(redirects.map(({ id }, index) => [id, (FIRST_PROXY_PORT + index) as Port]))
  const rules = networkPolicyMessage(networkPolicy, { endpoint: NOBODY, addresses: [], proxyPorts: ports })
  return { ingressEnforced, egressEnforced, map: policyMapOf(entries, ports), l7: compileNetworkPolicy(rules), rules }
}
