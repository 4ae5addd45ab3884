/**
 * The elements of all rules that select a subject, merged by the ports they speak of (Cilium pkg/policy/{l4,rule}.go).
 *
 * A filter is one slot: port (number, range or name) and protocol. It has one parser and one listener for all of its peers, so rules that
 * want different ones contradict each other, and the whole policy of the subject is unresolvable. For one selector in a filter:
 * 1. A deny takes the place of every allow.
 * 2. An allow without L7 rules beside one with L7 rules adds a rule that everything matches.
 * 3. Server names add up; with L7 rules they need TLS to be terminated, which is checked when the L7 rules are there first.
 * 4. Different TLS contexts or authentication contradict each other.
 */
import type { TlsContextMessage } from '../../xds/messages.ts'
import type { Parser, UnresolvablePolicy } from '../desired.ts'
import type { ListenerRef, PolicyElement, PortRule } from '../rule.ts'
import type { CachedSelector } from '../select/cached-selector.ts'
import { NOBODY } from '../select/selector.ts'
import type { CompiledElement, Slot } from './compiled-rule.ts'
import { type L7Content, l7Content, mergedContent, withWildcard } from './l7-content.ts'
import { type Secrets, tlsMessage } from './secrets.ts'

export type Filter = {
  readonly key: string
  readonly protocol: number
  readonly port: Slot['port']
  parser: Parser | null
  listener: { readonly name: string; readonly priority: number } | null
  readonly entries: Map<CachedSelector, FilterEntry>
}

/** What one selector may do on the filter's ports. */
export type FilterEntry = {
  readonly selector: CachedSelector
  content: Content
  /** Of the elements that ask for what the entry is: deny, redirect or plain allow. */
  origins: string[]
}

type Content = {
  readonly kind: 'deny' | 'redirect' | 'allow'
  readonly l7: L7Content | null
  readonly terminatingTls: TlsContextMessage | null
  readonly originatingTls: TlsContextMessage | null
  readonly serverNames: readonly string[]
  readonly auth: PolicyElement['auth']
}

export type FilterContext = {
  readonly secrets: Secrets
  /** Of the subject: for secrets and listeners that do not name one. */
  readonly namespace: string
  /** Takes the rule's selectors as they are, or narrowed by what the subject's rules require. */
  readonly peersOf: (element: CompiledElement) => readonly CachedSelector[]
}

export type Filters =
  | { readonly kind: 'filters'; readonly filters: readonly Filter[] }
  | { readonly kind: 'conflict'; readonly conflict: UnresolvablePolicy }

export function filtersOf(elements: readonly CompiledElement[], context: FilterContext): Filters {
  const filters = new Map<string, Filter>()
  for (const element of elements) {
    if (element.slots.length === 0 || element.peers.length === 0) continue
    const peers = context.peersOf(element)
    for (const slot of element.slots) {
      const wanted = wantedBy(element, slot, context)
      if (wanted.kind === 'conflict') return wanted
      const conflict = mergeSlot(filters, { element, slot, wanted, peers })
      if (conflict !== null) return { kind: 'conflict', conflict }
    }
  }
  return { kind: 'filters', filters: [...filters.values()] }
}

type Wanted = {
  readonly kind: 'wanted'
  readonly content: Content
  readonly parser: Parser | null
  readonly listener: Filter['listener']
}
type Conflict = Extract<Filters, { readonly kind: 'conflict' }>

const PLAIN: Content = {
  kind: 'allow',
  l7: null,
  terminatingTls: null,
  originatingTls: null,
  serverNames: [],
  auth: null,
}
const PLAIN_WANTED: Wanted = { kind: 'wanted', content: PLAIN, parser: null, listener: null }
const DENY_WANTED: Wanted = { ...PLAIN_WANTED, content: { ...PLAIN, kind: 'deny' } }

