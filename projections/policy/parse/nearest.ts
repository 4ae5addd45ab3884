/** The known word that somebody who mistyped probably meant. */

/** Letters added, left out, changed or swapped with the next; more is another word. */
const MISTAKES_MAX = 2
const WORD_MAX = 40

/** Null where none is near. Of equally near words the first. */
export function nearest(word: string, known: readonly string[]): string | null {
  if (word.length > WORD_MAX) return null
  const lower = word.toLowerCase()
  let best: { readonly word: string; readonly mistakes: number } | null = null
  for (const candidate of known) {
    const mistakes = mistakesBetween(lower, candidate.toLowerCase())
    if (
      mistakes <= MISTAKES_MAX &&
      mistakes < candidate.length / 2 &&
      mistakes < (best?.mistakes ?? Number.POSITIVE_INFINITY)
    ) {
      best = { word: candidate, mistakes }
    }
  }
  return best?.word ?? null
}

/** Optimal string alignment: a row a letter of `a`, of which three are needed. */
function mistakesBetween(a: string, b: string): number {
  let before: readonly number[] = []
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(
        Math.min(
          last[j]! + 1,
          row[j - 1]! + 1,
          last[j - 1]! + (same ? 0 : 1),
          swapped ? before[j - 2]! + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
    before = last
    last = row
  }
  return last[b.length]!
}
