/** The kernel's clock of conntrack lifetimes: CLOCK_MONOTONIC, in whole seconds. */
const NANOSECONDS_PER_SECOND = 1_000_000_000n

export function monotonicSeconds(): number {
  return Number(process.hrtime.bigint() / NANOSECONDS_PER_SECOND)
}
