import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RequestBridge, requestCases } from './requests.ts'

const SEED = 8_412
const REQUESTS = 10_000
const CASES_MAX = 1_000

test(`R14 walk, evaluator and embedded proxy agree on 10,000 requests (seed ${SEED})`, async (t) => {
  await using bridge = await RequestBridge.open()
  let [requests, allowed, walked, policies] = [0, 0, 0, 0]
  for (const one of fc.sample(requestCases, { seed: SEED, numRuns: CASES_MAX })) {
    if (requests >= REQUESTS) break
    const counts = await bridge.compare(one, REQUESTS - requests)
    requests += counts.requests
    allowed += counts.allowed
    walked += counts.walked
    if (counts.requests > 0) policies++
  }
  t.diagnostic(`${requests} requests agree (${allowed} let through, ${policies} policy sets, seed ${SEED})`)
  assert.equal(requests, REQUESTS)
  assert.ok(walked > 0.9 * requests, `the plain walk was asked for ${walked}`)
  // Neither answer is rare, or the test would say little.
  assert.ok(allowed > 0.2 * requests && allowed < 0.8 * requests, `${allowed} of ${requests}`)
})
