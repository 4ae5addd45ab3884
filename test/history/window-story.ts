/**
 * Stories of a node whose policy maps, identities and ipcache come along in any order, some late, some never, some wrongly: what a real agent orders, mixed up.
 * The same seed gives the same story.
 */
import { digestOf } from '../../events/canonical.ts'
import type { EventOf, HindcastEvent } from '../../events/catalogue.ts'
import { type PolicyMapDelta, resourceKey } from '../../events/fields.ts'
import {
  Cidr,
  CorrelationId,
  EndpointId,
  EventId,
  endpointStream,
  IDENTITY_STREAM,
  IdentityId,
  IpAddress,
  LabelText,
  NodeName,
  nodeStream,
  POLICY_STREAM,
  PolicyRevision,
  type Port,
  Position,
  type StreamName,
  StreamRevision,
  Timestamp,
} from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { type PolicyMap, policyMapDiff, policyMapOf } from '../../projections/datapath/policy-map.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../projections/policy/default-options.ts'
import { step } from '../../projections/projection.ts'
import { engineOfWorld } from '../../projections/verdict/engine-of-world.ts'
import { EMPTY_NODE, type EndpointView, world as fold, type World } from '../../projections/world.ts'
import { chance } from './random-story.ts'

export const NODE: NodeName = NodeName('node1')
const REMOTE = NodeName('node2')
const ENDPOINTS = [1, 2, 3].map(EndpointId)
const LOCAL = 0x0100_0000
const digest = digestOf('any')
type Dice = ReturnType<typeof chance>
type Step = readonly [stream: StreamName, event: HindcastEvent]

const labelsOf = (ship: number): readonly LabelText[] =>
  [`k8s:io.kubernetes.pod.namespace=default`, `k8s:ship=${ship}`].map((text) => LabelText(text))
const tcp = (port: number): Json => [{ ports: [{ port: String(port), protocol: 'TCP' }] }]
const SPECS: readonly Json[] = [
  { ingress: [{ fromEndpoints: [{ matchLabels: { ship: '1' } }], toPorts: tcp(80) }] },
  { ingress: [{}] },
  { ingressDeny: [{ fromEndpoints: [{ matchLabels: { ship: '2' } }] }] },
  { egress: [{ toFQDNs: [{ matchName: 'moon0.example' }], toPorts: tcp(443) }] },
  { egress: [{ toFQDNs: [{ matchPattern: '*.example' }] }] },
  { egress: [{ toCIDR: ['203.0.113.0/24'] }], egressDeny: [{ toCIDR: ['203.0.113.2/32'], toPorts: tcp(443) }] },
  { egress: [{ toEntities: ['world'], toPorts: tcp(80) }] },
]

export function windowStory(seed: number, length: number): readonly Recorded[] {
  const dice = chance(seed)
  const events: Recorded[] = []
  let world = fold.initial
  for (let index = 0; index < length; index++) {
    const [stream, event] = index < BEGINNING.length ? BEGINNING[index]! : next(dice, world)
    const recorded = recordedAs(stream, event, index)
    world = step(fold, world, recorded)
    events.push(recorded)
  }
  return events
}

const BEGINNING: readonly Step[] = [
  ...[0, 1, 2].map((ship): Step => [IDENTITY_STREAM, allocated(300 + ship, labelsOf(ship), null)]),
  ...ENDPOINTS.flatMap((id) => [created(NODE, id), identified(NODE, id, id - 1)]),
  created(REMOTE, EndpointId(4)),
  identified(REMOTE, EndpointId(4), 2),
]

