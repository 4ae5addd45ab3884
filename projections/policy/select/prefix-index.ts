/** Which things stand at or around a prefix, and which prefixes lie inside one: both without looking at all of them. */
import { comparePrefixes, contains, type IpPrefix, prefixOf } from '../../ip/prefix.ts'

/** Things by prefix; asked for everything whose prefix contains a given one. */
export class EnclosingIndex<T> {
  /** By family and length, then by the prefix's bits. */
  readonly #tables: Map<number, Map<bigint, Set<T>>> = new Map()

  add(prefix: IpPrefix, value: T): void {
    const table = this.#tables.get(tableKey(prefix)) ?? new Map<bigint, Set<T>>()
    this.#tables.set(tableKey(prefix), table)
    const values = table.get(prefix.bits) ?? new Set<T>()
    table.set(prefix.bits, values.add(value))
  }

  remove(prefix: IpPrefix, value: T): void {
    const table = this.#tables.get(tableKey(prefix))
    const values = table?.get(prefix.bits)
    values?.delete(value)
    if (values?.size === 0) table?.delete(prefix.bits)
    if (table?.size === 0) this.#tables.delete(tableKey(prefix))
  }

  *around(prefix: IpPrefix): Iterable<T> {
    for (let length = 0; length <= prefix.length; length++) {
      const table = this.#tables.get(prefix.family * LENGTHS + length)
      const values = table?.get(prefixOf(prefix, length).bits)
      if (values !== undefined) yield* values
    }
  }
}

const LENGTHS = 256

function tableKey({ family, length }: IpPrefix): number {
  return family * LENGTHS + length
}

/** So few are put in one by one, more are sorted together with the others. */
const SINGLY_MAX = 8

/** Members in order of their prefixes, so that those inside a prefix stand together. */
export class InnerIndex<T extends { readonly prefix: IpPrefix | null }> {
  #sorted: (T & { readonly prefix: IpPrefix })[] = []
  readonly #added: (T & { readonly prefix: IpPrefix })[] = []

  add(member: T & { readonly prefix: IpPrefix }): void {
    this.#added.push(member)
  }

  remove(member: T): void {
    this.#settle()
    const at = this.#sorted.indexOf(member as T & { readonly prefix: IpPrefix })
    if (at >= 0) this.#sorted.splice(at, 1)
  }

  *inside(prefix: IpPrefix): Iterable<T> {
    this.#settle()
    for (let at = this.#lowerBound(prefix); at < this.#sorted.length; at++) {
      const member = this.#sorted[at]
      if (member === undefined || !contains(prefix, member.prefix)) return
      yield member
    }
  }

  #settle(): void {
    if (this.#added.length <= SINGLY_MAX) {
      for (const member of this.#added) this.#sorted.splice(this.#lowerBound(member.prefix), 0, member)
    } else {
      this.#sorted = [...this.#sorted, ...this.#added].sort((a, b) => comparePrefixes(a.prefix, b.prefix))
    }
    this.#added.length = 0
  }

  #lowerBound(prefix: IpPrefix): number {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const found = this.#sorted[middle]
      if (found !== undefined && comparePrefixes(found.prefix, prefix) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
