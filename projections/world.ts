/**
 * What the log says about the world at one position: everything that a reading verb shows.
 *
 * It keeps what was recorded and decides nothing: a policy map here is the sum of the deltas that were written to the kernel, not what the
 * policies ask for. Persistent maps: a step costs the same however many identities and endpoints there are.
 */

import { Map as PersistentMap } from 'immutable'
import type { EventOf, EventType } from '../events/catalogue.ts'
import type { EndpointState } from '../events/endpoint.ts'
import { type NamedPort, resourceKey } from '../events/fields.ts'
import type { EndpointId, IdentityId, IpAddress, LabelText, PolicyRevision } from '../events/ids.ts'
import type { DatapathMode, XdsType } from '../events/node.ts'
import type { PolicyOptions } from '../events/policy-options.ts'
import type { Recorded } from '../events/recorded.ts'
import type { Redirect } from '../events/regeneration.ts'
import { applyPolicyMapDeltas, EMPTY_POLICY_MAP, type PolicyMap } from './datapath/policy-map.ts'
import { type DnsNames, evolveDns, NO_DNS } from './facts/dns.ts'
import { evolveShared, NO_SHARED_FACTS, type SharedFacts } from './facts/shared.ts'
import { DEFAULT_POLICY_OPTIONS } from './policy/default-options.ts'
import { type Projection, projection } from './projection.ts'
import { evolveXdsView, NOTHING_PUBLISHED, type XdsView } from './xds/view.ts'

export type EndpointView = {
  readonly endpoint: EndpointId
  readonly name: string
  readonly labels: readonly LabelText[]
  readonly ipv4: IpAddress | null
  readonly ipv6: IpAddress | null
  readonly identity: IdentityId | null
  readonly state: EndpointState
  readonly namedPorts: readonly NamedPort[]
  /** Realised revision; null before the first success. */
  readonly revision: PolicyRevision | null
  readonly ingressEnforced: boolean
  readonly egressEnforced: boolean
  readonly redirects: readonly Redirect[]
  /** The revision that a build is working on; null where none is running. */
  readonly building: PolicyRevision | null
  /** Why the last build came to nothing; null after a success. */
  readonly failure: BuildFailure | null
  readonly policyMap: PolicyMap
}

export type BuildFailure = {
  readonly revision: PolicyRevision
  readonly phase: string
  readonly code: string
  readonly reason: string
  readonly retryInMs: number | null
}

export type NodeView = {
  readonly datapath: DatapathMode | null
  readonly running: boolean
  /** Of the last agent that started: what policies mean on this node. */
  readonly options: PolicyOptions
  readonly endpoints: PersistentMap<EndpointId, EndpointView>
  readonly localIdentities: PersistentMap<IdentityId, EventOf<'IdentityAllocated'>>
  readonly ipcache: PersistentMap<string, EventOf<'IpcacheUpserted'>>
  /** By `<endpoint>/<program>/<device>`. */
  readonly programs: PersistentMap<string, EventOf<'ProgramLoaded'>>
  readonly xds: PersistentMap<XdsType, XdsView>
  /** What the DNS said there. */
  readonly dns: DnsNames
}

export type World = SharedFacts & {
  /** Repository revision; 1 before the first policy. */
  readonly revision: number
  /** By resource key. */
  readonly policies: PersistentMap<string, EventOf<'PolicyAdded'>>
  readonly identities: PersistentMap<IdentityId, EventOf<'IdentityAllocated'>>
  /** By node name. */
  readonly nodes: PersistentMap<string, NodeView>
}

export const EMPTY_NODE: NodeView = {
  datapath: null,
  running: false,
  options: DEFAULT_POLICY_OPTIONS,
  endpoints: PersistentMap(),
  localIdentities: PersistentMap(),
  ipcache: PersistentMap(),
  programs: PersistentMap(),
  xds: PersistentMap(),
  dns: NO_DNS,
}

