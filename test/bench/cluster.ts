/**
 * From a policy applied through one node to the map of another that enforces it, over one log on KurrentDB: the server at KURRENTDB_URL or the double of the
 * tests in a process of its own; both agents are in this process, with datapaths and proxies that answer at once.
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { NodeName } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { ClusterNode } from '../cluster/node.ts'
import { percentile } from './measure.ts'
import { type Benchmark, type Figure, figure } from './report.ts'

const ROUNDS = 100
const WARM_UP = 10
const LOOK_MS = 0.5
const LATE_MS = 30_000

export const benchmark: Benchmark = {
  title: 'applied on one node, enforced on another',
  run: async (say) => {
    const folder = mkdtempSync(join(tmpdir(), `hindcast-bench-cluster-${process.pid}-`))
    try {
      return await withServer(say, (url) => measure(url, folder))
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

async function withServer<T>(say: (line: string) => void, body: (url: string) => Promise<T>): Promise<T> {
  const given = process.env['KURRENTDB_URL']
  say(`server: ${given ?? 'the double of the tests'}`)
  if (given !== undefined)
    return body(`${given}${given.includes('?') ? '&' : '?'}prefix=bench_${randomUUID().slice(0, 8)}`)
  const script = join(import.meta.dirname, '../doubles/kurrentdb/serve.ts')
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const [first] = (await once(child.stdout, 'data')) as [Buffer]
    return await body(first.toString().trim())
  } finally {
    child.stdin.end()
    await once(child, 'exit')
  }
}

async function measure(url: string, folder: string): Promise<readonly Figure[]> {
  await using endor = await ClusterNode.start({ name: NodeName('endor'), url, folder })
  await using hoth = await ClusterNode.start({ name: NodeName('hoth'), url, folder })
  await hoth.add(1, ['org=empire', 'class=deathstar'], '10.0.2.1')
  const times: number[] = []
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const port = 1_000 + round
    const started = performance.now()
    await endor.apply(policy(port))
    await enforced(hoth, port)
    if (round >= WARM_UP) times.push(performance.now() - started)
  }
  return [50, 99].map((percent) => figure(`applied to enforced, p${percent}`, percentile(times, percent), 'ms'))
}

async function enforced(node: ClusterNode, port: number): Promise<void> {
  const late = performance.now() + LATE_MS
  while (!node.map(1).some((entry) => entry.includes(`:${port}/`))) {
    if (performance.now() > late) throw new Error(`not enforced within ${LATE_MS} ms`)
    await sleep(LOOK_MS)
  }
}

const policy = (port: number): Json => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name: 'rule1', namespace: 'default' },
  spec: {
    endpointSelector: { matchLabels: { org: 'empire' } },
    ingress: [
      {
        fromEndpoints: [{ matchLabels: { org: 'empire' } }],
        toPorts: [{ ports: [{ port: String(port), protocol: 'TCP' }] }],
      },
    ],
  },
})
