/**
 * The policy of one subject: who is enforced, the filters of both directions, and the entries that follow, kept up to date with the
 * identities that its selectors take. Another rule, port name or secret makes another one.
 */

import type { Direction, NamedPort } from '../../../events/fields.ts'
import { ascending } from '../../../events/order.ts'
import type { PolicyOptions } from '../../../events/policy-options.ts'
import type { DesiredPolicy, DesiredRedirect, UnresolvablePolicy } from '../desired.ts'
import type { NetworkPolicyRules, PolicyPressure, ResolvedPolicy } from '../engine.ts'
import { POD_NAMESPACE } from '../parse/selector.ts'
import type { LabelRequirement } from '../rule.ts'
import type { CachedSelector } from '../select/cached-selector.ts'
import { type IdentityLabels, labelOf } from '../select/identity.ts'
import { isWholeFamily, narrowed, type Selector, WORLD } from '../select/selector.ts'
import type { SelectorCache } from '../select/selector-cache.ts'
import {
  type Claim,
  type Claims,
  claimsOf,
  type PlacedFilter,
  type PortRange,
  PRECEDENCE_ALLOW,
  PRECEDENCE_DEFAULT_ALLOW,
  placedFilters,
  rangeOf,
  TAIL_ANY,
} from './claims.ts'
import { type CompiledElement, type CompiledRule, forbiddenFeatures, type Slot } from './compiled-rule.ts'
import { DirectionEntries, POLICY_MAP_MAX } from './direction-entries.ts'
import { type DirectionStance, HOST, REMOTE_NODE, stanceOf } from './enforcement.ts'
import { type FilterEntry, filtersOf } from './filters.ts'
import { allowRule, type FurtherRule, portPolicies, UNENFORCED } from './port-policies.ts'
import type { Secrets } from './secrets.ts'

export type SubjectContext = {
  readonly member: IdentityLabels
  readonly namedPorts: readonly NamedPort[]
  /** That select the subject, in order. */
  readonly rules: readonly CompiledRule[]
  readonly options: PolicyOptions
  readonly cache: SelectorCache
  readonly secrets: Secrets
  /** What a port name means on all pods. */
  readonly podPort: (name: string, protocol: number) => number | null
}

/** An element with the selectors of its peers, as narrowed by requirements, and its slots as port numbers. */
export type PlacedElement = {
  readonly element: CompiledElement
  readonly peers: readonly CachedSelector[]
  /** Null where the slot's port name means no port. */
  readonly ranges: readonly { readonly slot: Slot; readonly range: PortRange | null }[]
}

type DirectionPart = {
  readonly stance: DirectionStance
  readonly peersOf: (element: CompiledElement) => readonly CachedSelector[]
  readonly placed: readonly PlacedFilter[]
  readonly claims: Claims
  readonly entries: DirectionEntries
  /** The selector of the world, where a rule names all addresses of a family. */
  readonly world: CachedSelector | null
}

export class SubjectPolicy {
  readonly #context: SubjectContext
  /** Selectors that no rule holds, by text. */
  readonly #held: Map<string, CachedSelector> = new Map()
  readonly #ingress: DirectionPart | UnresolvablePolicy
  readonly #egress: DirectionPart | UnresolvablePolicy
  #resolved: ResolvedPolicy | null = null

  constructor(context: SubjectContext) {
    this.#context = context
    this.#ingress = this.#part('ingress')
    this.#egress = this.#part('egress')
  }

