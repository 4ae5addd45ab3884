import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import type { HindcastEvent } from '../../events/catalogue.ts'
import {
  CorrelationId,
  EndpointId,
  EventId,
  IdentityId,
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
import { policyChangesOf } from '../../projections/policy/changes.ts'

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
