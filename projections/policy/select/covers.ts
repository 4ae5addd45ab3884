/** The prefixes that a selector stands for. Of names and groups several may say the same one: it stands as long as one of them does. */
import { type IpPrefix, prefixText } from '../../ip/prefix.ts'
import { EnclosingIndex } from './prefix-index.ts'

/** Prefixes of which one has to contain the identity's prefix, without the excepted ones. */
export type Cover = { readonly prefix: IpPrefix; readonly except: readonly IpPrefix[] }

type Counted = { readonly cover: Cover; readonly count: number }

export class Covers {
  readonly #counted: Map<string, Counted> = new Map()
  readonly #index: EnclosingIndex<Cover> = new EnclosingIndex()

  /** Those whose prefix contains this one. */
  around(prefix: IpPrefix): Iterable<Cover> {
    return this.#index.around(prefix)
  }

  /** Each once. */
  *values(): Iterable<Cover> {
    for (const { cover } of this.#counted.values()) yield cover
  }

  /** Whether it stands from now on. */
  add(cover: Cover): boolean {
    const text = coverText(cover)
    const known = this.#counted.get(text)
    this.#counted.set(text, { cover: known?.cover ?? cover, count: (known?.count ?? 0) + 1 })
    if (known === undefined) this.#index.add(cover.prefix, cover)
    return known === undefined
  }

  /** The one that stands no longer; null where another says the same, or nobody did. */
  remove(cover: Cover): Cover | null {
    const text = coverText(cover)
    const known = this.#counted.get(text)
    if (known === undefined) return null
    if (known.count > 1) this.#counted.set(text, { ...known, count: known.count - 1 })
    else {
      this.#counted.delete(text)
      this.#index.remove(known.cover.prefix, known.cover)
    }
    return known.count > 1 ? null : known.cover
  }

  /** What turns it into these: covers to add and to remove, counted. */
  changeTo(covers: readonly Cover[]): { readonly added: readonly Cover[]; readonly removed: readonly Cover[] } {
    const left = new Map([...this.#counted].map(([text, { count }]) => [text, count]))
    const added = covers.filter((cover) => {
      const text = coverText(cover)
      const count = left.get(text) ?? 0
      left.set(text, count - 1)
      return count <= 0
    })
    const removed = [...this.#counted].flatMap(([text, { cover }]) =>
      Array.from({ length: Math.max(0, left.get(text) ?? 0) }, () => cover),
    )
    return { added, removed }
  }
}

function coverText({ prefix, except }: Cover): string {
  return except.length === 0 ? prefixText(prefix) : [prefix, ...except].map(prefixText).join(' ')
}
