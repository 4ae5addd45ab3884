/**
 * The maps that the programs share, as bpf/lib declares them; a test holds the two together.
 *
 * User space makes them, so that they can be read and written where no program is loaded and no compiler is at hand.
 */
export type MapSpec = {
  readonly name: string
  readonly type: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly perCpu: boolean
}

const BPF_MAP_TYPE_HASH = 1
export const BPF_MAP_TYPE_ARRAY = 2
const BPF_MAP_TYPE_PERCPU_HASH = 5
const BPF_MAP_TYPE_LRU_HASH = 9
const BPF_MAP_TYPE_LRU_PERCPU_HASH = 10
const BPF_MAP_TYPE_LPM_TRIE = 11
const BPF_MAP_TYPE_ARRAY_OF_MAPS = 12
const BPF_MAP_TYPE_RINGBUF = 27

const BPF_F_NO_PREALLOC = 1
const BPF_F_RDONLY_PROG = 0x80
const PER_CPU: readonly number[] = [BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH]

export const ENDPOINTS: MapSpec = map('cilium_lxc', BPF_MAP_TYPE_HASH, [20, 48], 65_535, BPF_F_NO_PREALLOC)
export const IPCACHE: MapSpec = map('cilium_ipcache_v2', BPF_MAP_TYPE_LPM_TRIE, [24, 24], 512_000, BPF_F_NO_PREALLOC)
export const CONNTRACK_TCP: MapSpec = map('cilium_ct4_global', BPF_MAP_TYPE_LRU_HASH, [14, 56], 524_288, 0)
export const CONNTRACK_OTHER: MapSpec = map('cilium_ct_any4_global', BPF_MAP_TYPE_LRU_HASH, [14, 56], 262_144, 0)
/** Slot = endpoint id. */
export const POLICY_MAPS: MapSpec = map('hindcast_policy', BPF_MAP_TYPE_ARRAY_OF_MAPS, [4, 4], 65_536, 0)
export const POLICY_STATS: MapSpec = map('cilium_policystats', BPF_MAP_TYPE_LRU_PERCPU_HASH, [12, 16], 65_536, 0)
/** `maxEntries` is the ring's size in bytes. */
export const EVENTS: MapSpec = map('hindcast_events', BPF_MAP_TYPE_RINGBUF, [0, 0], 1 << 20, 0)
export const LOST_EVENTS: MapSpec = map('hindcast_lost', BPF_MAP_TYPE_ARRAY, [4, 8], 1, 0)
export const METRICS: MapSpec = map('cilium_metrics', BPF_MAP_TYPE_PERCPU_HASH, [8, 16], 1024, 0)

/** One for each endpoint; its name ends with the endpoint's id. */
export const POLICY: MapSpec = map(
  'cilium_policy_v2',
  BPF_MAP_TYPE_LPM_TRIE,
  [12, 12],
  16_384,
  BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG,
)

/** All but the endpoints' own. */
export const SHARED_MAPS: readonly MapSpec[] = [
  ENDPOINTS,
  IPCACHE,
  CONNTRACK_TCP,
  CONNTRACK_OTHER,
  POLICY_MAPS,
  POLICY_STATS,
  EVENTS,
  LOST_EVENTS,
  METRICS,
]

function map(
  name: string,
  type: number,
  [keySize, valueSize]: readonly [number, number],
  maxEntries: number,
  flags: number,
): MapSpec {
  return { name, type, keySize, valueSize, maxEntries, flags, perCpu: PER_CPU.includes(type) }
}
