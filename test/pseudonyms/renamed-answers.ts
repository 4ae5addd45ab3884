/**
 * An answer of a verb under the renaming, as far as it is one: words and addresses of the story are replaced by their pseudonyms wherever they stand, and
 * what follows from the names (the order of lists, which of several rules is named first, digests of renamed content) or was left out of
 * the capsule is made equal on both sides.
 */
import { canonicalText } from '../../events/canonical.ts'
import type { Json } from '../../events/schema.ts'
import { parseAddress, parsePrefix } from '../../projections/ip/prefix.ts'
import { selectorKey } from '../../src/history/capsule/pseudonyms/labels.ts'
import type { Pseudonyms } from '../../src/history/capsule/pseudonyms/names.ts'
import { SECRETS } from './galaxy.ts'

type Fields = { readonly [key: string]: Json }

/** Words that the story's writers put where names stand. */
const WORDS = [...SECRETS].toSorted((a, b) => b.length - a.length)
const WORD = new RegExp(`(?<![A-Za-z0-9])(${WORDS.join('|')})(?![A-Za-z0-9])`, 'g')
const FOUR = /(?<![0-9.])[0-9]{1,3}(\.[0-9]{1,3}){3}(\/[0-9]{1,2})?(?![0-9.])/g
const SIX = /(?<![0-9a-z:])([0-9a-f]{1,4}:[0-9a-f:]+|::)(\/[0-9]{1,3})?(?![0-9a-z:])/g

const UNTOLD = /resource [0-9]+ is refused|(kernel-error: )?tarkin was here/
/** What people wrote about a policy is not in the capsule. */
const LEFT_OUT: readonly string[] = ['annotations', 'description']
const CIDR_LABEL = /cidr:[0-9a-f.-]+\/[0-9]+/g

export class RenamedAnswers {
  readonly #names: Pseudonyms

  constructor(names: Pseudonyms) {
    this.#names = names
  }

  text(text: string): string {
    // Which run of an agent it was.
    if (/^agent e[0-9]$/.test(text)) return `agent ${this.#names.name(text.slice('agent '.length))}`
    // Words of a proxy and of a kernel.
    if (UNTOLD.test(text)) return this.text(text.replace(UNTOLD, 'withheld'))
    const labels = text.replace(CIDR_LABEL, (found) => selectorKey(this.#names, found))
    // The renamed are not renamed again.
    if (labels !== text) return labels
    return text
      .replace(FOUR, (found) => this.#prefix(found))
      .replace(SIX, (found) => this.#prefix(found))
      .replace(WORD, (found) => this.#names.name(found))
  }

  renamed(value: Json): Json {
    if (typeof value === 'string') return this.text(value)
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map((one: Json) => this.renamed(one))
    const fields = Object.entries(value as Fields)
    return Object.fromEntries(fields.map(([key, inner]) => [this.text(key), this.renamed(inner)]))
  }

  unordered(value: Json): Json {
    if (typeof value === 'string') return unorderedText(value.replaceAll(/sha256:[0-9a-f]{64}/g, 'a digest'))
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) {
      const items = value.map((one: Json) => this.unordered(one)).map((one) => [canonicalText(one), one] as const)
      return items.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, one]) => one)
    }
    const fields = Object.entries(value as Fields).filter(([key]) => !LEFT_OUT.includes(key))
    return Object.fromEntries(fields.map(([key, inner]) => [key, this.unordered(inner)]))
  }

  #prefix(text: string): string {
    // Where the engine's own listeners listen.
    if (text === '127.0.0.1') return text
    return parsePrefix(text) === null && parseAddress(text) === null ? text : this.#names.prefix(text)
  }
}

/** Labels and names that are told one after the other. */
function unorderedText(text: string): string {
  return text.includes(', ')
    ? text
        .split(/[:,]? /)
        .toSorted()
        .join(' ')
    : text
}
