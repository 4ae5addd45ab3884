/** The endpoints' policy maps, bounded as the kernel's are, with the counters of each entry. */
import type { PolicyMapKey } from '../../events/fields.ts'
import type { EndpointId } from '../../events/ids.ts'
import {
  checkPolicyMapKey,
  checkPolicyMapValue,
  comparePolicyMapKeys,
  EMPTY_POLICY_MAP,
  type PolicyMap,
  type PolicyMapEntry,
  policyMapKeyText,
} from '../../projections/datapath/policy-map.ts'
import { DatapathError, type KernelPolicyEntry, type KernelPolicyValue } from '../ports/datapath.ts'

/** Cilium's bpf-policy-map-max. */
export const POLICY_MAP_MAX = 16_384

export type PolicyMapChange = {
  readonly upserts: readonly { readonly key: PolicyMapKey; readonly value: KernelPolicyValue }[]
  readonly removals: readonly PolicyMapKey[]
}

type Counter = { packets: number; bytes: number }

/** Maps are values: a lookup's index over one stays true, and a write makes another. */
export class PolicyMaps {
  readonly #maps = new Map<EndpointId, PolicyMap>()
  readonly #counters = new Map<EndpointId, Map<string, Counter>>()

  /** Keeps what is there. */
  create(endpoint: EndpointId): void {
    if (!this.#maps.has(endpoint)) this.#maps.set(endpoint, EMPTY_POLICY_MAP)
  }

  remove(endpoint: EndpointId): void {
    this.#maps.delete(endpoint)
    this.#counters.delete(endpoint)
  }

  get(endpoint: EndpointId): PolicyMap | null {
    return this.#maps.get(endpoint) ?? null
  }

  endpoints(): readonly EndpointId[] {
    return [...this.#maps.keys()].toSorted((a, b) => a - b)
  }

  /** Makes the map where there is none. Throws `DatapathError` where the entries do not fit; nothing is written then. */
  write(endpoint: EndpointId, { upserts, removals }: PolicyMapChange): void {
    for (const { key, value } of upserts) {
      checkPolicyMapKey(key)
      checkPolicyMapValue(value)
    }
    const after = new Map(this.#maps.get(endpoint) ?? EMPTY_POLICY_MAP)
    for (const { key, value } of upserts) after.set(policyMapKeyText(key), { key, value: { ...value, origins: [] } })
    if (after.size > POLICY_MAP_MAX) {
      throw new DatapathError('map-full', `endpoint ${endpoint} would have ${after.size} of ${POLICY_MAP_MAX} entries`)
    }
    for (const key of removals) {
      after.delete(policyMapKeyText(key))
      this.#counters.get(endpoint)?.delete(policyMapKeyText(key))
    }
    this.#maps.set(endpoint, after)
  }

  read(endpoint: EndpointId): readonly KernelPolicyEntry[] | null {
    const map = this.#maps.get(endpoint)
    if (map === undefined) return null
    const counters = this.#counters.get(endpoint)
    return [...map]
      .map(([text, { key, value }]) => {
        const { origins: _, ...kernel } = value
        const { packets, bytes } = counters?.get(text) ?? { packets: 0, bytes: 0 }
        return { key, value: kernel, packets, bytes }
      })
      .toSorted((a, b) => comparePolicyMapKeys(a.key, b.key))
  }

  count(endpoint: EndpointId, { key }: PolicyMapEntry, bytes: number): void {
    const counters = this.#counters.get(endpoint) ?? new Map<string, Counter>()
    this.#counters.set(endpoint, counters)
    const text = policyMapKeyText(key)
    const counter = counters.get(text)
    if (counter === undefined) counters.set(text, { packets: 1, bytes })
    else {
      counter.packets += 1
      counter.bytes += bytes
    }
  }
}
