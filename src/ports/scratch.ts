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
  readonly sourcePort: number
  /** For ICMP the type. */
  readonly port: number
}

export interface ScratchDatapath extends AsyncDisposable {
  /** As the first packet of a connection, whatever was judged before. Null where the program told no verdict. Throws `DatapathError`. */
  judge(packet: ScratchPacket): Promise<PolicyVerdict | null>
}
