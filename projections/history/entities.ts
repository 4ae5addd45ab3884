/**
 * The world taken apart: units that events touch one at a time, and in each unit named values, the entities. What a history index keeps
 * are the versions of entities; from those that held at a position the world of that position is put together again.
 *
 * Invariants, held by test/history/read-model.test.ts:
 * 1. An event changes one unit only, and in it only entities that `touchedBy` names.
 * 2. `worldOf` of all units' entities is the world that the whole fold gives.
 *
 * Entities by unit: `policy`: `revision`, `policy <key>`, `cidr-group <name>`, `service <namespace>/<name>`; `identity`: `identity <number>`;
 * `node <name>`: `node`, `identity <number>`, `ipcache <prefix>`, `program <key>`, `xds <type>`, `xds <type> <resource>`,
 * `acked <type>`, `refused <type>`, `unacked <type> <resource>`, `dns <name>`; `endpoint <node> <id>`: `endpoint`, `status`, `building` (the revision,
 * while a build runs), `map <key>`.
 */
import { Map as PersistentMap } from 'immutable'
import type { EventOf } from '../../events/catalogue.ts'
import { resourceKey } from '../../events/fields.ts'
import type { EndpointId, IdentityId } from '../../events/ids.ts'
import type { XdsType } from '../../events/node.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { type PolicyMapEntry, policyMapKeyOf, policyMapKeyText } from '../datapath/policy-map.ts'
import { serviceKey } from '../facts/shared.ts'
import { EMPTY_NODE, type EndpointView, type NodeView, nodeOfStream, programKey, type World, world } from '../world.ts'
import type { XdsRefusal } from '../xds/view.ts'

/** `policy`, `identity`, `node <name>` or `endpoint <node> <id>`. */
export type UnitName = string
/** By entity name. */
export type Entities = ReadonlyMap<string, Json>

export type UnitParts =
  | { readonly kind: 'policy' }
  | { readonly kind: 'identity' }
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'endpoint'; readonly node: string; readonly endpoint: EndpointId }

const READ: ReadonlySet<string> = new Set(world.reads)

/** Does the world read events of this type? */
export function isRead(type: string): boolean {
  return READ.has(type)
}

/** The one unit that the event changes; null where the world does not read it. */
export function unitOf({ stream, event }: Pick<Recorded, 'stream' | 'event'>): UnitName | null {
  if (!READ.has(event.type)) return null
  if (stream === 'policy' || stream === 'identity') return stream
  const node = nodeOfStream(stream)
  if (node === null) return null
  const endpoint = endpointIn(event)
  return endpoint === null ? `node ${node}` : `endpoint ${node} ${endpoint}`
}

/** The endpoint that the event changes; null where it is of the node, of the policies or of the identities. */
export function endpointIn(event: Recorded['event']): EndpointId | null {
  const ofEndpoint = event.type === 'PolicyMapWritten' || event.type.startsWith('Endpoint')
  return ofEndpoint && 'endpoint' in event ? event.endpoint : null
}

export function unitParts(name: UnitName): UnitParts {
  const [kind, node, endpoint] = name.split(' ')
  if (kind === 'policy' || kind === 'identity') return { kind }
  if (kind === 'node' && node !== undefined) return { kind, node }
  if (kind === 'endpoint' && node !== undefined) return { kind, node, endpoint: Number(endpoint) as EndpointId }
  throw new TypeError(`${name} is not a unit`)
}

/**
 * Names of the entities that the event may change in its unit; `all` where that depends on what is there. `before` is the node before it: an
 * acknowledgement touches what was waiting for it. Without it those are left out.
 */
