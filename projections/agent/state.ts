/**
 * Everything that the agent of one node decides from, folded from the log alone: a restarted agent continues where the log ends.
 *
 * Other nodes' events count only where they say which addresses belong to which identity. Those stand on the log once, on the stream of the node
 * that has the endpoint, and every other node's ipcache is worked out from there: written down again on each node, a pod would cost as many
 * events as the cluster has nodes.
 */
import { Map as PersistentMap } from 'immutable'
import type { EventOf } from '../../events/catalogue.ts'
import {
  Cidr,
  type EndpointId,
  type EventId,
  type IdentityId,
  type NodeName,
  nodeStream,
  type Position,
  type StreamName,
} from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { type Projection, projection } from '../projection.ts'
import { nodeOfStream } from '../world.ts'
import {
  type AgentEndpoint,
  type AgentEndpointEvent,
  createdEndpoint,
  evolveEndpoint,
  interrupted,
} from './endpoint.ts'
import { evolveProxy, NO_PROXY, PROXY_READS, type ProxyState } from './proxy.ts'

/** A change of the repository to which the node has not reacted yet. */
export type Unreacted = { readonly revision: number; readonly position: Position }

/** The identity of a prefix on this node. */
export type LocalIdentity = { readonly identity: IdentityId; readonly allocatedAt: Position }

export type Address = { readonly identity: IdentityId; readonly owner: string; readonly remote: boolean }
type IpcacheEvent = EventOf<'IpcacheUpserted'>

export type AgentState = {
  readonly node: NodeName
  /** Of the policy repository; 1 before the first policy. */
  readonly revision: number
  /** The revision up to which the node has reacted. */
  readonly reacted: number
  /** In order. */
  readonly unreacted: readonly Unreacted[]
  /** Id of the last `AgentStarted`: only the agent that wrote it may go on. */
  readonly agent: EventId | null
  /** Whether that agent has said that it stopped. */
  readonly stopped: boolean
  readonly endpoints: PersistentMap<EndpointId, AgentEndpoint>
  /** Number of the last build of an id, over all endpoints that had it. */
  readonly builds: PersistentMap<EndpointId, number>
  /** Endpoints of other nodes, by stream and id. */
  readonly remote: PersistentMap<string, EventOf<'EndpointCreated'>>
  /** Whose each endpoint address is, here and on other nodes. `owner` is the stream and id of the endpoint that took it last. */
  readonly addresses: PersistentMap<Cidr, Address>
  readonly localIdentities: PersistentMap<Cidr, LocalIdentity>
  /** What this node's stream says. */
  readonly ipcache: PersistentMap<Cidr, IpcacheEvent>
  /** What the datapath's ipcache should hold: `ipcache` and the addresses of other nodes' endpoints. */
  readonly desiredIpcache: PersistentMap<Cidr, IpcacheEvent>
  readonly proxy: ProxyState
}

const NODE_READS = [
  'AgentStarted',
  'AgentStopped',
  'PolicyReaction',
  'IdentityAllocated',
  'IdentityReleased',
  'IpcacheUpserted',
  'IpcacheDeleted',
  'EndpointCreated',
] as const
const ENDPOINT_READS = [
  'EndpointIdentityChanged',
  'EndpointStateChanged',
  'EndpointDeleted',
  'EndpointRegenerationRequested',
  'EndpointRegenerationStarted',
  'PolicyMapWritten',
  'EndpointRegenerationSucceeded',
  'EndpointRegenerationFailed',
  'EndpointRevisionBumped',
  'ProgramLoaded',
  'ProgramUnloaded',
] as const
const SHARED_READS = ['PolicyAdded', 'PolicyDeleted'] as const
type Read =
  | (typeof SHARED_READS)[number]
  | (typeof NODE_READS)[number]
  | (typeof ENDPOINT_READS)[number]
  | (typeof PROXY_READS)[number]
type NodeEvent = EventOf<Exclude<Read, 'PolicyAdded' | 'PolicyDeleted'>>

export function agentState(node: NodeName): Projection<AgentState, Read> {
  return projection<AgentState, Read>({
    name: `agent-${node}`,
    version: 1,
    reads: [...SHARED_READS, ...NODE_READS, ...ENDPOINT_READS, ...PROXY_READS],
    initial: {
      node,
      revision: 1,
      reacted: 1,
      unreacted: [],
      agent: null,
      stopped: false,
      endpoints: PersistentMap(),
      builds: PersistentMap(),
      remote: PersistentMap(),
      addresses: PersistentMap(),
      localIdentities: PersistentMap(),
      ipcache: PersistentMap(),
      desiredIpcache: PersistentMap(),
      proxy: NO_PROXY,
    },
    evolve: (state, recorded) => {
      const { event, position, stream } = recorded
      if (event.type === 'PolicyAdded' || event.type === 'PolicyDeleted') {
        const { revision } = event
        return { ...state, revision, unreacted: [...state.unreacted, { revision, position }] }
      }
      const owner = nodeOfStream(stream)
      if (owner === node) return evolveOwn(state, recorded as Recorded<NodeEvent>)
      return owner === null ? state : evolveRemote(state, stream, event)
    },
  })
}

