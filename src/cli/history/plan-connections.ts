/** The connections of the nodes that a plan is about, or why they were not looked at. */
import { NodeName } from '../../../events/ids.ts'
import type { World } from '../../../projections/world.ts'
import type { History } from '../../history/history.ts'
import { type ConnectionReport, type ConnectionsUnseen, connectionReport } from '../../history/plan/connections.ts'
import type { Plan, PlannedPolicies } from '../../history/plan/plan.ts'
import type { Moment } from '../../history/position.ts'
import { type Datapath, DatapathError } from '../../ports/datapath.ts'
import type { EventLog } from '../../ports/log.ts'
import { monotonicSeconds, openDatapathToRead } from '../compose.ts'
import { refuseModel } from '../conntrack-verb.ts'
import { CliError } from '../failure.ts'

type OpenDatapath = (
  log: EventLog,
  pins: { readonly bpffs: string; readonly node: NodeName },
) => Promise<Pick<Datapath, 'readConntrack'> & AsyncDisposable>

export type ConnectionOptions = {
  /** Undefined: where it can be done. True: not being able to is a failure. */
  readonly connections?: boolean | undefined
  readonly bpffs: string
  /** Undefined: the head, also where an agent writes on meanwhile. */
  readonly at: string | undefined
}

type Planned = {
  readonly world: World
  readonly moment: Moment | null
  readonly plan: Plan
  readonly policies: PlannedPolicies
  readonly options: ConnectionOptions
}

const openKernelOf: OpenDatapath = async (log, pins) => {
  await refuseModel(log, pins.node)
  return openDatapathToRead(pins)
}

/** In order of nodes. Throws `CliError`, `DatapathError` where connections were asked for and are not to be had. */
export async function connectionsOf(
  history: Pick<History, 'log'>,
  { world, moment, plan, policies, options }: Planned,
  open: OpenDatapath = openKernelOf,
): Promise<readonly (ConnectionReport | ConnectionsUnseen)[]> {
  if (options.connections === false) return []
  const nodes = [...world.nodes]
    .filter(([, { endpoints }]) => endpoints.size > 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  const isHead = options.at === undefined || (await history.log.head()) === (moment?.position ?? null)
  const reports = nodes.map(async ([name, view]): Promise<ConnectionReport | ConnectionsUnseen> => {
    const node = NodeName(name)
    try {
      if (!isHead) throw new CliError('usage', 'connections are those of now, and the moment is not the head')
      await using datapath = await open(history.log, { bpffs: options.bpffs, node })
      const entries = await datapath.readConntrack()
      return connectionReport({ node, entries, now: monotonicSeconds(), view, policies, plan })
    } catch (error) {
      const isExpected = error instanceof CliError || error instanceof DatapathError
      if (!isExpected || options.connections === true) throw error
      return { node, reason: error.message.split('\n')[0]! }
    }
  })
  return Promise.all(reports)
}
