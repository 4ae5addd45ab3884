/**
 * From publishing a changed policy to the acknowledgement of the embedded proxy's client, over a real socket with both ends here; state of the world, so
 * the cost grows with what is served. Beside it the encoding, with and without what is known already.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json } from '../../events/schema.ts'
import { createXdsClient } from '../../src/xds/client.ts'
import { ResourceEncoder } from '../../src/xds/encoding.ts'
import { startXdsServer } from '../../src/xds/server.ts'
import { aPolicy } from '../xds/fixture.ts'
import { inTurns, median, timeUs } from './measure.ts'
import { atLeast, type Benchmark, type Figure, figure } from './report.ts'

/** Policies on a node. */
const SIZES = [1, 100, 1_000] as const
const ROUNDS = 25
const PORTS = 4
const RULES_PER_PORT = 25
const PATIENCE_MS = 30_000
const STAMP = { position: '1', revision: 1 }

type Resources = ReadonlyMap<string, Json>

export const benchmark: Benchmark = {
  title: 'xDS: publish to acknowledgement, and encoding',
  run: async (say) => {
    const figures: Figure[] = []
    for (const size of SIZES) {
      say(`${size} policies`)
      figures.push(figure(`publish to ACK, 1 of ${size} policies changed, median`, await pushMs(size), 'ms'))
    }
    return [...figures, ...(await encoding())]
  },
}

async function pushMs(size: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'hx-bench-'))
  await using server = await startXdsServer({ socket: join(folder, 'xds.sock'), epoch: 'e' })
  await using client = createXdsClient({ socket: server.socket, node: 'proxy' })
  const connected = new Promise<void>((resolve) => {
    server.events.subscribe(({ kind }) => kind === 'acked' && resolve())
  })
  client.start(() => ({ kind: 'taken' }))
  let resources = policies(size)
  server.publish('npds', { version: 'e.0', resources }, STAMP)
  await connected
  const samples: number[] = []
  for (let round = 1; round <= ROUNDS; round += 1) {
    resources = changed(resources, round)
    samples.push(
      await timeUs(async () => {
        server.publish('npds', { version: `e.${round}`, resources }, STAMP)
        const outcome = await server.acknowledged('npds', `e.${round}`, PATIENCE_MS)
        if (outcome.kind !== 'acked') throw new Error(`version e.${round} ended as ${outcome.kind}`)
      }),
    )
  }
  rmSync(folder, { recursive: true })
  return median(samples) / 1_000
}

async function encoding(): Promise<readonly Figure[]> {
  const size = SIZES.at(-1)!
  const resources = policies(size)
  const encoder = new ResourceEncoder('npds')
  const before = encoder.encode(resources, new Map())
  let round = 0
  const cost = await inTurns(
    {
      all: () => timeUs(() => new ResourceEncoder('npds').encode(resources, new Map())),
      one: () => {
        round += 1
        return timeUs(() => encoder.encode(changed(resources, round), before))
      },
    },
    { rounds: 10, warmUp: 2 },
  )
  return [
    figure(`encode ${size} policies anew`, cost.all / 1_000, 'ms'),
    figure(`encode 1 change of ${size}`, cost.one / 1_000, 'ms'),
    figure('anew : one change', cost.all / cost.one, 'x', atLeast(20)),
  ]
}

/** Of about 8 kB each. */
function policies(size: number): Resources {
  return new Map(Array.from({ length: size }, (_, index) => [String(index + 1), aLargePolicy(index + 1, 0)] as const))
}

function changed(resources: Resources, round: number): Resources {
  return new Map(resources).set('1', aLargePolicy(1, round))
}

function aLargePolicy(endpoint: number, salt: number): Json {
  const policy = aPolicy(endpoint)
  const rule = policy.ingressPerPortPolicies[0]!.rules[0]!
  const header = (name: string, regex: string) => ({
    name,
    invertMatch: false,
    stringMatch: { ignoreCase: false, safeRegex: { regex } },
  })
  const ingressPerPortPolicies = Array.from({ length: PORTS }, (_, port) => ({
    ...policy.ingressPerPortPolicies[0]!,
    port: 8_000 + port,
    rules: Array.from({ length: RULES_PER_PORT }, (_, index) => ({
      ...rule,
      remotePolicies: [1_000 + index, 2_000 + salt],
      httpRules: {
        httpRules: [
          { headers: [header(':method', 'GET'), header(':path', `/v1/ships/${index}/.*`)], headerMatches: [] },
        ],
      },
    })),
  }))
  return { ...policy, ingressPerPortPolicies } as unknown as Json
}