function wantedBy(element: CompiledElement, slot: Slot, context: FilterContext): Wanted | Conflict {
  const { auth } = element.element
  if (element.deny) return DENY_WANTED
  if (slot.rule === null) return auth === null ? PLAIN_WANTED : { ...PLAIN_WANTED, content: { ...PLAIN, auth } }
  return redirectWanted(element, slot.rule, context)
}

function redirectWanted(element: CompiledElement, rule: PortRule, context: FilterContext): Wanted | Conflict {
  const { secrets, namespace } = context
  const tls = { terminating: rule.terminatingTls, originating: rule.originatingTls }
  const messages: { terminating: TlsContextMessage | null; originating: TlsContextMessage | null } = {
    terminating: null,
    originating: null,
  }
  for (const purpose of ['terminating', 'originating'] as const) {
    const given = tls[purpose]
    if (given === null) continue
    const reading = tlsMessage(secrets, given, { purpose, namespace })
    if (reading.kind === 'missing') return conflictOf('tls-secret', reading.reason, [element.origin])
    messages[purpose] = reading.message
  }
  const listener = listenerOf(rule.listener, namespace)
  if (listener === 'not-namespaced') {
    const reason = `listener ${rule.listener?.name} is of a CiliumEnvoyConfig, but the subject has no namespace`
    return conflictOf('listener-namespace', reason, [element.origin])
  }
  const l7 = rule.l7 === null ? null : l7Content(rule.l7, { secrets, namespace })
  const content: Content = {
    kind: 'redirect',
    l7: l7 !== null && element.neverDenies ? withWildcard(l7) : l7,
    terminatingTls: messages.terminating,
    originatingTls: messages.originating,
    serverNames: rule.serverNames.map((name) => name.toLowerCase()).toSorted(),
    auth: element.element.auth,
  }
  return { kind: 'wanted', content, parser: parserOf(rule), listener }
}

function parserOf({ l7, listener }: PortRule): Parser {
  if (listener !== null) return 'crd'
  if (l7 === null) return 'tls'
  return l7.kind === 'generic' ? `proxylib:${l7.proto}` : l7.kind
}

/** A CiliumEnvoyConfig is looked for in the subject's namespace, any other kind has none. */
function listenerOf(ref: ListenerRef | null, namespace: string): Filter['listener'] | 'not-namespaced' {
  if (ref === null) return null
  const { kind, config, name, priority } = ref
  if (kind !== 'CiliumEnvoyConfig') return { name: `/${config}/${name}`, priority }
  return namespace === '' ? 'not-namespaced' : { name: `${namespace}/${config}/${name}`, priority }
}

type Merge = {
  readonly element: CompiledElement
  readonly slot: Slot
  readonly wanted: Wanted
  readonly peers: readonly CachedSelector[]
}

function mergeSlot(filters: Map<string, Filter>, { element, slot, wanted, peers }: Merge): UnresolvablePolicy | null {
  const filter = filters.get(slot.key) ?? newFilter(filters, slot)
  const parser = mergedParser(filter.parser, wanted.parser)
  if (parser === 'conflict') {
    const reason = `cannot merge conflicting L7 parsers (${filter.parser}/${wanted.parser}) on ${slot.key}`
    return conflictOf('parser-conflict', reason, originsOf(filter, element)).conflict
  }
  filter.parser = parser
  if (wanted.listener !== null && filter.listener !== null && wanted.listener.name !== filter.listener.name) {
    const reason = `cannot merge conflicting listeners (${filter.listener.name}/${wanted.listener.name}) on ${slot.key}`
    return conflictOf('listener-conflict', reason, originsOf(filter, element)).conflict
  }
  filter.listener = strongerListener(filter.listener, wanted.listener)
  for (const selector of peers) {
    const conflict = mergeEntry(filter, selector, wanted.content, element.origin)
    if (conflict !== null)
      return conflictOf('peer-conflict', `${conflict} on ${slot.key}`, originsOf(filter, element)).conflict
  }
  return null
}

function newFilter(filters: Map<string, Filter>, { key, protocol, port }: Slot): Filter {
  const filter: Filter = { key, protocol, port, parser: null, listener: null, entries: new Map() }
  filters.set(key, filter)
  return filter
}

