import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../../events/schema.ts'
import { readBareRule } from '../../projections/policy/parse/policy.ts'
import { requirementText } from '../../projections/policy/parse/selector.ts'
import type { LabelSelector } from '../../projections/policy/rule.ts'
import { accepted, clusterwide, ingress, policy, refused, refusedIngress, ruleOf, schemaProblems } from './policies.ts'

const NAMESPACE = 'k8s:io.kubernetes.pod.namespace'

function texts(selector: LabelSelector): readonly string[] {
  return selector.requirements.map(requirementText)
}

function subjectOf(endpointSelector: Json): readonly string[] {
  return texts(ruleOf(policy({ endpointSelector, ingress: [{}] })).subject.selector)
}

function peerOf(selector: Json): readonly string[] {
  const [peer] = ingress({ fromEndpoints: [selector] }).peers ?? []
  assert.ok(peer?.kind === 'endpoints')
  return texts(peer.selector)
}

test('P4 label keys and values are those of Kubernetes, after the source', () => {
  const subject = (matchLabels: Json) => refused(policy({ endpointSelector: { matchLabels } }))
  const path = '/spec/endpointSelector/matchLabels'
  assert.deepEqual(subject({ '-a': 'b' }), [`label-key ${path}/-a`])
  assert.deepEqual(subject({ '': 'b' }), [`label-key ${path}/`])
  assert.deepEqual(subject({ 'k8s:': 'b' }), [`label-key ${path}/k8s:`])
  assert.deepEqual(subject({ 'A B:app': 'b' }), [`label-key ${path}/A B:app`])
  assert.deepEqual(subject({ 'Upper.example/x': 'b' }), [`label-key ${path}/Upper.example~1x`])
  assert.deepEqual(subject({ [`k8s:${'x'.repeat(64)}`]: 'b' }), [`label-key ${path}/k8s:${'x'.repeat(64)}`])
  assert.deepEqual(subject({ app: 'a b' }), [`label-value ${path}/app`])
  assert.deepEqual(subject({ app: 'x'.repeat(64) }), [`label-value ${path}/app`])
  assert.deepEqual(subject({ app: 7 }), [`not-text ${path}/app`])
  const fine = { 'k8s:app.kubernetes.io/name': 'x'.repeat(63), ['y'.repeat(63)]: '' }
  assert.equal(subjectOf({ matchLabels: fine }).length, 3)
})

test('P4 a key without source matches every source; $ and reserved. are short for reserved:', () => {
  assert.deepEqual(subjectOf({ matchLabels: { app: 'web', 'k8s:tier': 'x' } }), [
    'any:app In (web)',
    `${NAMESPACE} In (default)`,
    'k8s:tier In (x)',
  ])
  assert.deepEqual(peerOf({ matchLabels: { $host: '' } }), ['reserved:host In ()'])
  assert.deepEqual(peerOf({ matchLabels: { 'reserved.health': '' } }), ['reserved:health In ()'])
  assert.deepEqual(peerOf({ matchLabels: { ':app': 'db' } }), ['any:app In (db)', `${NAMESPACE} In (default)`])
})

test('P4 expressions need a key, one of four operators, and values as the operator takes them', () => {
  const refusals = (expression: Json) => refusedIngress({ fromEndpoints: [{ matchExpressions: [expression] }] })
  const path = '/fromEndpoints/0/matchExpressions/0'
  assert.deepEqual(refusals({ operator: 'Exists' }), [`selector-key-missing ${path}/key`])
  assert.deepEqual(refusals({ key: 'a', operator: 'Like', values: ['b'] }), [`selector-operator ${path}/operator`])
  assert.deepEqual(refusals({ key: 'a' }), [`selector-operator ${path}/operator`])
  assert.deepEqual(refusals({ key: 'a', operator: 'In' }), [`selector-values ${path}/values`])
  assert.deepEqual(refusals({ key: 'a', operator: 'NotIn', values: [] }), [`selector-values ${path}/values`])
  assert.deepEqual(refusals({ key: 'a', operator: 'Exists', values: ['b'] }), [`selector-values ${path}/values`])
  assert.deepEqual(peerOf({ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['c', 'b', 'c'] }] }), [
    'any:a NotIn (b,c)',
    `${NAMESPACE} In (default)`,
  ])
})