export function touchedBy(
  { event }: Pick<Recorded, 'event'>,
  before: Pick<NodeView, 'xds'> | null,
): readonly string[] | 'all' {
  switch (event.type) {
    case 'PolicyAdded':
    case 'PolicyDeleted':
      return ['revision', `policy ${resourceKey(event.resource)}`]
    case 'CidrGroupSet':
    case 'CidrGroupDeleted':
      return [`cidr-group ${event.name}`]
    case 'ServiceSet':
    case 'ServiceDeleted':
      return [`service ${serviceKey(event)}`]
    case 'DnsAnswerLearned':
    case 'DnsAnswerExpired':
      return [`dns ${event.name}`]
    case 'IdentityAllocated':
    case 'IdentityReleased':
      return [`identity ${event.identity}`]
    case 'IpcacheUpserted':
    case 'IpcacheDeleted':
      return [`ipcache ${event.prefix}`]
    case 'ProgramLoaded':
    case 'ProgramUnloaded':
      return [`program ${programKey(event)}`]
    case 'XdsPublished': {
      const names = [...event.changed.map(({ name }) => name), ...event.removed]
      return [
        `xds ${event.xds}`,
        ...names.map((name) => `xds ${event.xds} ${name}`),
        ...names.map((name) => `unacked ${event.xds} ${name}`),
      ]
    }
    case 'XdsAcked': {
      const waiting = before?.xds.get(event.xds)?.unacked.keys() ?? []
      return [
        `acked ${event.xds}`,
        `refused ${event.xds}`,
        ...[...waiting].map((name) => `unacked ${event.xds} ${name}`),
      ]
    }
    case 'XdsNacked':
      return [`refused ${event.xds}`]
    case 'AgentStarted':
    case 'AgentStopped':
      return ['node']
    case 'PolicyMapWritten':
      return event.deltas.map(({ key }) => `map ${policyMapKeyText(key)}`)
    case 'EndpointIdentityChanged':
      return ['endpoint']
    case 'EndpointRegenerationStarted':
      return ['building']
    case 'EndpointRegenerationSucceeded':
    case 'EndpointRegenerationFailed':
      return ['status', 'building']
    case 'EndpointStateChanged':
    case 'EndpointRevisionBumped':
      return ['status']
    default:
      return 'all'
  }
}

/** One entity as it is in the world; undefined where it is not there. */
export function entityOf(state: World, unit: UnitParts, name: string): Json | undefined {
  switch (unit.kind) {
    case 'policy':
      return policyEntity(state, name)
    case 'identity':
      return asJson(state.identities.get(numberOf(name) as IdentityId))
    case 'node': {
      const node = state.nodes.get(unit.node)
      return node === undefined ? undefined : nodeEntity(node, name)
    }
    case 'endpoint': {
      const endpoint = state.nodes.get(unit.node)?.endpoints.get(unit.endpoint)
      return endpoint === undefined ? undefined : endpointEntity(endpoint, name)
    }
  }
}

/** All entities of one unit in the world. */
export function entitiesOf(state: World, unit: UnitParts): Entities {
  const found = new Map<string, Json>()
  for (const name of namesOf(state, unit)) found.set(name, entityOf(state, unit, name)!)
  return found
}

/** The world of these units; nodes without entities of their own are there too, as the fold has them. */
export function worldOf(units: Iterable<{ readonly unit: UnitName; readonly entities: Entities }>): World {
  let state = world.initial
  for (const { unit, entities } of units) state = withUnit(state, unitParts(unit), entities)
  return state
}

/** The entities of an endpoint besides its map. */
export const ENDPOINT_ENTITIES: readonly string[] = ['endpoint', 'status', 'building']

export function endpointOf(entities: Entities): EndpointView | null {
  const [base, status] = [entities.get('endpoint'), entities.get('status')]
  if (base === undefined || status === undefined) return null
  let map: ReadonlyMap<string, PolicyMapEntry> | null = null
  return {
    ...(base as unknown as EndpointBase),
    ...(status as unknown as EndpointStatus),
    building: (entities.get('building') as EndpointView['building'] | undefined) ?? null,
    // Most questions never look at most maps.
    get policyMap() {
      map ??= policyMapOfEntities(entities)
      return map
    },
  }
}

