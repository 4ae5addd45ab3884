/**
 * Which recorded flows would be answered differently under planned policies, grouped, with what was looked at, what was not, and what could not be judged.
 *
 * A flow is judged as it was recorded: by its identities, port and request. Numbers of prefixes come and go, so an address outside of the cluster is
 * judged as who it is at the moment, before and after. Headers other than the host are not recorded, so a request that rules judge by its headers
 * counts as not judged.
 */

import type { Timestamp } from '../../../events/ids.ts'
import { type Asked, type JudgedPolicy, judge } from '../../../projections/verdict/judge.ts'
import type { NodeView } from '../../../projections/world.ts'
import type { Flow, FlowStore } from '../../ports/flows.ts'
import { isoTime } from '../position.ts'
import { type FlowWindow, flowPages, type Kept, keptFlows } from './flow-window.ts'
import { isOutside, ownersOn, WORLD } from './outside.ts'
import type { Amount, Plan, PlannedPolicies } from './plan.ts'

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
  /** When the first and the last of them was seen. */
  readonly first: string
  readonly last: string
}

export type FlowReport = {
  readonly node: string
  /** The most frequent first. */
  readonly groups: readonly FlowGroup[]
  readonly coverage: FlowCoverage
}

export type FlowCoverage = {
  /** Of the flows that were seen. */
  readonly from: string | null
  readonly to: string | null
  readonly seen: number
  readonly judged: number
  /** By reason. */
  readonly notJudged: Readonly<Record<string, number>>
  /** What was asked for. */
  readonly window: { readonly since: string | null; readonly until: string | null; readonly last: number | null }
  /** What the store holds; null where it holds none. */
  readonly kept: { readonly from: string; readonly to: string } | null
  /** Kept and not looked at. */
  readonly leftOut: { readonly before: boolean; readonly after: boolean }
}

export type FlowQuestion = JudgeQuestion & {
  readonly store: Pick<FlowStore, 'query'>
  readonly window: FlowWindow
}

export type JudgeQuestion = {
  readonly node: string
  /** Of the node, before the plan. */
  readonly view: Pick<NodeView, 'ipcache' | 'localIdentities'>
  readonly policies: PlannedPolicies
  readonly plan: Pick<Plan, 'prefixes'>
}

export type JudgedFlow = { readonly was: boolean; readonly is: boolean; readonly asked: Amount<Asked> }

/** Reads page by page: its memory follows the groups, not the flows. Throws `FlowStoreError`. */
export async function flowReport({ store, window, ...question }: FlowQuestion): Promise<FlowReport> {
  const { node } = question
  const judgeFlow = flowJudge(question)
  const groups = new Map<string, Tallied>()
  const notJudged = new Map<string, number>()
  const [looked, decided] = [new Span(), new Span()]
  for await (const page of flowPages(store, window)) {
    for (const flow of page) {
      looked.take(flow.time)
      if (flow.kind === 'http-response') continue
      decided.take(flow.time)
      const judged = judgeFlow(flow)
      if (typeof judged === 'string') notJudged.set(judged, (notJudged.get(judged) ?? 0) + 1)
      else if (judged.was !== judged.is) count(groups, { flow, asked: judged.asked.after, isAllowed: judged.is })
    }
  }
  return {
    node,
    groups: [...groups.values()].map((group) => groupOf(node, group)).toSorted((a, b) => b.count - a.count),
    coverage: coverageOf({ window, kept: await keptFlows(store), looked, decided, notJudged }),
  }
}

/** Times from the first to the last, whatever the order in which they come. */
class Span {
  first: Timestamp | null = null
  last: Timestamp | null = null
  count = 0

  take(time: Timestamp): void {
    this.count += 1
    if (this.first === null || time < this.first) this.first = time
    if (this.last === null || time > this.last) this.last = time
  }
}

