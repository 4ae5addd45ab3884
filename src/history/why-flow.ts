/**
 * Why a recorded flow was allowed or denied: it is judged again as it was recorded, by its identities, port and request, and the answer is compared
 * with what the datapath or the proxy said then.
 *
 * A request is judged by the network policy of its stamp: what the proxy had taken when it decided. Only the side that decided is walked: the endpoint's, in the flow's direction. `inForce` is what the log says was written for it at that position,
 * `wanted` what the policies asked for.
 */
import { decodeEvent } from '../../events/codec.ts'
import { EndpointId, endpointStream, type NodeName, Position } from '../../events/ids.ts'
import { publishedPolicy } from '../../projections/verdict/recorded-policy.ts'
import type { World } from '../../projections/world.ts'
import type { Flow } from '../ports/flows.ts'
import type { History } from './history.ts'
import { labelsOf, type Party } from './party.ts'
import { asksForHeaders } from './plan/flows.ts'
import { type PartyView, type Side, sideOf, viewOf, type WhyState } from './why.ts'

/** What a verdict does with the packet or request; the words of the flow store. */
export type FlowVerdict = Flow['verdict']

export type FlowAnswer = {
  /** What the log says was in force there lets it through. */
  readonly allowed: boolean
  readonly recorded: FlowVerdict
  readonly recomputed: FlowVerdict
  /** Both say otherwise. */
  readonly differs: boolean
  /** Why `recomputed` may be wrong where it differs, or right by chance; null where nothing speaks against it. */
  readonly doubt: string | null
  readonly from: PartyView
  readonly to: PartyView
  readonly side: Side
}

export type FlowOutcome =
  | { readonly kind: 'answered'; readonly answer: FlowAnswer }
  /** Nothing decided it, or its endpoint is not on the log at that position. */
  | { readonly kind: 'not-judged' | 'not-found'; readonly reason: string }

/**
 * Where it is judged: its stamp. A request's stamp is the publication that the proxy judged by, and the first requests reach the proxy only after the
 * build that published it has written the map: where that was before the flow was seen, its end is the moment.
 */
export async function positionOfFlow({ log }: Pick<History, 'log'>, node: NodeName, flow: Flow): Promise<string> {
  const { position, revision } = flow.stamp
  if (flow.http === null) return position
  const streamPrefixes = [endpointStream(node, EndpointId(flow.endpoint))]
  const types = ['EndpointRegenerationSucceeded'] as const
  const after = Position(BigInt(position))
  for await (const batch of log.readAll({ direction: 'forwards', after, types, streamPrefixes })) {
    for (const stored of batch) {
      if (stored.recordedAt > flow.time) return position
      const { event } = decodeEvent(stored)
      if (event.type === 'EndpointRegenerationSucceeded' && event.endpoint === flow.endpoint)
        return event.revision === revision ? String(stored.position) : position
    }
  }
  return position
}

export function whyFlow(state: WhyState, node: string, flow: Flow): FlowOutcome {
  if (flow.kind === 'http-response')
    return { kind: 'not-judged', reason: 'it is a response, and only requests are decided on' }
  const subject = subjectOf(state.world, node, flow)
  if (subject === null) {
    return { kind: 'not-found', reason: `endpoint ${flow.endpoint} of ${node} is not there, or has no identity` }
  }
  const { direction, protocol, destination, http } = flow
  const ends = endsOf(flow)
  const peer = peerOf(state.world, node, ends.peer)
  const request = http === null ? null : { method: http.method, path: http.path, authority: http.host, headers: [] }
  // Its stamp is the publication that the proxy judged by.
  const proxyHas = http === null ? 'taken' : 'published'
  const side = sideOf(state, { protocol, port: destination.port, request }, { direction, subject, peer }, proxyHas)
  const recomputed = verdictOf(side)
  const [from, to] = direction === 'ingress' ? [peer, subject] : [subject, peer]
  return {
    kind: 'answered',
    answer: {
      allowed: side.allowed,
      recorded: flow.verdict,
      recomputed,
      differs: recomputed !== flow.verdict,
      doubt: doubtOf(state.world, { node, flow, subject, side }),
      from: viewOf(from),
      to: viewOf(to),
      side,
    },
  }
}

function endsOf({ direction, source, destination }: Flow): Readonly<Record<'own' | 'peer', Flow['source']>> {
  return direction === 'ingress' ? { own: destination, peer: source } : { own: source, peer: destination }
}

/** The endpoint as the log knows it; its recorded identity is only looked at in `doubtOf`. */
function subjectOf(world: World, node: string, { endpoint }: Flow): Party | null {
  const view = [...(world.nodes.get(node)?.endpoints.values() ?? [])].find((one) => one.endpoint === endpoint)
  if (view === undefined || view.identity === null) return null
  return { identity: view.identity, labels: view.labels, endpoint: { node, view }, address: view.ipv4 ?? view.ipv6 }
}

/** By the identity that the datapath saw, whatever the address is by the log. */
function peerOf(world: World, node: string, { address, identity }: Flow['source']): Party {
  const owners = [...world.nodes].flatMap(([owner, { endpoints }]) =>
    [...endpoints.values()].map((view) => ({ node: owner, view })),
  )
  const endpoint = owners.find(({ view }) => view.ipv4 === address || view.ipv6 === address) ?? null
  return { identity, labels: labelsOf(world, identity, node), endpoint, address }
}

function verdictOf({ allowed, inForce, wanted }: Side): FlowVerdict {
  const deciding = inForce ?? wanted
  if (!allowed || deciding === null) return 'DROPPED'
  return deciding.http === null && deciding.verdict === 'redirect' ? 'REDIRECTED' : 'FORWARDED'
}

type Judged = { readonly node: string; readonly flow: Flow; readonly subject: Party; readonly side: Side }

function doubtOf(world: World, { node, flow, subject, side }: Judged): string | null {
  const { own, peer } = endsOf(flow)
  if (flow.verdict === 'ERROR') return 'it ended with an error, which no policy decides'
  if (peer.identity === 0) return 'the identity of the other side was not known'
  if (own.identity !== subject.identity) {
    return `the endpoint had identity ${own.identity}, and has ${subject.identity} at this position`
  }
  const policy = publishedPolicy(world, node, subject.endpoint!.view)
  if (flow.http !== null && policy !== null && asksForHeaders(policy)) {
    return 'rules judge requests by headers, which are not recorded'
  }
  if (side.revision !== flow.stamp.revision) {
    return `it was decided under revision ${flow.stamp.revision}, and revision ${side.revision ?? 'none'} is in force at this position`
  }
  return null
}
