import { EndpointId } from '../../events/ids.ts'
import { createMap } from '../../src/kernel/bpf-map.ts'
import { policyWrites } from '../../src/kernel/layout/policy.ts'
import { POLICY } from '../../src/kernel/maps.ts'
import { chance } from '../kernel/chance.ts'
import { entry, laboratory, type PolicyWrite } from '../kernel/laboratory.ts'
import { inTurns, timeUs } from './measure.ts'
import { atMost, type Benchmark, type Figure, figure } from './report.ts'

const ENTRIES = 16_000
const ROUNDS = 15
const WARM_UP = 3
const SEED = 8412
const WEB = EndpointId(1)

export const benchmark: Benchmark = {
  title: `writing a policy map of ${ENTRIES} entries, beside libbpf's batch call on bytes that are there already`,
  run: async (): Promise<readonly Figure[]> => {
    await using lab = await laboratory()
    await lab.pod({ endpoint: WEB, identity: 1001, address: '10.0.0.1' })
    const upserts = generated()
    const keys = upserts.map(({ key }) => key)
    using raw = createMap(POLICY)
    const { keys: keyBytes, values: valueBytes } = policyWrites(upserts)
    const { datapath } = lab
    const costs = await inTurns(
      {
        raw: () => emptied(raw, keyBytes, () => timeUs(() => raw.updateBatch(keyBytes, valueBytes))),
        port: async () => {
          await datapath.writePolicyMap(WEB, { upserts: [], removals: keys })
          return await timeUs(() => datapath.writePolicyMap(WEB, { upserts, removals: [] }))
        },
      },
      { rounds: ROUNDS, warmUp: WARM_UP },
    )
    const whole = await inTurns(
      {
        read: () => timeUs(() => datapath.readPolicyMap(WEB)),
        rewrite: () => timeUs(() => datapath.writePolicyMap(WEB, { upserts, removals: [] })),
      },
      { rounds: ROUNDS, warmUp: WARM_UP },
    )
    return [
      figure('libbpf batch, bytes ready', costs.raw, 'us'),
      figure('writePolicyMap into an empty map', costs.port, 'us'),
      figure('  over the batch call', costs.port / costs.raw, 'x', atMost(1.3)),
      figure('  an entry', (costs.port * 1_000) / ENTRIES, 'ns'),
      figure('writePolicyMap of the same again', whole.rewrite, 'us'),
      figure('readPolicyMap, with counters', whole.read, 'us'),
    ]
  },
}

async function emptied(
  map: { removeBatch(keys: Uint8Array): void },
  keys: Uint8Array,
  measure: () => Promise<number>,
): Promise<number> {
  map.removeBatch(keys)
  return await measure()
}

/** As many identities with a few ports each, as a cluster's selectors give. */
function generated(): readonly PolicyWrite[] {
  const { pick } = chance(SEED)
  return Array.from({ length: ENTRIES }, (_, index) =>
    entry({
      direction: pick(['ingress', 'egress']),
      identity: 1_000 + Math.floor(index / 4),
      protocol: 6,
      port: 1_000 + (index % 4),
    }),
  )
}
