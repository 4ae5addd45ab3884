/** Maps and programs that stay when the agent goes, as pinned ones do. */
import { type Observable, Subject } from 'rxjs'
import { digestOfText } from '../../events/canonical.ts'
import type { Cidr, EndpointId } from '../../events/ids.ts'
import { policyMapKeyText } from '../../projections/datapath/policy-map.ts'
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
} from '../../src/ports/datapath.ts'
import { CALM, type Gate, gateOf } from './gate.ts'

export type Pinned = {
  readonly maps: Map<EndpointId, Map<string, KernelPolicyEntry>>
  readonly specs: Map<EndpointId, EndpointSpec>
  readonly ipcache: Map<Cidr, IpcacheEntry>
}

export const nothingPinned = (): Pinned => ({ maps: new Map(), specs: new Map(), ipcache: new Map() })

const failure = (): Error => new DatapathError('kernel-error', 'injected')

export class FakeDatapath implements Datapath {
  readonly mode = 'model'
  readonly pinned: Pinned
  readonly #gate: Gate
  readonly #verdicts: Subject<readonly PolicyVerdict[]> = new Subject()

  constructor(pinned: Pinned = nothingPinned(), gate: Gate = gateOf({ alive: true }, CALM)) {
    this.pinned = pinned
    this.#gate = gate
  }

  get verdicts(): Observable<readonly PolicyVerdict[]> {
    return this.#verdicts
  }

  emit(verdicts: readonly PolicyVerdict[]): void {
    this.#verdicts.next(verdicts)
  }

  lostVerdicts(): number {
    return 0
  }

  attachEndpoint(spec: EndpointSpec): Promise<readonly LoadedProgram[]> {
    const attach = (): readonly LoadedProgram[] => {
      const { maps, specs } = this.pinned
      if (!maps.has(spec.endpoint)) maps.set(spec.endpoint, new Map())
      specs.set(spec.endpoint, spec)
      return spec.device === null ? [] : [programOf(spec, spec.device)]
    }
    return this.#gate('attachEndpoint', attach, failure)
  }

  detachEndpoint(endpoint: EndpointId): Promise<void> {
    const detach = (): void => {
      this.pinned.maps.delete(endpoint)
      this.pinned.specs.delete(endpoint)
    }
    return this.#gate('detachEndpoint', detach, failure)
  }

  listEndpoints(): Promise<readonly EndpointId[]> {
    return this.#gate('listEndpoints', () => [...this.pinned.maps.keys()], failure)
  }

  readPolicyMap(endpoint: EndpointId): Promise<readonly KernelPolicyEntry[] | null> {
    const read = (): readonly KernelPolicyEntry[] | null => {
      const map = this.pinned.maps.get(endpoint)
      return map === undefined ? null : [...map.values()]
    }
    return this.#gate('readPolicyMap', read, failure)
  }

  /** In two steps, so that a death or a failure may come between them. */
  async writePolicyMap(endpoint: EndpointId, change: Parameters<Datapath['writePolicyMap']>[1]): Promise<void> {
    const map = (): Map<string, KernelPolicyEntry> => {
      const found = this.pinned.maps.get(endpoint)
      if (found === undefined) throw new DatapathError('kernel-error', `endpoint ${endpoint} has no map`)
      return found
    }
    const upsert = (): void => {
      for (const { key, value } of change.upserts) {
        map().set(policyMapKeyText(key), { key, value, packets: 0, bytes: 0 })
      }
    }
    const remove = (): void => {
      for (const key of change.removals) map().delete(policyMapKeyText(key))
    }
    await this.#gate('writePolicyMap', upsert, failure)
    await this.#gate('writePolicyMap', remove, failure)
  }

  readIpcache(): Promise<readonly IpcacheEntry[]> {
    return this.#gate('readIpcache', () => [...this.pinned.ipcache.values()], failure)
  }

  writeIpcache({ upserts, removals }: Parameters<Datapath['writeIpcache']>[0]): Promise<void> {
    const write = (): void => {
      for (const entry of upserts) this.pinned.ipcache.set(entry.prefix, entry)
      for (const prefix of removals) this.pinned.ipcache.delete(prefix)
    }
    return this.#gate('writeIpcache', write, failure)
  }

  async readConntrack(): Promise<readonly ConntrackEntry[]> {
    return []
  }

  async readPrograms(): Promise<readonly AttachedProgram[]> {
    return [...this.pinned.specs.values()].flatMap((spec) => {
      if (spec.device === null) return []
      const { program, tag, device, hook } = programOf(spec, spec.device)
      return [{ endpoint: spec.endpoint, program, tag, device, hook, attach: 'tcx', own: true } as const]
    })
  }

  async readEndpoints(): Promise<readonly EnteredEndpoint[]> {
    const entered = ({ endpoint, identity, ipv4 }: EndpointSpec): readonly EnteredEndpoint[] =>
      ipv4 === null ? [] : [{ endpoint, identity, ipv4 }]
    return [...this.pinned.specs.values()].flatMap(entered).toSorted((a, b) => a.endpoint - b.endpoint)
  }

  async endpointsInForce(): Promise<readonly EndpointId[]> {
    return [...this.pinned.maps.keys()]
  }

  async proxyRouteFaults(): Promise<readonly string[]> {
    return []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#verdicts.complete()
  }
}

function programOf({ endpoint, identity }: EndpointSpec, device: string): LoadedProgram {
  return {
    program: 'from_container',
    tag: identity.toString(16).padStart(16, '0'),
    objectDigest: digestOfText('object'),
    device,
    hook: 'ingress',
    attach: 'tcx',
    pinnedAt: `/sys/fs/bpf/hindcast/test/${endpoint}`,
  }
}
