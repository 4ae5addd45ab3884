/**
 * `npm run fuzz -- [--seed N] [--minutes M]`: the generated comparisons, open-ended. The first line repeats the run.
 *
 * A find is shrunk and written to test/regressions/<name>-<seed>.json; from then on test/fuzz/regressions.test.ts runs it first. Ends with 1
 * where something was found.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { COMPARISONS, REGRESSIONS } from './comparisons.ts'

/** A round is short, so that the time is kept and each find has a small seed. */
const RUNS_PER_ROUND = 25

const { values } = parseArgs({ options: { seed: { type: 'string' }, minutes: { type: 'string', default: '1' } } })
const firstSeed = Number(values.seed ?? Date.now() % 1_000_000)
const end = Date.now() + Number(values.minutes) * 60_000
process.stdout.write(`npm run fuzz -- --seed ${firstSeed} --minutes ${values.minutes}\n`)

let [rounds, finds] = [0, 0]
for (let seed = firstSeed; Date.now() < end; seed++, rounds++) {
  for (const { name, cases, check } of COMPARISONS) {
    const found = fc.check(
      fc.property(cases, (one) => check(one)),
      { seed, numRuns: RUNS_PER_ROUND },
    )
    if (!found.failed) continue
    finds++
    mkdirSync(REGRESSIONS, { recursive: true })
    const path = join(REGRESSIONS, `${name}-${seed}.json`)
    writeFileSync(path, `${JSON.stringify({ comparison: name, seed, case: found.counterexample?.[0] }, null, 2)}\n`)
    process.stdout.write(`${name} with seed ${seed}: ${path}\n${found.errorInstance ?? ''}\n`)
  }
}
process.stdout.write(`${rounds} rounds of ${COMPARISONS.length} x ${RUNS_PER_ROUND} cases, ${finds} finds\n`)
if (finds > 0) process.exitCode = 1
