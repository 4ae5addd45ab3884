/** Everything that a node's datapath holds, read once. It says nothing of what should be there. */
import type { EndpointId } from '../../../events/ids.ts'
import type {
  AttachedProgram,
  Datapath,
  EnteredEndpoint,
  IpcacheEntry,
  KernelPolicyEntry,
} from '../../ports/datapath.ts'

export type KernelView = {
  readonly maps: ReadonlyMap<EndpointId, readonly KernelPolicyEntry[]>
  readonly inForce: ReadonlySet<EndpointId>
  readonly ipcache: readonly IpcacheEntry[]
  readonly programs: readonly AttachedProgram[]
  readonly endpoints: readonly EnteredEndpoint[]
  readonly routeFaults: readonly string[]
}

/** What is asked of a datapath that is only looked at. */
export type ReadableDatapath = Pick<
  Datapath,
  | 'listEndpoints'
  | 'readPolicyMap'
  | 'readIpcache'
  | 'readPrograms'
  | 'readEndpoints'
  | 'endpointsInForce'
  | 'proxyRouteFaults'
>

/** Throws `DatapathError`. */
export async function readKernel(datapath: ReadableDatapath): Promise<KernelView> {
  const maps = new Map<EndpointId, readonly KernelPolicyEntry[]>()
  for (const endpoint of await datapath.listEndpoints()) {
    // Null: it went while it was read.
    const entries = await datapath.readPolicyMap(endpoint)
    if (entries !== null) maps.set(endpoint, entries)
  }
  return {
    maps,
    inForce: new Set(await datapath.endpointsInForce()),
    ipcache: await datapath.readIpcache(),
    programs: await datapath.readPrograms(),
    endpoints: await datapath.readEndpoints(),
    routeFaults: await datapath.proxyRouteFaults(),
  }
}