function next(dice: Dice, world: World): Step {
  const own = nodeStream(NODE)
  const id = ENDPOINTS[dice(3)]!
  switch (dice(16)) {
    case 0:
      return policy(dice, world)
    case 1:
    case 2: {
      const answer = { type: 'DnsAnswerLearned', v: 1, name: `moon${dice(2)}.example`, askedBy: null } as const
      return [own, { ...answer, addresses: [IpAddress(`203.0.113.${1 + dice(2)}`)], ttlSeconds: null }]
    }
    case 3: {
      const over = { type: 'DnsAnswerExpired', v: 1, name: `moon${dice(2)}.example`, reason: 'ttl' } as const
      return [own, { ...over, addresses: [IpAddress(`203.0.113.${1 + dice(2)}`)] }]
    }
    case 4:
    case 5:
    case 6: {
      const prefix = prefixOf(dice)
      if (dice(4) === 0) return [own, { type: 'IdentityReleased', v: 1, identity: localOf(prefix) }]
      return [own, allocated(localOf(prefix), [LabelText('reserved:world')], prefix)]
    }
    case 7:
    case 8:
    case 9:
      return ipcache(dice, world)
    case 10:
      if (dice(3) === 0) return started(dice)
      return dice(3) === 0 ? identified(NODE, id, dice(3)) : identified(REMOTE, EndpointId(4), dice(3))
    case 11: {
      const view = world.nodes.get(NODE, EMPTY_NODE).endpoints.get(id)
      if (view === undefined) return created(NODE, id)
      if (view.identity === null) return identified(NODE, id, dice(3))
      return dice(6) === 0 ? [own, { type: 'EndpointDeleted', v: 1, endpoint: id }] : built(dice, world, id)
    }
    default:
      return built(dice, world, id)
  }
}

const PREFIXES = ['203.0.113.1/32', '203.0.113.2/32', '203.0.113.0/24'].map((text) => Cidr(text))
const prefixOf = (dice: Dice): Cidr => PREFIXES[dice(3)]!
const localOf = (prefix: Cidr): IdentityId => IdentityId(LOCAL + 1 + PREFIXES.indexOf(prefix))

function allocated(identity: number, labels: readonly LabelText[], prefix: Cidr | null): HindcastEvent {
  const scope = prefix === null ? 'cluster' : 'local'
  return { type: 'IdentityAllocated', v: 1, identity: IdentityId(identity), scope, labels, prefix }
}

function created(node: NodeName, endpoint: EndpointId): Step {
  const addresses = { ipv4: IpAddress(`10.0.0.${endpoint}`), ipv6: null, device: null, mac: null, nodeMac: null }
  const event = { type: 'EndpointCreated', v: 1, endpoint, name: `default/ship${endpoint}`, labels: [] } as const
  return [nodeStream(node), { ...event, ...addresses, namedPorts: [] }]
}

function identified(node: NodeName, endpoint: EndpointId, ship: number): Step {
  const labels = labelsOf(ship)
  const identity = IdentityId(300 + ship)
  return [nodeStream(node), { type: 'EndpointIdentityChanged', v: 1, endpoint, identity, labels }]
}

/** With other options than before, perhaps. */
function started(dice: Dice): Step {
  const options = { ...DEFAULT_POLICY_OPTIONS, enforcement: (['default', 'always', 'never'] as const)[dice(3)]! }
  const event = { type: 'AgentStarted', v: 2, node: NODE, version: '1', datapath: 'model', reason: '' } as const
  return [nodeStream(NODE), { ...event, options }]
}

function policy(dice: Dice, world: World): Step {
  const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name: `rule${dice(3)}` } as const
  const revision = PolicyRevision(world.revision + 1)
  if (dice(3) === 0 && world.policies.has(resourceKey(resource)))
    return [POLICY_STREAM, { type: 'PolicyDeleted', v: 1, resource, digest, revision }]
  const endpointSelector = { matchLabels: { ship: String(dice(3)) } }
  const spec = { endpointSelector, ...(SPECS[dice(SPECS.length)] as object) }
  const manifest = { kind: resource.kind, metadata: { name: resource.name, namespace: 'default' }, spec }
  const event = { type: 'PolicyAdded', v: 1, resource, manifest, digest, rules: 1, revision, replaces: null } as const
  return [POLICY_STREAM, event]
}

