/** One build of one endpoint as the agent would do it: ports, message, map and end; or the bump of an endpoint that is not concerned. */
import type { EventOf } from '../../../events/catalogue.ts'
import { PolicyRevision, type Port } from '../../../events/ids.ts'
import type { Redirect } from '../../../events/regeneration.ts'
import type { Json } from '../../../events/schema.ts'
import {
  type PolicyMap,
  policyMapDiff,
  policyMapDigest,
  policyMapOf,
} from '../../../projections/datapath/policy-map.ts'
import { equal } from '../../../projections/history/changes.ts'
import type { ResolvedPolicy } from '../../../projections/policy/engine.ts'
import { networkPolicyMessage } from '../../../projections/policy/network-policy.ts'
import type { EndpointView, NodeView } from '../../../projections/world.ts'
import type { Listener } from '../../react/proxy-ports.ts'
import { listenerPorts, proxyPortsOf, takenRedirects } from '../plan/proxy-ports.ts'

export type Built = {
  readonly view: EndpointView
  /** On the endpoint's stream, in order. */
  readonly events: readonly EndpointEvent[]
  /** For the proxy: null takes it away, undefined leaves it. */
  readonly message: Json | null | undefined
  readonly listeners: readonly Listener[]
}

type EndpointEvent = EventOf<
  'PolicyMapWritten' | 'EndpointRegenerationSucceeded' | 'EndpointRegenerationFailed' | 'EndpointRevisionBumped'
>

export type BuildQuestion = {
  readonly node: NodeView
  readonly view: EndpointView
  readonly resolved: ResolvedPolicy
  /** It is not what it was when the endpoint was built last. */
  readonly isAffected: boolean
  readonly revision: number
}

type Resolved = Exclude<ResolvedPolicy, { readonly kind: 'unresolvable' }>

/** Builds are counted by the agent, which has done none of these. */
const NO_BUILD = 0

export function buildOf(question: BuildQuestion): Built {
  const { view, resolved, isAffected } = question
  if (resolved.kind === 'unresolvable') return isAffected ? failed(question, resolved) : idle(view, [])
  return isAffected ? built(question, resolved) : idle(view, bump(question))
}

function idle(view: EndpointView, events: readonly EndpointEvent[]): Built {
  return { view, events, message: undefined, listeners: [] }
}

function bump({ view: { endpoint, revision: from }, revision }: BuildQuestion): readonly EndpointEvent[] {
  if (from === null || from >= revision) return []
  return [{ type: 'EndpointRevisionBumped', v: 1, endpoint, from, to: PolicyRevision(revision) }]
}

function failed(
  { view, revision }: BuildQuestion,
  { code, reason }: Extract<ResolvedPolicy, { readonly kind: 'unresolvable' }>,
): Built {
  const { failure, endpoint } = view
  if (failure?.code === code && failure.reason === reason && failure.revision === revision) return idle(view, [])
  const end = { phase: 'policyCalculation', code, reason, retryInMs: null, phases: [] }
  const build = { endpoint, build: NO_BUILD, revision: PolicyRevision(revision) }
  return idle(view, [{ type: 'EndpointRegenerationFailed', v: 1, ...build, ...end }])
}

function built(question: BuildQuestion, resolved: Resolved): Built {
  const { node, view, revision } = question
  const taken = takenRedirects(view, resolved.redirects)
  const ports = proxyPortsOf(view, resolved.redirects, listenerPorts(node))
  const map = policyMapOf(resolved.entries, ports)
  const redirects = redirectsOf(view, resolved, ports)
  const message = messageOf(view, resolved, ports)
  const deltas = policyMapDiff(view.policyMap, map)
  const served = node.xds.get('npds')?.resources.get(String(view.endpoint)) ?? null
  const { ingressEnforced, egressEnforced } = resolved
  const isSo =
    deltas.length === 0 &&
    equal(served, message) &&
    view.ingressEnforced === ingressEnforced &&
    view.egressEnforced === egressEnforced &&
    equal(view.redirects as unknown as Json, redirects as unknown as Json) &&
    view.revision === revision &&
    view.failure === null &&
    view.building === null
  if (isSo) return idle(view, [])
  const done = { ingressEnforced, egressEnforced, redirects, programTag: null, phases: [] }
  return {
    view,
    events: [...written(view, map, deltas), succeeded(question, map, done)],
    message: equal(served, message) ? undefined : message,
    listeners: taken.map(({ listener }) => listener),
  }
}

function written(
  { endpoint }: EndpointView,
  map: PolicyMap,
  deltas: EventOf<'PolicyMapWritten'>['deltas'],
): readonly EndpointEvent[] {
  if (deltas.length === 0) return []
  const digest = policyMapDigest(map)
  return [{ type: 'PolicyMapWritten', v: 1, endpoint, build: NO_BUILD, deltas, entries: map.size, digest }]
}

function succeeded(
  { view, revision }: BuildQuestion,
  map: PolicyMap,
  done: Pick<
    EventOf<'EndpointRegenerationSucceeded'>,
    'ingressEnforced' | 'egressEnforced' | 'redirects' | 'programTag' | 'phases'
  >,
): EndpointEvent {
  const digest = policyMapDigest(map)
  return {
    type: 'EndpointRegenerationSucceeded',
    v: 1,
    endpoint: view.endpoint,
    build: NO_BUILD,
    revision: PolicyRevision(revision),
    // Only endpoints with an identity are built.
    identity: view.identity!,
    desiredDigest: digest,
    realizedDigest: digest,
    npdsVersion: null,
    ...done,
  }
}

function redirectsOf(
  { endpoint }: EndpointView,
  { redirects }: Resolved,
  ports: ReadonlyMap<string, Port>,
): readonly Redirect[] {
  return redirects.flatMap((redirect) => {
    const proxyPort = ports.get(redirect.id)
    if (proxyPort === undefined) return []
    const { direction, protocol, port, parser } = redirect
    return [{ id: `${endpoint}:${redirect.id}`, direction, protocol, port, parser, proxyPort }]
  })
}

/** Null where the endpoint has no address: a proxy could not know it. */
function messageOf(
  { endpoint, ipv4, ipv6 }: EndpointView,
  { networkPolicy }: Resolved,
  proxyPorts: ReadonlyMap<string, Port>,
): Json | null {
  const addresses = [ipv4, ipv6].filter((address) => address !== null)
  if (addresses.length === 0) return null
  return networkPolicyMessage(networkPolicy, { endpoint, addresses, proxyPorts }) as unknown as Json
}
