/**
 * Longest prefix match: which of many prefixes is the narrowest around an address.
 *
 * One hash table a prefix length; a lookup asks the lengths that occur, longest first. Building is linear, nothing is copied after.
 */
import { type IpAddressValue, type IpFamily, type IpPrefix, prefixOf, widthOf } from './prefix.ts'

export type PrefixTable<T> = { readonly ipv4: LengthTables<T>; readonly ipv6: LengthTables<T> }

/** Longest first. */
type LengthTables<T> = readonly { readonly length: number; readonly values: ReadonlyMap<bigint, T> }[]

/** Of two entries with one prefix the later stands. */
export function prefixTable<T>(entries: Iterable<readonly [IpPrefix, T]>): PrefixTable<T> {
  const byLength = new Map<string, Map<bigint, T>>()
  for (const [{ family, bits, length }, value] of entries) {
    const key = `${family}/${length}`
    const values = byLength.get(key) ?? new Map<bigint, T>()
    values.set(bits, value)
    byLength.set(key, values)
  }
  return { ipv4: tablesOf(byLength, 4), ipv6: tablesOf(byLength, 6) }
}

/** The value of the longest prefix that contains the address (or is the prefix itself or contains it), null where there is none. */
export function longestMatch<T>(table: PrefixTable<T>, target: IpAddressValue | IpPrefix): T | null {
  const longest = 'length' in target ? target.length : widthOf(target.family)
  for (const { length, values } of target.family === 4 ? table.ipv4 : table.ipv6) {
    if (length > longest) continue
    const value = values.get(prefixOf(target, length).bits)
    if (value !== undefined) return value
  }
  return null
}

function tablesOf<T>(byLength: ReadonlyMap<string, ReadonlyMap<bigint, T>>, family: IpFamily): LengthTables<T> {
  const lengths = Array.from({ length: widthOf(family) + 1 }, (_, i) => widthOf(family) - i)
  return lengths.flatMap((length) => {
    const values = byLength.get(`${family}/${length}`)
    return values === undefined ? [] : [{ length, values }]
  })
}
