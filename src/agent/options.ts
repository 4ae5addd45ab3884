/** What an agent is given. */
import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import type { IpAddress, NodeName } from '../../events/ids.ts'
import type { ListenerOptions } from '../../projections/xds/listeners.ts'
import type { Clock } from '../ports/clock.ts'
import type { Datapath, ProbeReport } from '../ports/datapath.ts'
import type { FlowStore } from '../ports/flows.ts'
import type { EventLog } from '../ports/log.ts'
import type { SavedStates } from '../ports/saved-states.ts'
import type { XdsServer } from '../ports/xds.ts'
import type { PolicyView } from './policy-view.ts'

export type AgentOptions = {
  readonly version: string
  /** Why this datapath and not the other. */
  readonly datapathReason: string
  readonly probe: ProbeReport | null
  readonly listeners: ListenerOptions
  /** The node's own addresses, which are the host's in the ipcache. */
  readonly hostAddresses: readonly IpAddress[]
  /** Builds that work on the datapath at the same time; those that wait for the log or the proxy do not count. */
  readonly buildsMax: number
  readonly ackDeadlineMs: number
  /** Between two comparisons of all maps with the log. */
  readonly compareEveryMs: number
  /** Events between two checkpoints, at least. */
  readonly checkpointEveryEvents: number
}

export const DEFAULT_AGENT_OPTIONS: AgentOptions = {
  version: '0.0.0',
  datapathReason: 'chosen by the caller',
  probe: null,
  listeners: { bpfRoot: '', ipcacheName: '' },
  hostAddresses: [],
  buildsMax: Math.max(2, availableParallelism()),
  ackDeadlineMs: 10_000,
  compareEveryMs: 60_000,
  checkpointEveryEvents: 10_000,
}

export type AgentPorts = {
  readonly node: NodeName
  readonly log: EventLog
  readonly datapath: Datapath
  readonly xds: XdsServer
  /** Left out: the policy engine with its defaults. */
  readonly policy?: PolicyView
  readonly flows: FlowStore | null
  readonly clock: Clock
  readonly logger: Logger
  /** Where checkpoints are kept; left out: every start folds the whole log. */
  readonly states?: SavedStates
  readonly options?: Partial<AgentOptions>
}
