import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../../events/schema.ts'
import { readBareRule, readPolicy } from '../../projections/policy/parse/policy.ts'
import { PROBLEMS_MAX } from '../../projections/policy/parse/reader.ts'
import { EXPRESSION_MAX, PROGRAM_MAX, PROGRAMS_MAX } from '../../projections/policy/parse/regex.ts'
import { readInvalidVectors } from '../vectors/read.ts'
import {
  accepted,
  clusterwide,
  egress,
  ingress,
  policy,
  refused,
  refusedEgress,
  refusedIngress,
  ruleOf,
  schemaProblems,
} from './policies.ts'

/** Policies that Cilium 1.13.3 takes though one would expect it to refuse them: what we find, and which rule of SPEC.md decided. */
const ODDITIES: { readonly [name: string]: string } = {
  'kafka-client-chars': 'P11 kafka-client /spec/ingress/0/toPorts/0/rules/kafka/0/clientID',
  'label-bad-selector': 'P4 label-key /spec/endpointSelector/matchLabels/-a',
  'deny-bad-port': 'P9 port-invalid /spec/ingressDeny/0/toPorts/0/ports/0/port',
  'deny-bad-proto': 'P9 protocol-unknown /spec/ingressDeny/0/toPorts/0/ports/0/protocol',
  'deny-bad-cidr': 'P9 cidr-invalid /spec/ingressDeny/0/fromCIDR/0',
  'deny-bad-cidr-port': 'P9 cidr-invalid /spec/ingressDeny/0/fromCIDR/0',
  'deny-bad-entity': 'P9 entity-unknown /spec/ingressDeny/0/fromEntities/0',
  'deny-combined-peers': 'P9 peers-combined /spec/ingressDeny/0',
  'deny-icmp-and-ports': 'P9 icmps-with-ports /spec/ingressDeny/0',
  'deny-bad-operator': 'P9 selector-operator /spec/ingressDeny/0/fromEndpoints/0/matchExpressions/0/operator',
  'unknown-fields': 'P12 unknown-field /spec/color, unknown-field /spec/ingress/0/fromMoon',
  'http-host-regex': 'P11 regex-invalid /spec/ingress/0/toPorts/0/rules/http/0/host',
}

test('P2 each oddity of the recorded engine is refused, unknown fields by the schema', () => {
  const { oddities } = readInvalidVectors()
  assert.equal(oddities.length, 12)
  for (const { name, input } of oddities) {
    const reading = readPolicy(input.policies?.[0] ?? null)
    const problems = reading.kind === 'refused' ? reading.problems : reading.schemaProblems
    assert.equal(reading.kind, name === 'unknown-fields' ? 'accepted' : 'refused', name)
    const found = problems.map(({ code, path }) => `${code} ${path}`).join(', ')
    assert.equal(found, ODDITIES[name]?.replace(/^P\d+ /, ''), name)
  }
})

test('P2 a refusal names all that is wrong, at most a thousand things', () => {
  const all = refused({
    kind: 'CiliumNetworkPolicy',
    apiVersion: 'cilium.io/v1',
    metadata: { name: 'A/b', namespace: 'c.d' },
    spec: { endpointSelector: [], ingress: {}, egress: [{ toCIDR: ['10.0.0.0/33', 7] }] },
  })
  assert.deepEqual(all, [
    'api-version /apiVersion',
    'name-invalid /metadata/name',
    'namespace-invalid /metadata/namespace',
    'not-an-object /spec/endpointSelector',
    'not-a-list /spec/ingress',
    'cidr-invalid /spec/egress/0/toCIDR/0',
    'not-text /spec/egress/0/toCIDR/1',
  ])
  const port = { port: 80, protocol: 'TPC' }
  assert.deepEqual(refusedIngress({ toPorts: [{ ports: [port] }] }), [
    'not-text /toPorts/0/ports/0/port',
    'protocol-unknown /toPorts/0/ports/0/protocol',
  ])
  const many = refusedIngress({ fromEntities: Array.from({ length: PROBLEMS_MAX + 500 }, () => 'moon') })
  assert.equal(many.length, PROBLEMS_MAX + 1)
  assert.match(many.at(-1) ?? '', /^more-problems /)
})

