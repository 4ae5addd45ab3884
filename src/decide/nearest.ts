/** The names that a person most likely meant. */
import { ascending } from '../../events/order.ts'

/** Names longer than this are not compared: the work grows with the square of the length. */
const NAME_MAX = 256

/** At most `count`, nearest first, then by code unit. */
export function nearest(wanted: string, names: Iterable<string>, count = 3): readonly string[] {
  return [...names]
    .map((name) => ({ name, distance: distanceOf(wanted.slice(0, NAME_MAX), name.slice(0, NAME_MAX)) }))
    .toSorted((a, b) => a.distance - b.distance || ascending(a.name, b.name))
    .slice(0, count)
    .map(({ name }) => name)
}

/** Levenshtein. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + Number(a[i - 1] !== b[j - 1])
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
