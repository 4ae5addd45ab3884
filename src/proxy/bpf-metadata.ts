/**
 * The listener filter cilium.bpf_metadata: who talks to whom on an accepted connection, whose policy decides, and how the upstream socket must look
 * so that the datapath knows it again.
 *
 * The original destination is the accepted socket's own address (TPROXY and sk_assign leave it there). The source's identity is what the datapath
 * recorded in conntrack, else what the ipcache says, else world.
 */
import { IdentityId, type IpAddress } from '../../events/ids.ts'
import type { BpfMetadataMessage } from '../../projections/xds/messages.ts'
import type { ConnectionTuple, IdentitySource } from '../ports/proxy.ts'
import type { LivePolicies } from './live-policies.ts'

export type Party = { readonly address: IpAddress; readonly port: number; readonly identity: IdentityId }

export type ConnectionMetadata = {
  readonly direction: 'ingress' | 'egress'
  /** The listener's port, which rules name as `proxyId`. */
  readonly proxyPort: number
  /** Address of the endpoint whose policy decides: the destination on ingress, the source on egress. */
  readonly endpoint: IpAddress
  readonly source: Party
  readonly destination: Party
  /** Identity of the other side, which rules name. */
  readonly remote: IdentityId
  readonly upstream: UpstreamSocket
}

/** What TransparentSockets.connect takes. */
export type UpstreamSocket = {
  readonly destination: IpAddress
  readonly destinationPort: number
  /** Null: the proxy's own. */
  readonly source: IpAddress | null
  readonly mark: number
}

const WORLD = IdentityId(2)
const UNKNOWN = IdentityId(0)
/** Cilium's MARK_MAGIC_PROXY_INGRESS and MARK_MAGIC_PROXY_EGRESS (bpf/lib/common.h). */
const MARK = { ingress: 0x0a00, egress: 0x0b00 } as const
/** Identities of prefixes are local to the node: bits 24 and up are 1. */
const LOCAL_SCOPE = 0x0100_0000
const SCOPE_MASK = 0xff00_0000

export function connectionMetadata(
  config: Pick<BpfMetadataMessage, 'isIngress' | 'proxyId' | 'useNphds' | 'useOriginalSourceAddress'>,
  tuple: ConnectionTuple,
  { identities, policies }: { readonly identities: IdentitySource; readonly policies: LivePolicies },
): ConnectionMetadata {
  const direction = config.isIngress ? 'ingress' : 'egress'
  const byAddress = (address: IpAddress): IdentityId | null =>
    config.useNphds ? policies.identityOf(address) : identities.fromIpcache(address)
  const recorded = identities.fromConntrack(tuple, direction)
  const source = (recorded === UNKNOWN ? null : recorded) ?? byAddress(tuple.source) ?? WORLD
  const known = byAddress(tuple.destination)
  const destination = known ?? (direction === 'egress' ? WORLD : UNKNOWN)
  const keepsSource =
    config.useOriginalSourceAddress &&
    (direction === 'ingress' || mayKeepSource(destination, policies.policyOf(tuple.destination) !== null))
  return {
    direction,
    proxyPort: config.proxyId,
    endpoint: direction === 'ingress' ? tuple.destination : tuple.source,
    source: { address: tuple.source, port: tuple.sourcePort, identity: source },
    destination: { address: tuple.destination, port: tuple.destinationPort, identity: destination },
    remote: direction === 'ingress' ? source : destination,
    upstream: {
      destination: tuple.destination,
      destinationPort: tuple.destinationPort,
      source: keepsSource ? tuple.source : null,
      mark: proxyMark(direction, source),
    },
  }
}

/** Lower 16 bits of the identity in bits 16 to 31, its bits 16 to 23 in bits 0 to 7. */
export function proxyMark(direction: 'ingress' | 'egress', identity: IdentityId): number {
  return ((((identity & 0xffff) << 16) >>> 0) + (MARK[direction] | ((identity >>> 16) & 0xff))) >>> 0
}

/** On egress: towards the outside the address is masqueraded anyway, and on this node replies would not come back to the proxy. */
function mayKeepSource(destination: IdentityId, onThisNode: boolean): boolean {
  const prefix = (destination & SCOPE_MASK) >>> 0 === LOCAL_SCOPE
  return !onThisNode && !prefix && destination !== WORLD
}
