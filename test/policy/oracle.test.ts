import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareWithOracle, oracleCases } from './oracle-property.ts'

/** `SEED=… node --test test/policy/oracle.test.ts` repeats a run. */
const SEED = Number(process.env['SEED'] ?? 20_260_101)
const RUNS = Number(process.env['RUNS'] ?? 110)

test('R12 the resolved entries and the message for the proxy answer as a plain walk over the rules does', (t) => {
  const counts = { resolved: 0, conflicts: 0, probes: 0, requests: 0 }
  fc.assert(
    fc.property(oracleCases, (one) => compareWithOracle(one, counts)),
    { seed: SEED, numRuns: RUNS },
  )
  const { resolved, conflicts, probes, requests } = counts
  t.diagnostic(`seed ${SEED}: ${probes} probes and ${requests} requests in ${resolved} cases, ${conflicts} conflicts`)
  assert.ok(resolved > conflicts && requests > 20 * RUNS, JSON.stringify(counts))
})
