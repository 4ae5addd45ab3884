/** What a text of policies is made of, whatever it is written in: documents whose values know where they stand. */
import type { Json } from '../../../events/schema.ts'

export type TextDocument = {
  readonly value: Json
  /** Offset of what the JSON pointer names, or of the nearest thing around it. */
  readonly locate: (pointer: string, part: 'key' | 'value') => number
}

/** Something that is wrong with the text itself. */
export type TextFault = { readonly code: string; readonly reason: string; readonly offset: number }

export type TextPart =
  | { readonly kind: 'document'; readonly document: TextDocument }
  | { readonly kind: 'faults'; readonly faults: readonly TextFault[] }

/** Levels of lists and objects. A policy has about a dozen, a list of policies a few more. */
export const DEPTH_MAX = 64

/** Decoded parts of a JSON pointer. */
export function stepsOf(pointer: string): readonly string[] {
  return pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Line and column, both from 1, of offsets in a text; columns count UTF-16 units. */
export function lineColumns(text: string): (offset: number) => { readonly line: number; readonly column: number } {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - starts[low]! + 1 }
  }
}
