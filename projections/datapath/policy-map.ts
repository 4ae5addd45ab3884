/**
 * The policy map that an endpoint should have, and how it is compared.
 *
 * Invariants:
 * 1. A key appears once; entries are in canonical order, so equal maps have equal digests.
 * 2. A redirect names a proxy port; deny and allow never do.
 * 3. A redirect whose proxy port is not known becomes a deny: a missing proxy never opens a port.
 */
import { digestOf } from '../../events/canonical.ts'
import type { PolicyMapDelta, PolicyMapKey, PolicyMapValue } from '../../events/fields.ts'
import { type Digest, IdentityId, type Port } from '../../events/ids.ts'
import type { DesiredEntry } from '../policy/desired.ts'

export type PolicyMapEntry = { readonly key: PolicyMapKey; readonly value: PolicyMapValue }

/** By `policyMapKeyText`. */
export type PolicyMap = ReadonlyMap<string, PolicyMapEntry>

export const EMPTY_POLICY_MAP: PolicyMap = new Map()

/** What an entry is said to come from that was found in the kernel and that nobody on the log has asked for. */
export const FOUND_ORIGIN = 'reserved:found'

/** Cilium's precedence of a deny at priority 0 (pkg/policy/types/entry.go). */
export const PRECEDENCE_DENY_MAX = 0xffff_ffff

/** One word for a key, unique. */
export function policyMapKeyText({ direction, identity, protocol, port, portBits }: PolicyMapKey): string {
  return `${direction === 'egress' ? 'e' : 'i'}:${identity}:${protocol}:${port}/${portBits}`
}

/** Throws `TypeError` where `text` is not the word of a key. */
export function policyMapKeyOf(text: string): PolicyMapKey {
  if (!KEY_TEXT.test(text)) throw new TypeError(`${text} is not <i|e>:<identity>:<protocol>:<port>/<prefix bits>`)
  // Whole maps are read from such words: cutting it is half the work of taking what the expression found.
  const protocol = text.indexOf(':', 2) + 1
  const port = text.indexOf(':', protocol) + 1
  const bits = text.indexOf('/', port) + 1
  return {
    direction: text.startsWith('e') ? 'egress' : 'ingress',
    identity: IdentityId(Number(text.slice(2, protocol - 1))),
    protocol: Number(text.slice(protocol, port - 1)),
    port: Number(text.slice(port, bits - 1)),
    portBits: Number(text.slice(bits)),
  }
}

const KEY_TEXT = /^[ie]:[0-9]+:[0-9]+:[0-9]+\/[0-9]+$/

/** Ingress first, then identity, protocol, port, prefix length; all ascending. */
export function comparePolicyMapKeys(a: PolicyMapKey, b: PolicyMapKey): number {
  return (
    Number(a.direction === 'egress') - Number(b.direction === 'egress') ||
    a.identity - b.identity ||
    a.protocol - b.protocol ||
    a.port - b.port ||
    a.portBits - b.portBits
  )
}

const PORT_BITS_MAX = 16
const AUTH_TYPE_MAX = 0x7f

/** Throws `TypeError` where a trie would take the key and never find it as it is meant: a port below an open protocol, bits beyond the prefix. */
export function checkPolicyMapKey({ protocol, port, portBits }: PolicyMapKey): void {
  const open = PORT_BITS_MAX - portBits
  const inTrie = portBits >= 0 && open >= 0 && (protocol !== 0 || portBits === 0) && protocol <= 0xff
  if (!inTrie || (port & ((1 << open) - 1)) !== 0) {
    throw new TypeError(`policy key protocol ${protocol} port ${port}/${portBits} cannot be in the trie`)
  }
}

/** Throws `TypeError` for a redirect to nowhere, another verdict with a port, and an authentication type that has no room. */
export function checkPolicyMapValue({
  verdict,
  proxyPort,
  authType,
}: Pick<PolicyMapValue, 'verdict' | 'proxyPort' | 'authType'>): void {
  if ((verdict === 'redirect') !== (proxyPort !== 0)) throw new TypeError(`${verdict} with proxy port ${proxyPort}`)
  if (authType < 0 || authType > AUTH_TYPE_MAX) throw new TypeError(`auth type ${authType} has no room in 7 bits`)
}

/** The entries with the proxy ports at hand, by redirect id. */
export function policyMapOf(entries: readonly DesiredEntry[], proxyPorts: ReadonlyMap<string, Port>): PolicyMap {
  const map = new Map<string, PolicyMapEntry>()
  for (const entry of entries)
    map.set(policyMapKeyText(entry.key), { key: entry.key, value: entryValue(entry, proxyPorts) })
  return map
}

/** Of keys and of what the kernel holds for them (verdict, proxy port, precedence, auth type): origins are not part of it. */
export function policyMapDigest(map: PolicyMap): Digest {
  const rows = sortedEntries(map).map(({ key, value }) => [
    policyMapKeyText(key),
    value.verdict,
    value.proxyPort,
    value.precedence,
    value.authType,
  ])
  return digestOf(rows)
}

export function sortedEntries(map: PolicyMap): readonly PolicyMapEntry[] {
  return [...map.values()].toSorted((a, b) => comparePolicyMapKeys(a.key, b.key))
}

/** What turns `before` into `after`, in canonical order. An entry that differs in its origins only is a delta too. */
export function policyMapDiff(before: PolicyMap, after: PolicyMap): readonly PolicyMapDelta[] {
  const deltas: PolicyMapDelta[] = []
  for (const [text, { key, value }] of after) {
    const old = before.get(text)?.value ?? null
    if (old === null || !sameValue(old, value)) deltas.push({ key, before: old, after: value })
  }
  for (const [text, { key, value }] of before) {
    if (!after.has(text)) deltas.push({ key, before: value, after: null })
  }
  return deltas.toSorted((a, b) => comparePolicyMapKeys(a.key, b.key))
}

export function applyPolicyMapDeltas(map: PolicyMap, deltas: readonly PolicyMapDelta[]): PolicyMap {
  const next = new Map(map)
  takePolicyMapDeltas(next, deltas)
  return next
}

/** The same on a map that nobody else holds: its cost is that of the deltas, not of the map. */
export function takePolicyMapDeltas(map: Map<string, PolicyMapEntry>, deltas: readonly PolicyMapDelta[]): void {
  for (const { key, after } of deltas) {
    if (after === null) map.delete(policyMapKeyText(key))
    else map.set(policyMapKeyText(key), { key, value: after })
  }
}

/** The same for the kernel: origins do not count. */
export function sameInKernel(a: PolicyMapValue, b: PolicyMapValue): boolean {
  return (
    a.verdict === b.verdict && a.proxyPort === b.proxyPort && a.precedence === b.precedence && a.authType === b.authType
  )
}

function sameValue(a: PolicyMapValue, b: PolicyMapValue): boolean {
  return sameInKernel(a, b) && a.origins.length === b.origins.length && a.origins.every((o, i) => o === b.origins[i])
}

function entryValue(entry: DesiredEntry, proxyPorts: ReadonlyMap<string, Port>): PolicyMapValue {
  const { verdict, precedence, authType, redirect, origins } = entry
  if (verdict !== 'redirect') return { verdict, proxyPort: 0, precedence, authType, origins }
  const proxyPort = redirect === null ? undefined : proxyPorts.get(redirect)
  if (proxyPort !== undefined) return { verdict, proxyPort, precedence, authType, origins }
  return { verdict: 'deny', proxyPort: 0, precedence: PRECEDENCE_DENY_MAX, authType: 0, origins }
}
