import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IdentityId } from '../../events/ids.ts'
import { PolicyEngine } from '../../projections/policy/engine.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import { bytesOf, churns, followChurn } from './churn-property.ts'
import { ALL_IDENTITIES } from './generated.ts'
import { knownIdentity } from './vector-engine.ts'

/** `SEED=… node --test test/policy/incremental.test.ts` repeats a run. */
const SEED = Number(process.env['SEED'] ?? 20_260_102)
const RUNS = Number(process.env['RUNS'] ?? 60)

test('R11 after any changes the result is byte for byte that of a new engine, and every identity whose result changed is named', () => {
  fc.assert(fc.property(churns, followChurn), { seed: SEED, numRuns: RUNS })
})

test('R11 what does not concern a subject leaves its resolved policy the same object', () => {
  const engine = new PolicyEngine()
  engine.apply({ kind: 'identities', added: ALL_IDENTITIES.map(knownIdentity), removed: [] })
  const reading = readPolicy({
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'web' },
    spec: {
      endpointSelector: { matchLabels: { app: 'web' } },
      ingress: [{ fromEndpoints: [{ matchLabels: { app: 'client' } }] }],
    },
  })
  assert.ok(reading.kind === 'accepted')
  engine.apply({ kind: 'policy-set', key: 'web', rules: reading.policy.rules })
  const subject = { identity: IdentityId(1000), namedPorts: [] }
  const first = engine.resolve(subject)
  const stranger = knownIdentity({ id: 2000, labels: ['k8s:app=db', 'k8s:io.kubernetes.pod.namespace=default'] })
  assert.deepEqual(engine.apply({ kind: 'identities', added: [stranger], removed: [] }), new Set())
  assert.equal(engine.resolve(subject), first)
  const friend = knownIdentity({ id: 2001, labels: ['k8s:app=client', 'k8s:io.kubernetes.pod.namespace=default'] })
  assert.deepEqual(engine.apply({ kind: 'identities', added: [friend], removed: [] }), new Set([1000]))
  assert.notEqual(engine.resolve(subject), first)
})

test('R11 a forgotten identity is not named any more, and resolves again as from new', () => {
  const engine = new PolicyEngine()
  engine.apply({ kind: 'identities', added: ALL_IDENTITIES.map(knownIdentity), removed: [] })
  const subject = { identity: IdentityId(1000), namedPorts: [] }
  const before = bytesOf(engine.resolve(subject))
  engine.forget(subject.identity)
  const again = ALL_IDENTITIES.map(knownIdentity)
  assert.deepEqual(engine.apply({ kind: 'identities', added: again, removed: [] }), new Set())
  assert.equal(bytesOf(engine.resolve(subject)), before)
  assert.deepEqual(
    engine.apply({ kind: 'identities', added: again.filter(({ id }) => id === 1000), removed: [] }),
    new Set([1000]),
  )
})
