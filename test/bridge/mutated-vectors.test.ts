import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareMutated, mutatedVectors } from './mutated-vectors.ts'

const SEED = 8_412
const CASES = 150

test(`R12 eval answers vectors with parts exchanged as a plain walk over the rules does (seed ${SEED})`, (t) => {
  const counts = { states: 0, errors: 0, probes: 0, requests: 0 }
  fc.assert(
    fc.property(mutatedVectors, (one) => compareMutated(one, counts)),
    { seed: SEED, numRuns: CASES },
  )
  const { states, errors, probes, requests } = counts
  t.diagnostic(
    `${probes} probes and ${requests} requests agree in ${states} states of ${CASES} cases, ${errors} errors`,
  )
  assert.ok(probes > 50 * CASES && requests > 3 * CASES && errors < states, JSON.stringify(counts))
})
