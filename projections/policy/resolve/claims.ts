/**
 * What the filters claim of the policy map: for each selector the keys that it wants and how strongly.
 *
 * Precedences are those of current Cilium (pkg/policy/types/entry.go) at priority 0: a deny is the highest word, below it redirects by the
 * priority of their listener, then plain allows. An allow of the lowest tier stands for "what no rule says is allowed".
 */
import type { Direction } from '../../../events/fields.ts'
import { PRECEDENCE_DENY_MAX } from '../../datapath/policy-map.ts'
import type { DesiredRedirect, Parser } from '../desired.ts'
import type { CachedSelector } from '../select/cached-selector.ts'
import type { Filter, FilterEntry } from './filters.ts'
import { portPrefixes } from './port-range.ts'

export type Claim = {
  /** `tailOf` each key: what stands behind direction and identity. */
  readonly tails: readonly number[]
  readonly verdict: 'allow' | 'deny' | 'redirect'
  readonly precedence: number
  /** Null where the element does not speak of authentication. */
  readonly auth: number | null
  readonly redirect: string | null
  readonly origins: readonly string[]
}

export type Claims = {
  readonly everyone: readonly Claim[]
  readonly bySelector: ReadonlyMap<CachedSelector, readonly Claim[]>
  readonly redirects: ReadonlyMap<string, DesiredRedirect>
}

export const PRECEDENCE_ALLOW = 0xffff_ff01
/** One priority lower than every rule. */
export const PRECEDENCE_DEFAULT_ALLOW = 0xffff_fe01

/** A filter with its port as numbers, and the redirect for those of its entries that go to the proxy. */
export type PlacedFilter = {
  readonly filter: Filter
  readonly first: number
  readonly last: number
  readonly redirect: DesiredRedirect
}

/** Without those whose port name means no port. */
export function placedFilters(
  filters: readonly Filter[],
  direction: Direction,
  portOf: (name: string, protocol: number) => number | null,
): readonly PlacedFilter[] {
  const redirects = new Map<string, DesiredRedirect>()
  return filters.flatMap((filter) => {
    const range = rangeOf(filter, portOf)
    if (range === null) return []
    const redirect = redirectOf(filter, { ...range, direction }, redirects)
    if (filter.parser !== null) redirects.set(redirect.id, redirect)
    return [{ filter, ...range, redirect }]
  })
}

export function claimsOf(placed: readonly PlacedFilter[]): Claims {
  const bySelector = new Map<CachedSelector, Claim[]>()
  const everyone: Claim[] = []
  const redirects = new Map<string, DesiredRedirect>()
  for (const one of placed) {
    const tails = tailsOf(one)
    for (const entry of one.filter.entries.values()) {
      const claim = claimOf(one.filter, entry, { tails, redirect: one.redirect.id })
      if (claim.verdict === 'redirect') redirects.set(one.redirect.id, one.redirect)
      const list = entry.selector.everyone ? everyone : bySelector.get(entry.selector)
      if (list === undefined) bySelector.set(entry.selector, [claim])
      else list.push(claim)
    }
  }
  return { everyone, bySelector, redirects }
}

/** Protocol, port and number of port bits in one number, in the order of policy map keys. */
export function tailOf(protocol: number, port: number, bits: number): number {
  return (protocol * PORTS + port) * BITS + bits
}

export function tailParts(tail: number): { readonly protocol: number; readonly port: number; readonly bits: number } {
  const bits = tail % BITS
  const rest = (tail - bits) / BITS
  const port = rest % PORTS
  return { protocol: (rest - port) / PORTS, port, bits }
}

/** Any protocol, any port. */
export const TAIL_ANY = 0

const PORTS = 0x1_0000
const BITS = 32

const AUTH_TYPES = { disabled: 0, required: 1, 'test-always-fail': 2 } as const

function claimOf(
  filter: Filter,
  { content, origins }: FilterEntry,
  { tails, redirect }: { readonly tails: readonly number[]; readonly redirect: string },
): Claim {
  const auth = content.auth === null ? null : AUTH_TYPES[content.auth]
  switch (content.kind) {
    case 'deny':
      return { tails, verdict: 'deny', precedence: PRECEDENCE_DENY_MAX, auth: null, redirect: null, origins }
    case 'allow':
      return { tails, verdict: 'allow', precedence: PRECEDENCE_ALLOW, auth, redirect: null, origins }
    case 'redirect':
      return { tails, verdict: 'redirect', precedence: redirectPrecedence(filter), auth, redirect, origins }
  }
}

export function redirectPrecedence({ parser, listener }: Filter): number {
  const priority = parser === 'crd' && listener !== null ? listener.priority : LISTENER_PRIORITIES[parserClass(parser)]
  return 0xffff_ff00 + (255 - priority)
}

/** Cilium's default listener priorities: a lower number is stronger. */
const LISTENER_PRIORITIES = { http: 101, kafka: 106, proxylib: 111, tls: 116, dns: 121, crd: 126 } as const

function parserClass(parser: Parser | null): keyof typeof LISTENER_PRIORITIES {
  if (parser === null || parser === 'tls') return 'tls'
  return parser === 'http' || parser === 'kafka' || parser === 'dns' || parser === 'crd' ? parser : 'proxylib'
}

export type PortRange = { readonly first: number; readonly last: number }

/** Zero to zero is every port. Null where the name means no port. */
export function rangeOf(
  { port, protocol }: Pick<Filter, 'port' | 'protocol'>,
  portOf: (name: string, protocol: number) => number | null,
): PortRange | null {
  if (port.kind === 'any') return { first: 0, last: 0 }
  if (port.kind === 'range') return { first: port.first, last: port.last }
  const number = portOf(port.name, protocol)
  return number === null ? null : { first: number, last: number }
}

function tailsOf({ filter, first, last }: PlacedFilter): readonly number[] {
  if (filter.port.kind === 'any') return [tailOf(filter.protocol, 0, 0)]
  return portPrefixes(first, last).map(({ port, bits }) => tailOf(filter.protocol, port, bits))
}

const REDIRECT_PROTOCOLS: ReadonlyMap<number, DesiredRedirect['protocol']> = new Map([
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
])

/**
 * Cilium's proxyID without the endpoint. Where a named and a numbered port mean the same place but want different parsers, the later one
 * says its parser in the place of the listener.
 */
function redirectOf(
  filter: Filter,
  { direction, first, last }: PortRange & { readonly direction: Direction },
  known: ReadonlyMap<string, DesiredRedirect>,
): DesiredRedirect {
  const protocol = REDIRECT_PROTOCOLS.get(filter.protocol) ?? 'TCP'
  const parser = filter.parser ?? 'tls'
  const place = `${direction}:${protocol}:${first === last ? first : `${first}-${last}`}`
  const plain = `${place}:${filter.listener?.name ?? ''}`
  const taken = known.get(plain)
  const id = taken === undefined || taken.parser === parser ? plain : `${place}:${parser}`
  return { id, direction, protocol, port: first, parser }
}
