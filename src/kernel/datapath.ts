/**
 * The kernel datapath: maps and programs that decide about every packet of the attached pods.
 *
 * Invariants:
 * 1. Closing, or dying, changes nothing: maps and links are pinned, and the next process takes them over.
 * 2. An endpoint without a policy map, or with an empty one, passes nothing.
 * 3. Programs are replaced in their links in one step; maps are never replaced while an endpoint lives.
 * 4. Of a change to a policy map the upserts are written first.
 */
import { existsSync } from 'node:fs'
import { Observable, Subject, share, takeUntil } from 'rxjs'
import type { PolicyMapKey } from '../../events/fields.ts'
import type { Cidr, EndpointId } from '../../events/ids.ts'
import type {
  AttachedProgram,
  ConntrackEntry,
  Datapath,
  EndpointSpec,
  EnteredEndpoint,
  IpcacheEntry,
  KernelPolicyEntry,
  KernelPolicyValue,
  LoadedProgram,
  PolicyVerdict,
} from '../ports/datapath.ts'
import type { AttachKind } from './attach.ts'
import { type PinFolder, pinFolder, pinnedEndpoints, preparePinFolder, removePinFolder } from './bpffs.ts'
import { monotonicSeconds } from './clock.ts'
import { type CompileOptions, compileObject } from './compile.ts'
import { attachDevice, detachEndpoint, ensurePolicyMap } from './endpoint.ts'
import { attachedPrograms, enteredEndpoints, mapsInForce } from './inspection.ts'
import { conntrackLifetime, decodeConntrackEntry } from './layout/conntrack.ts'
import { decodeIpcacheEntry, ipcacheKey, ipcacheValue } from './layout/ipcache.ts'
import {
  decodeCounters,
  decodePolicyKey,
  decodePolicyValue,
  policyKeys,
  policyStatsKey,
  policyWrites,
} from './layout/policy.ts'
import { type DatapathMetric, decodeMetric, decodeVerdict, VERDICT_EVENT_BYTES } from './layout/report.ts'
import { closeFd } from './libc.ts'
import { CONNTRACK_OTHER, CONNTRACK_TCP, EVENTS, IPCACHE, LOST_EVENTS, METRICS, POLICY, POLICY_STATS } from './maps.ts'
import { type KernelProgram, loadPrograms } from './program.ts'
import { readRing } from './ring-buffer.ts'
import { missingProxyRoutes } from './routes.ts'
import { ensureSharedMaps, type MapSizes, openMap, openSharedMaps, type SharedMaps } from './shared-maps.ts'

export type KernelDatapathOptions = {
  /** Mount point of a BPF file system; it is mounted where it is not. */
  readonly bpffs: string
  /** Folder below it: one datapath, shared by all processes that open it. */
  readonly name: string
  /** `read` needs no compiler and attaches nothing; what is not pinned is an error. */
  readonly purpose?: 'enforce' | 'read'
  readonly sizes?: MapSizes
  readonly compile?: CompileOptions
  /** In order of preference. */
  readonly attach?: readonly AttachKind[]
}

export async function openKernelDatapath(options: KernelDatapathOptions): Promise<KernelDatapath> {
  const folder = pinFolder(options)
  if (options.purpose === 'read') return new KernelDatapath(folder, openSharedMaps(folder), new Map(), [])
  const object = await compileObject(options.compile)
  preparePinFolder(options.bpffs, folder)
  const maps = ensureSharedMaps(folder, options.sizes ?? {})
  try {
    return new KernelDatapath(folder, maps, loadPrograms(object, maps.byName), options.attach ?? ['tcx', 'clsact'])
  } catch (error) {
    maps[Symbol.dispose]()
    throw error
  }
}

/** Detaches every endpoint and takes all maps away: nothing is enforced any more. Fine where nothing is. */
export async function removeKernelDatapath(options: { readonly bpffs: string; readonly name: string }): Promise<void> {
  const folder = pinFolder(options)
  if (!existsSync(folder.root)) return
  const maps = ensureSharedMaps(folder, {})
  try {
    for (const endpoint of pinnedEndpoints(folder)) await detachEndpoint(folder, maps, endpoint)
  } finally {
    maps[Symbol.dispose]()
  }
  removePinFolder(folder)
}

export class KernelDatapath implements Datapath {
  readonly mode = 'kernel'
  readonly verdicts: Observable<readonly PolicyVerdict[]>
  /** By name: `from_pod` and `to_pod`. Empty where the datapath is open for reading. */
  readonly programs: ReadonlyMap<string, KernelProgram>
  readonly #folder: PinFolder
  readonly #maps: SharedMaps
  readonly #kinds: readonly AttachKind[]
  readonly #closing = new Subject<void>()
  #closed = false

