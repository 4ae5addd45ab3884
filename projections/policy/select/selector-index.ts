/**
 * Which label selectors may take an identity, and which identities a label selector may take, without trying all of them.
 *
 * A selector stands under one of its requirements, the most telling one: In under each of its labels, Exists under its key. What has
 * neither (only NotIn and DoesNotExist, or nothing) is always tried.
 */
import { POD_NAMESPACE } from '../parse/selector.ts'
import type { LabelRequirement } from '../rule.ts'
import type { CachedSelector } from './cached-selector.ts'
import { type IdentityLabels, prefixOfLabelKey } from './identity.ts'
import { CLUSTER_LABEL, type Selector } from './selector.ts'

export class SelectorIndex {
  /** By `source:key=value` or `source:key`; the source `any` for those that do not name one. */
  readonly #byTerm: Map<string, Set<CachedSelector>> = new Map()
  readonly #always: Set<CachedSelector> = new Set()

  add(cached: CachedSelector): void {
    const terms = indexTerms(cached.selector)
    for (const term of terms) put(this.#byTerm, term, cached)
    if (terms.length === 0) this.#always.add(cached)
  }

  remove(cached: CachedSelector): void {
    for (const term of indexTerms(cached.selector)) take(this.#byTerm, term, cached)
    this.#always.delete(cached)
  }

  *candidates(identity: IdentityLabels): Iterable<CachedSelector> {
    yield* this.#always
    for (const term of identityTerms(identity)) yield* this.#byTerm.get(term) ?? []
  }
}

/** Identities by the terms that selectors stand under. */
export class IdentityIndex<T extends IdentityLabels> {
  readonly #byTerm: Map<string, Set<T>> = new Map()

  add(identity: T): void {
    for (const term of identityTerms(identity)) put(this.#byTerm, term, identity)
  }

  remove(identity: T): void {
    for (const term of identityTerms(identity)) take(this.#byTerm, term, identity)
  }

  withTerm(term: string): Iterable<T> {
    return this.#byTerm.get(term) ?? []
  }

  /** Null where the selector does not narrow it down. */
  candidates(selector: Selector): readonly T[] | null {
    const choices = usableRequirements(selector).map((requirement) =>
      requirementTerms(requirement).map((term) => this.#byTerm.get(term) ?? new Set<T>()),
    )
    const sizes = choices.map((sets) => sets.reduce((sum, set) => sum + set.size, 0))
    const best = choices[sizes.indexOf(Math.min(...sizes))]
    return best === undefined ? null : best.flatMap((set) => [...set])
  }
}

/** Nearly every identity has these labels, so they tell little. */
const COMMON_KEYS: readonly string[] = [POD_NAMESPACE, CLUSTER_LABEL]

function indexTerms(selector: Selector): readonly string[] {
  const usable = usableRequirements(selector)
  const telling = usable.find(({ key, operator }) => operator === 'In' && !COMMON_KEYS.includes(key))
  const chosen = telling ?? usable.find(({ key }) => !COMMON_KEYS.includes(key)) ?? usable[0]
  return chosen === undefined ? [] : requirementTerms(chosen)
}

/** A key that is a prefix also takes identities that do not list the label. */
function usableRequirements(selector: Selector): readonly LabelRequirement[] {
  if (selector.kind !== 'labels') return []
  return selector.requirements.filter(
    ({ source, key, operator }) =>
      (operator === 'In' || operator === 'Exists') &&
      !((source === 'cidr' || source === 'any') && prefixOfLabelKey(key) !== null),
  )
}

function requirementTerms({ source, key, operator, values }: LabelRequirement): readonly string[] {
  return operator === 'Exists' ? [`${source}:${key}`] : values.map((value) => `${source}:${key}=${value}`)
}

function* identityTerms({ sources }: IdentityLabels): Iterable<string> {
  for (const [source, keys] of sources) {
    for (const [key, value] of keys) {
      yield `${source}:${key}`
      yield `${source}:${key}=${value}`
      yield `any:${key}`
      yield `any:${key}=${value}`
    }
  }
}

function put<T>(index: Map<string, Set<T>>, term: string, value: T): void {
  const values = index.get(term)
  if (values === undefined) index.set(term, new Set([value]))
  else values.add(value)
}

function take<T>(index: Map<string, Set<T>>, term: string, value: T): void {
  const values = index.get(term)
  values?.delete(value)
  if (values?.size === 0) index.delete(term)
}
