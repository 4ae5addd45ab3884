import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { compilePolicySet, NO_POLICIES, type PolicySet } from '../../projections/l7/policy-set.ts'
import type { NetworkPolicyMessage } from '../../projections/xds/messages.ts'
import { endpoint, portPolicy } from './messages.ts'

const web = endpoint(7, '10.0.0.7', [portPolicy(80, [])])
const db = endpoint(8, 'fd00::8', [portPolicy(0, [], { endPort: 9 })])
const set = (messages: readonly NetworkPolicyMessage[], running: PolicySet = NO_POLICIES) =>
  compilePolicySet(new Map(messages.map((m) => [String(m.endpointId), m])), running, isDeepStrictEqual)

test('H1 an update is taken as a whole: one wrong resource refuses it, with its name in the path', () => {
  const outcome = set([web, db])
  assert.equal(outcome.kind, 'refused')
  assert.deepEqual(outcome.kind === 'refused' && outcome.problems.map(({ code, path }) => `${code} ${path}`), [
    'port-range-of-any /8/ingressPerPortPolicies/0',
  ])
})

test('H1 an address belongs to one endpoint, in any spelling, and an endpoint has one or two', () => {
  const ips = (endpointId: number, ...endpointIps: readonly string[]) => ({ ...web, endpointId, endpointIps })
  const outcome = set([ips(1, 'fd00::1'), ips(2, 'fd00:0::1'), ips(3), ips(4, 'death.star'), ips(0, '10.0.0.9')])
  assert.deepEqual(outcome.kind === 'refused' && outcome.problems.map(({ code, path }) => `${code} ${path}`), [
    'endpoint-ips-count /3',
    'endpoint-ip-invalid /4',
    'endpoint-id-invalid /0',
    'endpoint-ip-twice /2',
  ])
})

test('H1 what did not change is kept, what is gone is gone', () => {
  const first = set([web, endpoint(9, '10.0.0.9', [])])
  assert.ok(first.kind === 'compiled')
  const second = set([structuredClone(web), endpoint(10, '10.0.0.10', [])], first.policies)
  assert.ok(second.kind === 'compiled')
  assert.equal(second.policies.byName.get('7'), first.policies.byName.get('7'))
  assert.deepEqual([...second.policies.byAddress.keys()], ['10.0.0.7', '10.0.0.10'])
})
