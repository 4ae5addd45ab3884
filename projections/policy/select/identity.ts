/** An identity's labels in the form that selectors ask for them. */
import type { LabelText } from '../../../events/ids.ts'
import { contains, type IpPrefix, overlaps, parsePrefix } from '../../ip/prefix.ts'
import type { LabelRequirement } from '../rule.ts'

export type IdentityLabels = {
  readonly id: number
  /** `source:key` → value. */
  readonly bySource: ReadonlyMap<string, string>
  /** key → the values that it has under any source. */
  readonly byKey: ReadonlyMap<string, readonly string[]>
  readonly prefix: IpPrefix | null
}

/**
 * A prefix identity needs no `cidr:` labels: they follow from the prefix. Where it has no reserved label, it is part of the world.
 */
export function identityLabels(id: number, labels: readonly LabelText[], prefix: IpPrefix | null): IdentityLabels {
  const bySource = new Map<string, string>()
  for (const label of labels) {
    const equals = label.indexOf('=')
    bySource.set(equals === -1 ? label : label.slice(0, equals), equals === -1 ? '' : label.slice(equals + 1))
  }
  const reserved = labels.some((label) => label.startsWith('reserved:'))
  if (prefix !== null && !reserved) bySource.set('reserved:world', '')
  const byKey = new Map<string, string[]>()
  for (const [key, value] of bySource) {
    const plain = key.slice(key.indexOf(':') + 1)
    const values = byKey.get(plain)
    if (values === undefined) byKey.set(plain, [value])
    else values.push(value)
  }
  return { id, bySource, byKey, prefix }
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
  const found = valuesOf(identity, source, key)
  switch (operator) {
    case 'Exists':
      return found.length > 0
    case 'DoesNotExist':
      return found.length === 0
    case 'In':
      return found.some((value) => values.includes(value))
    case 'NotIn':
      return !found.some((value) => values.includes(value))
  }
}

/** The prefix that a label key like `10.0.0.0/8` or `fd00--/16` speaks of. */
export function prefixOfLabelKey(key: string): IpPrefix | null {
  if (!/^[0-9a-f]/i.test(key) || !key.includes('/')) return null
  return parsePrefix(key.replaceAll('-', ':'))
}

const NOTHING: readonly string[] = []
const EMPTY_VALUE: readonly string[] = ['']

function valuesOf(identity: IdentityLabels, source: string, key: string): readonly string[] {
  if (source === 'any') {
    const values = identity.byKey.get(key)
    if (values !== undefined) return values
  } else {
    const value = identity.bySource.get(`${source}:${key}`)
    if (value !== undefined) return value === '' ? EMPTY_VALUE : [value]
    if (source !== 'cidr') return NOTHING
  }
  if (identity.prefix === null) return NOTHING
  const prefix = prefixOfLabelKey(key)
  return prefix !== null && contains(prefix, identity.prefix) ? EMPTY_VALUE : NOTHING
}

function isWorld(identity: IdentityLabels, family: 4 | 6): boolean {
  return identity.bySource.has('reserved:world') || identity.bySource.has(`reserved:world-ipv${family}`)
}
