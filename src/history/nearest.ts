/** What somebody may have meant: names and numbers that there are, nearest first. */

/** As many as one reads in a message. */
const NAMED_MAX = 5

/** For the end of a sentence about a name that is not there. */
export function nearestNames(wanted: string, names: Iterable<string>): string {
  const known = [...new Set(names)].toSorted()
  const ranked = known.map((name) => ({ name, far: distance(wanted, name) })).toSorted((a, b) => a.far - b.far)
  return listed(ranked.map(({ name }) => name))
}

/** The same for numbers, in their own order. */
export function nearestNumbers(wanted: number, numbers: Iterable<number>): string {
  const known = [...new Set(numbers)].toSorted((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted))
  const shown = known.slice(0, NAMED_MAX).toSorted((a, b) => a - b)
  return listed([...shown, ...known.slice(NAMED_MAX)].map(String))
}

function listed(ranked: readonly string[]): string {
  if (ranked.length === 0) return 'there are none'
  const shown = ranked.slice(0, NAMED_MAX).join(', ')
  if (ranked.length > NAMED_MAX) return `the nearest of ${ranked.length} are ${shown}`
  return `there ${ranked.length === 1 ? 'is' : 'are'} ${shown}`
}

/** Levenshtein. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1]
    for (let at = 0; at < b.length; at += 1) {
      next.push(Math.min(next[at]! + 1, row[at + 1]! + 1, row[at]! + (letter === b[at] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
