/** What selectors stand for beyond labels and prefixes: DNS answers, services outside of the cluster, groups of prefixes. */
import { contains, type IpPrefix, overlaps, parsePrefixOrAddress, prefixText } from '../../ip/prefix.ts'
import type { ExternalService } from '../engine.ts'
import type { Cover } from './covers.ts'
import { matchesDnsPattern } from './dns-name.ts'
import { type IdentityLabels, meets } from './identity.ts'
import { bare, type Selector } from './selector.ts'

export class Names {
  readonly #dns: Map<string, readonly IpPrefix[]> = new Map()
  readonly #services: Map<string, ExternalService> = new Map()
  readonly #groups: Map<string, CidrGroup> = new Map()

  setDns(name: string, addresses: readonly string[] | null): void {
    put(this.#dns, bare(name), addresses === null ? null : prefixes(addresses))
  }

  /** The addresses that the name has from now on and had not before, and the other way round. */
  changeDns(
    name: string,
    { added, removed }: DnsChange,
  ): { readonly added: readonly Cover[]; readonly removed: readonly Cover[] } {
    const before = new Map((this.#dns.get(bare(name)) ?? []).map((prefix) => [prefixText(prefix), prefix]))
    const after = new Map(before)
    for (const prefix of prefixes(removed)) after.delete(prefixText(prefix))
    for (const prefix of prefixes(added)) after.set(prefixText(prefix), prefix)
    put(this.#dns, bare(name), after.size === 0 ? null : [...after.values()])
    const missing = (from: ReadonlyMap<string, IpPrefix>, other: ReadonlyMap<string, IpPrefix>): readonly Cover[] =>
      [...from].filter(([text]) => !other.has(text)).map(([, prefix]) => plain(prefix))
    return { added: missing(after, before), removed: missing(before, after) }
  }

  setService(key: string, service: ExternalService | null): void {
    put(this.#services, key, service)
  }

  setGroup(name: string, { labels, prefixes: members }: GroupChange): void {
    const none = { id: 0, sources: new Map(), prefix: null }
    const own = { ...none, sources: new Map([['cidrgroup', new Map(Object.entries(labels))]]) }
    put(this.#groups, name, members === null ? null : { labels: own, prefixes: prefixes(members) })
  }

  /** The prefixes that the selector stands for now; none for label selectors. */
  coversOf(selector: Selector): readonly Cover[] {
    switch (selector.kind) {
      case 'everyone':
      case 'labels':
        return []
      case 'prefix':
        return [{ prefix: selector.prefix, except: selector.except }]
      case 'dns':
        return this.#namesOf(selector).flatMap((addresses) => addresses.map(plain))
      case 'service':
        return this.#servicesOf(selector).flatMap(({ backends }) => prefixes(backends).map(plain))
      case 'cidr-group':
        return this.#groupOf(selector)
    }
  }

  #namesOf({ match, name }: Selector & { readonly kind: 'dns' }): readonly (readonly IpPrefix[])[] {
    if (match === 'name') return [this.#dns.get(name) ?? []]
    return [...this.#dns].filter(([found]) => matchesDnsPattern(name, found)).map(([, addresses]) => addresses)
  }

  #servicesOf({ namespace, name, selector }: Selector & { readonly kind: 'service' }): readonly ExternalService[] {
    return [...this.#services.values()].filter(
      (service) =>
        (namespace === null || namespace === service.namespace) &&
        (name === null || name === service.name) &&
        (selector === null || selector.requirements.every((one) => meets(labelsOfService(service), one))),
    )
  }

  /** Members of a group that an exception takes out as a whole are left out; the others are narrowed by it. */
  #groupOf({ name, selector, except }: Selector & { readonly kind: 'cidr-group' }): readonly Cover[] {
    return [...this.#groups]
      .filter(([own, { labels }]) =>
        selector === null ? own === name : selector.requirements.every((one) => meets(labels, one)),
      )
      .flatMap(([, group]) => group.prefixes)
      .map((prefix) => ({ prefix, except: except.filter((other) => overlaps(prefix, other)) }))
      .filter((cover) => !cover.except.some((other) => contains(other, cover.prefix)))
  }
}

/** Whether the selector is about the name. */
export function isAbout(selector: Selector, name: string): boolean {
  if (selector.kind !== 'dns') return false
  return selector.match === 'name' ? selector.name === bare(name) : matchesDnsPattern(selector.name, bare(name))
}

type CidrGroup = { readonly labels: IdentityLabels; readonly prefixes: readonly IpPrefix[] }
/** `prefixes` null: the group is gone. */
export type GroupChange = {
  readonly labels: Readonly<Record<string, string>>
  readonly prefixes: readonly string[] | null
}
export type DnsChange = { readonly added: readonly string[]; readonly removed: readonly string[] }

function plain(prefix: IpPrefix): Cover {
  return { prefix, except: [] }
}

function labelsOfService({ labels }: ExternalService): IdentityLabels {
  return { id: 0, sources: new Map([['k8s', new Map(Object.entries(labels))]]), prefix: null }
}

/** What cannot be read stands for nothing. */
function prefixes(texts: readonly string[]): readonly IpPrefix[] {
  return texts.map(parsePrefixOrAddress).filter((prefix) => prefix !== null)
}

function put<T>(map: Map<string, T>, key: string, value: T | null): void {
  if (value === null) map.delete(key)
  else map.set(key, value)
}
