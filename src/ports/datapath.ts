/**
 * What decides about packets. Adapters: src/kernel (BPF programs) and src/model (the projections themselves).
 * Every adapter passes test/contract/datapath.ts.
 *
 * Writing is idempotent: upserting what is there and removing what is not are fine.
 */
import type { Observable } from 'rxjs'
import type { PolicyMapKey, PolicyMapValue } from '../../events/fields.ts'
import type { Cidr, Digest, EndpointId, IdentityId, IpAddress, Port } from '../../events/ids.ts'
import type { DatapathMode } from '../../events/node.ts'

export type EndpointSpec = {
  readonly endpoint: EndpointId
  readonly identity: IdentityId
  readonly ipv4: IpAddress | null
  readonly device: string | null
  readonly mac: string | null
  readonly nodeMac: string | null
}

export type LoadedProgram = {
  readonly program: string
  readonly tag: string
  readonly objectDigest: Digest
  readonly device: string
  readonly hook: 'ingress' | 'egress'
  readonly attach: 'tcx' | 'clsact' | 'tail-call'
  readonly pinnedAt: string
}

/** A program at the device of an endpoint, as it is there now. */
export type AttachedProgram = Pick<LoadedProgram, 'program' | 'tag' | 'device' | 'hook'> & {
  readonly endpoint: EndpointId
  readonly attach: 'tcx' | 'clsact'
  /** False: somebody else has put it there. */
  readonly own: boolean
}

/** How the programs find an endpoint. */
export type EnteredEndpoint = {
  readonly endpoint: EndpointId
  readonly identity: IdentityId
  readonly ipv4: IpAddress
}

/** What the kernel holds: no origins there. */
export type KernelPolicyValue = Omit<PolicyMapValue, 'origins'>
export type KernelPolicyEntry = {
  readonly key: PolicyMapKey
  readonly value: KernelPolicyValue
  readonly packets: number
  readonly bytes: number
}

export type IpcacheEntry = {
  readonly prefix: Cidr
  readonly identity: IdentityId
  readonly tunnelEndpoint: IpAddress | null
  readonly encryptKey: number
  readonly skipTunnel: boolean
}

/** One conntrack entry as `cilium bpf ct list global` knows it. Times are seconds of the monotonic clock. */
export type ConntrackEntry = {
  readonly protocol: number
  readonly direction: 'in' | 'out'
  readonly source: IpAddress
  readonly sourcePort: number
  readonly destination: IpAddress
  readonly destinationPort: number
  readonly related: boolean
  readonly expires: number
  readonly rxPackets: number
  readonly rxBytes: number
  readonly rxFlagsSeen: number
  readonly lastRxReport: number
  readonly txPackets: number
  readonly txBytes: number
  readonly txFlagsSeen: number
  readonly lastTxReport: number
  readonly flags: number
  readonly revNat: number
  readonly sourceSecurityId: IdentityId
  readonly ifindex: number
}

/** Why a packet was dropped: Cilium's drop codes, positive (133 Policy denied, 181 by denylist). */
export type PolicyVerdict = {
  readonly endpoint: EndpointId
  readonly direction: 'ingress' | 'egress'
  readonly remoteIdentity: IdentityId
  readonly protocol: number
  readonly source: IpAddress
  readonly sourcePort: number
  readonly destination: IpAddress
  readonly destinationPort: number
  readonly action: 'allow' | 'deny' | 'redirect'
  readonly proxyPort: Port | null
  readonly dropReason: number | null
  readonly matchType: 'none' | 'L3-Only' | 'L3-L4' | 'L4-Only' | 'all' | 'L3-Proto' | 'Proto-Only'
}

export type ProbeReport = {
  readonly release: string
  readonly features: readonly {
    readonly name: string
    readonly available: boolean
    readonly detail: string
    readonly since: string
  }[]
}

export interface Datapath extends AsyncDisposable {
  readonly mode: DatapathMode
  /** Creates the endpoint's map and attaches its programs, replacing older ones without a gap. The map starts empty, which drops everything. */
  attachEndpoint(spec: EndpointSpec): Promise<readonly LoadedProgram[]>
  detachEndpoint(endpoint: EndpointId): Promise<void>
  /** Endpoints that have a policy map, also from before this process. */
  listEndpoints(): Promise<readonly EndpointId[]>
  /** Null where the endpoint has no map. */
  readPolicyMap(endpoint: EndpointId): Promise<readonly KernelPolicyEntry[] | null>
  /** Upserts first, then removals: no allowed packet is dropped in between. */
  writePolicyMap(
    endpoint: EndpointId,
    change: {
      readonly upserts: readonly { readonly key: PolicyMapKey; readonly value: KernelPolicyValue }[]
      readonly removals: readonly PolicyMapKey[]
    },
  ): Promise<void>
  readIpcache(): Promise<readonly IpcacheEntry[]>
  writeIpcache(change: { readonly upserts: readonly IpcacheEntry[]; readonly removals: readonly Cidr[] }): Promise<void>
  readConntrack(): Promise<readonly ConntrackEntry[]>
  /** At the devices of the endpoints that are entered or attached, in this network namespace; none where the datapath has no programs. */
  readPrograms(): Promise<readonly AttachedProgram[]>
  /** In order of id. An endpoint without an IPv4 address is not entered. */
  readEndpoints(): Promise<readonly EnteredEndpoint[]>
  /** Endpoints whose map, the one that `readPolicyMap` reads, is the one that decides. */
  endpointsInForce(): Promise<readonly EndpointId[]>
  /** What is missing of the way from the programs to the proxy, a sentence for each. */
  proxyRouteFaults(): Promise<readonly string[]>
  /** One verdict per connection, and one per dropped packet. Hot; lost ones are counted in `lostVerdicts`. */
  readonly verdicts: Observable<readonly PolicyVerdict[]>
  lostVerdicts(): number
}

export type DatapathErrorCode =
  | 'no-privilege'
  | 'no-compiler'
  | 'compile-failed'
  | 'verifier-refused'
  | 'map-full'
  | 'no-device'
  | 'kernel-error'

/** The kernel's own words are in the message's last lines; `log` is the whole verifier or compiler log. */
export class DatapathError extends Error {
  override readonly name = 'DatapathError'
  readonly code: DatapathErrorCode
  readonly log: string

  constructor(code: DatapathErrorCode, message: string, log = '', options?: ErrorOptions) {
    super(`${code}: ${message}`, options)
    this.code = code
    this.log = log
  }
}
