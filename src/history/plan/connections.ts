/**
 * Which connections that a node's kernel knows would not go on under planned policies, grouped, with what was looked at and what could not be judged.
 *
 * A connection between two endpoints of the node has two entries, one at each device, and each is judged by the policy of its own endpoint, as
 * the programs do it for every packet but for answers: what is allowed now and denied then is cut, and a plain TCP connection that then belongs to the proxy
 * is reset.
 */
import { type Asked, type JudgedPolicy, judge } from '../../../projections/verdict/judge.ts'
import type { NodeView } from '../../../projections/world.ts'
import type { ConntrackEntry } from '../../ports/datapath.ts'
import { isOutside, ownersOn, WORLD } from './outside.ts'
import type { Amount, Plan, PlannedPolicies } from './plan.ts'

export type ConnectionGroup = {
  readonly node: string
  readonly endpoint: number
  readonly direction: 'ingress' | 'egress'
  /** Of the other side, as it is now. */
  readonly identity: number
  readonly protocol: number
  readonly port: number
  readonly change: 'cut' | 'redirected'
  readonly count: number
}

export type ConnectionReport = {
  readonly node: string
  /** The most frequent first. A connection whose both sides would end it is in a group of each. */
  readonly groups: readonly ConnectionGroup[]
  readonly coverage: {
    /** Entries; those that are judged, expired and not judged are all of them. */
    readonly seen: number
    readonly judged: number
    /** Past their lifetime when they were judged. The kernel's reading leaves out those that were so before. */
    readonly expired: number
    /** By reason. */
    readonly notJudged: Readonly<Record<string, number>>
  }
}

/** Why the connections of a node were not looked at. */
export type ConnectionsUnseen = { readonly node: string; readonly reason: string }

export type ConnectionQuestion = {
  readonly node: string
  readonly entries: readonly ConntrackEntry[]
  /** Second of the monotonic clock. */
  readonly now: number
  readonly view: Pick<NodeView, 'endpoints' | 'ipcache' | 'localIdentities'>
  readonly policies: PlannedPolicies
  readonly plan: Pick<Plan, 'prefixes'>
}

type Judged = { readonly endpoint: number; readonly asked: Amount<Asked>; readonly policy: Amount<JudgedPolicy> }

const ICMP = 1
const TCP = 6
/** Of ICMP only echo begins a connection. */
const ICMP_ECHO = 8
const BOTH_CLOSING = 0b11
const PROXY_REDIRECT = 1 << 6

export function connectionReport(question: ConnectionQuestion): ConnectionReport {
  const { node, entries, now } = question
  const live = entries.filter(({ expires }) => expires >= now)
  const find = finderOf(question)
  const groups = new Map<string, ConnectionGroup>()
  const notJudged = new Map<string, number>()
  let judged = 0
  for (const entry of live) {
    const found = find(entry)
    if (typeof found === 'string') {
      notJudged.set(found, (notJudged.get(found) ?? 0) + 1)
      continue
    }
    judged += 1
    const change = changeOf(entry, found)
    if (change === null) continue
    const { direction, identity, protocol, port } = found.asked.before
    const key = JSON.stringify([found.endpoint, direction, identity, protocol, port, change])
    const count = (groups.get(key)?.count ?? 0) + 1
    groups.set(key, { node, endpoint: found.endpoint, direction, identity, protocol, port, change, count })
  }
  return {
    node,
    groups: [...groups.values()].toSorted((a, b) => b.count - a.count),
    coverage: {
      seen: entries.length,
      judged,
      expired: entries.length - live.length,
      notJudged: Object.fromEntries(notJudged),
    },
  }
}

function changeOf({ protocol, flags }: ConntrackEntry, { asked, policy }: Judged): ConnectionGroup['change'] | null {
  const [was, is] = [judge(policy.before, asked.before), judge(policy.after, asked.after)]
  if (!was.allowed) return null
  if (!is.allowed) return 'cut'
  const isPlain = protocol === TCP && (flags & PROXY_REDIRECT) === 0
  return isPlain && was.verdict !== 'redirect' && is.verdict === 'redirect' ? 'redirected' : null
}

/** What to judge an entry by, or why it cannot be judged. */
function finderOf({ node, view, policies, plan }: ConnectionQuestion): (entry: ConntrackEntry) => Judged | string {
  const addressed = new Map([...view.endpoints.values()].map((one) => [one.ipv4, one]))
  const ownersOf = ownersOn(node, view, plan)
  return (entry) => {
    if (entry.related) return 'an error message about another connection'
    if ((entry.flags & BOTH_CLOSING) === BOTH_CLOSING) return 'both sides have closed it'
    const isIn = entry.direction === 'in'
    const [own, peer] = isIn ? [entry.destination, entry.source] : [entry.source, entry.destination]
    const endpoint = addressed.get(own)?.endpoint
    const sides = endpoint === undefined ? undefined : policies.get(`${node}/${endpoint}`)
    if (endpoint === undefined || sides === undefined) return 'its endpoint is not there any more'
    if (sides.before === null || sides.after === null) return 'its endpoint has no policy to judge by'
    const { held, planned } = ownersOf(peer)
    const before = isIn ? Number(entry.sourceSecurityId) : (held ?? WORLD)
    if (before === 0) return 'the identity of the other side is not known'
    const asked = {
      direction: isIn ? 'ingress' : 'egress',
      protocol: entry.protocol,
      port: entry.protocol === ICMP ? ICMP_ECHO : entry.destinationPort,
      request: null,
    } as const
    // Only a longer prefix that the plan names takes an address outside away from who has it.
    const after = isOutside(before) && planned !== null && planned !== held ? planned : before
    return {
      endpoint,
      asked: { before: { ...asked, identity: before }, after: { ...asked, identity: after } },
      policy: { before: sides.before, after: sides.after },
    }
  }
}