const SHARED_READS = [
  'PolicyAdded',
  'PolicyDeleted',
  'CidrGroupSet',
  'CidrGroupDeleted',
  'ServiceSet',
  'ServiceDeleted',
] as const
const NODE_READS = [
  'IdentityAllocated',
  'IdentityReleased',
  'IpcacheUpserted',
  'IpcacheDeleted',
  'EndpointCreated',
  'EndpointIdentityChanged',
  'EndpointStateChanged',
  'EndpointDeleted',
  'PolicyMapWritten',
  'EndpointRegenerationStarted',
  'EndpointRegenerationSucceeded',
  'EndpointRegenerationFailed',
  'EndpointRevisionBumped',
  'AgentStarted',
  'AgentStopped',
  'ProgramLoaded',
  'ProgramUnloaded',
  'XdsPublished',
  'XdsAcked',
  'XdsNacked',
  'DnsAnswerLearned',
  'DnsAnswerExpired',
] as const
type NodeEvent = EventOf<(typeof NODE_READS)[number]>
type EndpointEvent = Extract<NodeEvent, { readonly type: `Endpoint${string}` | 'PolicyMapWritten' }>
/** What changes an endpoint that is there. */
export type EndpointChange = Exclude<EndpointEvent, { readonly type: 'EndpointCreated' | 'EndpointDeleted' }>
type Read = (typeof SHARED_READS)[number] | (typeof NODE_READS)[number]

export const world: Projection<World, Read> = projection<World, Read>({
  name: 'world',
  version: 6,
  reads: [...SHARED_READS, ...NODE_READS],
  initial: {
    revision: 1,
    policies: PersistentMap(),
    identities: PersistentMap(),
    nodes: PersistentMap(),
    ...NO_SHARED_FACTS,
  },
  evolve: (state, recorded) => {
    const { event, stream } = recorded
    switch (event.type) {
      case 'PolicyAdded':
        return {
          ...state,
          revision: event.revision,
          policies: state.policies.set(resourceKey(event.resource), event),
        }
      case 'PolicyDeleted':
        return {
          ...state,
          revision: event.revision,
          policies: state.policies.delete(resourceKey(event.resource)),
        }
      case 'IdentityAllocated':
        if (stream === 'identity') return { ...state, identities: state.identities.set(event.identity, event) }
        return atNode(state, recorded, event)
      case 'IdentityReleased':
        if (stream === 'identity') return { ...state, identities: state.identities.delete(event.identity) }
        return atNode(state, recorded, event)
      case 'CidrGroupSet':
      case 'CidrGroupDeleted':
      case 'ServiceSet':
      case 'ServiceDeleted':
        return evolveShared(state, { ...recorded, event })
      default:
        return atNode(state, recorded, event)
    }
  },
})

/** `node-<node>` and `endpoint-<node>-<id>` name their node; null for a shared stream. */
export function nodeOfStream(stream: string): string | null {
  if (stream.startsWith('node-')) return stream.slice('node-'.length) || null
  if (!stream.startsWith('endpoint-')) return null
  const end = stream.lastIndexOf('-')
  return /^[0-9]+$/.test(stream.slice(end + 1)) ? stream.slice('endpoint-'.length, end) || null : null
}

function atNode(state: World, recorded: Recorded<EventOf<EventType>>, event: NodeEvent): World {
  const name = nodeOfStream(recorded.stream)
  if (name === null) return state
  const node = state.nodes.get(name, EMPTY_NODE)
  if (event.type === 'DnsAnswerLearned' || event.type === 'DnsAnswerExpired') {
    return { ...state, nodes: state.nodes.set(name, { ...node, dns: evolveDns(node.dns, { ...recorded, event }) }) }
  }
  if (event.type === 'XdsPublished' || event.type === 'XdsAcked' || event.type === 'XdsNacked') {
    const xds = evolveXds(node.xds, { ...recorded, event })
    return { ...state, nodes: state.nodes.set(name, { ...node, xds }) }
  }
  return { ...state, nodes: state.nodes.set(name, evolveNode(node, event)) }
}

