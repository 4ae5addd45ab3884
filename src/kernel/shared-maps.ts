/** The maps that all programs share: opened where they are pinned, made and pinned where they are not. */
import { DatapathError } from '../ports/datapath.ts'
import { createMap, KernelMap } from './bpf-map.ts'
import { openPinned, type PinFolder, pinNew } from './bpffs.ts'
import { checked } from './failure.ts'
import { libbpf } from './libbpf.ts'
import { closeFd } from './libc.ts'
import { type MapSpec, POLICY, POLICY_MAPS, SHARED_MAPS } from './maps.ts'

/** Other sizes than those of maps.ts, by map name. A map that is pinned already keeps the size that it has. */
export type MapSizes = Readonly<Record<string, number>>

export type SharedMaps = Disposable & {
  readonly byName: ReadonlyMap<string, KernelMap>
  readonly get: (spec: MapSpec) => KernelMap
}

/** Creates what is missing. */
export function ensureSharedMaps(folder: PinFolder, sizes: MapSizes): SharedMaps {
  return collect((spec) => openOrCreate(folder.mapPath(spec), spec, () => createShared(spec, sizes)))
}

function createShared(spec: MapSpec, sizes: MapSizes): KernelMap {
  const maxEntries = sizes[spec.name] ?? spec.maxEntries
  return spec === POLICY_MAPS ? createPolicyMaps(maxEntries) : createMap({ ...spec, maxEntries })
}

/** Pinned nowhere: they go with the process, and no other program sees them. */
export function createScratchMaps(sizes: MapSizes): SharedMaps {
  return collect((spec) => createShared(spec, sizes))
}

/** For readers: nothing is created, and a datapath that is not there is an error. */
export function openSharedMaps(folder: PinFolder): SharedMaps {
  return collect((spec) => {
    const map = openMap(folder.mapPath(spec), spec)
    if (map === null)
      throw new DatapathError('kernel-error', `no datapath is pinned at ${folder.root}: ${spec.name} is missing`)
    return map
  })
}

/** The pinned map, null where there is none. One of another layout belongs to another version and is refused. */
export function openMap(path: string, spec: MapSpec): KernelMap | null {
  const fd = openPinned(path)
  if (fd === null) return null
  const found = mapInfo(fd)
  const same = found.type === spec.type && found.keySize === spec.keySize && found.valueSize === spec.valueSize
  if (same) return new KernelMap(fd, { ...spec, maxEntries: found.maxEntries })
  closeFd(fd)
  const shown = `type ${found.type}, key ${found.keySize}, value ${found.valueSize}`
  throw new DatapathError('kernel-error', `${path} is of another version (${shown}); remove it to start afresh`)
}

/** The pinned map, made and pinned where there is none. Of two processes that try at once both get the map of the first. */
export function openOrCreate(path: string, spec: MapSpec, create: () => KernelMap): KernelMap {
  const found = openMap(path, spec)
  if (found !== null) return found
  const made = create()
  if (pinNew(made.fd, path)) return made
  made[Symbol.dispose]()
  return openOrCreate(path, spec, create)
}

/** The kernel's number of a map. */
export function mapId(fd: number): number {
  return mapInfo(fd).id
}

/** `struct bpf_map_info`: type, id, key size, value size, maximum of entries. */
function mapInfo(fd: number): Pick<MapSpec, 'type' | 'keySize' | 'valueSize' | 'maxEntries'> & { readonly id: number } {
  const info = Buffer.alloc(MAP_INFO_BYTES)
  checked(libbpf().bpf_obj_get_info_by_fd(fd, info, Uint32Array.of(info.length)), 'reading a map')
  return {
    type: info.readUInt32LE(0),
    id: info.readUInt32LE(4),
    keySize: info.readUInt32LE(8),
    valueSize: info.readUInt32LE(12),
    maxEntries: info.readUInt32LE(16),
  }
}

const MAP_INFO_BYTES = 128

/** The kernel takes the layout of the endpoints' maps from an example, which is not kept. */
function createPolicyMaps(maxEntries: number): KernelMap {
  using example = createMap({ ...POLICY, maxEntries: 1 })
  return createMap({ ...POLICY_MAPS, maxEntries }, example.fd)
}

function collect(open: (spec: MapSpec) => KernelMap): SharedMaps {
  const byName = new Map<string, KernelMap>()
  const close = (): void => {
    for (const map of byName.values()) map[Symbol.dispose]()
  }
  try {
    for (const spec of SHARED_MAPS) byName.set(spec.name, open(spec))
  } catch (error) {
    close()
    throw error
  }
  return {
    byName,
    // Every shared map was opened above.
    get: (spec) => byName.get(spec.name)!,
    [Symbol.dispose]: close,
  }
}