test('P5 a subject lives in the namespace of its policy, and a policy without namespace in default', () => {
  const elsewhere = { matchLabels: { app: 'web', [NAMESPACE]: 'prod' } }
  assert.deepEqual(subjectOf(elsewhere), ['any:app In (web)', `${NAMESPACE} In (default)`])
  const expressions = [{ key: NAMESPACE, operator: 'In', values: ['prod', 'test'] }]
  assert.deepEqual(subjectOf({ matchExpressions: expressions }), [
    `${NAMESPACE} In (default)`,
    `${NAMESPACE} In (prod,test)`,
  ])
  const without = accepted({ ...policy({ ingress: [{ fromEndpoints: [{}] }] }), metadata: { name: 'p' } })
  assert.deepEqual(without.resource, { kind: 'CiliumNetworkPolicy', namespace: 'default', name: 'p' })
  const [peer] = without.rules[0]?.ingress[0]?.peers ?? []
  assert.deepEqual(peer?.kind === 'endpoints' && texts(peer.selector), [`${NAMESPACE} In (default)`])
})

test('P5 a peer is in the policy namespace unless it names one or something reserved', () => {
  assert.deepEqual(peerOf({}), [`${NAMESPACE} In (default)`])
  assert.deepEqual(peerOf({ matchLabels: { [NAMESPACE]: 'prod' } }), [`${NAMESPACE} In (prod)`])
  assert.deepEqual(peerOf({ matchLabels: { 'io.kubernetes.pod.namespace': 'prod' } }), [
    'any:io.kubernetes.pod.namespace In (prod)',
  ])
  assert.deepEqual(peerOf({ matchExpressions: [{ key: NAMESPACE, operator: 'NotIn', values: ['prod'] }] }), [
    `${NAMESPACE} NotIn (prod)`,
  ])
  assert.deepEqual(peerOf({ matchExpressions: [{ key: 'reserved:host', operator: 'Exists' }] }), [
    'reserved:host Exists ()',
  ])
  const team = 'k8s:io.cilium.k8s.namespace.labels.team'
  assert.deepEqual(peerOf({ matchLabels: { [team]: 'core' } }), [`${team} In (core)`, `${NAMESPACE} In (default)`])
})

test('P5 where the subject selects reserved:init, neither it nor its peers get a namespace', () => {
  const rule = ruleOf(
    policy({ endpointSelector: { matchLabels: { 'reserved:init': '' } }, ingress: [{ fromEndpoints: [{}] }] }),
  )
  assert.deepEqual(texts(rule.subject.selector), ['reserved:init In ()'])
  assert.deepEqual(rule.ingress[0]?.peers, [{ kind: 'endpoints', selector: { requirements: [] } }])
})

test('P5 peers of a clusterwide policy are pods of any namespace', () => {
  const object = clusterwide({ ingress: [{ fromEndpoints: [{}], fromRequires: [{ matchLabels: { app: 'db' } }] }] })
  const { subject, ingress: elements } = ruleOf(object)
  assert.deepEqual(texts(subject.selector), ['any:app In (web)'])
  const [peer] = elements[0]?.peers ?? []
  assert.deepEqual(peer?.kind === 'endpoints' && texts(peer.selector), [`${NAMESPACE} Exists ()`])
  assert.deepEqual(elements[0]?.requires.map(texts), [['any:app In (db)', `${NAMESPACE} Exists ()`]])
  assert.deepEqual(schemaProblems(object), ['empty-peer-selector /spec/ingress/0/fromEndpoints/0'])
})

test('P5 selectors of bare rules stay as they are', () => {
  const reading = readBareRule({ endpointSelector: {}, ingress: [{ fromEndpoints: [{}] }] }, 'all')
  const { rules, resource } = accepted({}, reading)
  assert.deepEqual(resource, { kind: 'Rule', namespace: null, name: 'all' })
  assert.deepEqual(rules[0]?.subject.selector.requirements, [])
  assert.deepEqual(rules[0]?.ingress[0]?.peers, [{ kind: 'endpoints', selector: { requirements: [] } }])
})
