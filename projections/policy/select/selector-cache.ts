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
import type { Cover } from './covers.ts'
import { type IdentityLabels, identityLabels, inPrefix, meets } from './identity.ts'
import { type DnsChange, type GroupChange, isAbout, Names } from './names.ts'
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
  /** How many selectors need each prefix. */
  readonly #needed: Map<string, number> = new Map()
  /** Null where a prefix is needed or not needed any more since it was made. */
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
    for (const cover of this.#names.coversOf(selector)) this.#addCover(cached, cover)
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
    for (const cover of cached.covers.values()) this.#unindex(cached, cover)
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
    const { added, removed } = this.#names.changeDns(name, change)
    if (added.length + removed.length === 0) return
    this.#taking.clear()
    for (const cached of this.#named) if (isAbout(cached.selector, name)) this.#move(cached, { added, removed })
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
    this.#required = new Set([...this.#needed.keys()].toSorted().map(Cidr))
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
    for (const cover of covers.values()) yield* this.#inside(cover)
  }

  *#inside({ prefix }: Cover): Iterable<IdentityLabels> {
    yield* this.#byPrefix.inside(prefix)
    if (prefix.length > 0) return
    yield* this.#byLabel.withTerm('reserved:world')
    yield* this.#byLabel.withTerm(`reserved:world-ipv${prefix.family}`)
  }

  /** False where somebody said so already. */
  #addCover(cached: CachedSelector, cover: Cover): boolean {
    if (!cached.covers.add(cover)) return false
    this.#prefixSelectors.add(cover.prefix, cached)
    if (cover.prefix.length === 0) this.#wholeFamily.add(cached)
    this.#need(cover, 1)
    return true
  }

  #removeCover(cached: CachedSelector, cover: Cover): boolean {
    const gone = cached.covers.remove(cover)
    if (gone === null) return false
    this.#unindex(cached, gone)
    const { prefix } = gone
    const others = [...cached.covers.around(prefix)].filter((other) => other.prefix.length === prefix.length)
    // The same prefix with other exceptions.
    if (others.length > 0) this.#prefixSelectors.add(prefix, cached)
    if (prefix.length === 0 && ![...cached.covers.values()].some((other) => other.prefix.length === 0)) {
      this.#wholeFamily.delete(cached)
    }
    return true
  }

  #unindex(cached: CachedSelector, cover: Cover): void {
    this.#prefixSelectors.remove(cover.prefix, cached)
    this.#need(cover, -1)
  }

  /** One selector more, or less, needs what is left of the prefix. */
  #need({ prefix, except }: Cover, more: 1 | -1): void {
    for (const part of subtract(prefix, except)) {
      if (part.length === 0) continue
      const text = prefixText(part)
      const before = this.#needed.get(text) ?? 0
      if (before + more === 0) this.#needed.delete(text)
      else this.#needed.set(text, before + more)
      if (before === 0 || before + more === 0) this.#required = null
    }
  }

  /** Names of this kind mean something else now. */
  #refresh(kind: Selector['kind']): void {
    this.#taking.clear()
    for (const cached of this.#named) {
      if (cached.selector.kind !== kind) continue
      this.#move(cached, cached.covers.changeTo(this.#names.coversOf(cached.selector)))
    }
  }

  /** Drops who is no longer meant, takes who is. */
  #move(
    cached: CachedSelector,
    { added, removed }: { readonly added: readonly Cover[]; readonly removed: readonly Cover[] },
  ): void {
    const gone = removed.filter((cover) => this.#removeCover(cached, cover))
    const come = added.filter((cover) => this.#addCover(cached, cover))
    for (const member of gone.flatMap((cover) => [...this.#inside(cover)])) {
      if (!takes(cached, member)) cached.remove(member.id)
    }
    for (const member of come.flatMap((cover) => [...this.#inside(cover)])) {
      if (takes(cached, member)) cached.add(member.id)
    }
  }
}

const NOTHING: ReadonlySet<CachedSelector> = new Set()
/** Answers that are kept. */
const TAKING_MAX = 1024

function takes({ selector, covers }: CachedSelector, member: IdentityLabels): boolean {
  if (selector.kind === 'everyone') return true
  if (selector.kind === 'labels') return selector.requirements.every((requirement) => meets(member, requirement))
  const possible = member.prefix === null ? covers.values() : covers.around(member.prefix)
  for (const { prefix, except } of possible) if (inPrefix(member, prefix, except)) return true
  return false
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