function evolveOwn(state: AgentState, recorded: Recorded<NodeEvent>): AgentState {
  const { event, position, id } = recorded
  switch (event.type) {
    case 'AgentStarted':
      return started(state, id)
    case 'AgentStopped':
      return { ...state, stopped: true }
    case 'PolicyReaction':
      return {
        ...state,
        reacted: event.revision,
        unreacted: state.unreacted.filter(({ revision }) => revision > event.revision),
      }
    case 'IdentityAllocated':
      if (event.prefix === null) return state
      return {
        ...state,
        localIdentities: state.localIdentities.set(event.prefix, { identity: event.identity, allocatedAt: position }),
      }
    case 'IdentityReleased':
      return { ...state, localIdentities: state.localIdentities.filter(({ identity }) => identity !== event.identity) }
    case 'IpcacheUpserted':
      return desired({ ...state, ipcache: state.ipcache.set(event.prefix, event) }, [event.prefix])
    case 'IpcacheDeleted':
      return desired({ ...state, ipcache: state.ipcache.delete(event.prefix) }, [event.prefix])
    case 'EndpointCreated': {
      const endpoint = createdEndpoint(event, position, state.endpoints.get(event.endpoint))
      return { ...state, endpoints: state.endpoints.set(event.endpoint, endpoint) }
    }
    case 'ProxyPortAllocated':
    case 'ProxyPortReleased':
    case 'XdsPublished':
    case 'XdsAcked':
    case 'XdsNacked':
    case 'ProxyConnectionChanged':
      return { ...state, proxy: evolveProxy(state.proxy, recorded as Recorded<typeof event>, nodeStream(state.node)) }
    default:
      return atEndpoint(state, recorded as Recorded<AgentEndpointEvent>)
  }
}

function started(state: AgentState, id: EventId): AgentState {
  return {
    ...state,
    agent: id,
    stopped: false,
    endpoints: state.endpoints.map(interrupted),
    proxy: { ...state.proxy, connected: new Set() },
  }
}

/** An endpoint that has left is forgotten, except where its id has another owner by now. */
function atEndpoint(state: AgentState, recorded: Recorded<AgentEndpointEvent>): AgentState {
  const { event } = recorded
  const before = state.endpoints.get(event.endpoint)
  if (before === undefined) return state
  if (event.type === 'EndpointStateChanged' && event.to === 'disconnected') {
    return before.leaving ? { ...state, endpoints: state.endpoints.delete(event.endpoint) } : state
  }
  const after = { ...state, endpoints: state.endpoints.set(event.endpoint, evolveEndpoint(before, recorded)) }
  switch (event.type) {
    case 'EndpointRegenerationStarted':
      return { ...after, builds: state.builds.set(event.endpoint, event.build) }
    case 'EndpointIdentityChanged':
      return owned(after, { owner: ownerOf(recorded), remote: false, identity: event.identity }, before.created)
    case 'EndpointDeleted':
      return disowned(after, ownerOf(recorded), before.created)
    default:
      return after
  }
}

function evolveRemote(state: AgentState, stream: StreamName, event: NodeEvent): AgentState {
  if (event.type !== 'EndpointCreated' && event.type !== 'EndpointIdentityChanged' && event.type !== 'EndpointDeleted')
    return state
  const key = ownerOf({ stream, event })
  const before = state.remote.get(key)
  if (event.type === 'EndpointCreated') return { ...state, remote: state.remote.set(key, event) }
  if (before === undefined) return state
  if (event.type === 'EndpointIdentityChanged')
    return owned(state, { owner: key, remote: true, identity: event.identity }, before)
  return { ...disowned(state, key, before), remote: state.remote.delete(key) }
}

function owned(state: AgentState, address: Address, created: EventOf<'EndpointCreated'>): AgentState {
  const prefixes = hostPrefixes(created)
  const addresses = prefixes.reduce((map, prefix) => map.set(prefix, address), state.addresses)
  return desired({ ...state, addresses }, prefixes)
}

/** An address that another endpoint has taken since stays with that one. */
function disowned(state: AgentState, owner: string, created: EventOf<'EndpointCreated'>): AgentState {
  const own = hostPrefixes(created).filter((prefix) => state.addresses.get(prefix)?.owner === owner)
  return own.length === 0 ? state : desired({ ...state, addresses: state.addresses.deleteAll(own) }, own)
}

/** Looks again at what the datapath should hold for some prefixes. */
function desired(state: AgentState, prefixes: readonly Cidr[]): AgentState {
  const desiredIpcache = state.desiredIpcache.withMutations((map) => {
    for (const prefix of prefixes) {
      const entry = remoteEntry(prefix, state.addresses.get(prefix), state.ipcache.get(prefix))
      if (entry === null) map.delete(prefix)
      else map.set(prefix, entry)
    }
  })
  return { ...state, desiredIpcache }
}

/** Another node's endpoint comes before what this node's own policies and endpoints say of its address, and after what people and the system say. */
export function remoteEntry(
  prefix: Cidr,
  address: Pick<Address, 'identity' | 'remote'> | undefined,
  recorded: IpcacheEvent | undefined,
): IpcacheEvent | null {
  const ours = recorded === undefined || recorded.origin === 'endpoint' || recorded.origin === 'policy'
  if (address === undefined || !address.remote || !ours) return recorded ?? null
  const place = { tunnelEndpoint: null, encryptKey: 0, skipTunnel: false }
  return { type: 'IpcacheUpserted', v: 1, prefix, identity: address.identity, origin: 'endpoint', ...place }
}

const ownerOf = ({
  stream,
  event,
}: Pick<Recorded<AgentEndpointEvent | EventOf<'EndpointCreated'>>, 'stream' | 'event'>): string =>
  `${stream}/${event.endpoint}`

/** `10.0.0.5/32`, `fd00::5/128` */
function hostPrefixes({ ipv4, ipv6 }: EventOf<'EndpointCreated'>): readonly Cidr[] {
  return [...(ipv4 === null ? [] : [Cidr(`${ipv4}/32`)]), ...(ipv6 === null ? [] : [Cidr(`${ipv6}/128`)])]
}
