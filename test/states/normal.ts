/** States of folds for comparing: equal where they say the same, in whatever order their maps were filled. */
import { stateText } from '../../projections/state-text.ts'

export function normal(state: unknown): unknown {
  return sorted(JSON.parse(stateText(state)))
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  const { $: kind, of, ...rest } = value as { readonly $?: string; readonly of?: readonly unknown[] }
  if (kind === 'persistent' || kind === 'map' || kind === 'set') {
    const each = (of ?? []).map(sorted).map((one) => [JSON.stringify(one), one] as const)
    return { $: kind, of: each.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one) }
  }
  const all = kind === undefined ? rest : { ...rest, $: kind, of }
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, sorted(one)]))
}