test('P11 HTTP, Kafka and DNS rules are checked as the proxy will check them', () => {
  const http = (rule: Json) =>
    refusedIngress({ toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules: { http: [rule] } }] }).map((text) =>
      text.replace('/toPorts/0/rules/http/0', ''),
    )
  for (const field of ['path', 'method', 'host']) {
    assert.deepEqual(http({ [field]: '(a' }), [`regex-invalid /${field}`])
    assert.deepEqual(http({ [field]: 'a'.repeat(EXPRESSION_MAX + 1) }), [`regex-too-long /${field}`])
    assert.deepEqual(http({ [field]: '(?=a)' }), [`regex-invalid /${field}`])
  }
  assert.deepEqual(http({ path: '((a{10}){10}b){10}'.repeat(1 + PROGRAM_MAX / 1010) }), ['regex-too-large /path'])
  assert.deepEqual(http({ headers: ['X Y', 'a\u00a0b 1', ' x'] }), [
    'header-name /headers/1',
    'header-name-missing /headers/2',
  ])
  assert.deepEqual(http({ headerMatches: [{ name: 'X', value: 'a\r\nb' }] }), ['header-value /headerMatches/0/name'])
  assert.deepEqual(http({ headers: [':path /a', ':moon full'] }), ['header-name /headers/1'])
  assert.deepEqual(http({ headerMatches: [{ name: ':path', value: '/a' }] }), ['header-name /headerMatches/0/name'])
  const framing = { name: 'Content-Length', value: '0' }
  assert.deepEqual(http({ headerMatches: [{ ...framing, mismatch: 'REPLACE' }] }), [
    'header-not-mutable /headerMatches/0/mismatch',
  ])
  const dns = (rule: Json) =>
    refusedEgress({ toPorts: [{ ports: [{ port: '53', protocol: 'UDP' }], rules: { dns: [rule] } }] })
  assert.deepEqual(dns({}), ['dns-name-or-pattern /toPorts/0/rules/dns/0'])
  assert.deepEqual(dns({ matchName: 'a', matchPattern: 'b' }), ['dns-name-or-pattern /toPorts/0/rules/dns/0'])
  assert.deepEqual(egress({ toFQDNs: [{ matchPattern: '**.Example.com' }, { matchName: 'A.b' }] }).peers, [
    { kind: 'fqdn-pattern', pattern: '**.example.com' },
    { kind: 'fqdn-name', name: 'a.b' },
  ])
})

test('P11 the expressions of one policy have a bound together', () => {
  const http = Array.from({ length: 1 + PROGRAMS_MAX / 9_000 }, () => ({ path: 'a{900}'.repeat(10) }))
  const problems = refusedIngress({ toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules: { http } }] })
  assert.deepEqual(problems, [`regexes-too-large /toPorts/0/rules/http/${http.length - 1}/path`])
})

test('P11 an empty list of rules and a parser without rules ask for nothing', () => {
  const l7 = (rules: Json) => ingress({ toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules }] }).ports?.[0]?.l7
  assert.equal(l7({ http: [] }), null)
  assert.equal(l7({ l7proto: 'r2d2' }), null)
  assert.deepEqual(l7({ l7proto: 'r2d2', l7: [{ cmd: 'READ' }] }), {
    kind: 'generic',
    proto: 'r2d2',
    rules: [{ cmd: 'READ' }],
  })
  assert.deepEqual(l7({ http: [{}] }), {
    kind: 'http',
    rules: [{ method: null, path: null, host: null, headers: [], headerMatches: [] }],
  })
})

test('P12 unknown fields are faults of the schema, each with its path', () => {
  const object = policy({
    color: 'blue',
    ingress: [{ fromMoon: ['x'], toPorts: [{ ports: [{ port: '80', zone: 1 }] }] }],
  })
  assert.deepEqual(schemaProblems(object), [
    'unknown-field /spec/color',
    'unknown-field /spec/ingress/0/fromMoon',
    'unknown-field /spec/ingress/0/toPorts/0/ports/0/zone',
  ])
  assert.deepEqual(schemaProblems(policy({ egressDeny: [{ toFQDNs: [{ matchName: 'a.b' }] }] })), [
    'unknown-field /spec/egressDeny/0/toFQDNs',
  ])
})

