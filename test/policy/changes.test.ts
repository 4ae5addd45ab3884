import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import type { HindcastEvent } from '../../events/catalogue.ts'
import {
  Cidr,
  CorrelationId,
  EndpointId,
  EventId,
  IdentityId,
  IpAddress,
  LabelText,
  NodeName,
  PolicyRevision,
  Port,
  Position,
  StreamName,
  StreamRevision,
  Timestamp,
} from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { prefixLabels } from '../../projections/identity/prefix-labels.ts'
import { policyChangesOf } from '../../projections/policy/changes.ts'
import { PolicyEngine } from '../../projections/policy/engine.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'

const UUID = '00000000-0000-4000-8000-000000000001'

function recorded(stream: string, event: HindcastEvent): Recorded {
  return {
    position: Position(1n),
    stream: StreamName(stream),
    revision: StreamRevision(0),
    recordedAt: Timestamp(0),
    id: EventId(UUID),
    event,
    context: {
      actor: { kind: 'user', name: 'leia' },
      source: { kind: 'test', detail: '' },
      correlation: CorrelationId(UUID),
      cause: null,
    },
  }
}

function policyAdded(manifest: Json): Recorded {
  return recorded('policy', {
    type: 'PolicyAdded',
    v: 1,
    resource: { kind: 'CiliumNetworkPolicy', namespace: 'default', name: 'rule1' },
    manifest,
    digest: digestOf(manifest),
    rules: 1,
    revision: PolicyRevision(2),
    replaces: null,
  })
}

const MANIFEST = {
  kind: 'CiliumNetworkPolicy',
  metadata: { name: 'rule1', namespace: 'default' },
  spec: { endpointSelector: { matchLabels: { class: 'deathstar' } }, ingress: [{}] },
}

test('R13 events of the log become changes of the engine', () => {
  const [set] = policyChangesOf(policyAdded(MANIFEST))
  assert.ok(set?.kind === 'policy-set')
  assert.equal(set.key, 'CiliumNetworkPolicy/default/rule1')
  assert.equal(set.rules.length, 1)
  const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name: 'rule1' } as const
  const gone = {
    type: 'PolicyDeleted',
    v: 1,
    resource,
    digest: digestOf(MANIFEST),
    revision: PolicyRevision(3),
  } as const
  assert.deepEqual(policyChangesOf(recorded('policy', gone)), [{ kind: 'policy-removed', key: set.key }])
  const released = { type: 'IdentityReleased', v: 1, identity: IdentityId(2033) } as const
  assert.deepEqual(policyChangesOf(recorded('identity', released)), [
    { kind: 'identities', added: [], removed: [2033] },
  ])
  const stopped = { type: 'AgentStopped', v: 1, node: NodeName('endor'), reason: 'signal' } as const
  assert.deepEqual(policyChangesOf(recorded('node-endor', stopped)), [])
})

test('R13 named ports of all pods count, local identities only on their node', () => {
  const endpoint = EndpointId(7)
  const ports = [{ name: 'http', port: Port(80), protocol: 'TCP' }] as const
  const created: HindcastEvent = {
    type: 'EndpointCreated',
    v: 1,
    endpoint,
    name: 'default/deathstar',
    labels: [],
    ipv4: null,
    ipv6: null,
    device: null,
    mac: null,
    nodeMac: null,
    namedPorts: ports,
  }
  const endor = NodeName('endor')
  assert.deepEqual(policyChangesOf(recorded('node-hoth', created), endor), [
    { kind: 'pod-ports', pod: 'node-hoth/7', ports },
  ])
  const local: HindcastEvent = {
    type: 'IdentityAllocated',
    v: 1,
    identity: IdentityId(2 ** 24 + 1),
    scope: 'local',
    labels: [LabelText('reserved:world')],
    prefix: null,
  }
  assert.equal(policyChangesOf(recorded('node-hoth', local), endor).length, 0)
  assert.equal(policyChangesOf(recorded('node-endor', local), endor).length, 1)
  assert.equal(policyChangesOf(recorded('node-hoth', local)).length, 1)
})

test('R13 a manifest that is not a policy stops the reader instead of opening what it denied', () => {
  const broken = {
    ...MANIFEST,
    spec: { endpointSelector: {}, ingressDeny: [{ toPorts: [{ ports: [{ port: 'x y' }] }] }] },
  }
  assert.throws(() => policyChangesOf(policyAdded(broken)), /CiliumNetworkPolicy\/default\/rule1.*port-invalid/)
})

