/**
 * The programs on maps of their own, pinned nowhere and attached to nothing: packets are given to them by BPF_PROG_TEST_RUN. What enforces on this
 * machine neither sees nor feels it.
 */
import type { PolicyVerdict } from '../ports/datapath.ts'
import type { ScratchAnswer, ScratchDatapath, ScratchPacket, ScratchState } from '../ports/scratch.ts'
import { createMap, type KernelMap } from './bpf-map.ts'
import { type CompileOptions, compileObject } from './compile.ts'
import { endpointKey, endpointValue } from './layout/endpoint.ts'
import { ipcacheKey, ipcacheValue } from './layout/ipcache.ts'
import { policyWrites } from './layout/policy.ts'
import { decodeVerdict, VERDICT_EVENT_BYTES } from './layout/report.ts'
import { closeFd } from './libc.ts'
import { CONNTRACK_OTHER, CONNTRACK_TCP, ENDPOINTS, EVENTS, IPCACHE, POLICY, POLICY_MAPS } from './maps.ts'
import { ACK, packet as packetBytes, SYN } from './packet.ts'
import { type KernelProgram, loadPrograms, testRun } from './program.ts'
import { readRing } from './ring-buffer.ts'
import { createScratchMaps, type SharedMaps } from './shared-maps.ts'

/** Of the device at which BPF_PROG_TEST_RUN lets packets arrive. */
const LOOPBACK_INDEX = 1
/** One packet at a time is tracked. */
const TRACKED = 1024
/** Told after the verdict of the policy: there is no listener here (178), not for the proxy (180). */
const AFTER_VERDICT: readonly (number | null)[] = [178, 180]
/** TC_ACT_OK. */
const ONWARDS = 0
/** The ring is read when the event loop has polled; the records are there already. */
const TURNS_OF_THE_LOOP = 3

/** Throws `DatapathError`. */
export async function openScratchDatapath(state: ScratchState, compile?: CompileOptions): Promise<ScratchDatapath> {
  const object = await compileObject(compile)
  const maps = createScratchMaps({
    [CONNTRACK_TCP.name]: TRACKED,
    [CONNTRACK_OTHER.name]: TRACKED,
    [IPCACHE.name]: Math.max(1, state.ipcache.length),
  })
  try {
    fill(maps, state)
    return new Scratch(maps, loadPrograms(object, maps.byName))
  } catch (error) {
    maps[Symbol.dispose]()
    throw error
  }
}

function fill(maps: SharedMaps, { endpoints, ipcache }: ScratchState): void {
  for (const entry of ipcache) maps.get(IPCACHE).update(ipcacheKey(entry.prefix), ipcacheValue(entry))
  for (const { spec, policyMap } of endpoints) {
    // The slot keeps the map when its descriptor is closed.
    using map: KernelMap = createMap({ ...POLICY, name: `policy_${String(spec.endpoint).padStart(5, '0')}` })
    const { keys, values } = policyWrites([...policyMap.values()])
    map.updateBatch(keys, values)
    maps.get(POLICY_MAPS).update(u32(spec.endpoint), u32(map.fd))
    if (spec.ipv4 !== null) maps.get(ENDPOINTS).update(endpointKey(spec.ipv4), endpointValue(spec, LOOPBACK_INDEX))
  }
}

class Scratch implements ScratchDatapath {
  readonly #maps: SharedMaps
  readonly #programs: ReadonlyMap<string, KernelProgram>
  readonly #ring: Disposable
  readonly #told: PolicyVerdict[] = []

  constructor(maps: SharedMaps, programs: ReadonlyMap<string, KernelProgram>) {
    this.#maps = maps
    this.#programs = programs
    this.#ring = readRing(maps.get(EVENTS).fd, (records) => {
      const whole = records.filter((record) => record.length >= VERDICT_EVENT_BYTES)
      this.#told.push(...whole.map(decodeVerdict))
    })
  }

  async forget(): Promise<void> {
    for (const spec of [CONNTRACK_TCP, CONNTRACK_OTHER]) await this.#maps.get(spec).removeWhere(() => true)
  }

  async judge({
    direction,
    source,
    destination,
    protocol,
    sourcePort,
    port,
    role,
  }: ScratchPacket): Promise<ScratchAnswer> {
    const icmp = { icmpType: port, icmpId: sourcePort }
    const ports = { sourcePort, destinationPort: port, ...icmp, tcpFlags: role === 'first' ? SYN : SYN | ACK }
    const bytes = packetBytes({ source, destination, protocol, ...ports })
    const { action } = testRun(this.#programs.get(direction === 'ingress' ? 'to_pod' : 'from_pod')!, { packet: bytes })
    for (let turn = 0; turn < TURNS_OF_THE_LOOP; turn++) await new Promise((resolve) => setImmediate(resolve))
    const told = this.#told.splice(0).find(({ dropReason }) => !AFTER_VERDICT.includes(dropReason)) ?? null
    return { told, passes: action === ONWARDS }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The ring's reader must be gone before its descriptor is.
    this.#ring[Symbol.dispose]()
    for (const { fd } of this.#programs.values()) closeFd(fd)
    this.#maps[Symbol.dispose]()
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
