/** A datapath beside the one that enforces: the state of some moment, and packets that its programs judge. Nothing real passes through it. */
import type { Direction } from '../../events/fields.ts'
import type { IpAddress } from '../../events/ids.ts'
import type { PolicyMap } from '../../projections/datapath/policy-map.ts'
import type { EndpointSpec, IpcacheEntry, PolicyVerdict } from './datapath.ts'

export type ScratchState = {
  readonly endpoints: readonly { readonly spec: EndpointSpec; readonly policyMap: PolicyMap }[]
  readonly ipcache: readonly IpcacheEntry[]
}

export type ScratchPacket = {
  /** Seen from the endpoint whose program judges: the source's for egress, the destination's for ingress. */
  readonly direction: Direction
  readonly source: IpAddress
  readonly destination: IpAddress
  readonly protocol: number
  /** For ICMP the number of the request. */
  readonly sourcePort: number
  /** For ICMP the type. */
  readonly port: number
  /** In which direction of a connection: its first packet, or the first answer. */
  readonly role: 'first' | 'answer'
}

export type ScratchAnswer = {
  /** Null where the program told no verdict: what belongs to a known connection passes without one. */
  readonly told: PolicyVerdict | null
  /** The packet goes on its way. */
  readonly passes: boolean
}

export interface ScratchDatapath extends AsyncDisposable {
  /** Connections that were judged before are forgotten. */
  forget(): Promise<void>
  /** Throws `DatapathError`. */
  judge(packet: ScratchPacket): Promise<ScratchAnswer>
}
