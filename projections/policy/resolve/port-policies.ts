/**
 * The part of NPDS that follows from a resolved direction (Cilium pkg/envoy/server.go, in the form of current Cilium).
 *
 * 1. TCP only; L3-only filters are port 0. Filters of one range are one port policy.
 * 2. A selector that takes nobody gives no rule: an empty list of remotes would mean everyone.
 * 3. Plain allows and denies of a range are one rule each; L7 rules are one rule for each content.
 * 4. No port policy has an empty list of rules, which would allow everything; only a direction that is not enforced says so.
 * 5. Order is canonical: port, end port; precedence falling, then content, then remotes.
 */

import { ascending } from '../../../events/order.ts'
import { PRECEDENCE_DENY_MAX } from '../../datapath/policy-map.ts'
import { PLAIN_RULE, type PortNetworkPolicy, type PortNetworkPolicyRule } from '../../xds/messages.ts'
import { sortedUnique } from '../select/number-set.ts'
import { type PlacedFilter, PRECEDENCE_ALLOW, redirectPrecedence } from './claims.ts'
import type { FilterEntry } from './filters.ts'

/** Everything is allowed. */
export const UNENFORCED: readonly PortNetworkPolicy[] = [{ port: 0, endPort: 0, protocol: 'TCP', rules: [] }]

export type PortPoliciesInput = {
  /** With the identities that each entry's selector took when this was asked for; null for everyone. */
  readonly filters: readonly {
    readonly placed: PlacedFilter
    readonly remotes: readonly (readonly number[] | null)[]
  }[]
  /** Rules that no filter says: who is always let in, and what default-allow leaves open. */
  readonly further: readonly FurtherRule[]
}

/** For every port, or for those ranges that are not excepted. */
export type FurtherRule = { readonly rule: PortNetworkPolicyRule; readonly exceptFilters: readonly PlacedFilter[] }

export type PortPoliciesOutput = {
  readonly policies: readonly PortNetworkPolicy[]
  /** Rules that hold on one listener only: the redirect's id for each. */
  readonly listeners: ReadonlyMap<PortNetworkPolicyRule, string>
}

export function portPolicies({ filters, further }: PortPoliciesInput): PortPoliciesOutput {
  const ranges = new Map<string, RangeRules>()
  const listeners = new Map<PortNetworkPolicyRule, string>()
  for (const { placed, remotes } of filters) {
    if (!isForProxy(placed)) continue
    const range = rangeFor(ranges, placed)
    let at = 0
    for (const entry of placed.filter.entries.values()) {
      const taken = remotes[at++]
      if (taken === undefined || taken?.length === 0) continue
      range.add(entry, placed, taken)
    }
  }
  for (const one of further) addFurther(ranges, one)
  const policies = [...ranges.values()].flatMap((range) => range.policy(listeners))
  return { policies: policies.toSorted((a, b) => a.port - b.port || a.endPort - b.endPort), listeners }
}

function addFurther(ranges: Map<string, RangeRules>, { rule, exceptFilters }: FurtherRule): void {
  if (exceptFilters.length === 0) {
    rangeFor(ranges, ANY_PORT).rules.push(rule)
    return
  }
  // Rules of port 0 would join the excepted ranges too.
  const excepted = new Set([...exceptFilters, ANY_PORT].map(rangeKey))
  for (const [key, range] of ranges) if (!excepted.has(key)) range.rules.push(rule)
}

export function allowRule(name: string, remotePolicies: readonly number[], precedence: number): PortNetworkPolicyRule {
  return { ...PLAIN_RULE, precedence, remotePolicies, name }
}

type Range = { readonly first: number; readonly last: number }
const ANY_PORT: Range = { first: 0, last: 0 }
const TCP = 6

/** The DNS proxy reads its rules elsewhere. */
function isForProxy({ filter }: PlacedFilter): boolean {
  return (filter.protocol === TCP || filter.protocol === 0) && filter.parser !== 'dns'
}

function rangeKey({ first, last }: Range): string {
  return `${first}-${last}`
}

function rangeFor(ranges: Map<string, RangeRules>, range: Range): RangeRules {
  const key = rangeKey(range)
  const known = ranges.get(key) ?? new RangeRules(range.first, range.last)
  ranges.set(key, known)
  return known
}

type Group = {
  readonly rule: PortNetworkPolicyRule
  readonly text: string
  readonly listener: string | null
  /** Lists that are joined in the end; null: everyone. */
  remotes: (readonly number[])[] | null
  readonly names: string[]
}

/** The rules of one port range while they are collected: entries with the same content share a rule. */
class RangeRules {
  readonly rules: PortNetworkPolicyRule[] = []
  readonly #first: number
  readonly #last: number
  readonly #groups: Map<string, Group> = new Map()

  constructor(first: number, last: number) {
    this.#first = first
    this.#last = last
  }

