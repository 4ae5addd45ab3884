/** The recorded flows that a plan is about. */
import { NodeName, type Timestamp } from '../../../events/ids.ts'
import { EMPTY_NODE, type World } from '../../../projections/world.ts'
import type { History } from '../../history/history.ts'
import type { FlowWindow } from '../../history/plan/flow-window.ts'
import { type FlowReport, flowReport } from '../../history/plan/flows.ts'
import type { Plan, PlannedPolicies } from '../../history/plan/plan.ts'
import { parseTime } from '../../history/position.ts'
import { FlowStoreError } from '../../ports/flows.ts'
import { momentOf } from '../answer.ts'
import { now, openFlowsToRead, type Place } from '../compose.ts'
import { FLOWS_DEFAULT } from '../flow-options.ts'

export type FlowOptions = {
  readonly flows?: number | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
}

type Planned = {
  readonly plan: Plan
  readonly policies: PlannedPolicies
  readonly world: World
  readonly options: Place & FlowOptions
}

/** One report for each node that has a flow store beside the log. Throws `CliError`, `FlowStoreError`. */
export async function flowReports(
  history: History,
  { plan, policies, world, options }: Planned,
): Promise<readonly FlowReport[]> {
  if (options.flows === 0) return []
  const window = await windowOf(history, options)
  const nodes = [...new Set([...policies.keys()].map((key) => key.split('/')[0]!))]
  const reports = nodes.map(async (node) => {
    const store = await openFlowsToRead(history.log, { ...options, node: NodeName(node) })
    try {
      return [await flowReport({ node, store, window, view: world.nodes.get(node) ?? EMPTY_NODE, policies, plan })]
    } catch (error) {
      if (error instanceof FlowStoreError && error.code === 'flows-missing') return []
      throw error
    }
  })
  return (await Promise.all(reports)).flat()
}

async function windowOf(history: History, { flows, since, until }: FlowOptions): Promise<FlowWindow> {
  const isWhole = since === undefined && until === undefined
  return {
    since: await timeOf(history, since, '--since'),
    until: await timeOf(history, until, '--until'),
    last: flows ?? (isWhole ? FLOWS_DEFAULT : null),
  }
}

/** A time may lie before the log and after it. */
async function timeOf({ log, model }: History, text: string | undefined, where: string): Promise<Timestamp | null> {
  if (text === undefined) return null
  return parseTime(text, now()) ?? (await momentOf({ log, model }, text, where))?.recordedAt ?? null
}
