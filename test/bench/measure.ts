/** Measuring in turns: candidates that are compared run in the same round, so that a busy machine slows all of them. */

/** One run of a candidate; resolves to its cost in any one unit. */
export type Candidate = () => number | Promise<number>

/** The median cost of each candidate over `rounds` rounds; the `warmUp` rounds before them are thrown away. */
export async function inTurns<Name extends string>(
  candidates: Readonly<Record<Name, Candidate>>,
  { rounds, warmUp }: { readonly rounds: number; readonly warmUp: number },
): Promise<Readonly<Record<Name, number>>> {
  const names = Object.keys(candidates) as Name[]
  const costs = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round < warmUp + rounds; round += 1) {
    for (const name of names) {
      const cost = await candidates[name]()
      if (round >= warmUp) costs.get(name)!.push(cost)
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(costs.get(name)!)])) as Record<Name, number>
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 50)
}

/** The smallest sample that `percent` of all samples do not exceed. Throws `RangeError` without samples. */
export function percentile(samples: readonly number[], percent: number): number {
  if (samples.length === 0) throw new RangeError('a percentile needs samples')
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!
}

/** Microseconds that `work` took. */
export async function timeUs(work: () => unknown): Promise<number> {
  const start = process.hrtime.bigint()
  await work()
  return Number(process.hrtime.bigint() - start) / 1_000
}

/** Microseconds of processor time, of all threads of this process: what else runs on the machine does not count. */
export function processorUs(work: () => unknown): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return user + system
}

/** Microseconds of processor time that `work` took in this process: what other processes do meanwhile does not count. */
export async function cpuUs(work: () => unknown): Promise<number> {
  const start = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(start)
  return user + system
}

/** Resident memory in MiB after a collection where the process allows one (`node --expose-gc`). */
export function residentMiB(): number {
  globalThis.gc?.()
  return process.memoryUsage.rss() / 2 ** 20
}
