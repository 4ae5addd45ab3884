/**
 * All selectors that rules and resolved policies use, each once by its text, and the identities that each takes.
 *
 * One identity more asks only the selectors that its labels and its prefix lead to; one selector more asks only the identities that its
 * labels or prefix lead to.
 */
import { Cidr } from '../../../events/ids.ts'
import { type IpPrefix, parsePrefix, prefixText } from '../../ip/prefix.ts'
import { subtract } from '../../ip/subtract.ts'
import type { KnownIdentity } from '../engine.ts'
import { CachedSelector } from './cached-selector.ts'
import { type IdentityLabels, identityLabels, inPrefix, meets } from './identity.ts'
import { type DnsChange, type GroupChange, Names } from './names.ts'
import { EnclosingIndex, InnerIndex } from './prefix-index.ts'
import type { Selector } from './selector.ts'
import { IdentityIndex, SelectorIndex } from './selector-index.ts'

export class SelectorCache {
  readonly #identities: Map<number, IdentityLabels> = new Map()
  readonly #byLabel: IdentityIndex<IdentityLabels> = new IdentityIndex()
  readonly #byPrefix: InnerIndex<IdentityLabels> = new InnerIndex()
  readonly #selectors: Map<string, CachedSelector> = new Map()
  readonly #labelSelectors: SelectorIndex = new SelectorIndex()
  readonly #prefixSelectors: EnclosingIndex<CachedSelector> = new EnclosingIndex()
  /** Those that stand for prefixes which change. */
  readonly #named: Set<CachedSelector> = new Set()
  /** Those that stand for a whole address family: they also take the identities of unknown addresses. */
  readonly #wholeFamily: Set<CachedSelector> = new Set()
  readonly #names: Names = new Names()
  /** Answers of `selectorsOf` since the last change: all subjects ask about the same identity. */
  readonly #taking: Map<number, ReadonlySet<CachedSelector>> = new Map()
  /** Null where a selector with prefixes came, went or stands for others now. */
  #required: ReadonlySet<Cidr> | null = null

  identity(id: number): IdentityLabels | null {
    return this.#identities.get(id) ?? null
  }

