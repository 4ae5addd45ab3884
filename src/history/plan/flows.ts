/**
 * Which recorded flows would be answered differently under planned policies, grouped, with what was looked at and what could not be judged.
 *
 * A flow is judged as it was recorded: by its identities, port and request. Headers other than the host are not recorded, so a request that rules judge by
 * its headers counts as not judged.
 */
import { contains, parseAddress, parsePrefix } from '../../../projections/ip/prefix.ts'
import { type Asked, type JudgedPolicy, judge } from '../../../projections/verdict/judge.ts'
import type { Flow } from '../../ports/flows.ts'
import { isoTime } from '../position.ts'
import type { Plan, PlannedPolicies } from './plan.ts'

export type FlowGroup = {
  readonly node: string
  readonly endpoint: number
  readonly direction: 'ingress' | 'egress'
  readonly identity: number
  readonly protocol: number
  readonly port: number
  /** `METHOD path`; null for connections. */
  readonly request: string | null
  readonly change: 'allowed' | 'denied'
  readonly count: number
}

export type FlowReport = {
  /** The most frequent first. */
  readonly groups: readonly FlowGroup[]
  readonly coverage: {
    readonly from: string | null
    readonly to: string | null
    readonly seen: number
    readonly judged: number
    /** By reason. */
    readonly notJudged: Readonly<Record<string, number>>
  }
}

export type FlowQuestion = {
  readonly node: string
  readonly flows: readonly Flow[]
  readonly policies: PlannedPolicies
  readonly plan: Plan
}

/** Identities from here on stand for prefixes of one node (Cilium pkg/identity). */
const LOCAL_FIRST = 0x0100_0000
const WORLD = 2

export function flowReport({ node, flows, policies, plan }: FlowQuestion): FlowReport {
  const groups = new Map<string, FlowGroup>()
  const notJudged = new Map<string, number>()
  const decisions = flows.filter(({ kind }) => kind !== 'http-response')
  let judged = 0
  for (const flow of decisions) {
    const sides = policies.get(`${node}/${flow.endpoint}`)
    const asked = askedOf(flow, plan, node)
    const reason = obstacle(flow, sides, asked)
    if (reason !== null || sides?.before === null || sides?.after === null || sides === undefined) {
      const why = reason ?? 'its endpoint has no policy to judge by'
      notJudged.set(why, (notJudged.get(why) ?? 0) + 1)
      continue
    }
    judged += 1
    const [was, is] = [judge(sides.before, asked).allowed, judge(sides.after, asked).allowed]
    if (was !== is) count(groups, { node, flow, asked, isAllowed: is })
  }
  const times = decisions.map(({ time }) => time).toSorted((a, b) => a - b)
  const [first, last] = [times[0], times.at(-1)]
  return {
    groups: [...groups.values()].toSorted((a, b) => b.count - a.count),
    coverage: {
      from: first === undefined ? null : isoTime(first),
      to: last === undefined ? null : isoTime(last),
      seen: decisions.length,
      judged,
      notJudged: Object.fromEntries(notJudged),
    },
  }
}

function askedOf({ direction, source, destination, protocol, http }: Flow, plan: Plan, node: string): Asked {
  const peer = direction === 'ingress' ? source : destination
  const request = http === null ? null : { method: http.method, path: http.path, authority: http.host, headers: [] }
  return { direction, identity: identityThen(peer, plan, node), protocol, port: destination.port, request }
}

/** An address outside belongs to the longest prefix that the planned policies name. */
function identityThen(peer: Flow['source'], { prefixes }: Plan, node: string): number {
  if (peer.identity !== WORLD && peer.identity < LOCAL_FIRST) return peer.identity
  const address = parseAddress(peer.address)
  const covering = prefixes.filter(({ node: owner, prefix }) => {
    const parsed = parsePrefix(prefix)
    return owner === node && address !== null && parsed !== null && contains(parsed, address)
  })
  const longest = covering.toSorted((a, b) => lengthOf(b.prefix) - lengthOf(a.prefix))[0]
  return longest?.identity ?? peer.identity
}

function lengthOf(prefix: string): number {
  return parsePrefix(prefix)?.length ?? 0
}

function obstacle(
  { http }: Flow,
  sides: { readonly before: JudgedPolicy | null; readonly after: JudgedPolicy | null } | undefined,
  asked: Asked,
): string | null {
  if (sides === undefined) return 'its endpoint is not there any more'
  if (asked.identity === 0) return 'the identity of the other side is not known'
  const usesHeaders = [sides.before, sides.after].some((policy) => policy !== null && asksForHeaders(policy))
  return http !== null && usesHeaders ? 'rules judge by headers, which are not recorded' : null
}

/** By others than the host, which alone is recorded. */
export function asksForHeaders({ rules }: JudgedPolicy): boolean {
  const ports = rules === null ? [] : [...rules.ingressPerPortPolicies, ...rules.egressPerPortPolicies]
  return ports.some(({ rules: own }) =>
    own.some(({ httpRules }) =>
      (httpRules?.httpRules ?? []).some(
        ({ headers, headerMatches }) => headerMatches.length > 0 || headers.some(({ name }) => !name.startsWith(':')),
      ),
    ),
  )
}

function count(
  groups: Map<string, FlowGroup>,
  {
    node,
    flow,
    asked,
    isAllowed,
  }: {
    readonly node: string
    readonly flow: Flow
    readonly asked: Asked
    readonly isAllowed: boolean
  },
): void {
  const { direction, identity, protocol, port } = asked
  const request = asked.request === null ? null : `${asked.request.method} ${asked.request.path.split('?')[0]}`
  const change = isAllowed ? 'allowed' : 'denied'
  const key = JSON.stringify([flow.endpoint, direction, identity, protocol, port, request, change])
  const before = groups.get(key)
  const group = { node, endpoint: flow.endpoint, direction, identity, protocol, port, request, change } as const
  groups.set(key, { ...group, count: (before?.count ?? 0) + 1 })
}
