import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../../events/schema.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import { requirementText } from '../../projections/policy/parse/selector.ts'
import type { LabelSelector, PolicyElement } from '../../projections/policy/rule.ts'
import { accepted, refused, ruleOf, schemaProblems } from './policies.ts'

const NAMESPACE = 'k8s:io.kubernetes.pod.namespace'
const TEAM = 'k8s:io.cilium.k8s.namespace.labels.team'

function networkPolicy(spec: Json): Json {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'p', namespace: 'prod' },
    spec,
  }
}

function texts(selector: LabelSelector): readonly string[] {
  return selector.requirements.map(requirementText)
}

function ingressOf(ingress: Json): readonly PolicyElement[] {
  return ruleOf(networkPolicy({ podSelector: {}, ingress })).ingress
}

function peerOf(peer: Json): readonly string[] {
  const [element] = ingressOf([{ from: [peer] }])
  const [found] = element?.peers ?? []
  assert.ok(found?.kind === 'endpoints')
  return texts(found.selector)
}

function refusals(ingress: Json): readonly string[] {
  return refused(networkPolicy({ podSelector: {}, ingress })).map((text) => text.replace('/spec/ingress/0', ''))
}

test('P23 a NetworkPolicy selects pods of its namespace by their Kubernetes labels', () => {
  const object = networkPolicy({ podSelector: { matchLabels: { app: 'web', 'io.kubernetes.pod.namespace': 'x' } } })
  const { resource, rules, manifest } = accepted(object)
  assert.deepEqual(resource, { kind: 'NetworkPolicy', namespace: 'prod', name: 'p' })
  assert.deepEqual(texts(rules[0]!.subject.selector), ['k8s:app In (web)', `${NAMESPACE} In (prod)`])
  assert.deepEqual(rules[0]?.labels, [
    'k8s:io.cilium.k8s.policy.derived-from=NetworkPolicy',
    'k8s:io.cilium.k8s.policy.name=p',
    'k8s:io.cilium.k8s.policy.namespace=prod',
  ])
  assert.deepEqual(accepted(manifest), { resource, rules, manifest })
})

test('P23 each peer becomes an element of its own, with the ports of its rule', () => {
  const elements = ingressOf([
    {
      from: [{ podSelector: {} }, { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }],
      ports: [{ port: 80 }, { port: 'DNS', protocol: 'UDP' }, { protocol: 'SCTP' }, { port: 8000, endPort: 8080 }],
    },
  ])
  assert.deepEqual(
    elements.map(({ pointer, peers }) => ({ pointer, peers })),
    [
      {
        pointer: '/spec/ingress/0/from/0',
        peers: [
          {
            kind: 'endpoints',
            selector: {
              requirements: [{ source: 'k8s', key: 'io.kubernetes.pod.namespace', operator: 'In', values: ['prod'] }],
            },
          },
        ],
      },
      {
        pointer: '/spec/ingress/0/from/1',
        peers: [{ kind: 'cidr', prefix: '10.0.0.0/8', except: ['10.1.0.0/16'] }],
      },
    ],
  )
  for (const { ports } of elements) {
    assert.deepEqual(
      ports?.map((rule) => rule.ports),
      [
        [{ port: { kind: 'range', first: 80, last: 80 }, protocol: 'TCP' }],
        [{ port: { kind: 'named', name: 'dns' }, protocol: 'UDP' }],
        [{ port: { kind: 'any' }, protocol: 'SCTP' }],
        [{ port: { kind: 'range', first: 8000, last: 8080 }, protocol: 'TCP' }],
      ],
    )
  }
})

test('P24 namespaces are selected by their labels, and what has no namespace never', () => {
  assert.deepEqual(peerOf({ podSelector: { matchLabels: { app: 'db' } } }), [
    'k8s:app In (db)',
    `${NAMESPACE} In (prod)`,
  ])
  assert.deepEqual(peerOf({ namespaceSelector: {} }), [`${NAMESPACE} Exists ()`])
  assert.deepEqual(peerOf({ namespaceSelector: { matchLabels: { team: 'a' } } }), [`${TEAM} In (a)`])
  assert.deepEqual(
    peerOf({ namespaceSelector: { matchLabels: { team: 'a' } }, podSelector: { matchLabels: { app: 'db' } } }),
    ['k8s:app In (db)', `${TEAM} In (a)`],
  )
  const others = { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['a'] }] }
  assert.deepEqual(peerOf({ namespaceSelector: others }), [`${TEAM} NotIn (a)`, `${NAMESPACE} Exists ()`])
  assert.equal(peerOf({ namespaceSelector: { matchLabels: { ['n'.repeat(63)]: 'a' } } }).length, 1)
})