test('P12 an unknown field that is nearly a known one is told which', () => {
  const reasons = readPolicy(policy({ ingres: [], EndpointSelectors: {}, eggress: [], xy: 1 })).schemaProblems
  assert.deepEqual(
    reasons.map(({ reason }) => reason),
    [
      'ingres is not a known field; did you mean ingress?',
      'EndpointSelectors is not a known field; did you mean endpointSelector?',
      'eggress is not a known field; did you mean egress?',
      'xy is not a known field',
    ],
  )
})

test('P13 what cannot be asked of the engine is refused with the reason, not ignored', () => {
  assert.deepEqual(refusedEgress({ toGroups: [{ aws: {} }] }), ['peers-unsupported /toGroups'])
  assert.deepEqual(refusedIngress({ fromNodes: [{}] }), ['peers-unsupported /fromNodes'])
})

test('P14 entities, prefixes, groups of prefixes and services are peers', () => {
  assert.deepEqual(ingress({ fromEntities: ['world-ipv4', 'world-ipv6'] }).peers, [
    { kind: 'entity', entity: 'world-ipv4' },
    { kind: 'entity', entity: 'world-ipv6' },
  ])
  assert.deepEqual(ingress({ fromCIDR: ['10.1.2.3', 'FD00::1/64', '10.1.2.3/8'] }).peers, [
    { kind: 'cidr', prefix: '10.1.2.3/32', except: [] },
    { kind: 'cidr', prefix: 'fd00::/64', except: [] },
    { kind: 'cidr', prefix: '10.0.0.0/8', except: [] },
  ])
  assert.deepEqual(ingress({ fromCIDRSet: [{ cidrGroupRef: 'offices', except: ['10.0.0.0/24'] }] }).peers, [
    { kind: 'cidr-group', name: 'offices', except: ['10.0.0.0/24'] },
  ])
  const cidrGroupSelector = { matchLabels: { sector: 'arkanis' } }
  const sector = { source: 'cidrgroup', key: 'sector', operator: 'In', values: ['arkanis'] }
  assert.deepEqual(ingress({ fromCIDRSet: [{ cidrGroupSelector, except: ['10.0.0.0/24'] }] }).peers, [
    { kind: 'cidr-group-selector', selector: { requirements: [sector] }, except: ['10.0.0.0/24'] },
  ])
  for (const two of [{ cidr: '10.0.0.0/8' }, { cidrGroupRef: 'offices' }]) {
    assert.deepEqual(refusedIngress({ fromCIDRSet: [{ ...two, cidrGroupSelector }] }), ['cidr-set /fromCIDRSet/0'])
  }
  assert.deepEqual(refusedIngress({ fromCIDRSet: [{}] }), ['cidr-set /fromCIDRSet/0'])
  assert.deepEqual(
    refusedIngress({ fromCIDRSet: [{ cidr: '10.0.0.0/8', except: ['11.0.0.0/16', '::/0', '10.0.0.1'] }] }),
    [
      'except-outside /fromCIDRSet/0/except/0',
      'except-outside /fromCIDRSet/0/except/1',
      'cidr-invalid /fromCIDRSet/0/except/2',
    ],
  )
  assert.deepEqual(egress({ toServices: [{ k8sService: { serviceName: 'web' } }] }).peers, [
    { kind: 'service', namespace: null, name: 'web' },
  ])
  for (const service of [{}, { k8sService: { serviceName: 'a' }, k8sServiceSelector: { selector: {} } }]) {
    assert.deepEqual(refusedEgress({ toServices: [service] }), ['service /toServices/0'])
  }
  assert.deepEqual(refusedEgress({ toServices: [{ k8sServiceSelector: {} }] }), [
    'service-selector /toServices/0/k8sServiceSelector/selector',
  ])
})

