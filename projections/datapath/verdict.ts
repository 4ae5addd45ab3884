/**
 * What a policy map says about one packet: the lookup of bpf/ in plain words (Cilium bpf/lib/policy.h, main).
 *
 * Two longest-prefix lookups, one for the remote identity and one for identity 0. The higher precedence wins; at equal precedence
 * the longer prefix; then the identity's own entry. An own entry of the highest precedence decides alone. No entry at all is a drop.
 */
import type { Direction } from '../../events/fields.ts'
import { type PolicyMap, type PolicyMapEntry, PRECEDENCE_DENY_MAX } from './policy-map.ts'

export type Probe = {
  readonly direction: Direction
  /** Of the other side. */
  readonly identity: number
  /** IP protocol number. */
  readonly protocol: number
  /** Destination port; for ICMP the type. */
  readonly port: number
}

/** Which parts of the key decided; Cilium's monitor names. */
export type MatchType = 'none' | 'L3-Only' | 'L3-L4' | 'L4-Only' | 'all' | 'L3-Proto' | 'Proto-Only'

export type ProbeVerdict = {
  readonly verdict: 'allow' | 'deny' | 'redirect'
  /** Null where nothing matches. */
  readonly entry: PolicyMapEntry | null
  readonly matchType: MatchType
}

export function policyVerdict(map: PolicyMap, probe: Probe): ProbeVerdict {
  const index = indexOf(map)
  const own = longest(index, probe, probe.identity)
  const wildcard = probe.identity === 0 ? null : longest(index, probe, 0)
  const entry = preferred(own, wildcard)
  if (entry === null) return { verdict: 'deny', entry: null, matchType: 'none' }
  return { verdict: entry.value.verdict, entry, matchType: matchTypeOf(entry) }
}

/**
 * The authentication that a packet needs, 0 for none: what the deciding entry says, or where it says nothing the other entry's at the same precedence.
 * Nothing here can authenticate a peer, so anything else than 0 is a drop (189), as in bpf/lib/policy.h.
 */
export function requiredAuthType(map: PolicyMap, probe: Probe): number {
  const index = indexOf(map)
  const own = longest(index, probe, probe.identity)
  const wildcard = probe.identity === 0 ? null : longest(index, probe, 0)
  const chosen = preferred(own, wildcard)
  const other = chosen === own ? wildcard : own
  if (chosen === null) return 0
  if (chosen.value.authType !== 0 || other === null || other.value.precedence !== chosen.value.precedence) {
    return chosen.value.authType
  }
  return other.value.authType
}

/** Of the fixed part (identity and direction) nothing is ever a prefix: 0 any protocol, 8 a protocol, 9 to 24 with port bits. */
function lpmLength({ protocol, portBits }: PolicyMapEntry['key']): number {
  return protocol === 0 ? 0 : 8 + portBits
}

/** By `slot`, then by `tail`. */
type LookupIndex = ReadonlyMap<number, ReadonlyMap<number, PolicyMapEntry>>

/** Maps are values, so an index made once stays true. */
const INDEXES: WeakMap<PolicyMap, LookupIndex> = new WeakMap()

function indexOf(map: PolicyMap): LookupIndex {
  const known = INDEXES.get(map)
  if (known !== undefined) return known
  const index = new Map<number, Map<number, PolicyMapEntry>>()
  for (const entry of map.values()) {
    const { direction, identity, protocol, port, portBits } = entry.key
    const at = slot(direction, identity)
    const tails = index.get(at) ?? new Map<number, PolicyMapEntry>()
    tails.set(tail(protocol, port, portBits), entry)
    index.set(at, tails)
  }
  INDEXES.set(map, index)
  return index
}

function longest(index: LookupIndex, { direction, protocol, port }: Probe, identity: number): PolicyMapEntry | null {
  const tails = index.get(slot(direction, identity))
  if (tails === undefined) return null
  for (let bits = 16; bits >= 0; bits--) {
    const entry = tails.get(tail(protocol, port & (0xffff << (16 - bits)), bits))
    if (entry !== undefined) return entry
  }
  return tails.get(tail(0, 0, 0)) ?? null
}

function preferred(own: PolicyMapEntry | null, wildcard: PolicyMapEntry | null): PolicyMapEntry | null {
  if (own === null || wildcard === null) return own ?? wildcard
  // Nothing can be above it, so the program does not ask further.
  if (own.value.precedence === PRECEDENCE_DENY_MAX) return own
  const byPrecedence = wildcard.value.precedence - own.value.precedence
  if (byPrecedence !== 0) return byPrecedence > 0 ? wildcard : own
  return lpmLength(wildcard.key) > lpmLength(own.key) ? wildcard : own
}

function matchTypeOf({ key }: PolicyMapEntry): MatchType {
  const length = lpmLength(key)
  if (key.identity === 0) return length > 8 ? 'L4-Only' : length > 0 ? 'Proto-Only' : 'all'
  return length > 8 ? 'L3-L4' : length > 0 ? 'L3-Proto' : 'L3-Only'
}

function slot(direction: Direction, identity: number): number {
  return identity * 2 + Number(direction === 'egress')
}

function tail(protocol: number, port: number, bits: number): number {
  return (protocol * 0x1_0000 + port) * 32 + bits
}