  constructor(
    folder: PinFolder,
    maps: SharedMaps,
    programs: ReadonlyMap<string, KernelProgram>,
    kinds: readonly AttachKind[],
  ) {
    this.#folder = folder
    this.#maps = maps
    this.programs = programs
    this.#kinds = kinds
    this.verdicts = verdictsOf(maps).pipe(takeUntil(this.#closing), share())
  }

  async attachEndpoint(spec: EndpointSpec): Promise<readonly LoadedProgram[]> {
    using _ = ensurePolicyMap(this.#folder, this.#maps, spec.endpoint)
    return await attachDevice({
      folder: this.#folder,
      maps: this.#maps,
      programs: this.programs,
      kinds: this.#kinds,
      spec,
    })
  }

  async detachEndpoint(endpoint: EndpointId): Promise<void> {
    await detachEndpoint(this.#folder, this.#maps, endpoint)
  }

  async listEndpoints(): Promise<readonly EndpointId[]> {
    return pinnedEndpoints(this.#folder)
  }

  async readPolicyMap(endpoint: EndpointId): Promise<readonly KernelPolicyEntry[] | null> {
    using map = openMap(this.#folder.policyPath(endpoint), POLICY)
    if (map === null) return null
    const stats = this.#maps.get(POLICY_STATS).reader()
    return map.entries().map(({ key: bytes, value }) => {
      const key = decodePolicyKey(bytes)
      return { key, value: decodePolicyValue(value), ...decodeCounters(stats(policyStatsKey(endpoint, key))) }
    })
  }

  async writePolicyMap(
    endpoint: EndpointId,
    change: {
      readonly upserts: readonly { readonly key: PolicyMapKey; readonly value: KernelPolicyValue }[]
      readonly removals: readonly PolicyMapKey[]
    },
  ): Promise<void> {
    using map = ensurePolicyMap(this.#folder, this.#maps, endpoint)
    const { upserts, removals } = change
    const { keys, values } = policyWrites(upserts)
    map.updateBatch(keys, values)
    map.removeBatch(policyKeys(removals))
  }

  async readIpcache(): Promise<readonly IpcacheEntry[]> {
    return this.#maps
      .get(IPCACHE)
      .entries()
      .map(({ key, value }) => decodeIpcacheEntry(key, value))
  }

  async writeIpcache(change: {
    readonly upserts: readonly IpcacheEntry[]
    readonly removals: readonly Cidr[]
  }): Promise<void> {
    const map = this.#maps.get(IPCACHE)
    map.updateBatch(
      Buffer.concat(change.upserts.map(({ prefix }) => ipcacheKey(prefix))),
      Buffer.concat(change.upserts.map(ipcacheValue)),
    )
    map.removeBatch(Buffer.concat(change.removals.map(ipcacheKey)))
  }

  /** Entries past their lifetime are not there for the programs, and not here. */
  async readConntrack(): Promise<readonly ConntrackEntry[]> {
    const now = monotonicSeconds()
    return [CONNTRACK_TCP, CONNTRACK_OTHER]
      .flatMap((spec) => this.#maps.get(spec).entries())
      .filter(({ value }) => conntrackLifetime(value) >= now)
      .map(({ key, value }) => decodeConntrackEntry(key, value))
  }

  async readPrograms(): Promise<readonly AttachedProgram[]> {
    return attachedPrograms(this.#folder, this.#maps)
  }

  async readEndpoints(): Promise<readonly EnteredEndpoint[]> {
    return enteredEndpoints(this.#maps)
  }

  async endpointsInForce(): Promise<readonly EndpointId[]> {
    return mapsInForce(this.#folder, this.#maps)
  }

  async proxyRouteFaults(): Promise<readonly string[]> {
    return missingProxyRoutes()
  }

  lostVerdicts(): number {
    const value = this.#maps.get(LOST_EVENTS).lookup(Buffer.alloc(4))
    return value === null ? 0 : Number(value.readBigUInt64LE(0))
  }

  /** What passed and what was dropped, with the reasons of packets that have no verdict because they cannot be read. */
  async readMetrics(): Promise<readonly DatapathMetric[]> {
    return this.#maps
      .get(METRICS)
      .entries()
      .map(({ key, value }) => decodeMetric(key, value))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    // The ring's reader must be gone before its descriptor is: the event loop would watch whatever gets the number next.
    this.#closing.next()
    this.#closing.complete()
    for (const { fd } of this.programs.values()) closeFd(fd)
    this.#maps[Symbol.dispose]()
  }
}

function verdictsOf(maps: SharedMaps): Observable<readonly PolicyVerdict[]> {
  return new Observable((subscriber) => {
    const reader = readRing(maps.get(EVENTS).fd, (records) => {
      const whole = records.filter((record) => record.length >= VERDICT_EVENT_BYTES)
      subscriber.next(whole.map(decodeVerdict))
    })
    return () => reader[Symbol.dispose]()
  })
}
