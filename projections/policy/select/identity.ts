/** An identity's labels in the form that selectors ask for them. */
import type { LabelText } from '../../../events/ids.ts'
import { contains, type IpPrefix, overlaps, parsePrefix } from '../../ip/prefix.ts'
import type { LabelRequirement } from '../rule.ts'

export type IdentityLabels = {
  readonly id: number
  /** Source → key → value. */
  readonly sources: ReadonlyMap<string, ReadonlyMap<string, string>>
  readonly prefix: IpPrefix | null
}

/**
 * A prefix identity needs no `cidr:` labels: they follow from the prefix. Where it has no reserved label, it is part of the world.
 */
export function identityLabels(id: number, labels: readonly LabelText[], prefix: IpPrefix | null): IdentityLabels {
  const sources = new Map<string, Map<string, string>>()
  const put = (source: string, key: string, value: string): void => {
    const keys = sources.get(source)
    if (keys === undefined) sources.set(source, new Map([[key, value]]))
    else keys.set(key, value)
  }
  for (const label of labels) {
    const colon = label.indexOf(':')
    const equals = label.indexOf('=', colon)
    const source = label.slice(0, colon)
    if (equals === -1) put(source, label.slice(colon + 1), '')
    else put(source, label.slice(colon + 1, equals), label.slice(equals + 1))
  }
  if (prefix !== null && !sources.has('reserved')) put('reserved', 'world', '')
  return { id, sources, prefix }
}

export function labelOf(identity: IdentityLabels, source: string, key: string): string | null {
  return identity.sources.get(source)?.get(key) ?? null
}

export function isReserved(identity: IdentityLabels, name: string): boolean {
  return labelOf(identity, 'reserved', name) !== null
}

/**
 * Inside the prefix and disjoint from what is excepted. The whole address space of a family, nothing excepted, also takes the identities
 * that stand for every unknown address.
 */
export function inPrefix(identity: IdentityLabels, prefix: IpPrefix, except: readonly IpPrefix[]): boolean {
  const own = identity.prefix
  if (own === null) return prefix.length === 0 && except.length === 0 && isWorld(identity, prefix.family)
  return contains(prefix, own) && !except.some((other) => overlaps(other, own))
}

/** As Kubernetes says: NotIn and DoesNotExist also hold where the key is missing. */
export function meets(identity: IdentityLabels, { source, key, operator, values }: LabelRequirement): boolean {
  const wanted = operator === 'In' || operator === 'NotIn' ? values : null
  const found = source === 'any' ? anyHas(identity, key, wanted) : sourceHas(identity, { source, key, wanted })
  return found === (operator === 'In' || operator === 'Exists')
}

/** The prefix that a label key like `10.0.0.0/8` or `fd00--0/16` speaks of. */
export function prefixOfLabelKey(key: string): IpPrefix | null {
  return key.includes('/') && /^[0-9a-f]/i.test(key) ? parsePrefix(key.replaceAll('-', ':')) : null
}

/** Whether the label is there, with one of the values where some are wanted. */
function sourceHas(
  identity: IdentityLabels,
  { source, key, wanted }: { readonly source: string; readonly key: string; readonly wanted: readonly string[] | null },
): boolean {
  const value = identity.sources.get(source)?.get(key)
  if (value !== undefined) return wanted === null || wanted.includes(value)
  return source === 'cidr' && prefixHas(identity, key, wanted)
}

function anyHas(identity: IdentityLabels, key: string, wanted: readonly string[] | null): boolean {
  for (const keys of identity.sources.values()) {
    const value = keys.get(key)
    if (value !== undefined && (wanted === null || wanted.includes(value))) return true
  }
  return prefixHas(identity, key, wanted)
}

function prefixHas({ prefix }: IdentityLabels, key: string, wanted: readonly string[] | null): boolean {
  if (prefix === null || (wanted !== null && !wanted.includes(''))) return false
  const outer = prefixOfLabelKey(key)
  return outer !== null && contains(outer, prefix)
}

function isWorld(identity: IdentityLabels, family: 4 | 6): boolean {
  return isReserved(identity, 'world') || isReserved(identity, `world-ipv${family}`)
}
