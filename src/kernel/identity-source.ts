/** Who opened a connection: what the datapath wrote down in conntrack, else what the ipcache says of the address. */
import type { IdentityId, IpAddress } from '../../events/ids.ts'
import type { ConnectionTuple, IdentitySource } from '../ports/proxy.ts'
import { pinFolder } from './bpffs.ts'
import { monotonicSeconds } from './clock.ts'
import { conntrackLifetime, conntrackSource, tcpConntrackKey } from './layout/conntrack.ts'
import { ipcacheIdentity, ipcacheLookupKey } from './layout/ipcache.ts'
import { CONNTRACK_TCP, IPCACHE } from './maps.ts'
import { openSharedMaps } from './shared-maps.ts'

export type KernelIdentitySource = IdentitySource & Disposable

/** Reads the maps of the datapath that is pinned there; see `KernelDatapathOptions`. */
export function openIdentitySource(options: { readonly bpffs: string; readonly name: string }): KernelIdentitySource {
  const maps = openSharedMaps(pinFolder(options))
  const conntrack = maps.get(CONNTRACK_TCP)
  const ipcache = maps.get(IPCACHE)
  return {
    fromConntrack(tuple: ConnectionTuple, direction: 'ingress' | 'egress'): IdentityId | null {
      const key = tcpConntrackKey(tuple, direction)
      const value = key === null ? null : conntrack.lookup(key)
      if (value === null || conntrackLifetime(value) < monotonicSeconds()) return null
      const identity = conntrackSource(value)
      return identity === 0 ? null : identity
    },
    fromIpcache(address: IpAddress): IdentityId | null {
      const value = ipcache.lookup(ipcacheLookupKey(address))
      return value === null ? null : ipcacheIdentity(value)
    },
    [Symbol.dispose]: () => maps[Symbol.dispose](),
  }
}
