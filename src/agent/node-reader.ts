/** One node as its agent folds it, read from the log step by step by somebody who is not the agent. */
import { decodeEvent } from '../../events/codec.ts'
import type { EndpointId, NodeName, Position, StreamName, StreamRevision } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { type AgentState, agentState } from '../../projections/agent/state.ts'
import { EMPTY_POLICY_MAP, type PolicyMap } from '../../projections/datapath/policy-map.ts'
import { type Projection, step } from '../../projections/projection.ts'
import { nodeOfStream } from '../../projections/world.ts'
import type { EventLog, ExpectedRevision } from '../ports/log.ts'

export class NodeReader {
  readonly #log: EventLog
  readonly #projection: Projection<AgentState>
  readonly #heads: Map<StreamName, StreamRevision> = new Map()
  readonly #realised: Map<EndpointId, PolicyMap> = new Map()
  #state: AgentState
  #position: Position | null = null

  constructor(log: EventLog, node: NodeName) {
    this.#log = log
    // A projection of fewer types is asked only about those: `step` looks.
    this.#projection = agentState(node) as Projection<AgentState>
    this.#state = this.#projection.initial
  }

  get state(): AgentState {
    return this.#state
  }

  /** The revision up to which the stream was read. */
  head(stream: StreamName): ExpectedRevision {
    return this.#heads.get(stream) ?? 'no-stream'
  }

  /** As the last successful build of the endpoint left it. */
  realisedMap(endpoint: EndpointId): PolicyMap {
    return this.#realised.get(endpoint) ?? EMPTY_POLICY_MAP
  }

  /** Everything that the log has gained. Throws `DecodeError`. */
  async readOn(): Promise<void> {
    for await (const batch of this.#log.readAll({ direction: 'forwards', after: this.#position })) {
      for (const stored of batch) this.#take(decodeEvent(stored))
    }
  }

  #take(recorded: Recorded): void {
    const { stream, revision, position, event } = recorded
    this.#state = step(this.#projection, this.#state, recorded)
    this.#heads.set(stream, revision)
    this.#position = position
    if (nodeOfStream(stream) !== this.#state.node) return
    if (event.type === 'EndpointCreated') this.#realised.delete(event.endpoint)
    if (event.type === 'EndpointRegenerationSucceeded') {
      const map = this.#state.endpoints.get(event.endpoint)?.policyMap
      if (map !== undefined) this.#realised.set(event.endpoint, map)
    }
  }
}
