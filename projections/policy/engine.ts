/**
 * The policies, identities and names that a policy is resolved from, kept so that a change costs what it touches.
 */
import type { NamedPort } from '../../events/fields.ts'
import { type Cidr, IdentityId, type LabelText } from '../../events/ids.ts'
import type { PolicyOptions } from '../../events/policy-options.ts'
import { unreachable } from '../../events/unreachable.ts'
import type { PortNetworkPolicy, PortNetworkPolicyRule } from '../xds/messages.ts'
import { DEFAULT_POLICY_OPTIONS } from './default-options.ts'
import type { DesiredPolicy, UnresolvablePolicy } from './desired.ts'
import { type CompiledRule, compileRule, releaseRule } from './resolve/compiled-rule.ts'
import { PodPorts, portKey } from './resolve/pod-ports.ts'
import { SubjectPolicy } from './resolve/subject-policy.ts'
import type { PolicyRule } from './rule.ts'
import type { CachedSelector } from './select/cached-selector.ts'
import type { IdentityLabels } from './select/identity.ts'
import { SelectorCache } from './select/selector-cache.ts'

/** `prefix` where the identity stands for an IP prefix; its `cidr:` labels need not be listed. */
export type KnownIdentity = {
  readonly id: IdentityId
  readonly labels: readonly LabelText[]
  readonly prefix: Cidr | null
}

export type PolicySubject = { readonly identity: IdentityId; readonly namedPorts: readonly NamedPort[] }

/** A Kubernetes service as `toServices` sees it: `backends` are addresses outside of the cluster. */
export type ExternalService = {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly backends: readonly string[]
}

export type PolicyChange =
  /** The rules of a resource, `key` being its `resourceKey`; older ones of the same key go, the new ones come last. */
  | { readonly kind: 'policy-set'; readonly key: string; readonly rules: readonly PolicyRule[] }
  | { readonly kind: 'policy-removed'; readonly key: string }
  /** One update; an id that is known already is replaced. */
  | {
      readonly kind: 'identities'
      readonly added: readonly KnownIdentity[]
      readonly removed: readonly IdentityId[]
    }
  /** The named ports of one pod anywhere, for egress rules that name a port; an empty list forgets the pod. */
  | { readonly kind: 'pod-ports'; readonly pod: string; readonly ports: readonly NamedPort[] }
  /** Each of these replaces what was said before about its one name; null forgets it. */
  | { readonly kind: 'service'; readonly key: string; readonly service: ExternalService | null }
  | { readonly kind: 'dns'; readonly name: string; readonly addresses: readonly string[] | null }
  | {
      readonly kind: 'cidr-group'
      readonly name: string
      /** For selectors of groups; without a source. */
      readonly labels: Readonly<Record<string, string>>
      readonly prefixes: readonly string[] | null
    }
  /** Addresses come to those of the name, or go from them. */
  | {
      readonly kind: 'dns-answer'
      readonly name: string
      readonly added: readonly string[]
      readonly removed: readonly string[]
    }
  /** `key` is `namespace/name`. */
  | { readonly kind: 'secret'; readonly key: string; readonly items: Readonly<Record<string, string>> | null }

export type NetworkPolicyRules = {
  readonly ingress: readonly PortNetworkPolicy[]
  readonly egress: readonly PortNetworkPolicy[]
  /** Rules that hold on one listener only, by object: the id of the redirect whose proxy port is their `proxyId`. */
  readonly listeners: ReadonlyMap<PortNetworkPolicyRule, string>
}

/** The policy fills most of its map; `selector` claims the most keys. */
export type PolicyPressure = { readonly entries: number; readonly max: number; readonly selector: string }

export type ResolvedPolicy =
  | (DesiredPolicy & {
      readonly networkPolicy: NetworkPolicyRules
      /** Null below nine tenths. */
      readonly pressure: PolicyPressure | null
    })
  | UnresolvablePolicy

export class PolicyEngine {
  readonly #options: PolicyOptions
  readonly #cache: SelectorCache = new SelectorCache()
  readonly #policies: Map<string, readonly CompiledRule[]> = new Map()
  readonly #bySubject: Map<CachedSelector, Set<CompiledRule>> = new Map()
  readonly #secrets: Map<string, Readonly<Record<string, string>>> = new Map()
  readonly #podPorts: PodPorts = new PodPorts()
  /** Subjects that were resolved, by identity, then by their named ports; none where a change has made them void. */
  readonly #subjects: Map<number, Map<string, SubjectPolicy>> = new Map()
  #order = 0

  constructor(options: PolicyOptions = DEFAULT_POLICY_OPTIONS) {
    this.#options = options
  }

  /** Of the identities that were resolved before: those whose policy changed or may have. */
  apply(change: PolicyChange): ReadonlySet<IdentityId> {
    switch (change.kind) {
      case 'policy-set':
        return this.#setPolicy(change.key, change.rules)
      case 'policy-removed':
        return this.#setPolicy(change.key, [])
      case 'identities':
        return this.#setIdentities(change.added, change.removed)
      case 'pod-ports': {
        const names = this.#podPorts.set(change.pod, change.ports)
        return this.#void(({ rules }) => names.size > 0 && rules.some((rule) => namesEgressPort(rule, names)))
      }
      case 'service':
        this.#cache.setService(change.key, change.service)
        return this.#changed()
      case 'dns':
        this.#cache.setDns(change.name, change.addresses)
        return this.#changed()
      case 'dns-answer':
        this.#cache.changeDns(change.name, change)
        return this.#changed()
      case 'cidr-group':
        this.#cache.setGroup(change.name, change)
        return this.#changed()
      case 'secret':
        if (change.items === null) this.#secrets.delete(change.key)
        else this.#secrets.set(change.key, change.items)
        return this.#void(({ rules }) => rules.some(({ usesSecrets }) => usesSecrets))
      default:
        return unreachable(change)
    }
  }

