/** What a node's proxy would be told: listeners that are new, network policies that changed, addresses of identities. */
import type { EventOf, HindcastEvent } from '../../../events/catalogue.ts'
import type { XdsType } from '../../../events/node.ts'
import type { Json } from '../../../events/schema.ts'
import { ipcacheOfNode } from '../../../projections/ipcache.ts'
import { EMPTY_NODE, type NodeView, type World } from '../../../projections/world.ts'
import { networkPolicyHosts } from '../../../projections/xds/hosts.ts'
import { httpListener, type ListenerOptions, listenerName } from '../../../projections/xds/listeners.ts'
import type { ListenerMessage } from '../../../projections/xds/messages.ts'
import { snapshotChange, snapshotDigest } from '../../../projections/xds/snapshot.ts'
import type { Listener } from '../../react/proxy-ports.ts'
import { PORT_TO_COME } from '../plan/port-to-come.ts'
import { listenerPorts } from '../plan/proxy-ports.ts'

export type Offers = {
  readonly listeners: readonly Listener[]
  /** By endpoint; null takes it away. */
  readonly messages: ReadonlyMap<string, Json | null>
  readonly version: string
}

type Resources = ReadonlyMap<string, Json>

export function publications(node: NodeView, { listeners, messages, version }: Offers): readonly HindcastEvent[] {
  const known = listenerPorts(node)
  const missing = new Map(listeners.filter(({ listener }) => !known.has(listener)).map((one) => [one.listener, one]))
  const allocated = [...missing.values()].map(
    (one): EventOf<'ProxyPortAllocated'> => ({ type: 'ProxyPortAllocated', v: 1, ...one, port: PORT_TO_COME }),
  )
  const opened = [...missing.values()].map(({ listener, direction }) => {
    const spec = { listener, direction, port: PORT_TO_COME }
    return [listenerName(spec), httpListener(spec, listenerOptions(node)) as unknown as Json] as const
  })
  const lds = new Map([...served(node, 'lds'), ...opened])
  const npds = new Map(served(node, 'npds'))
  for (const [name, message] of messages) {
    if (message === null) npds.delete(name)
    else npds.set(name, message)
  }
  return [...allocated, ...published(node, 'lds', lds, version), ...published(node, 'npds', npds, version)]
}

/** A proxy that reads the kernel's ipcache is not told other nodes' addresses. */
export function hostPublications(world: World, name: string, version: string): readonly HindcastEvent[] {
  const node = world.nodes.get(name) ?? EMPTY_NODE
  const ipcache = node.datapath === 'kernel' ? node.ipcache : ipcacheOfNode(world, name)
  const hosts = networkPolicyHosts(ipcache.values()) as unknown as Resources
  return published(node, 'nphds', hosts, version)
}

function served({ xds }: NodeView, type: XdsType): Resources {
  return new Map(xds.get(type)?.resources ?? [])
}

function published(
  node: NodeView,
  xds: XdsType,
  next: Resources,
  version: string,
): readonly EventOf<'XdsPublished' | 'XdsAcked'>[] {
  const resources = served(node, xds)
  const before = { version, publishedAt: null, digest: snapshotDigest(resources), resources, clients: new Map() }
  const change = snapshotChange(before, next)
  if (change !== null) return [{ type: 'XdsPublished', v: 1, xds, version, ...change }, taken(xds, version)]
  const waiting = node.xds.get(xds)
  return waiting === undefined || waiting.unacked.size === 0 ? [] : [taken(xds, waiting.version)]
}

/** Whichever proxy it is. */
function taken(xds: XdsType, version: string): EventOf<'XdsAcked'> {
  return { type: 'XdsAcked', v: 1, xds, version, nonce: version, client: 'proxy' }
}

const BPFFS = '/sys/fs/bpf'
const IPCACHE = 'cilium_ipcache_v2'

/** As the node's other listeners have them; where it has none yet, those of the usual place. */
function listenerOptions(node: NodeView): ListenerOptions {
  for (const listener of served(node, 'lds').values()) {
    const filters = (listener as unknown as ListenerMessage).listenerFilters
    const found = filters.find(({ name }) => name === 'cilium.bpf_metadata')?.typedConfig
    if (found !== undefined && 'bpfRoot' in found) return { bpfRoot: found.bpfRoot, ipcacheName: found.ipcacheName }
  }
  return node.datapath === 'kernel' ? { bpfRoot: BPFFS, ipcacheName: IPCACHE } : { bpfRoot: '', ipcacheName: '' }
}