function evolveNode(
  node: NodeView,
  event: Exclude<NodeEvent, { readonly type: `Dns${string}` | `Xds${string}` }>,
): NodeView {
  switch (event.type) {
    case 'AgentStarted':
      return { ...node, datapath: event.datapath, running: true, options: event.options }
    case 'AgentStopped':
      return { ...node, running: false }
    case 'IdentityAllocated':
      return { ...node, localIdentities: node.localIdentities.set(event.identity, event) }
    case 'IdentityReleased':
      return { ...node, localIdentities: node.localIdentities.delete(event.identity) }
    case 'IpcacheUpserted':
      return { ...node, ipcache: node.ipcache.set(event.prefix, event) }
    case 'IpcacheDeleted':
      return { ...node, ipcache: node.ipcache.delete(event.prefix) }
    case 'ProgramLoaded':
      return { ...node, programs: node.programs.set(programKey(event), event) }
    case 'ProgramUnloaded':
      return { ...node, programs: node.programs.delete(programKey(event)) }
    case 'EndpointCreated':
      return { ...node, endpoints: node.endpoints.set(event.endpoint, createdEndpoint(event)) }
    case 'EndpointDeleted':
      return { ...node, endpoints: node.endpoints.delete(event.endpoint) }
    default: {
      const endpoint = node.endpoints.get(event.endpoint)
      if (endpoint === undefined) return node
      return { ...node, endpoints: node.endpoints.set(event.endpoint, evolveEndpoint(endpoint, event)) }
    }
  }
}

export function evolveEndpoint(endpoint: EndpointView, event: EndpointChange): EndpointView {
  switch (event.type) {
    case 'EndpointIdentityChanged':
      return { ...endpoint, identity: event.identity, labels: event.labels }
    case 'EndpointStateChanged':
      return { ...endpoint, state: event.to }
    case 'PolicyMapWritten':
      return { ...endpoint, policyMap: applyPolicyMapDeltas(endpoint.policyMap, event.deltas) }
    case 'EndpointRegenerationStarted':
      return { ...endpoint, building: event.revision }
    case 'EndpointRegenerationSucceeded': {
      const { revision, ingressEnforced, egressEnforced, redirects } = event
      return { ...endpoint, revision, ingressEnforced, egressEnforced, redirects, building: null, failure: null }
    }
    case 'EndpointRegenerationFailed': {
      const { revision, phase, code, reason, retryInMs } = event
      return { ...endpoint, building: null, failure: { revision, phase, code, reason, retryInMs } }
    }
    case 'EndpointRevisionBumped':
      return { ...endpoint, revision: event.to }
  }
}

export function createdEndpoint(event: EventOf<'EndpointCreated'>): EndpointView {
  const { endpoint, name, labels, ipv4, ipv6, namedPorts } = event
  return {
    endpoint,
    name,
    labels,
    ipv4,
    ipv6,
    identity: null,
    state: 'waiting-for-identity',
    namedPorts,
    revision: null,
    ingressEnforced: false,
    egressEnforced: false,
    redirects: [],
    building: null,
    failure: null,
    policyMap: EMPTY_POLICY_MAP,
  }
}

/** An answer to what was never published says nothing. */
function evolveXds(
  before: NodeView['xds'],
  recorded: Recorded<EventOf<'XdsPublished' | 'XdsAcked' | 'XdsNacked'>>,
): NodeView['xds'] {
  const { event } = recorded
  const view = before.get(event.xds) ?? (event.type === 'XdsPublished' ? NOTHING_PUBLISHED : null)
  return view === null ? before : before.set(event.xds, evolveXdsView(view, recorded))
}

export function programKey({
  endpoint,
  program,
  device,
}: EventOf<'ProgramLoaded'> | EventOf<'ProgramUnloaded'>): string {
  return `${endpoint}/${program}/${device}`
}