  /** Shared by all endpoints of one identity with the same named ports; the same object as long as nothing changes. */
  resolve({ identity, namedPorts }: PolicySubject): ResolvedPolicy {
    const policy = this.subjectPolicy({ identity, namedPorts })
    return policy === null ? unknownIdentity(identity) : policy.resolve()
  }

  /** No endpoint has the identity any more: what was resolved for it is let go, and changes do not name it until it is resolved again. */
  forget(identity: IdentityId): void {
    this.#drop(identity)
    this.#subjects.delete(identity)
  }

  /** What `resolve` answers from, for explanations; null where the identity is not known. Void after the next change. */
  subjectPolicy({ identity, namedPorts }: PolicySubject): SubjectPolicy | null {
    const member = this.#cache.identity(identity)
    if (member === null) return null
    const subjects = this.#subjects.get(identity) ?? new Map<string, SubjectPolicy>()
    this.#subjects.set(identity, subjects)
    const key = namedPorts
      .map(({ name, protocol, port }) => `${name}/${protocol}/${port}`)
      .toSorted()
      .join()
    const known = subjects.get(key)
    if (known !== undefined) return known
    const policy = new SubjectPolicy({
      member,
      namedPorts,
      rules: this.#rulesOf(member),
      options: this.#options,
      cache: this.#cache,
      secrets: this.#secrets,
      podPort: (name, protocol) => this.#podPorts.port(name, protocol),
    })
    subjects.set(key, policy)
    return policy
  }

  /** The prefixes for which the node needs local identities, so that every address falls on the right side of every rule. */
  requiredPrefixes(): ReadonlySet<Cidr> {
    return this.#cache.requiredPrefixes()
  }

  /** In the order in which they were set. */
  #rulesOf(member: IdentityLabels): readonly CompiledRule[] {
    const rules = [...this.#cache.selectorsOf(member.id)].flatMap((selector) => [
      ...(this.#bySubject.get(selector) ?? []),
    ])
    return rules.filter((rule) => appliesTo(rule, member.id)).toSorted((a, b) => a.order - b.order)
  }

  #setPolicy(key: string, rules: readonly PolicyRule[]): ReadonlySet<IdentityId> {
    const before = this.#policies.get(key) ?? []
    const compiled = rules.map((rule) =>
      compileRule(rule, { key, order: this.#order++, cache: this.#cache, options: this.#options }),
    )
    for (const rule of before) dropFrom(this.#bySubject, rule.subject, rule)
    for (const rule of compiled) addTo(this.#bySubject, rule.subject, rule)
    if (compiled.length === 0) this.#policies.delete(key)
    else this.#policies.set(key, compiled)
    const affected = this.#selected([...before, ...compiled])
    for (const rule of before) releaseRule(rule, this.#cache)
    return affected
  }

  /** Forgets the policies of the resolved identities that the rules select. */
  #selected(rules: readonly CompiledRule[]): ReadonlySet<IdentityId> {
    const affected = new Set<IdentityId>()
    for (const identity of this.#subjects.keys()) {
      if (!rules.some((rule) => rule.subject.has(identity) && appliesTo(rule, identity))) continue
      affected.add(IdentityId(identity))
      this.#drop(identity)
    }
    return affected
  }

  #setIdentities(added: readonly KnownIdentity[], removed: readonly IdentityId[]): ReadonlySet<IdentityId> {
    const own = [...removed, ...added.map(({ id }) => id)].filter((id) => this.#subjects.has(id))
    for (const id of own) this.#drop(id)
    this.#cache.updateIdentities(added, removed)
    const changed = new Set([...own, ...this.#changed()])
    for (const id of removed) if (this.#cache.identity(id) === null) this.#subjects.delete(id)
    return changed
  }

  #changed(): ReadonlySet<IdentityId> {
    const changed = new Set<IdentityId>()
    for (const [identity, subjects] of this.#subjects) {
      const some = [...subjects.values()].some((policy) => policy.changed)
      if (some || subjects.size === 0) changed.add(IdentityId(identity))
    }
    return changed
  }

  #void(concerns: (policy: SubjectPolicy) => boolean): ReadonlySet<IdentityId> {
    const concerned = [...this.#subjects].filter(
      ([, subjects]) => subjects.size === 0 || [...subjects.values()].some(concerns),
    )
    for (const [identity] of concerned) this.#drop(identity)
    return new Set(concerned.map(([identity]) => IdentityId(identity)))
  }

  #drop(identity: number): void {
    for (const policy of this.#subjects.get(identity)?.values() ?? []) policy[Symbol.dispose]()
    this.#subjects.set(identity, new Map())
  }
}

/** A node's rules select only the host, all others never do. */
function appliesTo({ rule }: CompiledRule, identity: number): boolean {
  return (rule.subject.kind === 'node') === (identity === HOST)
}

const HOST = 1

function namesEgressPort({ elements }: CompiledRule, names: ReadonlySet<string>): boolean {
  return elements.egress.some(({ slots }) =>
    slots.some(({ port, protocol }) => port.kind === 'named' && names.has(portKey(port.name, protocol))),
  )
}

function unknownIdentity(identity: IdentityId): UnresolvablePolicy {
  const reason = `identity ${identity} is not known, so nobody can say which rules select it`
  return { kind: 'unresolvable', code: 'identity-unknown', reason, origins: [] }
}

function addTo<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, new Set([value]))
  else values.add(value)
}

function dropFrom<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const values = map.get(key)
  values?.delete(value)
  if (values?.size === 0) map.delete(key)
}
