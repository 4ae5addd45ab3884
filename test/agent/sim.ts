/**
 * `npm run sim -- --seed 8412` repeats one simulation and tells its story; `--seeds 500` runs the first 500, `--from` begins elsewhere;
 * `--sqlite` takes a log in a file.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { VirtualClock } from '../doubles/clock.ts'
import { type SimulationOptions, simulate } from './simulator.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    sqlite: { type: 'boolean', default: false },
  },
})

async function run(seed: number, say?: SimulationOptions['say']): Promise<number> {
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

if (values.seed !== undefined) {
  console.log(`npm run sim -- --seed ${values.seed}`)
  await run(Number(values.seed), (line) => console.log(line))
} else {
  const first = Number(values.from)
  let events = 0
  const started = performance.now()
  for (let seed = first; seed < first + Number(values.seeds); seed++) events += await run(seed)
  console.log(`${values.seeds} simulations, ${events} events, ${((performance.now() - started) / 1_000).toFixed(1)} s`)
}
