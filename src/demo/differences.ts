/** Holds the pinned policy maps beside the fold of the log. */
import { NodeName } from '../../events/ids.ts'
import { comparePolicyMapKeys, policyMapKeyText, sortedEntries } from '../../projections/datapath/policy-map.ts'
import { now, openDatapathToRead, openLogToRead } from '../cli/compose.ts'
import { resolveMoment } from '../history/position.ts'
import { worldAt } from '../history/state-at.ts'
import type { KernelPolicyEntry } from '../ports/datapath.ts'
import { NODE } from './cast.ts'

/** One sentence for each endpoint whose map is not what was recorded. */
export async function differencesFromLog(state: string, bpffs: string): Promise<readonly string[]> {
  await using log = await openLogToRead({ log: undefined, state })
  await using datapath = await openDatapathToRead({ bpffs, node: NodeName(NODE) })
  const outcome = await resolveMoment({ log, now: now(), at: null })
  if (outcome.kind !== 'found') return [outcome.reason]
  const node = (await worldAt(log, outcome.moment)).nodes.get(NODE)
  const found: string[] = []
  for (const [endpoint, { policyMap }] of node?.endpoints ?? []) {
    const recorded = sortedEntries(policyMap).map(
      ({ key, value }) => `${policyMapKeyText(key)} ${value.verdict} ${value.proxyPort}`,
    )
    const live = inKernel((await datapath.readPolicyMap(endpoint)) ?? [])
    if (recorded.join() !== live.join())
      found.push(`endpoint ${endpoint}: ${live.length} entries, ${recorded.length} recorded`)
  }
  return found
}

function inKernel(entries: readonly KernelPolicyEntry[]): readonly string[] {
  return entries
    .toSorted((a, b) => comparePolicyMapKeys(a.key, b.key))
    .map(({ key, value }) => `${policyMapKeyText(key)} ${value.verdict} ${value.proxyPort}`)
}
