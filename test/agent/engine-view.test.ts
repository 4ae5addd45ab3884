import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../events/canonical.ts'
import { IdentityId, LabelText, PolicyRevision } from '../../events/ids.ts'
import { EnginePolicyView } from '../../src/agent/engine-view.ts'
import { NODE, recordedAs } from '../decide/given.ts'

const manifest = {
  kind: 'CiliumNetworkPolicy',
  metadata: { name: 'rule1', namespace: 'default' },
  spec: {
    endpointSelector: { matchLabels: { class: 'deathstar' } },
    ingress: [{}],
    ingressDeny: [{ fromEntities: ['world'] }],
  },
}

test('W10 the agent knows the reserved identities without an event: a rule about the world holds', () => {
  const view = new EnginePolicyView(NODE)
  const labels = [LabelText('k8s:class=deathstar'), LabelText('k8s:io.kubernetes.pod.namespace=default')]
  const identity = IdentityId(2033)
  const resource = { kind: 'CiliumNetworkPolicy', namespace: 'default', name: 'rule1' } as const
  const digest = digestOf(manifest)
  view.advance(recordedAs({ type: 'IdentityAllocated', v: 1, identity, scope: 'cluster', labels, prefix: null }, 0))
  view.advance(
    recordedAs(
      { type: 'PolicyAdded', v: 1, resource, manifest, digest, rules: 1, revision: PolicyRevision(2), replaces: null },
      1,
    ),
  )
  const resolved = view.resolve({ identity, namedPorts: [] })
  assert.ok(resolved.kind === 'resolved')
  const denied = resolved.entries.filter(({ verdict }) => verdict === 'deny').map(({ key }) => key.identity)
  assert.ok(denied.includes(IdentityId(2)), `denied are ${denied.join()}`)
})
