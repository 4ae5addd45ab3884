import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../events/schema.ts'
import { isFact, readFact } from '../../projections/policy/parse/fact.ts'
import { problemsOfText, readPolicyText } from '../../projections/policy/parse/text.ts'

function factOf(object: Json) {
  assert.ok(isFact(object))
  const { fact, problems, schemaProblems } = readFact(object)
  assert.deepEqual([...problems, ...schemaProblems], [])
  return fact
}

function refusals(object: Json): readonly string[] {
  assert.ok(isFact(object))
  const { fact, problems, schemaProblems } = readFact(object)
  assert.equal(fact === null, problems.length > 0)
  return [...problems, ...schemaProblems].map(({ code, path }) => `${code} ${path}`)
}

const group = (externalCIDRs: Json, apiVersion = 'cilium.io/v2'): Json => ({
  apiVersion,
  kind: 'CiliumCIDRGroup',
  metadata: { name: 'rim', labels: { sector: 'arkanis' } },
  spec: { externalCIDRs },
})
const service = (spec: Json, more = {}): Json => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'tatooine', ...more },
  spec,
})
const slice = (more = {}): Json => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'tatooine-1', namespace: 'outer', labels: { 'kubernetes.io/service-name': 'tatooine' } },
  addressType: 'IPv4',
  endpoints: [
    { addresses: ['203.0.113.9', '203.0.113.8'] },
    { addresses: ['203.0.113.7'], conditions: { ready: false } },
    { addresses: ['203.0.113.9'], conditions: { ready: true } },
  ],
  ports: [{ port: 80 }],
  ...more,
})

test('P29 a group has labels and prefixes, in both versions, sorted and without host bits', () => {
  for (const version of ['cilium.io/v2alpha1', 'cilium.io/v2']) {
    assert.deepEqual(factOf(group(['203.0.113.7/24', '10.0.0.0/8', '10.1.0.0/8'], version)), {
      kind: 'cidr-group',
      ref: { kind: 'CiliumCIDRGroup', namespace: null, name: 'rim' },
      labels: { sector: 'arkanis' },
      prefixes: ['10.0.0.0/8', '203.0.113.0/24'],
    })
  }
  assert.deepEqual(refusals(group(['10.0.0.0/33', 7], 'cilium.io/v3')), [
    'api-version /apiVersion',
    'cidr-invalid /spec/externalCIDRs/0',
    'not-text /spec/externalCIDRs/1',
    'cidr-without-length /spec/externalCIDRs/1',
  ])
})

test('P29 a service without selector has labels; one of pods and an external name are refused with what to write instead', () => {
  assert.deepEqual(factOf(service({ ports: [{ port: 80 }], selector: {} }, { labels: { sector: 'arkanis' } })), {
    kind: 'service',
    ref: { kind: 'Service', namespace: 'default', name: 'tatooine' },
    labels: { sector: 'arkanis' },
  })
  assert.deepEqual(refusals(service({ selector: { app: 'web' } })), ['service-selector /spec/selector'])
  assert.deepEqual(refusals(service({ type: 'ExternalName' })), ['service-external-name /spec/type'])
})

test('P29 backends are the ready addresses of Endpoints and of EndpointSlices', () => {
  const endpoints: Json = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'tatooine' },
    subsets: [
      { addresses: [{ ip: '203.0.113.9' }, { ip: 'FD00::9', hostname: 'moon' }], ports: [{ port: 80 }] },
      { addresses: [{ ip: '203.0.113.8' }], notReadyAddresses: [{ ip: '203.0.113.7' }] },
    ],
  }
  assert.deepEqual(factOf(endpoints), {
    kind: 'backends',
    ref: { kind: 'Endpoints', namespace: 'default', name: 'tatooine' },
    service: 'tatooine',
    addresses: ['203.0.113.8', '203.0.113.9', 'fd00::9'],
  })
  assert.deepEqual(factOf(slice()), {
    kind: 'backends',
    ref: { kind: 'EndpointSlice', namespace: 'outer', name: 'tatooine-1' },
    service: 'tatooine',
    addresses: ['203.0.113.8', '203.0.113.9'],
  })
  assert.deepEqual(
    refusals(slice({ addressType: 'FQDN', metadata: { name: 'tatooine-1' }, endpoints: [{ addresses: ['moon'] }] })),
    ['service-name /metadata/labels', 'address-type /addressType', 'address-invalid /endpoints/0/addresses/0'],
  )
})

test('P29 they stand in texts beside policies, with line and column of what is wrong, and no two have one name', () => {
  const text = `kind: CiliumCIDRGroup
apiVersion: cilium.io/v2
metadata: {name: rim}
spec:
  externalCIDRs:
    - 10.0.0.0/99
---
kind: ServiceList
apiVersion: v1
items:
  - {metadata: {name: a}, spec: {}, stauts: {}}
  - {metadata: {name: a}, spec: {}}
`
  const found = readPolicyText(text, 'file')
  assert.deepEqual(
    found.facts.map(({ key }) => key),
    ['CiliumCIDRGroup/-/rim', 'Service/default/a', 'Service/default/a'],
  )
  assert.deepEqual(
    problemsOfText(found).map(({ code, line, column }) => `${code} ${line}:${column}`),
    ['duplicate-resource 12:23', 'cidr-invalid 6:7', 'unknown-field 11:37'],
  )
})

test('P29 whatever object of these kinds is read, the answer is a fact or problems', () => {
  const objects = fc.record({
    apiVersion: fc.constantFrom<Json>('v1', 'cilium.io/v2', 'discovery.k8s.io/v1', 1),
    kind: fc.constantFrom('CiliumCIDRGroup', 'Service', 'Endpoints', 'EndpointSlice'),
    metadata: fc.oneof(fc.constant<Json>({ name: 'a' }), fc.jsonValue() as fc.Arbitrary<Json>),
    spec: fc.oneof(
      fc.jsonValue() as fc.Arbitrary<Json>,
      fc.record({ externalCIDRs: fc.array(fc.jsonValue() as fc.Arbitrary<Json>) }),
    ),
    subsets: fc.jsonValue() as fc.Arbitrary<Json>,
    endpoints: fc.oneof(
      fc.jsonValue() as fc.Arbitrary<Json>,
      fc.array(
        fc.record({
          addresses: fc.jsonValue() as fc.Arbitrary<Json>,
          conditions: fc.jsonValue() as fc.Arbitrary<Json>,
        }),
      ),
    ),
  })
  fc.assert(
    fc.property(objects, (object) => {
      assert.ok(isFact(object))
      const { fact, problems } = readFact(object)
      assert.equal(fact === null, problems.length > 0)
    }),
    { seed: 863, numRuns: 500 },
  )
})
