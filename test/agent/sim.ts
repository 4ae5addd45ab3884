/**
 * `npm run sim -- --seed 8412` repeats one simulation and tells its story; `--seeds 500` runs the first 500, `--from` begins elsewhere;
 * `--sqlite` takes a log in a file. With `--cluster` it is many nodes on one log, `--nodes` of them (3).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { simulateCluster } from '../cluster/simulation.ts'
import { VirtualClock } from '../doubles/clock.ts'
import { type SimulationOptions, simulate } from './simulator.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    sqlite: { type: 'boolean', default: false },
    cluster: { type: 'boolean', default: false },
    nodes: { type: 'string', default: '3' },
  },
})

/** Things that happen in a cluster: about three for each node, and not fewer than fifty. */
const stepsOf = (nodes: number): number => Math.max(50, nodes * 3)

async function run(seed: number, say?: SimulationOptions['say']): Promise<number> {
  if (values.cluster) return runCluster(seed, say)
  const told = say === undefined ? {} : { say }
  if (!values.sqlite) return (await simulate({ seed, ...told })).events
  const folder = mkdtempSync(join(tmpdir(), `hindcast-sim-${process.pid}-`))
  try {
    const clock = new VirtualClock()
    const log = openSqliteLog({ path: join(folder, 'log.db'), now: () => clock.now() })
    return (await simulate({ seed, log: { log, clock }, ...told })).events
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runCluster(seed: number, say?: SimulationOptions['say']): number {
  const nodes = Number(values.nodes)
  return simulateCluster({ seed, nodes, steps: stepsOf(nodes), ...(say === undefined ? {} : { say }) }).events
}

if (values.seed !== undefined) {
  console.log(`npm run sim -- ${values.cluster ? `--cluster --nodes ${values.nodes} ` : ''}--seed ${values.seed}`)
  await run(Number(values.seed), (line) => console.log(line))
} else {
  const first = Number(values.from)
  let events = 0
  const started = performance.now()
  for (let seed = first; seed < first + Number(values.seeds); seed++) events += await run(seed)
  console.log(`${values.seeds} simulations, ${events} events, ${((performance.now() - started) / 1_000).toFixed(1)} s`)
}
