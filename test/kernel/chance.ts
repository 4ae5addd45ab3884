/** Chance that repeats itself: mulberry32, enough for choosing test cases. */
export type Chance = { readonly below: (bound: number) => number; readonly pick: <T>(from: readonly T[]) => T }

export function chance(seed: number): Chance {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return {
    below,
    // The index is below the length.
    pick: (from) => from[below(from.length)]!,
  }
}
