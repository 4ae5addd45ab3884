/**
 * What a resolved policy asks of the datapath and the proxy, before proxy ports are known.
 *
 * It is per identity, not per endpoint: endpoints with the same labels and named ports share it. The endpoint's policy map is
 * `DesiredPolicy` plus the proxy ports at hand (projections/datapath/policy-map.ts).
 */
import type { Direction, PolicyMapKey } from '../../events/fields.ts'

/** Parsers that a redirect can ask for. */
export type Parser = 'http' | 'kafka' | 'dns' | 'tls' | 'crd' | `proxylib:${string}`

/** A place where traffic must go to the proxy: all entries with this `id` share one proxy port. */
export type DesiredRedirect = {
  /**
   * `<direction>:<PROTO>:<port>:<listener>`: Cilium's proxyID without the endpoint; a range of ports is `<first>-<last>`, the listener is mostly
   * empty.
   */
  readonly id: string
  readonly direction: Direction
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  /** 0 where the rule takes every port. */
  readonly port: number
  readonly parser: Parser
}

/** A policy map entry as wanted. `redirect` is the id of its `DesiredRedirect` and null unless the verdict is a redirect. */
export type DesiredEntry = {
  readonly key: PolicyMapKey
  readonly verdict: 'allow' | 'deny' | 'redirect'
  readonly precedence: number
  readonly authType: number
  readonly redirect: string | null
  /** `<resource key>#<JSON pointer>` of each rule element behind it, sorted; `reserved:<why>` for what no rule asked for. */
  readonly origins: readonly string[]
}

export type DesiredPolicy = {
  readonly kind: 'resolved'
  readonly ingressEnforced: boolean
  readonly egressEnforced: boolean
  /** In canonical order (`comparePolicyMapKeys`), one per key. */
  readonly entries: readonly DesiredEntry[]
  readonly redirects: readonly DesiredRedirect[]
}

/** The policies that select the identity contradict each other: nothing is resolved, what was in force stays. */
export type UnresolvablePolicy = {
  readonly kind: 'unresolvable'
  readonly code: string
  readonly reason: string
  readonly origins: readonly string[]
}