test('R15 groups, services and DNS answers of the log become changes of the engine; DNS answers count on their node only', () => {
  const prefixes = [Cidr('198.51.100.0/24')]
  const group = { type: 'CidrGroupSet', v: 1, name: 'rim', labels: { sector: 'arkanis' }, prefixes } as const
  assert.deepEqual(policyChangesOf(recorded('policy', group)), [
    { kind: 'cidr-group', name: 'rim', labels: { sector: 'arkanis' }, prefixes },
  ])
  assert.deepEqual(policyChangesOf(recorded('policy', { type: 'CidrGroupDeleted', v: 1, name: 'rim' })), [
    { kind: 'cidr-group', name: 'rim', labels: {}, prefixes: null },
  ])
  const backends = [
    { source: 'EndpointSlice/a', addresses: [IpAddress('203.0.113.9')] },
    { source: 'Endpoints/db', addresses: [IpAddress('203.0.113.8'), IpAddress('203.0.113.9')] },
  ]
  const named = { v: 1, namespace: 'default', name: 'db' } as const
  const service = { type: 'ServiceSet', ...named, labels: { app: 'db' }, backends } as const
  assert.deepEqual(policyChangesOf(recorded('policy', service)), [
    {
      kind: 'service',
      key: 'default/db',
      service: { namespace: 'default', name: 'db', labels: { app: 'db' }, backends: ['203.0.113.8', '203.0.113.9'] },
    },
  ])
  const nobody = [{ kind: 'service', key: 'default/db', service: null }]
  assert.deepEqual(policyChangesOf(recorded('policy', { ...service, labels: null })), nobody, 'not given itself yet')
  assert.deepEqual(policyChangesOf(recorded('policy', { type: 'ServiceDeleted', ...named })), nobody)
  const addresses = [IpAddress('203.0.113.9')]
  const answer = {
    type: 'DnsAnswerLearned',
    v: 1,
    name: 'db.example',
    addresses,
    ttlSeconds: 60,
    askedBy: null,
  } as const
  const added = [{ kind: 'dns-answer', name: 'db.example', added: addresses, removed: [] }]
  const endor = NodeName('endor')
  assert.deepEqual(policyChangesOf(recorded('node-endor', answer), endor), added)
  assert.deepEqual(policyChangesOf(recorded('node-hoth', answer), endor), [])
  const over = { type: 'DnsAnswerExpired', v: 1, name: 'db.example', addresses, reason: 'ttl' } as const
  assert.deepEqual(policyChangesOf(recorded('node-endor', over), endor), [
    { kind: 'dns-answer', name: 'db.example', added: [], removed: addresses },
  ])
  assert.deepEqual(policyChangesOf(recorded('node-hoth', over), endor), [])
})

test('R15 addresses of a name come and go one by one, and what is only said again changes nobody', () => {
  const engine = new PolicyEngine()
  const ship = { id: IdentityId(300), labels: [LabelText('k8s:io.kubernetes.pod.namespace=default')], prefix: null }
  const far = [8, 9].map((byte) => {
    const prefix = Cidr(`203.0.113.${byte}/32`)
    return { id: IdentityId(2 ** 24 + byte), labels: prefixLabels(prefix), prefix }
  })
  engine.apply({ kind: 'identities', added: [ship, ...far], removed: [] })
  const egress = [{ toFQDNs: [{ matchPattern: '*.example' }] }]
  const reading = readPolicy({ ...MANIFEST, spec: { endpointSelector: {}, egress } })
  assert.ok(reading.kind === 'accepted')
  engine.apply({ kind: 'policy-set', key: 'far', rules: reading.policy.rules })
  const taken = (): readonly number[] => {
    const resolved = engine.resolve({ identity: ship.id, namedPorts: [] })
    assert.ok(resolved.kind === 'resolved')
    return resolved.entries
      .filter(({ key }) => key.direction === 'egress' && key.identity >= 2 ** 24)
      .map(({ key }) => key.identity - 2 ** 24)
      .toSorted()
  }
  const say = (added: readonly number[], removed: readonly number[]): number => {
    const texts = (bytes: readonly number[]) => bytes.map((byte) => `203.0.113.${byte}`)
    const change = { name: 'moon.example', added: texts(added), removed: texts(removed) }
    return engine.apply({ kind: 'dns-answer', ...change }).size
  }
  assert.deepEqual(taken(), [])
  assert.equal(say([9], []), 1)
  assert.deepEqual(taken(), [9])
  assert.equal(say([9], []), 0)
  assert.equal(say([8, 9], []), 1)
  assert.deepEqual(taken(), [8, 9])
  assert.deepEqual([...engine.requiredPrefixes()], ['203.0.113.8/32', '203.0.113.9/32'])
  assert.equal(say([], [9]), 1)
  assert.deepEqual(taken(), [8])
  assert.equal(say([], [8, 9]), 1)
  assert.deepEqual(taken(), [])
  assert.deepEqual([...engine.requiredPrefixes()], [])
})
