/**
 * The state of a fold as text, and back: an equal state, except that what was one object may come back as several.
 *
 * What JSON has no word for (maps, sets, positions) stands there as `{"$": kind, "of": ...}`. Who reads a text knows which fold wrote it, in which
 * version: nothing here looks whether it is a state at all.
 */
import { Map as PersistentMap } from 'immutable'

type Tagged = { readonly $: 'position' | 'persistent' | 'map' | 'set' | 'object'; readonly of: unknown }

export function stateText(state: unknown): string {
  return JSON.stringify(plain(state))
}

export function stateFrom(text: string): unknown {
  return revived(JSON.parse(text))
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return tagged('position', String(value))
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(plain)
  if (PersistentMap.isMap(value)) return tagged('persistent', pairs(value))
  if (value instanceof Map) return tagged('map', pairs(value))
  if (value instanceof Set) return tagged('set', [...value].map(plain))
  const entries = Object.entries(value).map(([name, each]) => [name, plain(each)] as const)
  return Object.hasOwn(value, '$') ? tagged('object', entries) : Object.fromEntries(entries)
}

function tagged(kind: Tagged['$'], of: unknown): Tagged {
  return { $: kind, of }
}

function pairs(map: Iterable<readonly [unknown, unknown]>): readonly unknown[] {
  return [...map].map(([key, value]) => [plain(key), plain(value)])
}

function revived(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(revived)
  if (Object.hasOwn(value, '$')) return untagged(value as Tagged)
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, revived(each)]))
}

function untagged({ $: kind, of }: Tagged): unknown {
  switch (kind) {
    case 'position':
      return BigInt(of as string)
    case 'persistent':
      return PersistentMap(revived(of) as [unknown, unknown][])
    case 'map':
      return new Map(revived(of) as [unknown, unknown][])
    case 'set':
      return new Set(revived(of) as unknown[])
    case 'object':
      return Object.fromEntries(revived(of) as [string, unknown][])
  }
}
