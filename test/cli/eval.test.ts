import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readExampleVectors, readVectors, type VectorCase } from '../vectors/read.ts'
import { hindcast, hindcastReading } from './recorded-log.ts'

const policy = {
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name: 'rule1', namespace: 'default' },
  spec: {
    endpointSelector: { matchLabels: { class: 'deathstar' } },
    ingress: [
      {
        fromEndpoints: [{ matchLabels: { org: 'empire' } }],
        toPorts: [
          {
            ports: [{ port: '80', protocol: 'TCP' }],
            rules: { http: [{ method: 'POST', path: '/v1/request-landing' }] },
          },
        ],
      },
    ],
  },
}
const NAMESPACE = 'k8s:io.kubernetes.pod.namespace=default'
const request = { endpoint: 863, direction: 'ingress', identity: 29439, port: 80, host: 'deathstar', headers: {} }
const question = {
  probes: [
    [863, 'ingress', 29439, 6, 80],
    [863, 'ingress', 5513, 6, 80],
    [2216, 'egress', 2033, 6, 80],
    [863, 'ingress', 999, 6, 80],
  ],
  http: [
    { ...request, method: 'POST', path: '/v1/request-landing' },
    { ...request, method: 'PUT', path: '/v1/exhaust-port' },
  ],
}
const story = {
  name: 'death-star',
  input: {
    identities: [
      { id: 2033, labels: ['k8s:class=deathstar', 'k8s:org=empire', NAMESPACE] },
      { id: 29439, labels: ['k8s:class=tiefighter', 'k8s:org=empire', NAMESPACE] },
      { id: 5513, labels: ['k8s:class=xwing', 'k8s:org=alliance', NAMESPACE] },
    ],
    policies: [policy],
    endpoints: [
      { id: 863, identity: 2033 },
      { id: 2216, identity: 29439 },
    ],
    steps: [{ removeIdentities: [29439] }],
  },
  states: [question, question],
}

test('C25 eval answers each case with one line, after each step', async () => {
  const { code, out, err } = await hindcastReading(`${JSON.stringify(story)}\n`, 'eval', '-')
  assert.deepEqual([code, err], [0, ''])
  assert.equal(out.split('\n').length, 2)
  const open = { id: 2216, error: false, ingressEnforced: false, egressEnforced: false }
  const closed = { id: 863, error: false, ingressEnforced: true, egressEnforced: false }
  assert.deepEqual(JSON.parse(out), {
    name: 'death-star',
    states: [
      { endpoints: [closed, open], probes: ['redirect', 'deny', 'allow', 'deny'], http: ['allow', 'deny'] },
      { endpoints: [closed], probes: ['deny', 'deny', 'deny', 'deny'], http: ['deny', 'deny'] },
    ],
  })
})

test('C25 a case without questions has a state for the start and one for each step', async () => {
  const { out } = await hindcastReading(JSON.stringify({ ...story, states: undefined }), 'eval', '-')
  const { states } = JSON.parse(out)
  assert.deepEqual(
    states.map((state: { readonly probes: readonly unknown[] }) => state.probes),
    [[], []],
  )
})

test('C26 a bad line is named with its number and every reason; the others are answered; the end is 2', async () => {
  const broken = {
    ...story,
    input: { ...story.input, endpoints: [{ id: 'x', identity: 1 }], options: { enforcement: 'maybe' } },
  }
  const lines = [JSON.stringify(story), '{"name": ', JSON.stringify(broken), '', JSON.stringify(story)]
  const { code, out, err } = await hindcastReading(lines.join('\n'), 'eval', '-')
  assert.equal(code, 2)
  assert.equal(out.trimEnd().split('\n').length, 2)
  assert.match(err, /^-:2: not JSON/)
  assert.match(err, /-:3: word-unknown at \/input\/options\/enforcement/)
  assert.match(err, /-:3: not-an-integer at \/input\/endpoints\/0\/id/)
  assert.match(err, /2 of 5 lines/)
})

test('C26 a file that is not there ends with 3', async () => {
  assert.equal((await hindcast('eval', '/nowhere/cases.jsonl')).code, 3)
})

function expectedOf({ name, states }: VectorCase): unknown {
  const expected = states.map(({ endpoints, probes = [], http = [] }) => ({
    endpoints,
    probes: probes.map((probe) => probe[5]),
    http: http.map(({ answer }) => answer),
  }))
  return { name, states: expected }
}

const examples = readExampleVectors()
const FILES = {
  handwritten: readVectors('handwritten'),
  random: readVectors('random'),
  examples: 'skip' in examples ? [] : examples,
}

for (const [file, vectors] of Object.entries(FILES)) {
  test(`C25 eval gives every answer of the ${file} vectors`, {
    skip: file === 'examples' && 'skip' in examples ? examples.skip : false,
  }, async (t) => {
    const cases = vectors.filter(({ contestedCase }) => contestedCase === undefined)
    const { code, out, err } = await hindcastReading(cases.map((one) => JSON.stringify(one)).join('\n'), 'eval', '-')
    assert.deepEqual([code, err], [0, ''])
    const results = out.trimEnd().split('\n')
    assert.equal(results.length, cases.length)
    for (const [index, one] of cases.entries()) assert.deepEqual(JSON.parse(results[index]!), expectedOf(one))
    t.diagnostic(`${cases.length} cases passed, 0 failed`)
  })
}

test('C25 eval passes over what the options forbid, and answers by the rest', async () => {
  const open = {
    ...policy,
    metadata: { name: 'icmp', namespace: 'default' },
    spec: { ...policy.spec, ingress: [{ icmps: [{ fields: [{ type: 8 }] }] }] },
  }
  const l4 = {
    ...policy,
    metadata: { name: 'l4', namespace: 'default' },
    spec: { ...policy.spec, ingress: [{ toPorts: [{ ports: [{ port: '443' }] }] }] },
  }
  const input = {
    ...story.input,
    policies: [policy, open, l4],
    steps: [],
    options: { enableL7Proxy: false, enableICMPRules: false },
  }
  const probes = [
    [863, 'ingress', 29439, 6, 80],
    [863, 'ingress', 29439, 1, 8],
    [863, 'ingress', 29439, 6, 443],
  ]
  const { code, out } = await hindcastReading(JSON.stringify({ name: 'x', input, states: [{ probes }] }), 'eval', '-')
  assert.equal(code, 0)
  assert.deepEqual(JSON.parse(out).states[0].probes, ['deny', 'deny', 'allow'])
})

test('C26 a line of any length and depth is answered or named, and the next one is read', async () => {
  const [deep, long] = ['['.repeat(200_000), 'x'.repeat(2_000_000)]
  const lines = [deep, JSON.stringify({ ...story, name: long }), `\u{feff}${JSON.stringify(story)}`]
  const { code, out, err } = await hindcastReading(lines.join('\r\n'), 'eval', '-')
  assert.equal(code, 2)
  assert.match(err, /^-:1: not JSON/)
  assert.deepEqual(
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).name),
    [long, 'death-star'],
  )
})