type EndpointBase = Pick<EndpointView, 'endpoint' | 'name' | 'labels' | 'ipv4' | 'ipv6' | 'identity' | 'namedPorts'>
type EndpointStatus = Omit<EndpointView, keyof EndpointBase | 'policyMap' | 'building'>

function withUnit(state: World, unit: UnitParts, entities: Entities): World {
  switch (unit.kind) {
    case 'policy':
      return {
        ...state,
        revision: (entities.get('revision') as number | undefined) ?? state.revision,
        policies: collect(entities, 'policy ', (name) => name),
        cidrGroups: collect(entities, 'cidr-group ', (name) => name),
        services: collect(entities, 'service ', (name) => name),
      }
    case 'identity':
      return { ...state, identities: collect(entities, 'identity ', (name) => Number(name) as IdentityId) }
    case 'node': {
      const before = state.nodes.get(unit.node, EMPTY_NODE)
      return { ...state, nodes: state.nodes.set(unit.node, withNode(before, entities)) }
    }
    case 'endpoint': {
      const node = state.nodes.get(unit.node, EMPTY_NODE)
      const endpoint = endpointOf(entities)
      const endpoints = endpoint === null ? node.endpoints : node.endpoints.set(unit.endpoint, endpoint)
      return { ...state, nodes: state.nodes.set(unit.node, { ...node, endpoints }) }
    }
  }
}

function withNode(before: NodeView, entities: Entities): NodeView {
  const own = (entities.get('node') ?? EMPTY_NODE) as Pick<NodeView, 'datapath' | 'running' | 'options'>
  const { datapath, running, options } = own
  let xds = before.xds
  for (const [name, version] of entities) {
    const type = /^xds (\S+)$/.exec(name)?.[1] as XdsType | undefined
    if (type === undefined) continue
    xds = xds.set(type, {
      version: version as string,
      resources: collect(entities, `xds ${type} `, (each) => each),
      acked: (entities.get(`acked ${type}`) as string | undefined) ?? null,
      refused: (entities.get(`refused ${type}`) as XdsRefusal | undefined) ?? null,
      unacked: collect(entities, `unacked ${type} `, (each) => each),
    })
  }
  return {
    datapath,
    running,
    options,
    endpoints: before.endpoints,
    localIdentities: collect(entities, 'identity ', (name) => Number(name) as IdentityId),
    ipcache: collect(entities, 'ipcache ', (name) => name),
    programs: collect(entities, 'program ', (name) => name),
    xds,
    dns: collect(entities, 'dns ', (name) => name),
  }
}

/** The entities of one kind as a persistent map; their values are what the world keeps for them. */
function collect<Key, Value>(
  entities: Entities,
  kind: string,
  keyOf: (name: string) => Key,
): PersistentMap<Key, Value> {
  return PersistentMap<Key, Value>().withMutations((map) => {
    for (const [name, value] of entities) {
      if (name.startsWith(kind)) map.set(keyOf(name.slice(kind.length)), value as Value)
    }
  })
}

function policyMapOfEntities(entities: Entities): ReadonlyMap<string, PolicyMapEntry> {
  const map = new Map<string, PolicyMapEntry>()
  for (const [name, value] of entities) {
    if (!name.startsWith('map ')) continue
    const key = name.slice('map '.length)
    map.set(key, { key: policyMapKeyOf(key), value: value as unknown as PolicyMapEntry['value'] })
  }
  return map
}