  /** Those that take the identity, in no particular order; none where it is not known. */
  selectorsOf(id: number): ReadonlySet<CachedSelector> {
    const known = this.#taking.get(id)
    if (known !== undefined) return known
    const identity = this.#identities.get(id)
    if (identity === undefined) return NOTHING
    const taking = new Set([...this.#asked(identity)].filter((cached) => cached.has(id)))
    if (this.#taking.size >= TAKING_MAX) this.#taking.clear()
    this.#taking.set(id, taking)
    return taking
  }

  /** The one selector of its text; every `acquire` needs a `release`. */
  acquire(selector: Selector): CachedSelector {
    const known = this.#selectors.get(selector.text)
    if (known !== undefined) {
      known.references++
      return known
    }
    const cached = new CachedSelector(selector)
    cached.references = 1
    this.#taking.clear()
    this.#selectors.set(selector.text, cached)
    if (isNamed(selector)) this.#named.add(cached)
    if (byLabels(selector)) this.#labelSelectors.add(cached)
    this.#cover(cached)
    cached.fill([...this.#candidates(cached)].filter((member) => takes(cached, member)).map(({ id }) => id))
    return cached
  }

  release(cached: CachedSelector): void {
    if (--cached.references > 0) return
    this.#taking.clear()
    this.#selectors.delete(cached.text)
    this.#named.delete(cached)
    this.#wholeFamily.delete(cached)
    if (byLabels(cached.selector)) this.#labelSelectors.remove(cached)
    for (const { prefix } of cached.covers) this.#prefixSelectors.remove(prefix, cached)
    if (cached.covers.length > 0) this.#required = null
  }

  /** Removals first; an id that is known is replaced. */
  updateIdentities(added: readonly KnownIdentity[], removed: readonly number[]): void {
    this.#taking.clear()
    for (const id of removed) this.#remove(id)
    for (const identity of added) this.#add(identity)
  }

  setDns(name: string, addresses: readonly string[] | null): void {
    this.#names.setDns(name, addresses)
    this.#refresh('dns')
  }

  changeDns(name: string, change: DnsChange): void {
    if (this.#names.changeDns(name, change)) this.#refresh('dns')
  }

  setService(key: string, service: Parameters<Names['setService']>[1]): void {
    this.#names.setService(key, service)
    this.#refresh('service')
  }

  setGroup(name: string, group: GroupChange): void {
    this.#names.setGroup(name, group)
    this.#refresh('cidr-group')
  }

  /**
   * The prefixes for which identities must exist, so that every address falls on the right side: exceptions are cut out. The same set as
   * long as it does not change.
   */
  requiredPrefixes(): ReadonlySet<Cidr> {
    if (this.#required !== null) return this.#required
    const texts = [...this.#selectors.values()].flatMap(({ covers }) =>
      covers.flatMap(({ prefix, except }) => subtract(prefix, except).map(prefixText)),
    )
    this.#required = new Set(
      texts
        .filter((text) => !text.endsWith('/0'))
        .toSorted()
        .map(Cidr),
    )
    return this.#required
  }

  #add({ id, labels, prefix }: KnownIdentity): void {
    this.#remove(id)
    const member = identityLabels(id, labels, prefixOrNull(prefix))
    this.#identities.set(id, member)
    this.#byLabel.add(member)
    if (hasPrefix(member)) this.#byPrefix.add(member)
    for (const cached of this.#asked(member)) if (takes(cached, member)) cached.add(id)
  }

  /** The selectors that the labels and the prefix of an identity lead to. */
  *#asked(member: IdentityLabels): Iterable<CachedSelector> {
    yield* this.#labelSelectors.candidates(member)
    yield* member.prefix === null ? this.#wholeFamily : this.#prefixSelectors.around(member.prefix)
  }

  #remove(id: number): void {
    const member = this.#identities.get(id)
    if (member === undefined) return
    this.#identities.delete(id)
    this.#byLabel.remove(member)
    if (member.prefix !== null) this.#byPrefix.remove(member)
    for (const cached of this.#asked(member)) cached.remove(id)
  }

  *#candidates({ selector, covers }: CachedSelector): Iterable<IdentityLabels> {
    if (byLabels(selector)) yield* this.#byLabel.candidates(selector) ?? this.#identities.values()
    for (const { prefix } of covers) {
      yield* this.#byPrefix.inside(prefix)
      if (prefix.length > 0) continue
      yield* this.#byLabel.withTerm('reserved:world')
      yield* this.#byLabel.withTerm(`reserved:world-ipv${prefix.family}`)
    }
  }

  #cover(cached: CachedSelector): void {
    const before = cached.covers
    for (const { prefix } of before) this.#prefixSelectors.remove(prefix, cached)
    cached.covers = this.#names.coversOf(cached.selector)
    for (const { prefix } of cached.covers) this.#prefixSelectors.add(prefix, cached)
    if (before.length + cached.covers.length > 0) this.#required = null
    if (cached.covers.some(({ prefix }) => prefix.length === 0)) this.#wholeFamily.add(cached)
    else this.#wholeFamily.delete(cached)
  }

  /** Names of this kind mean something else now: drop who is no longer meant, take who is. */
  #refresh(kind: Selector['kind']): void {
    this.#taking.clear()
    for (const cached of this.#named) {
      if (cached.selector.kind !== kind) continue
      this.#cover(cached)
      for (const id of cached.sorted()) {
        const member = this.#identities.get(id)
        if (member === undefined || !takes(cached, member)) cached.remove(id)
      }
      for (const member of this.#candidates(cached)) if (takes(cached, member)) cached.add(member.id)
    }
  }
}

const NOTHING: ReadonlySet<CachedSelector> = new Set()
/** Answers that are kept. */
const TAKING_MAX = 1024

function takes({ selector, covers }: CachedSelector, member: IdentityLabels): boolean {
  if (selector.kind === 'everyone') return true
  if (selector.kind === 'labels') return selector.requirements.every((requirement) => meets(member, requirement))
  return covers.some(({ prefix, except }) => inPrefix(member, prefix, except))
}

function byLabels({ kind }: Selector): boolean {
  return kind === 'labels' || kind === 'everyone'
}

/** Services, names and groups, whose prefixes change. */
function isNamed({ kind }: Selector): boolean {
  return kind === 'dns' || kind === 'service' || kind === 'cidr-group'
}

function hasPrefix(member: IdentityLabels): member is IdentityLabels & { readonly prefix: IpPrefix } {
  return member.prefix !== null
}

function prefixOrNull(text: string | null): IpPrefix | null {
  if (text === null) return null
  const prefix = parsePrefix(text)
  if (prefix === null) throw new TypeError(`${text} is not a prefix`)
  return prefix
}
