/**
 * `npm run fuzz -- [--seed N] [--minutes M] [--only NAME]...`: the generated comparisons, open-ended. The first line repeats the run.
 *
 * A find is shrunk and written to test/regressions/<name>-<seed>.json; from then on test/fuzz/regressions.test.ts runs it first. Ends with 1
 * where something was found.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { COMPARISONS, type Comparison, type OpenComparison, REGRESSIONS } from './comparisons.ts'

/** A round is short, so that the time is kept and each find has a small seed. */
const RUNS_PER_ROUND = 25
/** Shrinking goes on while it gets smaller; a find that is not yet the smallest is a find too. */
const SHRINK_MS = 60_000

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true, default: [] },
  },
})
const firstSeed = Number(values.seed ?? Date.now() % 1_000_000)
const end = Date.now() + Number(values.minutes) * 60_000
const only = values.only.map((name) => ` --only ${name}`).join('')
process.stdout.write(`npm run fuzz -- --seed ${firstSeed} --minutes ${values.minutes}${only}\n`)

const chosen = COMPARISONS.filter(({ name }) => values.only.length === 0 || values.only.includes(name))
for (const { name, reason } of chosen) if (reason !== null) process.stdout.write(`${name} is left out: ${reason}\n`)
const possible = chosen.filter(({ reason }) => reason === null)

let [rounds, finds] = [0, 0]
for (let seed = firstSeed; Date.now() < end; seed++, rounds++) {
  for (const comparison of possible) if (!(await agrees(comparison, seed))) finds++
}
const names = possible.map(({ name }) => name).join(', ')
process.stdout.write(`${rounds} rounds of ${RUNS_PER_ROUND} cases each of ${names}; ${finds} finds\n`)
if (finds > 0) process.exitCode = 1

async function agrees(comparison: Comparison, seed: number): Promise<boolean> {
  await using open = await comparison.open()
  const found = await fc.check(
    fc.asyncProperty(comparison.cases, (one) => open.check(one)),
    { seed, numRuns: RUNS_PER_ROUND, endOnFailure: true },
  )
  if (!found.failed) return true
  const { name } = comparison
  const one = await shrunk(open, comparison, { seed, path: found.counterexamplePath ?? '' })
  mkdirSync(REGRESSIONS, { recursive: true })
  const path = join(REGRESSIONS, `${name}-${seed}.json`)
  writeFileSync(path, `${JSON.stringify({ comparison: name, seed, case: one.case }, null, 2)}\n`)
  process.stdout.write(`${name} with seed ${seed}: ${path}\n${one.error}\n`)
  return false
}

async function shrunk(
  open: OpenComparison,
  { cases }: Comparison,
  { seed, path }: { readonly seed: number; readonly path: string },
): Promise<{ readonly case: unknown; readonly error: unknown }> {
  const found = await fc.check(
    fc.asyncProperty(cases, (one) => open.check(one)),
    { seed, path, interruptAfterTimeLimit: SHRINK_MS, markInterruptAsFailure: false },
  )
  return { case: found.counterexample?.[0], error: found.errorInstance }
}