type Covered = {
  readonly window: FlowWindow
  readonly kept: Kept | null
  readonly looked: Span
  readonly decided: Span
  readonly notJudged: ReadonlyMap<string, number>
}

function coverageOf({ window, kept, looked, decided, notJudged }: Covered): FlowCoverage {
  const unjudged = [...notJudged.values()].reduce((sum, some) => sum + some, 0)
  return {
    from: isoOrNull(decided.first),
    to: isoOrNull(decided.last),
    seen: decided.count,
    judged: decided.count - unjudged,
    notJudged: Object.fromEntries(notJudged),
    window: { since: isoOrNull(window.since), until: isoOrNull(window.until), last: window.last },
    kept: kept === null ? null : { from: isoTime(kept.from), to: isoTime(kept.to) },
    leftOut: {
      before: kept !== null && kept.from < (looked.first ?? window.since ?? Number.POSITIVE_INFINITY),
      after: kept !== null && kept.to > (looked.last ?? window.until ?? Number.POSITIVE_INFINITY),
    },
  }
}

function isoOrNull(time: Timestamp | null): string | null {
  return time === null ? null : isoTime(time)
}

type Sides = Amount<JudgedPolicy | null>

/** Each recorded flow before and after the plan, or why it cannot be judged. */
export function flowJudge({ node, view, policies, plan }: JudgeQuestion): (flow: Flow) => JudgedFlow | string {
  const ownersOf = ownersOn(node, view, plan)
  return (flow) => {
    const sides = policies.get(`${node}/${flow.endpoint}`)
    const asked = askedOf(flow, ownersOf)
    const reason = obstacle(flow, sides, asked)
    if (reason !== null) return reason
    if (sides?.before === null || sides?.after === null || sides === undefined)
      return 'its endpoint has no policy to judge by'
    return { was: judge(sides.before, asked.before).allowed, is: judge(sides.after, asked.after).allowed, asked }
  }
}

function askedOf(
  { direction, source, destination, protocol, http }: Flow,
  ownersOf: ReturnType<typeof ownersOn>,
): Amount<Asked> {
  const peer = direction === 'ingress' ? source : destination
  const request = http === null ? null : { method: http.method, path: http.path, authority: http.host, headers: [] }
  const asked = { direction, protocol, port: destination.port, request } as const
  if (!isOutside(peer.identity)) {
    const same = { ...asked, identity: peer.identity }
    return { before: same, after: same }
  }
  const { held, planned } = ownersOf(peer.address)
  return { before: { ...asked, identity: held ?? WORLD }, after: { ...asked, identity: planned ?? WORLD } }
}

function obstacle({ http }: Flow, sides: Sides | undefined, { before }: Amount<Asked>): string | null {
  if (sides === undefined) return 'its endpoint is not there any more'
  if (before.identity === 0) return 'the identity of the other side is not known'
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

type Tallied = {
  readonly flow: Flow
  readonly asked: Asked
  readonly isAllowed: boolean
  readonly span: Span
}

function count(groups: Map<string, Tallied>, one: Omit<Tallied, 'span'>): void {
  const { flow, asked, isAllowed } = one
  const { direction, identity, protocol, port } = asked
  const key = JSON.stringify([flow.endpoint, direction, identity, protocol, port, requestOf(asked), isAllowed])
  const group = groups.get(key) ?? { ...one, span: new Span() }
  group.span.take(flow.time)
  groups.set(key, group)
}

function requestOf({ request }: Asked): string | null {
  return request === null ? null : `${request.method} ${request.path.split('?')[0]}`
}

function groupOf(node: string, { flow, asked, isAllowed, span }: Tallied): FlowGroup {
  const { direction, identity, protocol, port } = asked
  const what = { node, endpoint: flow.endpoint, direction, identity, protocol, port, request: requestOf(asked) }
  const when = { first: isoTime(span.first!), last: isoTime(span.last!) }
  return { ...what, change: isAllowed ? 'allowed' : 'denied', count: span.count, ...when }
}
