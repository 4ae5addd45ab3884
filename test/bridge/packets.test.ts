import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KERNEL_REASON } from '../kernel/laboratory.ts'
import { PACKETS_PER_CASE, PacketBridge, packetCases } from './packets.ts'

const SEED = 8_412
const PACKETS = 100_000

test(`R14 oracle, evaluator and the program in the kernel agree on 100,000 packets (seed ${SEED})`, {
  skip: KERNEL_REASON ?? false,
}, async (t) => {
  await using bridge = await PacketBridge.open()
  let [packets, policies, conflicts] = [0, 0, 0]
  for (const one of fc.sample(packetCases, { seed: SEED, numRuns: (2 * PACKETS) / PACKETS_PER_CASE })) {
    if (packets >= PACKETS) break
    const agreed = await bridge.compare(one)
    packets += agreed
    if (agreed > 0) policies++
    else conflicts++
  }
  const answers = [...bridge.seen].toSorted().map(([answer, times]) => `${times} ${answer}`)
  t.diagnostic(`${packets} packets agree (${answers.join(', ')}; ${policies} policy sets, seed ${SEED})`)
  assert.equal(packets, PACKETS)
  assert.ok(conflicts < policies / 4, 'most policies can be resolved')
  // Every kind of answer occurred, or the count would say little.
  assert.deepEqual([...bridge.seen.keys()].toSorted(), ['allow', 'deny 133', 'deny 181', 'deny 189', 'redirect'])
})
