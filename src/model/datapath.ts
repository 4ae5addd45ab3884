/**
 * The datapath where the kernel cannot be used: the projections decide. Same port, same verdicts, same events as the BPF programs; packets are
 * values that somebody shows to it (src/model/gate.ts does for real TCP connections).
 *
 * Nothing survives the process, so an agent that starts finds no endpoints here and regenerates them all.
 */
import { type Observable, Subject } from 'rxjs'
import type { Cidr, EndpointId, IdentityId, IpAddress, Port } from '../../events/ids.ts'
import { parseAddress, parsePrefix } from '../../projections/ip/prefix.ts'
import { longestMatch, type PrefixTable, prefixTable } from '../../projections/ip/prefix-table.ts'
import type { Clock } from '../ports/clock.ts'
import {
  type AttachedProgram,
  type ConntrackEntry,
  type Datapath,
  DatapathError,
  type EndpointSpec,
  type EnteredEndpoint,
  type IpcacheEntry,
  type KernelPolicyEntry,
  type LoadedProgram,
  type PolicyVerdict,
} from '../ports/datapath.ts'
import type { IdentitySource } from '../ports/proxy.ts'
import { Conntrack, type Hook } from './conntrack.ts'
import { fromEndpoint, type HookOutcome, type HookWorld, toEndpoint } from './hooks.ts'
import { MARK, type ModelPacket, markMagic, PROTOCOL } from './packet.ts'
import { type PolicyMapChange, PolicyMaps } from './policy-maps.ts'

export type ModelDatapathOptions = { readonly clock: Pick<Clock, 'monotonicUs'> }

/** What became of a packet on its way through the node. `to` is null where it leaves the node. */
export type Passage =
  | { readonly kind: 'delivered'; readonly to: EndpointId | null }
  | { readonly kind: 'dropped'; readonly reason: number; readonly endpoint: EndpointId; readonly direction: Hook }
  | { readonly kind: 'proxy'; readonly port: Port | null; readonly endpoint: EndpointId; readonly direction: Hook }

/** The sockets of the proxy, as far as the datapath asks. */
export type ProxyView = {
  readonly holds: (packet: ModelPacket) => boolean
  readonly listens: (port: Port) => boolean
}

/** Cilium's size of the ipcache. */
const IPCACHE_MAX = 512_000
const WORLD = 2

/** A proxy of which nothing is known: every port listens, and no connection is held. */
const UNKNOWN_PROXY: ProxyView = { holds: () => false, listens: () => true }

export function createModelDatapath(options: ModelDatapathOptions): ModelDatapath {
  return new ModelDatapath(options)
}

export class ModelDatapath implements Datapath {
  readonly mode = 'model'
  readonly identities: IdentitySource
  readonly #clock: ModelDatapathOptions['clock']
  readonly #endpoints = new Map<EndpointId, EndpointSpec>()
  readonly #byAddress = new Map<IpAddress, EndpointSpec>()
  readonly #maps = new PolicyMaps()
  readonly #ipcache = new Map<Cidr, IpcacheEntry>()
  readonly #conntrack = new Conntrack()
  readonly #verdicts = new Subject<readonly PolicyVerdict[]>()
  readonly #changes = new Subject<void>()
  /** Null after a change, until somebody asks. */
  #prefixes: PrefixTable<IdentityId> | null = null
  #proxy: ProxyView = UNKNOWN_PROXY

  constructor({ clock }: ModelDatapathOptions) {
    this.#clock = clock
    this.identities = {
      fromConntrack: (tuple, direction) =>
        this.#conntrack.sourceIdentity({ protocol: PROTOCOL.tcp, ...tuple }, direction, this.#nowSeconds()),
      fromIpcache: (address) => this.#fromIpcache(address),
    }
  }

  get verdicts(): Observable<readonly PolicyVerdict[]> {
    return this.#verdicts.asObservable()
  }

  /** After each write that may change a verdict. */
  get changes(): Observable<void> {
    return this.#changes.asObservable()
  }

  /** From now on the proxy's sockets are asked. */
  useProxy(view: ProxyView): void {
    this.#proxy = view
  }

  /** Null where the endpoint is not attached, or has no IPv4 address. */
  addressOf(endpoint: EndpointId): IpAddress | null {
    return this.#endpoints.get(endpoint)?.ipv4 ?? null
  }

