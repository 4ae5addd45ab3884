/**
 * A datapath of its own for a test: its own bpffs, small maps, pods that stand at the loopback device of BPF_PROG_TEST_RUN.
 * Everything is removed at the end. `KERNEL_REASON` says why the kernel cannot be used here, and is null where it can.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Subscription } from 'rxjs'
import type { PolicyMapKey } from '../../events/fields.ts'
import { Cidr, EndpointId, IdentityId, IpAddress } from '../../events/ids.ts'
import type { KernelMap } from '../../src/kernel/bpf-map.ts'
import { pinFolder, removePinFolder } from '../../src/kernel/bpffs.ts'
import { type KernelDatapath, type KernelDatapathOptions, openKernelDatapath } from '../../src/kernel/datapath.ts'
import { conntrackLifetime } from '../../src/kernel/layout/conntrack.ts'
import { endpointKey, endpointValue } from '../../src/kernel/layout/endpoint.ts'
import { SystemError, unmount } from '../../src/kernel/libc.ts'
import { CONNTRACK_OTHER, CONNTRACK_TCP, ENDPOINTS, type MapSpec, POLICY_MAPS } from '../../src/kernel/maps.ts'
import { type TestRunResult, testRun } from '../../src/kernel/program.ts'
import { openMap } from '../../src/kernel/shared-maps.ts'
import { DatapathError, type KernelPolicyValue, type PolicyVerdict } from '../../src/ports/datapath.ts'

/** Ends of TC_ACT_OK, TC_ACT_SHOT, TC_ACT_REDIRECT. */
export const PASS = 0
export const DROP = 2
export const REDIRECT = 7

/** Of the device at which BPF_PROG_TEST_RUN lets packets arrive. */
const LOOPBACK_INDEX = 1
const SMALL = {
  cilium_ct4_global: 4096,
  cilium_ct_any4_global: 4096,
  cilium_policystats: 4096,
  cilium_ipcache_v2: 65_536,
}

export class Laboratory implements AsyncDisposable {
  readonly options: KernelDatapathOptions
  readonly datapath: KernelDatapath
  readonly seen: PolicyVerdict[] = []
  readonly #subscription: Subscription

  constructor(options: KernelDatapathOptions, datapath: KernelDatapath) {
    this.options = options
    this.datapath = datapath
    this.#subscription = datapath.verdicts.subscribe((batch) => this.seen.push(...batch))
  }

  /** A pod at the loopback device, with its policy map. */
  async pod(pod: {
    readonly endpoint: number
    readonly identity: number
    readonly address: string
    readonly ifindex?: number
  }): Promise<void> {
    const spec = {
      endpoint: EndpointId(pod.endpoint),
      identity: IdentityId(pod.identity),
      ipv4: IpAddress(pod.address),
      device: null,
      mac: null,
      nodeMac: null,
    }
    await this.datapath.attachEndpoint(spec)
    using endpoints = this.map(ENDPOINTS)
    endpoints.update(endpointKey(spec.ipv4), endpointValue(spec, pod.ifindex ?? LOOPBACK_INDEX))
  }

  /** Takes the map out of its slot, as when an endpoint is half removed. */
  forgetPolicyMap(endpoint: number): void {
    using maps = this.map(POLICY_MAPS)
    const slot = Buffer.alloc(4)
    slot.writeUInt32LE(endpoint)
    assert.ok(maps.remove(slot))
  }

  /** Lets every tracked connection be that much older. */
  age(seconds: number): void {
    for (const spec of [CONNTRACK_TCP, CONNTRACK_OTHER]) {
      using map = this.map(spec)
      for (const { key, value } of map.entries()) {
        value.writeUInt32LE(conntrackLifetime(value) - seconds, 32)
        map.update(key, value)
      }
    }
  }

  async peer(prefix: string, identity: number): Promise<void> {
    const entry = { identity: IdentityId(identity), tunnelEndpoint: null, encryptKey: 0, skipTunnel: false }
    await this.datapath.writeIpcache({ upserts: [{ prefix: Cidr(prefix), ...entry }], removals: [] })
  }

  async policy(endpoint: number, ...upserts: readonly PolicyWrite[]): Promise<void> {
    await this.datapath.writePolicyMap(EndpointId(endpoint), { upserts, removals: [] })
  }

  run(program: 'from_pod' | 'to_pod', packet: Uint8Array, mark = 0): TestRunResult {
    return testRun(this.datapath.programs.get(program)!, { packet, mark })
  }

  /** The verdicts told since the last call. */
  async verdicts(): Promise<readonly PolicyVerdict[]> {
    // The ring is read when the event loop has polled; two turns are enough, since the records are there already.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    return this.seen.splice(0)
  }

  /** A shared map by its pin, for what the port does not offer. */
  map(spec: MapSpec): KernelMap {
    const map = openMap(pinFolder(this.options).mapPath(spec), spec)
    assert.ok(map !== null)
    return map
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription.unsubscribe()
    await this.datapath[Symbol.asyncDispose]()
    removeBpffs(this.options)
  }
}

export type PolicyWrite = { readonly key: PolicyMapKey; readonly value: KernelPolicyValue }

export async function laboratory(options: Partial<KernelDatapathOptions> = {}): Promise<Laboratory> {
  const whole = { ...freshOptions(), ...options }
  try {
    return new Laboratory(whole, await openKernelDatapath(whole))
  } catch (error) {
    removeBpffs(whole)
    throw error
  }
}

function freshOptions(): KernelDatapathOptions {
  const unique = `hindcast-${process.pid}-${randomBytes(4).toString('hex')}`
  return { bpffs: join(tmpdir(), unique), name: 'test', sizes: SMALL }
}

/** Takes away a datapath with its file system. */
function removeBpffs(options: { readonly bpffs: string; readonly name: string }): void {
  removePinFolder(pinFolder(options))
  try {
    unmount(options.bpffs)
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
  }
  rmSync(options.bpffs, { recursive: true, force: true })
}

/** One policy map entry; the defaults allow. */
export function entry(
  key: Partial<Omit<PolicyMapKey, 'identity'>> & { readonly identity?: number },
  value: Partial<KernelPolicyValue> = {},
): PolicyWrite {
  const { direction = 'ingress', identity = 0, protocol = 0, port = 0, portBits = port === 0 ? 0 : 16 } = key
  return {
    key: { direction, identity: IdentityId(identity), protocol, port, portBits },
    value: { verdict: 'allow', proxyPort: 0, precedence: 0, authType: 0, ...value },
  }
}

/** Null where a datapath can be opened here, else the reason in one line. */
export const KERNEL_REASON: string | null = await reasonAgainst()

/** A test that needs the kernel; elsewhere it is skipped with the reason. */
export function kernelTest(title: string, body: (laboratory: Laboratory) => Promise<void>): void {
  test(title, { skip: KERNEL_REASON ?? false }, async () => {
    await using lab = await laboratory()
    await body(lab)
  })
}

/** What a machine may lack. Sources that do not compile, or a program that is refused, are failures and not reasons. */
async function reasonAgainst(): Promise<string | null> {
  try {
    await using _ = await laboratory()
    return null
  } catch (error) {
    if (!(error instanceof DatapathError)) throw error
    const lacking = ['no-privilege', 'no-compiler'].includes(error.code) || error.message.includes('cannot be loaded')
    if (!lacking) throw error
    return error.message.split('\n', 1)[0]!
  }
}
