/** Whatever stands in a file that people write for the command line, it is read or refused; nothing else is thrown. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeEvent } from '../../events/codec.ts'
import { CorrelationId, EventId } from '../../events/ids.ts'
import type { EventContext } from '../../events/recorded.ts'
import { ledger } from '../../projections/ledger/ledger.ts'
import { readExpectations } from '../../src/cli/check/expectations.ts'
import { readEndpointFile } from '../../src/cli/endpoint-file.ts'
import { readCase } from '../../src/cli/eval/case.ts'
import { evaluate } from '../../src/cli/eval/evaluate.ts'
import { decide } from '../../src/decide/command.ts'
import { NODE } from '../decide/given.ts'
import { mutated } from './mutations.ts'

const EXPECTATIONS = `pods:
  deathstar: {labels: {org: empire}, ports: [{name: http, port: 80}]}
expectations:
  - {from: 'org=empire', to: deathstar, http: {method: POST, path: /v1, headers: {a: b}}, expect: allow}
  - {from: 10.0.0.0/8, to: world, port: 53/UDP, expect: deny}
`
const ENDPOINTS = `endpoints:
- {name: deathstar, id: 863, identity: 2033, ipv4: 10.0.0.111, labels: [org=empire], namedPorts: [{name: http, port: 80}]}
`
const CASE = JSON.stringify({
  name: 'x',
  input: {
    identities: [
      { id: 1000, labels: ['k8s:a=b'] },
      { id: 16777217, cidr: '10.0.0.0/8' },
    ],
    policies: [
      {
        kind: 'CiliumNetworkPolicy',
        metadata: { name: 'a' },
        spec: { endpointSelector: {}, ingress: [{ fromCIDR: ['10.0.0.0/8'] }] },
      },
    ],
    rules: [{ endpointSelector: {}, egress: [{ toPorts: [{ ports: [{ port: 'http', protocol: 'TCP' }] }] }] }],
    endpoints: [{ id: 1, identity: 1000, namedPorts: [{ name: 'http', port: 80 }] }],
    dns: { 'a.b': ['10.0.0.1'] },
    steps: [{ removeIdentities: [16777217] }],
  },
  states: [
    {
      probes: [[1, 'ingress', 16777217, 6, 80]],
      http: [{ endpoint: 1, direction: 'egress', identity: 1000, port: 80 }],
    },
  ],
})
const ID = EventId('00000000-0000-4000-8000-000000000000')
const context: EventContext = {
  actor: { kind: 'user', name: 'leia' },
  source: { kind: 'test', detail: '' },
  correlation: CorrelationId(ID),
  cause: null,
}

const RUNS = { numRuns: 400 }

test('C29 expectations are read or refused, whatever they are', () => {
  assert.deepEqual(readExpectations(EXPECTATIONS).problems, [])
  fc.assert(
    fc.property(mutated(EXPECTATIONS), (text) => {
      const { expectations, problems } = readExpectations(text)
      assert.ok(expectations.length + problems.length > 0)
    }),
    RUNS,
  )
})

test('C13 endpoint files are read and decided, or refused, whatever they are', () => {
  assert.deepEqual(readEndpointFile(ENDPOINTS).problems, [])
  fc.assert(
    fc.property(mutated(ENDPOINTS), (text) => {
      const { wishes, problems } = readEndpointFile(text)
      if (problems.length > 0) return
      assert.ok(wishes.length > 0)
      const decision = decide({ kind: 'add-endpoints', node: NODE, endpoints: wishes }, ledger.initial)
      if (decision.kind === 'refused') return assert.ok(decision.problems.length > 0)
      for (const event of decision.appends.flatMap(({ events }) => events)) encodeEvent({ id: ID, event, context })
    }),
    RUNS,
  )
})

test('C26 a line is answered or refused, whatever it is', () => {
  const whole = readCase(CASE)
  assert.equal(whole.kind, 'case')
  fc.assert(
    fc.property(mutated(CASE), (line) => {
      const reading = readCase(line)
      if (reading.kind === 'bad') return assert.ok(reading.reasons.length > 0)
      assert.equal(evaluate(reading.case).states.length, reading.case.states.length)
    }),
    RUNS,
  )
})
