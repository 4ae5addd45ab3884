/** One JSON document whose items are written as they are found. */
import { isoTime, type Moment } from '../history/position.ts'

export type Range = { readonly node: string; readonly from: Moment | null; readonly to: Moment }
export type ItemStream<Item> = { readonly item: (item: Item) => void; readonly end: () => void }

/** What is said of the range stands before the items, and is written at once. */
export function itemStream({ node, from, to }: Range, write: (text: string) => void): ItemStream<object> {
  let written = 0
  const head = { node, from: momentOrNull(from), to: momentOrNull(to) }
  write(`${JSON.stringify(head, null, 2).slice(0, -2)},\n  "items": [`)
  return {
    item: (item) => {
      write(`${written === 0 ? '' : ','}\n${JSON.stringify(item, null, 2).replaceAll(/^/gm, '    ')}`)
      written += 1
    },
    end: () => write(`${written === 0 ? '' : '\n  '}]\n}\n`),
  }
}

function momentOrNull(moment: Moment | null): object | null {
  return moment === null ? null : { position: String(moment.position), time: isoTime(moment.recordedAt) }
}
