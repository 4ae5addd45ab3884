/** Asking for a build: the first request moves the endpoint, further ones are folded into the pending build. */
import type { EndpointState } from '../../events/endpoint.ts'
import { endpointStream, nodeStream, type Position } from '../../events/ids.ts'
import type { RegenerationLevel, RegenerationTrigger } from '../../events/regeneration.ts'
import type { AgentEndpoint } from '../../projections/agent/endpoint.ts'
import type { AgentState } from '../../projections/agent/state.ts'
import { type StateMover, transition } from '../../projections/endpoint/state-machine.ts'
import type { Fact } from './situation.ts'

export type BuildRequest = {
  readonly trigger: RegenerationTrigger
  readonly level: RegenerationLevel
  readonly cause: Position | null
}

/** Whether builds can be asked for: the endpoint has an identity and is not on its way out. */
function buildable({ identity, leaving, state }: AgentEndpoint): boolean {
  return identity !== null && !leaving && state !== 'invalid'
}

export function requestBuild(
  { node }: Pick<AgentState, 'node'>,
  endpoint: AgentEndpoint,
  { trigger, level, cause }: BuildRequest,
): readonly Fact[] {
  if (!buildable(endpoint)) return []
  const id = endpoint.created.endpoint
  const request = (folded: boolean): Fact => ({
    stream: endpointStream(node, id),
    event: { type: 'EndpointRegenerationRequested', v: 1, endpoint: id, trigger, level, folded },
    cause,
  })
  if (endpoint.pending !== null) return [request(true)]
  const moves = moveEndpoint({ node }, endpoint, { to: 'waiting-to-regenerate', by: 'anyone', reason: trigger, cause })
  return [...moves, request(false)]
}

export type Move = {
  readonly to: EndpointState
  readonly by: StateMover
  readonly reason: string
  readonly cause: Position | null
}

/** Nothing where the state stays as it is. */
export function moveEndpoint(
  { node }: Pick<AgentState, 'node'>,
  { state, created }: AgentEndpoint,
  { to, by, reason, cause }: Move,
): readonly Fact[] {
  if (transition(state, to, by).kind !== 'moved') return []
  const event = { type: 'EndpointStateChanged', v: 1, endpoint: created.endpoint, from: state, to, reason } as const
  return [{ stream: nodeStream(node), event, cause }]
}
