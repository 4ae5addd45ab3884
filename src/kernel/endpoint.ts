/** One pod in the kernel: its policy map, its entry among the endpoints, the two programs at its device. */
import type { EndpointId } from '../../events/ids.ts'
import { DatapathError, type EndpointSpec, type LoadedProgram } from '../ports/datapath.ts'
import { type AttachKind, attachProgram, detachProgram, type Hook } from './attach.ts'
import { createMap, type KernelMap } from './bpf-map.ts'
import { type PinFolder, unpin } from './bpffs.ts'
import { conntrackAddresses } from './layout/conntrack.ts'
import { endpointIdOf, endpointKey, endpointValue } from './layout/endpoint.ts'
import { interfaceIndex } from './libc.ts'
import { CONNTRACK_OTHER, CONNTRACK_TCP, ENDPOINTS, POLICY, POLICY_MAPS } from './maps.ts'
import type { KernelProgram } from './program.ts'
import { readSetting, writeSetting } from './settings.ts'
import { mapId, openOrCreate, type SharedMaps } from './shared-maps.ts'

/** At the node's side of the pod's device: what arrives there leaves the pod. */
const PROGRAMS: readonly { readonly program: string; readonly hook: Hook }[] = [
  { program: 'to_pod', hook: 'egress' },
  { program: 'from_pod', hook: 'ingress' },
]

/** The endpoint's map, made empty where there is none, and in its slot. */
export function ensurePolicyMap(folder: PinFolder, maps: SharedMaps, endpoint: EndpointId): KernelMap {
  const path = folder.policyPath(endpoint)
  const name = `policy_${String(endpoint).padStart(5, '0')}`
  const map = openOrCreate(path, POLICY, () => createMap({ ...POLICY, name }))
  // A process that died after pinning left the slot empty. Writing a slot waits for all running programs: milliseconds.
  const slots = maps.get(POLICY_MAPS)
  const held = slots.lookup(u32(endpoint))
  if (held?.readUInt32LE(0) !== mapId(map.fd)) slots.update(u32(endpoint), u32(map.fd))
  return map
}

/** Programs at the endpoint's device; none where it has no device. */
export async function attachDevice(options: {
  readonly folder: PinFolder
  readonly maps: SharedMaps
  readonly programs: ReadonlyMap<string, KernelProgram>
  readonly kinds: readonly AttachKind[]
  readonly spec: EndpointSpec
}): Promise<readonly LoadedProgram[]> {
  const { folder, maps, programs, kinds, spec } = options
  const { device } = spec
  const ifindex = device === null ? 0 : deviceIndex(device)
  await enterEndpoint(maps, spec, ifindex)
  if (device === null) return []
  acceptTurnedPackets(device)
  return PROGRAMS.map(({ program: name, hook }) => {
    const program = programs.get(name)
    if (program === undefined)
      throw new DatapathError('kernel-error', `${name} is not loaded: the datapath is open for reading`)
    const paths = folder.attachPaths(spec.endpoint, hook)
    const attached = attachProgram({ program: program.fd, ifindex, hook, paths, kinds })
    return { program: name, tag: program.tag, objectDigest: program.objectDigest, device, hook, ...attached }
  })
}

/**
 * First the slot: from then on the endpoint passes nothing. Then what refers to it, the map last, so that an endpoint whose removal
 * was cut short is still listed.
 */
export async function detachEndpoint(folder: PinFolder, maps: SharedMaps, endpoint: EndpointId): Promise<void> {
  maps.get(POLICY_MAPS).remove(u32(endpoint))
  const entries = entriesOf(maps.get(ENDPOINTS), endpoint)
  const ifindex = entries.map(({ value }) => value.readUInt32LE(0)).find((index) => index !== 0) ?? null
  for (const { hook } of PROGRAMS) {
    detachProgram(ifindex, hook, folder.attachPaths(endpoint, hook))
  }
  for (const { key } of entries) {
    await forgetConnections(maps, key)
    maps.get(ENDPOINTS).remove(key)
  }
  unpin(folder.policyPath(endpoint))
}

/** The next pod with the address must not take answers to calls of the last one. */
async function forgetConnections(maps: SharedMaps, endpoint: Buffer): Promise<void> {
  const address = endpoint.subarray(0, IPV4_BYTES)
  for (const spec of [CONNTRACK_TCP, CONNTRACK_OTHER]) {
    await maps.get(spec).removeWhere((key) => conntrackAddresses(key).some((each) => each.equals(address)))
  }
}

const IPV4_BYTES = 4

/** One entry an endpoint; one under an address that it no longer has goes, and so do the connections of that address. */
async function enterEndpoint(maps: SharedMaps, spec: EndpointSpec, ifindex: number): Promise<void> {
  const endpoints = maps.get(ENDPOINTS)
  const key = spec.ipv4 === null ? null : endpointKey(spec.ipv4)
  if (key !== null) endpoints.update(key, endpointValue(spec, ifindex))
  for (const { key: other } of entriesOf(endpoints, spec.endpoint)) {
    if (key?.equals(other)) continue
    endpoints.remove(other)
    await forgetConnections(maps, other)
  }
}

function entriesOf(
  endpoints: KernelMap,
  endpoint: EndpointId,
): readonly { readonly key: Buffer; readonly value: Buffer }[] {
  return endpoints.entries().filter(({ value }) => endpointIdOf(value) === endpoint)
}

function deviceIndex(device: string): number {
  const index = interfaceIndex(device)
  if (index === null) throw new DatapathError('no-device', `there is no device ${device} in this network namespace`)
  return index
}

/**
 * Packets for the proxy enter again by the pod's device with a source that is not behind it, possibly this node's own address: routing must
 * not take them for spoofed. The higher of `all` and the device's own value counts. Where `all` is 0, off; else loose (2), which overrides
 * strict (1), but refuses every turned packet at a device without an IPv4 address of its own.
 */
function acceptTurnedPackets(device: string): void {
  const everywhere = readSetting('conf/all/rp_filter')
  writeSetting(`conf/${device}/rp_filter`, everywhere === '0' ? '0' : '2')
  writeSetting(`conf/${device}/accept_local`, '1')
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