test('P24 no peers, or an empty list of them, is everyone', () => {
  const everyone = [{ kind: 'endpoints', selector: { requirements: [] } }]
  assert.deepEqual(
    ingressOf([{}]).map(({ peers, ports }) => ({ peers, ports })),
    [{ peers: everyone, ports: null }],
  )
  assert.deepEqual(ingressOf([{ from: [], ports: [] }])[0]?.peers, everyone)
})

test('P25 policyTypes, or the sections where it is missing, say which directions are default deny', () => {
  const directions = (spec: { readonly [key: string]: Json }) => {
    const { defaultDeny, ingress, egress } = ruleOf(networkPolicy({ podSelector: {}, ...spec }))
    return [defaultDeny.ingress, ingress.length, defaultDeny.egress, egress.length]
  }
  assert.deepEqual(directions({}), [true, 1, false, 0])
  assert.deepEqual(directions({ ingress: [] }), [true, 1, false, 0])
  assert.deepEqual(directions({ egress: [{}] }), [true, 1, true, 1])
  assert.deepEqual(directions({ policyTypes: ['Egress'] }), [false, 0, true, 1])
  assert.deepEqual(directions({ policyTypes: ['Ingress', 'Egress'] }), [true, 1, true, 1])
  assert.deepEqual(directions({ policyTypes: ['Egress'], ingress: [{}] }), [true, 1, true, 1])
  const [deny] = ruleOf(networkPolicy({ podSelector: {} })).ingress
  assert.deepEqual([deny?.peers, deny?.ports, deny?.icmps], [null, null, null])
  assert.deepEqual(refused(networkPolicy({ podSelector: {}, policyTypes: ['ingress'] })), [
    'policy-type /spec/policyTypes/0',
  ])
})

test('P26 a NetworkPolicy is checked as Kubernetes does', () => {
  assert.deepEqual(refused({ kind: 'NetworkPolicy', metadata: { name: 'p' } }), ['policy-empty /spec'])
  assert.deepEqual(refusals([{ from: [{}] }]), ['peer-empty /from/0'])
  assert.deepEqual(refusals([{ from: [{ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }] }]), [
    'peers-combined /from/0',
  ])
  assert.deepEqual(refusals([{ from: [{ ipBlock: { cidr: '10.0.0.1' } }] }]), ['cidr-invalid /from/0/ipBlock/cidr'])
  assert.deepEqual(refusals([{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/8'] } }] }]), [
    'except-outside /from/0/ipBlock/except/0',
  ])
  assert.deepEqual(refusals([{ from: [{ podSelector: { matchLabels: { 'k8s:app': 'a' } } }] }]), [
    'label-key /from/0/podSelector/matchLabels/k8s:app',
  ])
  assert.deepEqual(refusals([{ ports: [{ port: '80' }] }]), ['port-invalid /ports/0/port'])
  assert.deepEqual(refusals([{ ports: [{ port: 0 }] }]), ['port-invalid /ports/0/port'])
  assert.deepEqual(refusals([{ ports: [{ port: 70_000 }] }]), ['not-an-integer /ports/0/port'])
  assert.deepEqual(refusals([{ ports: [{ protocol: 'ICMP' }] }]), ['protocol-unknown /ports/0/protocol'])
  assert.deepEqual(refusals([{ ports: [{ port: 'http', endPort: 90 }] }]), ['end-port-named /ports/0/endPort'])
  assert.deepEqual(refusals([{ ports: [{ endPort: 90 }] }]), ['end-port-named /ports/0/endPort'])
  assert.deepEqual(refusals([{ ports: [{ port: 91, endPort: 90 }] }]), ['port-range-inverted /ports/0/endPort'])
  assert.deepEqual(schemaProblems(networkPolicy({ podSelector: {}, ingress: [{ form: [] }] })), [
    'unknown-field /spec/ingress/0/form',
  ])
  const older = { apiVersion: 'extensions/v1beta1', kind: 'NetworkPolicy', metadata: { name: 'p' }, spec: {} }
  assert.equal(readPolicy(older).kind, 'refused')
})
