/** Serves the ipcache by identity (NPHDS), and of it only what has changed. */
import type { EventOf } from '../../events/catalogue.ts'
import { type IdentityId, nodeStream } from '../../events/ids.ts'
import { servedOf } from '../../projections/agent/proxy.ts'
import type { AgentState } from '../../projections/agent/state.ts'
import { networkPolicyHosts } from '../../projections/xds/hosts.ts'
import type { ListenerOptions } from '../../projections/xds/listeners.ts'
import { servedIpcache } from '../react/start.ts'
import type { Publisher } from './publisher.ts'

export class HostsPublisher {
  readonly #publisher: Publisher
  readonly #listeners: ListenerOptions
  #published: AgentState['ipcache'] | null = null

  constructor(publisher: Publisher, listeners: ListenerOptions) {
    this.#publisher = publisher
    this.#listeners = listeners
  }

  /** What is served already belongs to this state. */
  begin(state: AgentState): void {
    this.#published = servedIpcache(state, this.#listeners)
  }

  publish(state: AgentState): void {
    const { proxy, node } = state
    const ipcache = servedIpcache(state, this.#listeners)
    const before = this.#published
    if (before === null || before === ipcache) return
    this.#published = ipcache
    const touched = touchedIdentities(before, ipcache)
    const entries = [...ipcache.values()].filter(({ identity }) => touched.has(identity))
    const hosts = networkPolicyHosts(entries)
    for (const [name, resource] of hosts) this.#publisher.put({ name, resource, cause: null })
    const served = servedOf(proxy, nodeStream(node), 'nphds').resources
    for (const identity of touched) {
      const name = String(identity)
      const gone = !hosts.has(name) && served.has(name)
      if (gone) this.#publisher.put({ name, resource: null, cause: null })
    }
  }
}

/** Identities that have gained or lost an address. */
function touchedIdentities(before: AgentState['ipcache'], after: AgentState['ipcache']): ReadonlySet<IdentityId> {
  const touched = new Set<IdentityId>()
  const differ = (one: EventOf<'IpcacheUpserted'>, other: EventOf<'IpcacheUpserted'> | undefined): boolean =>
    one !== other && one.identity !== other?.identity
  for (const [prefix, entry] of after) if (differ(entry, before.get(prefix))) touched.add(entry.identity)
  for (const [prefix, entry] of before) if (differ(entry, after.get(prefix))) touched.add(entry.identity)
  return touched
}
