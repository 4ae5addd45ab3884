/** Texts that somebody wrote almost right. */
import fc from 'fast-check'

const JUNK: readonly string[] = [
  '[',
  '{',
  '}',
  ':',
  ' - ',
  '"',
  '\n',
  '&a',
  '*a',
  '!!int',
  '0',
  '-1',
  '1e99',
  'null',
  '__proto__',
  '\u0000',
  '\ud800',
  '/33',
  'é',
]

/** A text with parts cut out, doubled and put elsewhere, and junk in between. */
export function mutated(text: string): fc.Arbitrary<string> {
  const place = fc.nat(text.length)
  const edit = fc.record({ from: place, to: place, at: place, junk: fc.constantFrom(...JUNK), cut: fc.boolean() })
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) =>
    edits.reduce((now, { from, to, at, junk, cut }) => {
      const [start, end] = [Math.min(from, to), Math.min(Math.max(from, to), Math.min(from, to) + 30)]
      return cut
        ? now.slice(0, start) + junk + now.slice(end)
        : now.slice(0, at) + now.slice(start, end) + junk + now.slice(at)
    }, text),
  )
}

/** A text in which words stand in the place of others, so that some of them are still right. */
export function reworded(text: string): fc.Arbitrary<string> {
  const words = [...new Set(text.match(/[A-Za-z0-9.]+/g) ?? [])]
  const swap = fc.tuple(fc.nat(), fc.constantFrom(...words))
  return fc.array(swap, { minLength: 1, maxLength: 2 }).map((swaps) =>
    swaps.reduce((now, [at, word]) => {
      const places = [...now.matchAll(/[A-Za-z0-9.]+/g)]
      const place = places[at % places.length]
      if (place === undefined) return now
      return now.slice(0, place.index) + word + now.slice(place.index + place[0].length)
    }, text),
  )
}