  add(entry: FilterEntry, placed: PlacedFilter, remotes: readonly number[] | null): void {
    const { rule, text } = templateOf(entry, placed)
    const group = this.#groups.get(text)
    if (group === undefined) {
      const bound = entry.content.kind === 'redirect' && placed.filter.listener !== null
      const listener = bound ? placed.redirect.id : null
      this.#groups.set(text, {
        rule,
        text,
        listener,
        remotes: remotes === null ? null : [remotes],
        names: [...entry.origins],
      })
      return
    }
    for (const origin of entry.origins) group.names.push(origin)
    if (remotes === null) group.remotes = null
    else group.remotes?.push(remotes)
  }

  policy(listeners: Map<PortNetworkPolicyRule, string>): readonly PortNetworkPolicy[] {
    const finished = [...this.#groups.values()].map((group) => {
      const rule = { ...group.rule, remotePolicies: joined(group.remotes), name: nameOf(group.names) }
      if (group.listener !== null) listeners.set(rule, group.listener)
      return { rule, text: group.text }
    })
    const all = [...finished, ...this.rules.map((rule) => ({ rule, text: '' }))].toSorted(
      (a, b) => b.rule.precedence - a.rule.precedence || ascending(a.text, b.text),
    )
    if (all.length === 0) return []
    const endPort = this.#last > this.#first ? this.#last : 0
    return [{ port: this.#first, endPort, protocol: 'TCP', rules: all.map(({ rule }) => rule) }]
  }
}

type Template = { readonly rule: PortNetworkPolicyRule; readonly text: string }

/** What follows from the entry alone: entries outlive many messages. */
const TEMPLATES: WeakMap<FilterEntry, Template> = new WeakMap()

function templateOf(entry: FilterEntry, placed: PlacedFilter): Template {
  if (entry.content.kind === 'deny') return DENY_TEMPLATE
  if (entry.content.kind === 'allow') return ALLOW_TEMPLATE
  const known = TEMPLATES.get(entry)
  if (known !== undefined) return known
  const template = { rule: ruleOf(entry, placed), text: contentText(entry, placed) }
  TEMPLATES.set(entry, template)
  return template
}

const DENY_TEMPLATE: Template = {
  rule: { ...PLAIN_RULE, precedence: PRECEDENCE_DENY_MAX, deny: true },
  text: 'deny',
}
const ALLOW_TEMPLATE: Template = { rule: { ...PLAIN_RULE, precedence: PRECEDENCE_ALLOW }, text: 'allow' }

function ruleOf({ content }: FilterEntry, { filter }: PlacedFilter): PortNetworkPolicyRule {
  const { l7, terminatingTls, originatingTls, serverNames } = content
  const rule: PortNetworkPolicyRule = {
    ...PLAIN_RULE,
    precedence: redirectPrecedence(filter),
    downstreamTlsContext: terminatingTls,
    upstreamTlsContext: originatingTls,
    serverNames,
  }
  if (l7 === null || l7.kind === 'dns') return rule
  if (l7.kind === 'generic') return genericRule(rule, l7)
  if (l7.lines.length === 0) return rule
  return l7.kind === 'http'
    ? { ...rule, httpRules: { httpRules: l7.lines.map(({ message }) => message) } }
    : { ...rule, l7Proto: 'kafka', kafkaRules: { kafkaRules: l7.lines.map(({ message }) => message) } }
}

/** Metadata rules of `envoy.*` parsers may deny, by `action: deny`. */
function genericRule(
  rule: PortNetworkPolicyRule,
  { proto, lines }: Extract<NonNullable<FilterEntry['content']['l7']>, { readonly kind: 'generic' }>,
): PortNetworkPolicyRule {
  if (lines.length === 0) return { ...rule, l7Proto: proto }
  const messages = lines.map(({ message }) => message)
  const denies = (message: (typeof messages)[number]): boolean =>
    proto.startsWith('envoy.') && message.rule['action'] === 'deny'
  return {
    ...rule,
    l7Proto: proto,
    l7Rules: {
      l7AllowRules: messages.filter((message) => !denies(message)),
      l7DenyRules: messages.filter(denies),
    },
  }
}

/** Rules with the same text differ in their remotes only. */
function contentText({ content }: FilterEntry, { filter }: PlacedFilter): string {
  const { l7, terminatingTls, originatingTls, serverNames } = content
  const lines =
    l7 === null ? '' : `${l7.kind === 'generic' ? l7.proto : l7.kind}${l7.lines.map(({ text }) => text).join()}`
  const tls = terminatingTls === null && originatingTls === null ? '' : JSON.stringify([terminatingTls, originatingTls])
  return `redirect ${filter.listener?.name ?? ''} ${redirectPrecedence(filter)} ${serverNames.join()} ${tls} ${lines}`
}

/** A rule is called after the element that it comes from; after the first of several, with how many more. */
function nameOf(names: readonly string[]): string {
  if (names.length === 1) return names[0] ?? ''
  const unique = new Set(names)
  let first: string | null = null
  for (const name of unique) if (first === null || name < first) first = name
  return unique.size < 2 ? (first ?? '') : `${first} and ${unique.size - 1} more`
}

function joined(remotes: Group['remotes']): readonly number[] {
  if (remotes === null) return []
  const [only] = remotes
  return only !== undefined && remotes.length === 1 ? only : sortedUnique(remotes.flat())
}
