/** The kernel's tables as `cilium bpf …` prints them (cilium-dbg/cmd/bpf_policy_get.go, bpf_ipcache_list.go of current Cilium). */
import type { EventOf } from '../../../events/catalogue.ts'
import type { PolicyMapKey } from '../../../events/fields.ts'
import { type PolicyMap, type PolicyMapEntry, sortedEntries } from '../../../projections/datapath/policy-map.ts'
import { CILIUM_TABLE, table, withLabels } from './table.ts'

const ICMP: readonly number[] = [1, 58]
const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' }
const AUTH_TYPES: readonly string[] = ['disabled', 'spire', 'test-always-fail']
const EMPTY_MAP = 'Policy stats empty. Perhaps the policy enforcement is disabled?\n'
/** The protocol's bits in the LPM prefix, before those of the port. */
const PROTOCOL_BITS = 8

export type PolicyTableOptions = {
  /** Null prints identities as numbers (`-n`). */
  readonly labelsOf: ((identity: number) => readonly string[]) | null
}

/** Counters are not on the log, so BYTES and PACKETS are `-`, as in Cilium without policy accounting. */
export function policyTable(map: PolicyMap, { labelsOf }: PolicyTableOptions): string {
  if (map.size === 0) return EMPTY_MAP
  const peers = labelsOf === null ? 'IDENTITY' : 'LABELS (source:key[=value])'
  const header = ['POLICY', 'DIRECTION', peers, 'PORT/PROTO', 'PROXY PORT', 'AUTH TYPE', 'BYTES', 'PACKETS', 'PREFIX']
  const rows = sortedEntries(map)
    .toSorted((a, b) => Number(b.value.verdict === 'deny') - Number(a.value.verdict === 'deny'))
    .flatMap((entry) => withLabels(peerLabels(entry, labelsOf), (label) => policyRow(entry, label)))
  return table([header, ...rows], CILIUM_TABLE)
}

export function ipcacheTable(entries: readonly EventOf<'IpcacheUpserted'>[]): string {
  const rows = entries.map(({ prefix, identity, encryptKey, tunnelEndpoint, skipTunnel }) => [
    prefix,
    `identity=${identity} encryptkey=${encryptKey} tunnelendpoint=${tunnelEndpoint ?? '0.0.0.0'} flags=${skipTunnel ? 'skiptunnel' : '<none>'}`,
  ])
  return table([['IP PREFIX/ADDRESS', 'IDENTITY'], ...rows], CILIUM_TABLE)
}

function policyRow({ key, value }: PolicyMapEntry, peer: string): readonly string[] {
  return [
    value.verdict === 'deny' ? 'Deny' : 'Allow',
    key.direction === 'ingress' ? 'Ingress' : 'Egress',
    peer,
    portText(key),
    value.proxyPort === 0 ? 'NONE' : String(value.proxyPort),
    AUTH_TYPES[value.authType] ?? String(value.authType),
    '-',
    '-',
    String(key.protocol === 0 ? 0 : PROTOCOL_BITS + key.portBits),
  ]
}

function peerLabels({ key }: PolicyMapEntry, labelsOf: PolicyTableOptions['labelsOf']): readonly string[] {
  if (labelsOf === null) return [String(key.identity)]
  if (key.identity === 0) return ['ANY']
  const labels = labelsOf(key.identity)
  return labels.length === 0 ? [String(key.identity)] : labels
}

/** `ANY`, `80/TCP`, a range `80-95/TCP`, for ICMP the type. */
export function portText({ protocol, port, portBits }: PolicyMapKey): string {
  const name = PROTOCOLS[protocol] ?? String(protocol)
  if (portBits === 0 && !ICMP.includes(protocol)) return protocol === 0 ? 'ANY' : `ANY/${name}`
  const last = port + 2 ** (16 - portBits) - 1
  return last === port || ICMP.includes(protocol) ? `${port}/${name}` : `${port}-${last}/${name}`
}