function strongerListener(a: Filter['listener'], b: Filter['listener']): Filter['listener'] {
  if (a === null || b === null) return a ?? b
  return b.priority < a.priority ? b : a
}

/** No parser gives way to any; TLS gives way to any but DNS and a custom listener. */
function mergedParser(a: Parser | null, b: Parser | null): Parser | null | 'conflict' {
  if (a === b || b === null) return a
  if (a === null || (a === 'tls' && absorbsTls(b))) return b
  if (b === 'tls' && absorbsTls(a)) return a
  return 'conflict'
}

function absorbsTls(parser: Parser): boolean {
  return parser !== 'dns' && parser !== 'crd'
}

/** The reason why it cannot be merged, or null. */
function mergeEntry(filter: Filter, selector: CachedSelector, wanted: Content, origin: string): string | null {
  const entry = filter.entries.get(selector)
  if (entry === undefined) {
    filter.entries.set(selector, { selector, content: wanted, origins: [origin] })
    return null
  }
  if (selector.text === NOBODY.text) return null
  if (entry.content.kind === 'deny' && wanted.kind !== 'deny') return null
  const merged = wanted.kind === 'deny' ? wanted : mergedAllow(entry.content, wanted)
  if (typeof merged === 'string') return `${merged} for ${selector.text}`
  if (merged.kind !== entry.content.kind) entry.origins = [origin]
  else if (merged.kind === wanted.kind) entry.origins.push(origin)
  entry.content = merged
  return null
}

function mergedAllow(a: Content, b: Content): Content | string {
  if (a === b) return a
  if (a.auth !== null && b.auth !== null && a.auth !== b.auth)
    return `cannot merge conflicting authentication types (${a.auth}/${b.auth})`
  if (!mergeable(a.terminatingTls, b.terminatingTls)) return 'cannot merge conflicting terminating TLS contexts'
  if (!mergeable(a.originatingTls, b.originatingTls)) return 'cannot merge conflicting originating TLS contexts'
  const serverNames = [...new Set([...a.serverNames, ...b.serverNames])].toSorted()
  const terminatingTls = a.terminatingTls ?? b.terminatingTls
  if (serverNames.length > 0 && hasRules(a.l7) && terminatingTls === null && !sameText(a, b))
    return 'cannot merge L7 rules with server names without terminating TLS'
  return {
    kind: a.kind === 'redirect' || b.kind === 'redirect' ? 'redirect' : 'allow',
    l7: mergedL7(a.l7, b.l7),
    terminatingTls,
    originatingTls: a.originatingTls ?? b.originatingTls,
    serverNames,
    auth: a.auth ?? b.auth,
  }
}

function sameText(a: Content, b: Content): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function mergeable(a: TlsContextMessage | null, b: TlsContextMessage | null): boolean {
  return a === null || b === null || JSON.stringify(a) === JSON.stringify(b)
}

function hasRules(l7: L7Content | null): boolean {
  return l7 !== null && l7.lines.length > 0
}

function mergedL7(a: L7Content | null, b: L7Content | null): L7Content | null {
  if (a === null || !hasRules(a)) return b === null || !hasRules(b) ? (a ?? b) : withWildcard(b)
  if (b === null || !hasRules(b)) return withWildcard(a)
  return mergedContent(a, b)
}

/** What stands in the filter already (enough to find it) and the element that does not fit. */
function originsOf(filter: Filter, element: CompiledElement): readonly string[] {
  const standing = [...filter.entries.values()]
    .slice(0, CONFLICT_ORIGINS_MAX)
    .flatMap(({ origins }) => origins.slice(0, 1))
  return [...new Set([...standing, element.origin])].toSorted()
}

/** A conflict names this many of the elements that were there before. */
const CONFLICT_ORIGINS_MAX = 8

function conflictOf(code: string, reason: string, origins: readonly string[]): Conflict {
  return { kind: 'conflict', conflict: { kind: 'unresolvable', code, reason, origins } }
}