function ipcache(dice: Dice, world: World): Step {
  const isPod = dice(2) === 0
  const endpoint = ENDPOINTS[dice(3)]!
  const prefix = isPod ? Cidr(`10.0.0.${endpoint}/32`) : prefixOf(dice)
  if (dice(3) === 0) return [nodeStream(NODE), { type: 'IpcacheDeleted', v: 1, prefix }]
  const owner = world.nodes.get(NODE, EMPTY_NODE).endpoints.get(endpoint)?.identity ?? IdentityId(300)
  const place = { tunnelEndpoint: null, encryptKey: 0, skipTunnel: false } as const
  const entry: EventOf<'IpcacheUpserted'> = {
    ...{ type: 'IpcacheUpserted', v: 1, prefix, ...place },
    identity: isPod ? owner : localOf(prefix),
    origin: dice(8) === 0 ? 'user' : isPod ? 'endpoint' : 'policy',
  }
  return [nodeStream(NODE), entry]
}

/** The map as it should be, or part of the way there; or a build that says it has succeeded. */
function built(dice: Dice, world: World, id: EndpointId): Step {
  const stream = endpointStream(NODE, id)
  const view = world.nodes.get(NODE, EMPTY_NODE).endpoints.get(id)
  const wanted = view === undefined ? null : mapsOf(world)(view)
  if (view === undefined || wanted === null || dice(4) === 0) {
    const done = { type: 'EndpointRegenerationSucceeded', v: 1, endpoint: id, build: 1, phases: [] } as const
    const enforced = { ingressEnforced: true, egressEnforced: true, redirects: [], npdsVersion: null }
    const digests = { desiredDigest: digest, realizedDigest: digest, programTag: null, identity: IdentityId(300) }
    return [stream, { ...done, ...enforced, ...digests, revision: PolicyRevision(world.revision) }]
  }
  const all = policyMapDiff(view.policyMap, wanted)
  const deltas: readonly PolicyMapDelta[] = dice(3) === 0 ? all.filter(() => dice(2) === 0) : all
  return [stream, { type: 'PolicyMapWritten', v: 1, endpoint: id, build: 1, deltas, entries: 0, digest }]
}

/** By a new engine. Null where the policies cannot be resolved. `more`: prefixes that have no identity yet. */
export function mapsOf(world: World, more: readonly Cidr[] = []): (view: EndpointView) => PolicyMap | null {
  const engine = engineOfWorld(world, NODE)
  const added = more.map((prefix) => ({ id: imaginedOf(prefix), labels: [], prefix }))
  engine.apply({ kind: 'identities', added, removed: [] })
  return ({ identity, namedPorts }) => {
    const resolved = identity === null ? null : engine.resolve({ identity, namedPorts })
    if (resolved === null || resolved.kind === 'unresolvable') return null
    return policyMapOf(resolved.entries, new Map(resolved.redirects.map(({ id }) => [id, 1 as Port])))
  }
}

/** Of a prefix that has none yet. */
export const imaginedOf = (prefix: Cidr): IdentityId => IdentityId(LOCAL + 100 + PREFIXES.indexOf(prefix))

/** Positions with gaps, one second apart. */
export function recordedAs(stream: StreamName, event: HindcastEvent, index: number): Recorded {
  const id = EventId(`00000000-0000-4000-8000-${String(index).padStart(12, '0')}`)
  const context = {
    actor: { kind: 'user', name: 'vader' },
    source: { kind: 'test', detail: '' },
    correlation: CorrelationId(id),
    cause: null,
  } as const
  const position = Position(BigInt(10 + 3 * index))
  const recordedAt = Timestamp(1_700_000_000_000 + 1_000 * index)
  return { position, stream, revision: StreamRevision(index), recordedAt, id, event, context }
}