function namesOf(state: World, unit: UnitParts): readonly string[] {
  if (unit.kind === 'policy') {
    return [
      'revision',
      ...[...state.policies.keys()].map((key) => `policy ${key}`),
      ...[...state.cidrGroups.keys()].map((name) => `cidr-group ${name}`),
      ...[...state.services.keys()].map((key) => `service ${key}`),
    ]
  }
  if (unit.kind === 'identity') return [...state.identities.keys()].map((number) => `identity ${number}`)
  const node = state.nodes.get(unit.node)
  if (node === undefined) return []
  if (unit.kind === 'endpoint') {
    const endpoint = node.endpoints.get(unit.endpoint)
    return endpoint === undefined
      ? []
      : [
          ...['endpoint', 'status', ...(endpoint.building === null ? [] : ['building'])],
          ...[...endpoint.policyMap.keys()].map((key) => `map ${key}`),
        ]
  }
  return [
    'node',
    ...[...node.localIdentities.keys()].map((number) => `identity ${number}`),
    ...[...node.ipcache.keys()].map((prefix) => `ipcache ${prefix}`),
    ...[...node.programs.keys()].map((key) => `program ${key}`),
    ...[...node.xds].flatMap(([type, { resources, acked, refused, unacked }]) => [
      `xds ${type}`,
      ...[...resources.keys()].map((name) => `xds ${type} ${name}`),
      ...(acked === null ? [] : [`acked ${type}`]),
      ...(refused === null ? [] : [`refused ${type}`]),
      ...[...unacked.keys()].map((name) => `unacked ${type} ${name}`),
    ]),
    ...[...node.dns.keys()].map((name) => `dns ${name}`),
  ]
}

function policyEntity(state: World, name: string): Json | undefined {
  const rest = name.slice(name.indexOf(' ') + 1)
  switch (name.split(' ', 1)[0]) {
    case 'revision':
      return state.revision
    case 'policy':
      return asJson(state.policies.get(rest))
    case 'cidr-group':
      return asJson(state.cidrGroups.get(rest))
    case 'service':
      return asJson(state.services.get(rest))
    default:
      throw new TypeError(`${name} is not an entity of the policies`)
  }
}

function nodeEntity(node: NodeView, name: string): Json | undefined {
  const [kind, rest] = [name.split(' ', 1)[0]!, name.slice(name.indexOf(' ') + 1)]
  switch (kind) {
    case 'node':
      return { datapath: node.datapath, running: node.running, options: node.options }
    case 'identity':
      return asJson(node.localIdentities.get(Number(rest) as IdentityId))
    case 'ipcache':
      return asJson(node.ipcache.get(rest))
    case 'program':
      return asJson(node.programs.get(rest))
    case 'dns':
      return asJson(node.dns.get(rest))
    case 'acked':
      return node.xds.get(rest as XdsType)?.acked ?? undefined
    case 'refused':
      return node.xds.get(rest as XdsType)?.refused ?? undefined
    case 'unacked': {
      const space = rest.indexOf(' ')
      return asJson(node.xds.get(rest.slice(0, space) as XdsType)?.unacked.get(rest.slice(space + 1)))
    }
    case 'xds': {
      const space = rest.indexOf(' ')
      if (space === -1) return node.xds.get(rest as XdsType)?.version
      return node.xds.get(rest.slice(0, space) as XdsType)?.resources.get(rest.slice(space + 1))
    }
    default:
      throw new TypeError(`${name} is not an entity of a node`)
  }
}

export function endpointEntity(view: EndpointView, entity: string): Json | undefined {
  if (entity === 'building') return view.building ?? undefined
  if (entity === 'status') {
    const { state, revision, ingressEnforced, egressEnforced, redirects, failure } = view
    return asJson({ state, revision, ingressEnforced, egressEnforced, redirects, failure } satisfies EndpointStatus)
  }
  if (entity !== 'endpoint') return asJson(view.policyMap.get(entity.slice('map '.length))?.value)
  const { endpoint, name, labels, ipv4, ipv6, identity, namedPorts } = view
  return asJson({ endpoint, name, labels, ipv4, ipv6, identity, namedPorts } satisfies EndpointBase)
}

function numberOf(name: string): number {
  return Number(name.slice(name.indexOf(' ') + 1))
}

/** Events and map values are JSON by their schemas. */
function asJson(value: EventOf<'PolicyAdded'> | object | undefined): Json | undefined {
  return value as Json | undefined
}
