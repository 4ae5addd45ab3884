/** A policy map in the datapath against the policy map on the log: compared, written, read back. */
import type { EventOf } from '../../events/catalogue.ts'
import type { PolicyMapKey } from '../../events/fields.ts'
import type { EndpointId } from '../../events/ids.ts'
import {
  EMPTY_POLICY_MAP,
  FOUND_ORIGIN,
  type PolicyMap,
  policyMapDiff,
  policyMapDigest,
  policyMapKeyText,
  sameInKernel,
} from '../../projections/datapath/policy-map.ts'
import type { Datapath, KernelPolicyEntry } from '../ports/datapath.ts'

/** Null where the endpoint has no map. */
export async function readMap(datapath: Datapath, endpoint: EndpointId): Promise<PolicyMap | null> {
  const entries = await datapath.readPolicyMap(endpoint)
  return entries === null ? null : toPolicyMap(entries)
}

function toPolicyMap(entries: readonly KernelPolicyEntry[]): PolicyMap {
  return new Map(
    entries.map(({ key, value }) => [policyMapKeyText(key), { key, value: { ...value, origins: [FOUND_ORIGIN] } }]),
  )
}

/** `found` with the origins that the log knows for equal entries; the same object as `recorded` where the datapath holds just that. */
export function reconciled(recorded: PolicyMap, found: PolicyMap): PolicyMap {
  let same = recorded.size === found.size
  const map = new Map(found)
  for (const [text, entry] of found) {
    const known = recorded.get(text)
    if (known !== undefined && sameInKernel(known.value, entry.value)) map.set(text, known)
    else same = false
  }
  return same ? recorded : map
}

/** Additions and changes first, then removals; nothing is written where the datapath holds the entries already. */
export async function writeMap(
  datapath: Datapath,
  endpoint: EndpointId,
  from: PolicyMap,
  to: PolicyMap,
): Promise<PolicyMap> {
  const upserts = [...to].filter(([text, { value }]) => {
    const before = from.get(text)?.value
    return before === undefined || !sameInKernel(before, value)
  })
  const removals: readonly PolicyMapKey[] = [...from].filter(([text]) => !to.has(text)).map(([, { key }]) => key)
  if (upserts.length === 0 && removals.length === 0) return reconciled(to, from)
  await datapath.writePolicyMap(endpoint, {
    upserts: upserts.map(
      ([
        ,
        {
          key,
          value: { origins: _, ...value },
        },
      ]) => ({ key, value }),
    ),
    removals,
  })
  return reconciled(to, (await readMap(datapath, endpoint)) ?? EMPTY_POLICY_MAP)
}

/** Null where nothing changes. */
export function mapWritten(
  endpoint: EndpointId,
  build: number | null,
  before: PolicyMap,
  after: PolicyMap,
): EventOf<'PolicyMapWritten'> | null {
  const deltas = policyMapDiff(before, after)
  if (deltas.length === 0) return null
  const digest = policyMapDigest(after)
  return { type: 'PolicyMapWritten', v: 1, endpoint, build, deltas, entries: after.size, digest }
}
