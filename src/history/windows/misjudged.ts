/** The recorded flows that an inconsistency window explains: those of its endpoint, peers and ports whose verdict was the wrong one meanwhile. */
import { Timestamp } from '../../../events/ids.ts'
import { contains, parseAddress, parsePrefix } from '../../../projections/ip/prefix.ts'
import type { Flow, FlowQuery, FlowStore } from '../../ports/flows.ts'
import type { Window } from './node-windows.ts'
import type { Peer } from './peers.ts'

/** The first ones are named. */
const NAMED_MAX = 10

export type Misjudged = { readonly count: number; readonly ids: readonly number[] }

/** Throws `FlowStoreError`. */
export async function misjudgedFlows(store: Pick<FlowStore, 'query'>, window: Window): Promise<Misjudged> {
  const { endpoint, kind, since, until } = window
  const range: FlowQuery = {
    endpoint,
    ...(since === null ? {} : { since: Timestamp(Date.parse(since.time)) }),
    ...(until === null ? {} : { until: Timestamp(Date.parse(until.time)) }),
  }
  const verdicts: readonly Flow['verdict'][] = kind === 'deny' ? ['DROPPED'] : ['FORWARDED', 'REDIRECTED']
  const ids: number[] = []
  let count = 0
  for (let after = 0; ; ) {
    const page = await store.query({ ...range, sinceId: after })
    if (page.length === 0) return { count, ids }
    for (const flow of page) {
      if (!verdicts.includes(flow.verdict) || !isIn(window, flow)) continue
      count += 1
      if (ids.length < NAMED_MAX) ids.push(flow.id)
    }
    after = page.at(-1)!.id
  }
}

/** What the proxy decided is not asked: windows are about connections. */
function isIn({ direction, peers, ports, since, until }: Window, flow: Flow): boolean {
  const stamp = BigInt(flow.stamp.position)
  if (flow.kind !== 'policy-verdict' || flow.direction !== direction) return false
  if (since !== null && stamp < BigInt(since.position)) return false
  if (until !== null && stamp >= BigInt(until.position)) return false
  const { protocol, destination } = flow
  const isMeant = ports.some(
    (one) => one.protocol === protocol && one.from <= destination.port && destination.port <= one.to,
  )
  const peer = direction === 'ingress' ? flow.source : flow.destination
  return isMeant && peers.some((one) => isPeer(one, peer))
}

function isPeer(peer: Peer, { address, identity }: Flow['source']): boolean {
  if (peer.what === 'identity') return peer.identity === identity
  if (peer.what === 'others') return !peer.except.includes(identity)
  const [prefix, value] = [parsePrefix(peer.prefix), parseAddress(address)]
  return prefix !== null && value !== null && contains(prefix, value)
}
