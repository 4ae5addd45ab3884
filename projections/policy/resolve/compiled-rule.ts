/**
 * A rule made ready for resolution: its selectors are in the cache, its elements are spread over the ports that they speak of.
 *
 * Spreading is Cilium's (pkg/policy/rule.go): peers without ports are one L3-only slot, ports without peers are for everyone, a
 * port without protocol is three slots, and an element with neither says nothing.
 */
import type { Direction } from '../../../events/fields.ts'
import type { LabelRequirement, PolicyElement, PolicyRule, PortProtocol, PortRule } from '../rule.ts'
import type { CachedSelector } from '../select/cached-selector.ts'
import { EVERYONE, isWholeFamily, labelSelector, type SelectorOptions, selectorsOf, WORLD } from '../select/selector.ts'
import type { SelectorCache } from '../select/selector-cache.ts'

export type CompiledRule = {
  /** Resource key. */
  readonly key: string
  /** Rises with every rule that is set; resolution goes in this order. */
  readonly order: number
  readonly rule: PolicyRule
  readonly subject: CachedSelector
  /** Allow elements, then deny elements, as Cilium merges them. */
  readonly elements: { readonly [D in Direction]: readonly CompiledElement[] }
  readonly usesSecrets: boolean
}

export type CompiledElement = {
  readonly direction: Direction
  readonly deny: boolean
  /** `<resource key>#<pointer>` */
  readonly origin: string
  readonly element: PolicyElement
  /** Everyone where no peers are named; nobody where the list is empty. */
  readonly peers: readonly CompiledPeer[]
  readonly requires: readonly LabelRequirement[]
  readonly slots: readonly Slot[]
  /** The rule does not switch on default deny: its L7 rules must not deny either. */
  readonly neverDenies: boolean
}

export type CompiledPeer = {
  readonly selector: CachedSelector
  /** Requirements narrow only peers given as endpoints. */
  readonly narrows: boolean
}

/** Where an element applies: what merges with other elements on the same `key`. */
export type Slot = {
  /** `80/TCP`, `80-90/TCP`, `http/TCP`; `0/ANY` for L3 only. */
  readonly key: string
  /** IP protocol number, 0 for any. */
  readonly protocol: number
  readonly port: PortProtocol['port']
  readonly rule: PortRule | null
}

export const PROTOCOL_NUMBERS = { ANY: 0, TCP: 6, UDP: 17, SCTP: 132, ICMP: 1, ICMPv6: 58 } as const

export function compileRule(
  rule: PolicyRule,
  context: {
    readonly key: string
    readonly order: number
    readonly cache: SelectorCache
    readonly options: SelectorOptions
  },
): CompiledRule {
  const compile = (direction: Direction): readonly CompiledElement[] => [
    ...rule[direction].map((element) => compileElement(rule, element, { ...context, direction, deny: false })),
    ...rule[`${direction}Deny`].map((element) => compileElement(rule, element, { ...context, direction, deny: true })),
  ]
  return {
    key: context.key,
    order: context.order,
    rule,
    subject: context.cache.acquire(labelSelector(rule.subject.selector)),
    elements: { ingress: compile('ingress'), egress: compile('egress') },
    usesSecrets: [...rule.ingress, ...rule.egress].some((element) => (element.ports ?? []).some(usesSecrets)),
  }
}

export function releaseRule({ subject, elements }: CompiledRule, cache: SelectorCache): void {
  cache.release(subject)
  for (const { peers } of [...elements.ingress, ...elements.egress]) {
    for (const { selector } of peers) cache.release(selector)
  }
}

/** What the options forbid: such a policy is refused before it gets here, or what it selects is not resolved. */
export function forbiddenFeatures(
  rule: PolicyRule,
  options: { readonly enableL7Proxy: boolean; readonly enableIcmpRules: boolean },
): readonly string[] {
  const elements = [...rule.ingress, ...rule.egress, ...rule.ingressDeny, ...rule.egressDeny]
  const l7 = elements.some(({ ports }) => (ports ?? []).some((port) => port.l7 !== null))
  const icmp = elements.some(({ icmps }) => (icmps ?? []).length > 0)
  return [
    ...(l7 && !options.enableL7Proxy ? ['L7 rules need the L7 proxy, which is switched off'] : []),
    ...(icmp && !options.enableIcmpRules ? ['ICMP rules are switched off'] : []),
  ]
}

type ElementContext = {
  readonly key: string
  readonly cache: SelectorCache
  readonly options: SelectorOptions
  readonly direction: Direction
  readonly deny: boolean
}

function compileElement(rule: PolicyRule, element: PolicyElement, context: ElementContext): CompiledElement {
  const { key, cache, options, direction, deny } = context
  const peers = element.peers?.flatMap((peer) =>
    selectorsOf(peer, options)
      .flatMap((selector) => (deny && isWholeFamily(selector) ? [selector, WORLD] : [selector]))
      .map((selector) => ({ selector: cache.acquire(selector), narrows: peer.kind === 'endpoints' })),
  )
  return {
    direction,
    deny,
    origin: `${key}#${element.pointer}`,
    element,
    peers: peers ?? [{ selector: cache.acquire(EVERYONE), narrows: false }],
    requires: element.requires.flatMap(({ requirements }) => requirements),
    slots: slotsOf(element, deny ? 'deny' : 'allow'),
    neverDenies: !rule.defaultDeny[direction],
  }
}

/**
 * Two things that Cilium 1.13 takes more broadly than they read hold so in a deny, where broader is safer: ICMP type 0 is every type there, and
 * all addresses of one family are all of the world.
 */
function slotsOf({ peers, ports, icmps }: PolicyElement, verdict: 'allow' | 'deny'): readonly Slot[] {
  if (ports === null && icmps === null) {
    return peers === null ? [] : [{ key: '0/ANY', protocol: 0, port: { kind: 'any' }, rule: null }]
  }
  const icmpSlots = (icmps ?? []).map(({ family, type }): Slot => {
    const name = family === 'IPv4' ? 'ICMP' : 'ICMPv6'
    const every = verdict === 'deny' && type === 0
    const port = every ? ({ kind: 'any' } as const) : ({ kind: 'range', first: type, last: type } as const)
    return { key: `${every ? 'any' : type}/${name}`, protocol: PROTOCOL_NUMBERS[name], port, rule: null }
  })
  return [...(ports ?? []).flatMap((rule) => rule.ports.flatMap((port) => portSlots(port, rule))), ...icmpSlots]
}

const PORT_PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const

function portSlots({ port, protocol }: PortProtocol, rule: PortRule): readonly Slot[] {
  const protocols = protocol === 'ANY' ? PORT_PROTOCOLS : [protocol]
  return protocols.map((name) => ({
    key: `${portText(port)}/${name}`,
    protocol: PROTOCOL_NUMBERS[name],
    port,
    rule: isPlain(rule) ? null : rule,
  }))
}

function portText(port: PortProtocol['port']): string {
  if (port.kind === 'any') return '0'
  if (port.kind === 'named') return port.name
  return port.first === port.last ? String(port.first) : `${port.first}-${port.last}`
}

function isPlain({ l7, terminatingTls, originatingTls, serverNames, listener }: PortRule): boolean {
  return (
    l7 === null && terminatingTls === null && originatingTls === null && serverNames.length === 0 && listener === null
  )
}

function usesSecrets({ l7, terminatingTls, originatingTls }: PortRule): boolean {
  if (terminatingTls !== null || originatingTls !== null) return true
  return (
    l7?.kind === 'http' && l7.rules.some(({ headerMatches }) => headerMatches.some(({ secret }) => secret !== null))
  )
}