  /** One packet at one endpoint's device, as the program there sees it. */
  at(endpoint: EndpointId, hook: Hook, packet: ModelPacket): HookOutcome {
    const spec = this.#endpoints.get(endpoint)
    if (spec === undefined) throw new DatapathError('no-device', `endpoint ${endpoint} is not attached`)
    return hook === 'egress' ? fromEndpoint(this.#world(), spec, packet) : toEndpoint(this.#world(), spec, packet)
  }

  /** A packet on its whole way: out of its source, unless it comes from the proxy or from elsewhere, then into its destination. */
  judge(packet: ModelPacket): Passage {
    const magic = markMagic(packet.mark)
    const fromProxy = magic === MARK.fromIngressProxy || magic === MARK.fromEgressProxy
    const source = fromProxy ? undefined : this.#byAddress.get(packet.source)
    if (source === undefined) return this.#arrive(packet)
    const outcome = this.at(source.endpoint, 'egress', packet)
    return outcome.kind === 'on'
      ? this.#arrive({ ...packet, mark: outcome.mark })
      : ended(outcome, source.endpoint, 'egress')
  }

  async attachEndpoint(spec: EndpointSpec): Promise<readonly LoadedProgram[]> {
    const before = this.#endpoints.get(spec.endpoint)?.ipv4 ?? null
    if (before !== null && before !== spec.ipv4) this.#conntrack.forget(before)
    this.#forget(spec.endpoint)
    this.#endpoints.set(spec.endpoint, spec)
    if (spec.ipv4 !== null) this.#byAddress.set(spec.ipv4, spec)
    this.#maps.create(spec.endpoint)
    this.#changes.next()
    return []
  }

  async detachEndpoint(endpoint: EndpointId): Promise<void> {
    const address = this.#endpoints.get(endpoint)?.ipv4 ?? null
    if (address !== null) this.#conntrack.forget(address)
    this.#forget(endpoint)
    this.#maps.remove(endpoint)
    this.#changes.next()
  }

  async listEndpoints(): Promise<readonly EndpointId[]> {
    return this.#maps.endpoints()
  }

  async readPolicyMap(endpoint: EndpointId): Promise<readonly KernelPolicyEntry[] | null> {
    return this.#maps.read(endpoint)
  }

  async writePolicyMap(endpoint: EndpointId, change: PolicyMapChange): Promise<void> {
    this.#maps.write(endpoint, change)
    this.#changes.next()
  }

  async readIpcache(): Promise<readonly IpcacheEntry[]> {
    return [...this.#ipcache.values()]
  }

  async writeIpcache(change: {
    readonly upserts: readonly IpcacheEntry[]
    readonly removals: readonly Cidr[]
  }): Promise<void> {
    const added = change.upserts.filter(({ prefix }) => !this.#ipcache.has(prefix)).length
    if (this.#ipcache.size + added > IPCACHE_MAX) {
      throw new DatapathError('map-full', `the ipcache has ${this.#ipcache.size} of ${IPCACHE_MAX} entries`)
    }
    for (const entry of change.upserts) this.#ipcache.set(entry.prefix, entry)
    for (const prefix of change.removals) this.#ipcache.delete(prefix)
    this.#prefixes = null
    this.#changes.next()
  }

  async readConntrack(): Promise<readonly ConntrackEntry[]> {
    return this.#conntrack.entries(this.#nowSeconds())
  }

  /** Nothing is loaded: the projections decide. */
  async readPrograms(): Promise<readonly AttachedProgram[]> {
    return []
  }

  async readEndpoints(): Promise<readonly EnteredEndpoint[]> {
    return [...this.#byAddress]
      .map(([ipv4, { endpoint, identity }]) => ({ endpoint, identity, ipv4 }))
      .toSorted((a, b) => a.endpoint - b.endpoint)
  }

  async endpointsInForce(): Promise<readonly EndpointId[]> {
    return this.#maps.endpoints()
  }

  async proxyRouteFaults(): Promise<readonly string[]> {
    return []
  }

  lostVerdicts(): number {
    return 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#verdicts.complete()
    this.#changes.complete()
  }

  #arrive(packet: ModelPacket): Passage {
    const destination = this.#byAddress.get(packet.destination)
    if (destination === undefined) return { kind: 'delivered', to: null }
    const outcome = this.at(destination.endpoint, 'ingress', packet)
    return outcome.kind === 'on'
      ? { kind: 'delivered', to: destination.endpoint }
      : ended(outcome, destination.endpoint, 'ingress')
  }

  #world(): HookWorld {
    return {
      conntrack: this.#conntrack,
      nowSeconds: this.#nowSeconds(),
      // The node's own endpoints are known before the ipcache learns of them; a new one must not pass as world in between.
      identityOf: (address) => this.#byAddress.get(address)?.identity ?? (this.#fromIpcache(address) || WORLD),
      policyOf: (endpoint) => this.#maps.get(endpoint),
      count: (endpoint, entry, bytes) => this.#maps.count(endpoint, entry, bytes),
      report: (verdict) => this.#verdicts.next([verdict]),
      proxyHolds: (packet) => this.#proxy.holds(packet),
      proxyListens: (port) => this.#proxy.listens(port),
    }
  }

  #fromIpcache(address: IpAddress): IdentityId | null {
    const parsed = parseAddress(address)
    if (parsed === null) return null
    this.#prefixes ??= prefixTable(
      [...this.#ipcache.values()].flatMap(({ prefix, identity }) => {
        const parsedPrefix = parsePrefix(prefix)
        return parsedPrefix === null ? [] : [[parsedPrefix, identity] as const]
      }),
    )
    return longestMatch(this.#prefixes, parsed)
  }

  #forget(endpoint: EndpointId): void {
    const before = this.#endpoints.get(endpoint)
    this.#endpoints.delete(endpoint)
    if (before?.ipv4 && this.#byAddress.get(before.ipv4)?.endpoint === endpoint) this.#byAddress.delete(before.ipv4)
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock.monotonicUs() / 1_000_000)
  }
}

function ended(outcome: Exclude<HookOutcome, { kind: 'on' }>, endpoint: EndpointId, direction: Hook): Passage {
  return outcome.kind === 'drop'
    ? { kind: 'dropped', reason: outcome.reason, endpoint, direction }
    : { kind: 'proxy', port: outcome.port, endpoint, direction }
}
