/** Holds what is pinned in the kernel beside the fold of the log: policy maps, ipcache and programs. */
import { execFileSync } from 'node:child_process'
import { NodeName } from '../../events/ids.ts'
import { comparePolicyMapKeys, policyMapKeyText, sortedEntries } from '../../projections/datapath/policy-map.ts'
import type { NodeView } from '../../projections/world.ts'
import { now, openDatapathToRead, openLogToRead } from '../cli/compose.ts'
import { resolveMoment } from '../history/position.ts'
import { worldAt } from '../history/state-at.ts'
import type { KernelPolicyEntry } from '../ports/datapath.ts'
import { NODE } from './cast.ts'

type LiveDatapath = Awaited<ReturnType<typeof openDatapathToRead>>

/** One sentence for each place where the kernel is not what was recorded. */
export async function differencesFromLog(state: string, bpffs: string): Promise<readonly string[]> {
  await using log = await openLogToRead({ log: undefined, state })
  await using datapath = await openDatapathToRead({ bpffs, node: NodeName(NODE) })
  const outcome = await resolveMoment({ log, now: now(), at: null })
  if (outcome.kind !== 'found') return [outcome.reason]
  const node = (await worldAt(log, outcome.moment)).nodes.get(NODE)
  if (node === undefined) return [`${NODE} is not on the log`]
  return [
    ...(await policyMapDifferences(node, datapath)),
    ...(await ipcacheDifferences(node, datapath)),
    ...programDifferences(node),
  ]
}

async function policyMapDifferences({ endpoints }: NodeView, datapath: LiveDatapath): Promise<readonly string[]> {
  const found: string[] = []
  for (const endpoint of await datapath.listEndpoints())
    if (!endpoints.has(endpoint)) found.push(`endpoint ${endpoint} is not on the log`)
  for (const [endpoint, { policyMap }] of endpoints) {
    const recorded = sortedEntries(policyMap).map(
      ({ key, value }) => `${policyMapKeyText(key)} ${value.verdict} ${value.proxyPort}`,
    )
    const live = inKernel((await datapath.readPolicyMap(endpoint)) ?? [])
    found.push(...sides(`policy map ${endpoint}`, live, recorded))
  }
  return found
}

function inKernel(entries: readonly KernelPolicyEntry[]): readonly string[] {
  return entries
    .toSorted((a, b) => comparePolicyMapKeys(a.key, b.key))
    .map(({ key, value }) => `${policyMapKeyText(key)} ${value.verdict} ${value.proxyPort}`)
}

async function ipcacheDifferences({ ipcache }: NodeView, datapath: LiveDatapath): Promise<readonly string[]> {
  const live = (await datapath.readIpcache()).map(({ prefix, identity }) => `${prefix} ${identity}`)
  const recorded = [...ipcache.values()].map(({ prefix, identity }) => `${prefix} ${identity}`)
  return sides('ipcache', live, recorded)
}

/** By the kernel's own tool: which program each pinned link runs. */
function programDifferences({ programs }: NodeView): readonly string[] {
  const found: string[] = []
  for (const { pinnedAt, tag, program, attach } of programs.values()) {
    if (attach !== 'tcx') continue
    const link = bpftool('link', 'show', 'pinned', pinnedAt) as { readonly prog_id: number }
    const running = bpftool('prog', 'show', 'id', String(link.prog_id)) as { readonly tag: string }
    if (running.tag !== tag) found.push(`${program} at ${pinnedAt} is ${running.tag}, recorded ${tag}`)
  }
  return found
}

function bpftool(...args: readonly string[]): unknown {
  return JSON.parse(execFileSync('bpftool', ['-j', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }))
}

function sides(what: string, live: readonly string[], recorded: readonly string[]): readonly string[] {
  const [kernel, log] = [new Set(live), new Set(recorded)]
  return [
    ...live.filter((each) => !log.has(each)).map((each) => `${what}: ${each} is in the kernel only`),
    ...recorded.filter((each) => !kernel.has(each)).map((each) => `${what}: ${each} is on the log only`),
  ]
}
