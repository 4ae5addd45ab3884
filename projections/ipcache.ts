/** What a node's ipcache should hold, as a view of the world: its own stream's entries, and the addresses of other nodes' endpoints. */

import type { EventOf } from '../events/catalogue.ts'
import { Cidr } from '../events/ids.ts'
import { ascending } from '../events/order.ts'
import { remoteEntry } from './agent/state.ts'
import type { World } from './world.ts'

/** By prefix. Where endpoints of two other nodes claim one address, the later name's stands. */
export function ipcacheOfNode({ nodes }: World, name: string): ReadonlyMap<string, EventOf<'IpcacheUpserted'>> {
  const recorded = nodes.get(name)?.ipcache
  const entries = new Map<string, EventOf<'IpcacheUpserted'>>(recorded ?? [])
  for (const [other, { endpoints }] of [...nodes].toSorted(([a], [b]) => ascending(a, b))) {
    if (other === name) continue
    for (const { identity, ipv4, ipv6 } of endpoints.values()) {
      if (identity === null) continue
      for (const text of [...(ipv4 === null ? [] : [`${ipv4}/32`]), ...(ipv6 === null ? [] : [`${ipv6}/128`])]) {
        const prefix = Cidr(text)
        const entry = remoteEntry(prefix, { identity, remote: true }, recorded?.get(prefix))
        if (entry !== null) entries.set(prefix, entry)
      }
    }
  }
  return entries
}