test('P15 a direction is default deny where the rule has elements in it, unless enableDefaultDeny says otherwise', () => {
  const defaults = (spec: { readonly [key: string]: Json }) => ruleOf(policy(spec)).defaultDeny
  assert.deepEqual(defaults({}), { ingress: false, egress: false })
  assert.deepEqual(defaults({ ingress: [], egress: [{}] }), { ingress: false, egress: true })
  assert.deepEqual(defaults({ ingressDeny: [{}] }), { ingress: true, egress: false })
  assert.deepEqual(defaults({ ingress: [{}], egress: [{}], enableDefaultDeny: { egress: false } }), {
    ingress: true,
    egress: false,
  })
  assert.deepEqual(defaults({ ingress: [{}], enableDefaultDeny: { egress: true } }), { ingress: true, egress: true })
  assert.deepEqual(refused(policy({ enableDefaultDeny: { ingress: 'no' } })), [
    'not-a-flag /spec/enableDefaultDeny/ingress',
  ])
})

test('P16 an element can ask for authentication, by the field of 1.13 or the current one', () => {
  assert.equal(ingress({ auth: { type: 'null' } }).auth, 'disabled')
  assert.equal(ingress({ authentication: { mode: 'required' } }).auth, 'required')
  assert.deepEqual(refusedIngress({ auth: { type: 'spiffe' } }), ['auth-type /auth/type'])
  assert.deepEqual(refusedIngress({ authentication: {} }), ['auth-mode /authentication/mode'])
  assert.deepEqual(refusedIngress({ auth: { type: 'null' }, authentication: { mode: 'disabled' } }), ['auth-twice '])
})

test('P17 a rule carries its own and the derived-from labels, a description and a word for the flow log', () => {
  const object = {
    ...policy({
      labels: [{ key: 'a', value: 'b', source: 'k8s' }, { key: 'c' }],
      description: 'd',
      log: { value: 'seen' },
    }),
    metadata: { name: 'p', namespace: 'prod', uid: 'u-1' },
  }
  const rule = ruleOf(object)
  assert.deepEqual(rule.labels, [
    'k8s:a=b',
    'k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy',
    'k8s:io.cilium.k8s.policy.name=p',
    'k8s:io.cilium.k8s.policy.namespace=prod',
    'k8s:io.cilium.k8s.policy.uid=u-1',
    'unspec:c',
  ])
  assert.deepEqual([rule.description, rule.log], ['d', 'seen'])
  assert.deepEqual(refused(policy({ log: { value: 'x'.repeat(33) } })), ['log-value /spec/log/value'])
  assert.deepEqual(refused(policy({ log: { value: 'a\nb' } })), ['log-value /spec/log/value'])
  const bare = accepted({}, readBareRule({ endpointSelector: {}, labels: ['x=y', 'k8s:z'] }, 'r'))
  assert.deepEqual(bare.rules[0]?.labels, ['k8s:z', 'unspec:x=y'])
})

test('P18 nodes are selected by clusterwide and bare policies only, and have no L7 rules but egress DNS', () => {
  const node = { endpointSelector: null, nodeSelector: { matchLabels: { role: 'edge' } } }
  assert.deepEqual(refused(policy(node)), ['node-in-namespace /spec/nodeSelector'])
  assert.equal(ruleOf(clusterwide({ ...node, ingress: [{}] })).subject.kind, 'node')
  const dns = { toPorts: [{ ports: [{ port: '53', protocol: 'UDP' }], rules: { dns: [{ matchPattern: '*' }] } }] }
  assert.equal(ruleOf(clusterwide({ ...node, egress: [dns] })).egress.length, 1)
  const http = { toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules: { http: [{}] } }] }
  assert.deepEqual(refused(clusterwide({ ...node, egress: [http] })), ['l7-on-node /spec/egress/0/toPorts/0/rules'])
})

test('P3 the manifest keeps name, namespace, uid, labels and annotations, and the specs', () => {
  const { manifest } = accepted({
    ...policy({}),
    metadata: { name: 'p', uid: 'u', labels: { a: 'b' }, annotations: { c: 'd' }, resourceVersion: '7', generation: 2 },
    status: { nodes: {} },
  })
  assert.deepEqual(manifest, {
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'p', namespace: 'default', uid: 'u', labels: { a: 'b' }, annotations: { c: 'd' } },
    spec: { endpointSelector: { matchLabels: { app: 'web' } } },
  })
})

test('P3 problems of a bare rule point into the rule as it was given', () => {
  assert.deepEqual(refused({}, readBareRule({ endpointSelector: {}, ingress: [{ fromEntities: ['moon'] }] }, 'r')), [
    'entity-unknown /ingress/0/fromEntities/0',
  ])
})
