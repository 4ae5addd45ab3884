/**
 * Wishes about groups of prefixes and services without pods. A service is told by several objects (itself, its Endpoints, its EndpointSlices) that come
 * in any order and go one by one; the log always has all that is known of it in one event.
 */
import { canonicalText } from '../../events/canonical.ts'
import type { EventOf, HindcastEvent } from '../../events/catalogue.ts'
import { type FactRef, factKey, type ServiceBackends } from '../../events/facts.ts'
import type { Digest } from '../../events/ids.ts'
import { ascending } from '../../events/order.ts'
import { type SharedFacts, serviceKey } from '../../projections/facts/shared.ts'
import type { Fact } from '../../projections/policy/parse/fact.ts'

/** One document of an input that is a fact and no policy. `inputDigest` is of the bytes of the file that it stood in. */
export type FactWish = { readonly kind: 'fact'; readonly inputDigest: Digest; readonly fact: Fact }

/** What makes the facts so; nothing for what is so already. Groups first, then services, each in the order of the input. */
export function factEvents(facts: readonly Fact[], known: SharedFacts): readonly HindcastEvent[] {
  const services = new OpenServices(known)
  for (const fact of facts) {
    if (fact.kind === 'service') services.label(fact.ref, fact.labels)
    if (fact.kind === 'backends') services.serve(fact)
  }
  return [...facts.flatMap((fact) => groupEvents(fact, known)), ...services.events()]
}

/** What takes the objects away, and those that are not there. */
export function factRemovals(
  refs: readonly FactRef[],
  known: SharedFacts,
): { readonly events: readonly HindcastEvent[]; readonly missing: readonly string[] } {
  const services = new OpenServices(known)
  const groups = refs.filter(({ kind }) => kind === 'CiliumCIDRGroup')
  const missing = refs.filter((ref) => !factRefs(known).has(factKey(ref))).map(factKey)
  for (const ref of refs) {
    if (ref.kind === 'Service') services.forget(ref)
    else if (ref.kind !== 'CiliumCIDRGroup') services.leave(ref)
  }
  const gone = groups
    .filter(({ name }) => known.cidrGroups.has(name))
    .map(({ name }): EventOf<'CidrGroupDeleted'> => ({ type: 'CidrGroupDeleted', v: 1, name }))
  return { events: [...gone, ...services.events()], missing }
}

/** Keys of all objects that are known. */
export function factRefs({ cidrGroups, services }: SharedFacts): ReadonlySet<string> {
  const keys = [...cidrGroups.keys()].map((name) => factKey({ kind: 'CiliumCIDRGroup', namespace: null, name }))
  for (const { namespace, name, labels, backends } of services.values()) {
    if (labels !== null) keys.push(factKey({ kind: 'Service', namespace, name }))
    for (const { source } of backends) keys.push(source.replace('/', `/${namespace}/`))
  }
  return new Set(keys)
}

function groupEvents(fact: Fact, { cidrGroups }: SharedFacts): readonly EventOf<'CidrGroupSet'>[] {
  if (fact.kind !== 'cidr-group') return []
  const { labels, prefixes } = fact
  const { name } = fact.ref
  const before = cidrGroups.get(name)
  const isSo = before !== undefined && same([before.labels, before.prefixes], [labels, prefixes])
  return isSo ? [] : [{ type: 'CidrGroupSet', v: 1, name, labels, prefixes }]
}

type Service = Pick<EventOf<'ServiceSet'>, 'namespace' | 'name' | 'labels' | 'backends'>

/** Services while an input is read into them. */
class OpenServices {
  readonly #known: SharedFacts
  readonly #open: Map<string, Service> = new Map()

  constructor(known: SharedFacts) {
    this.#known = known
  }

  label(ref: FactRef, labels: Service['labels']): void {
    const service = this.#service(ref)
    this.#open.set(serviceKey(service), { ...service, labels })
  }

  serve({ ref, service: name, addresses }: Extract<Fact, { readonly kind: 'backends' }>): void {
    // A slice may have served another service before.
    this.leave(ref)
    const service = this.#service({ ...ref, name })
    const source = sourceOf(ref)
    const backends = [...service.backends, { source, addresses }].toSorted((a, b) => ascending(a.source, b.source))
    this.#open.set(serviceKey(service), { ...service, backends })
  }

  leave(ref: FactRef): void {
    const source = sourceOf(ref)
    const serves = ({ namespace, backends }: Service): boolean =>
      namespace === ref.namespace && backends.some((one: ServiceBackends) => one.source === source)
    const all = new Map<string, Service>([...this.#known.services, ...this.#open])
    for (const [key, service] of all) {
      if (!serves(service)) continue
      this.#open.set(key, { ...service, backends: service.backends.filter((one) => one.source !== source) })
    }
  }

  /** With its backends: nobody keeps Endpoints of a service that is gone. */
  forget(ref: FactRef): void {
    const service = this.#service(ref)
    this.#open.set(serviceKey(service), { ...service, labels: null, backends: [] })
  }

  events(): readonly HindcastEvent[] {
    return [...this.#open].flatMap(([key, { namespace, name, labels, backends }]): readonly HindcastEvent[] => {
      const before = this.#known.services.get(key)
      if (labels === null && backends.length === 0) {
        return before === undefined ? [] : [{ type: 'ServiceDeleted', v: 1, namespace, name }]
      }
      if (before !== undefined && same([before.labels, before.backends], [labels, backends])) return []
      return [{ type: 'ServiceSet', v: 1, namespace, name, labels, backends }]
    })
  }

  #service({ namespace, name }: FactRef): Service {
    const key = serviceKey({ namespace: namespace ?? '', name })
    const known = this.#open.get(key) ?? this.#known.services.get(key)
    return known ?? { namespace: namespace ?? '', name, labels: null, backends: [] }
  }
}

function sourceOf({ kind, name }: FactRef): string {
  return `${kind}/${name}`
}

function same(a: unknown, b: unknown): boolean {
  return canonicalText(a) === canonicalText(b)
}