  [Symbol.dispose](): void {
    for (const part of [this.#ingress, this.#egress]) if (isPart(part)) part.entries[Symbol.dispose]()
    for (const selector of this.#held.values()) this.#context.cache.release(selector)
  }

  get changed(): boolean {
    return [this.#ingress, this.#egress].some((part) => isPart(part) && part.entries.changed)
  }

  get rules(): readonly CompiledRule[] {
    return this.#context.rules
  }

  /** Null where the policy is unresolvable. */
  stance(direction: Direction): DirectionStance | null {
    const part = direction === 'ingress' ? this.#ingress : this.#egress
    return isPart(part) ? part.stance : null
  }

  /** Every element of every rule that selects the subject, in order. */
  elements(direction: Direction): readonly PlacedElement[] {
    const part = direction === 'ingress' ? this.#ingress : this.#egress
    if (!isPart(part)) return []
    return this.#context.rules
      .flatMap((rule) => rule.elements[direction])
      .map((element) => ({
        element,
        peers: part.peersOf(element),
        ranges: element.slots.map((slot) => ({ slot, range: rangeOf(slot, this.#portOf(direction)) })),
      }))
  }

  /** The same object as long as nothing changes. */
  resolve(): ResolvedPolicy {
    if (this.#resolved === null || this.changed) this.#resolved = this.#assemble()
    return this.#resolved
  }

  #assemble(): ResolvedPolicy {
    const [ingress, egress] = [this.#ingress, this.#egress]
    const standings = [ingress, egress].map((part) => (isPart(part) ? part.entries.refresh() : 'fits'))
    if (!isPart(ingress)) return ingress
    if (!isPart(egress)) return egress
    const count = ingress.entries.count + egress.entries.count
    if (count > POLICY_MAP_MAX || standings.some((standing) => standing !== 'fits')) return tooLarge(ingress, egress)
    const policy: DesiredPolicy & { readonly pressure: PolicyPressure | null } = {
      kind: 'resolved',
      ingressEnforced: ingress.stance.enforced,
      egressEnforced: egress.stance.enforced,
      entries: [...ingress.entries.entries(), ...egress.entries.entries()],
      redirects: [...redirectsOf(ingress), ...redirectsOf(egress)],
      pressure: count > POLICY_MAP_MAX * PRESSURE_SHARE ? pressureOf(count, ingress, egress) : null,
    }
    return withNetworkPolicy(policy, this.#proxyView(ingress, 'ingress'), this.#proxyView(egress, 'egress'))
  }

  #part(direction: Direction): DirectionPart | UnresolvablePolicy {
    const { member, rules, options, cache, secrets } = this.#context
    const stance = stanceOf(direction, { member, rules, options })
    const off = stance.enforced ? switchedOff(rules, options) : null
    if (off !== null) return off
    const elements = stance.enforced ? rules.flatMap((rule) => rule.elements[direction]) : []
    const namespace = labelOf(member, 'k8s', POD_NAMESPACE) ?? ''
    const peersOf = this.#narrowing(elements)
    const merged = filtersOf(elements, { secrets, namespace, peersOf })
    if (merged.kind === 'conflict') return merged.conflict
    const placed = placedFilters(merged.filters, direction, this.#portOf(direction))
    const claims = withEveryone(claimsOf(placed), stance, direction)
    const world = [...claims.bySelector.keys()].some(({ selector }) => isWholeFamily(selector))
      ? this.#hold(WORLD)
      : null
    const entries = new DirectionEntries({
      direction,
      claims,
      fixed: new Map(stance.letIn.map((identity) => [identity, [LOCALHOST_CLAIM]])),
      shared: stance.letIn.includes(REMOTE_NODE) ? { identity: REMOTE_NODE, host: HOST } : null,
      watched: world === null ? [] : [world],
      selectorsOf: (identity) => cache.selectorsOf(identity),
    })
    return { stance, peersOf, placed, claims, entries, world }
  }

  /** Requirements of allow elements narrow allow elements, those of deny elements deny elements. */
  #narrowing(elements: readonly CompiledElement[]): (element: CompiledElement) => readonly CachedSelector[] {
    const requires: { readonly [deny: string]: readonly LabelRequirement[] } = {
      false: elements.filter(({ deny }) => !deny).flatMap((element) => element.requires),
      true: elements.filter(({ deny }) => deny).flatMap((element) => element.requires),
    }
    return ({ deny, peers }) => {
      const requirements = requires[String(deny)] ?? []
      if (requirements.length === 0) return peers.map(({ selector }) => selector)
      return peers.map(({ selector, narrows }) =>
        narrows ? this.#hold(narrowed(selector.selector, requirements)) : selector,
      )
    }
  }

  #hold(selector: Selector): CachedSelector {
    const held = this.#held.get(selector.text) ?? this.#context.cache.acquire(selector)
    this.#held.set(selector.text, held)
    return held
  }

  #portOf(direction: Direction): (name: string, protocol: number) => number | null {
    return direction === 'ingress' ? (name, protocol) => this.#ownPort(name, protocol) : this.#context.podPort
  }

  #ownPort(name: string, protocol: number): number | null {
    const own = this.#context.namedPorts.find(
      (port) => port.name.toLowerCase() === name && NUMBER_OF[port.protocol] === protocol,
    )
    return own?.port ?? null
  }

  /** What the message for the proxy follows from, as it is now: the message itself is made when it is asked for. */
  #proxyView({ stance, placed, world }: DirectionPart, direction: Direction): () => ReturnType<typeof portPolicies> {
    if (!stance.enforced) return () => ({ policies: UNENFORCED, listeners: new Map() })
    const filters = placed.map((one) => ({
      placed: one,
      remotes: [...one.filter.entries.values()].map((entry) => remotesOf(entry, world)),
    }))
    const further = furtherRules(stance, direction, placed)
    return () => portPolicies({ filters, further })
  }
}

/**
 * Null for everyone. Towards the proxy all addresses of one family stand for the whole world, as in Cilium: who gets there at all is
 * decided before, family by family.
 */
function remotesOf({ selector, content }: FilterEntry, world: CachedSelector | null): readonly number[] | null {
  if (selector.everyone) return null
  if (world === null || content.kind === 'deny' || !isWholeFamily(selector.selector)) return selector.sorted()
  return [...new Set([...selector.sorted(), ...world.sorted()])].toSorted((a, b) => a - b)
}

/** From this share on a full map is announced. */
const PRESSURE_SHARE = 0.9
const NUMBER_OF = { TCP: 6, UDP: 17, SCTP: 132 } as const

const LOCALHOST_CLAIM: Claim = {
  tails: [TAIL_ANY],
  verdict: 'allow',
  precedence: PRECEDENCE_ALLOW,
  auth: null,
  redirect: null,
  origins: ['reserved:allow-localhost-ingress'],
}

/** What a rule asks for and this node does not do: leaving it out of the rule would open what it was to narrow. */
function switchedOff(rules: readonly CompiledRule[], options: PolicyOptions): UnresolvablePolicy | null {
  if (options.enableL7Proxy && options.enableIcmpRules) return null
  const found = rules.map(({ key, rule }) => ({ key, features: forbiddenFeatures(rule, options) }))
  const [first] = found.flatMap(({ features }) => features)
  if (first === undefined) return null
  const keys = found.filter(({ features }) => features.length > 0).map(({ key }) => key)
  return { kind: 'unresolvable', code: 'feature-off', reason: `${keys.join(', ')}: ${first}`, origins: keys }
}

function isPart(part: DirectionPart | UnresolvablePolicy): part is DirectionPart {
  return 'entries' in part
}

function withEveryone(claims: Claims, { enforced, allowRest }: DirectionStance, direction: Direction): Claims {
  if (enforced && !allowRest) return claims
  const precedence = enforced ? PRECEDENCE_DEFAULT_ALLOW : PRECEDENCE_ALLOW
  const open: Claim = { ...LOCALHOST_CLAIM, precedence, origins: [`reserved:allow-any-${direction}`] }
  return { ...claims, everyone: [...claims.everyone, open] }
}

function redirectsOf({ claims, entries }: DirectionPart): readonly DesiredRedirect[] {
  if (claims.redirects.size === 0) return []
  const used = entries.redirects()
  return [...claims.redirects.values()].filter(({ id }) => used.has(id)).toSorted((a, b) => ascending(a.id, b.id))
}

/** The host's requests pass where it is always let in, except on ports where a rule speaks of exactly the host. */
function furtherRules(
  { allowRest, letIn }: DirectionStance,
  direction: Direction,
  placed: readonly PlacedFilter[],
): readonly FurtherRule[] {
  const exceptFilters = placed.filter(({ filter }) =>
    [...filter.entries.values()].some(
      ({ selector, content }) => selector.text === HOST_TEXT && content.kind === 'redirect',
    ),
  )
  const localhost = allowRule('reserved:allow-localhost-ingress', letIn, PRECEDENCE_ALLOW)
  const open = allowRule(`reserved:allow-any-${direction}`, [], PRECEDENCE_DEFAULT_ALLOW)
  return [
    ...(letIn.length > 0 ? [{ rule: localhost, exceptFilters }] : []),
    ...(allowRest ? [{ rule: open, exceptFilters: [] }] : []),
  ]
}

const HOST_TEXT = 'reserved:host In ()'

function withNetworkPolicy(
  policy: DesiredPolicy & { readonly pressure: PolicyPressure | null },
  ingress: () => ReturnType<typeof portPolicies>,
  egress: () => ReturnType<typeof portPolicies>,
): ResolvedPolicy {
  let made: NetworkPolicyRules | null = null
  return {
    ...policy,
    get networkPolicy(): NetworkPolicyRules {
      if (made !== null) return made
      const [inward, outward] = [ingress(), egress()]
      made = {
        ingress: inward.policies,
        egress: outward.policies,
        listeners: new Map([...inward.listeners, ...outward.listeners]),
      }
      return made
    },
  }
}

function largestOf(
  ingress: DirectionPart,
  egress: DirectionPart,
): { readonly selector: string; readonly keys: number } {
  const [a, b] = [ingress.entries.largest(), egress.entries.largest()]
  return b.keys > a.keys ? b : a
}

function pressureOf(entries: number, ingress: DirectionPart, egress: DirectionPart): PolicyPressure {
  return { entries, max: POLICY_MAP_MAX, selector: largestOf(ingress, egress).selector }
}

function tooLarge(ingress: DirectionPart, egress: DirectionPart): UnresolvablePolicy {
  const { selector, keys } = largestOf(ingress, egress)
  const origins = [ingress, egress].flatMap(({ claims }) =>
    [...claims.bySelector]
      .filter(([cached]) => cached.text === selector)
      .flatMap(([, list]) => list.flatMap((c) => c.origins)),
  )
  return {
    kind: 'unresolvable',
    code: 'map-too-large',
    reason: `the policy needs more than ${POLICY_MAP_MAX} map entries; most come from selector ${selector} (${keys} keys)`,
    origins: [...new Set(origins)].toSorted().slice(0, TOO_LARGE_ORIGINS_MAX),
  }
}

const TOO_LARGE_ORIGINS_MAX = 20
