/** Ascending by code unit, whatever the machine's language; for a `toSorted` over what has a text or a position to go by. */
export function ascending<T extends string | number | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}
