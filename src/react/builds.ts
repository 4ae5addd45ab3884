/** The beginning and the ends of a build, restored endpoints, and endpoints that leave. */
import type { EventOf } from '../../events/catalogue.ts'
import { type EndpointId, endpointStream, nodeStream, PolicyRevision, type Position } from '../../events/ids.ts'
import type { AgentEndpoint } from '../../projections/agent/endpoint.ts'
import { bumpIdle } from './policy.ts'
import { moveEndpoint, requestBuild } from './requests.ts'
import { type Fact, imagine, inTurn, type Situation } from './situation.ts'

/** Cilium's base of the back-off between tries, doubled with each failure, and its bound. */
const RETRY_BASE_MS = 2_000
const RETRY_MAX_MS = 300_000

/** Nothing where no build is pending (any more). `reads` is the position of the situation. */
export function beginBuild({ state }: Situation, id: EndpointId, reads: Position): readonly Fact[] {
  const endpoint = state.endpoints.get(id)
  if (endpoint === undefined || endpoint.leaving) return []
  const { pending, running } = endpoint
  if (pending === null || running !== null) return []
  const started: EventOf<'EndpointRegenerationStarted'> = {
    type: 'EndpointRegenerationStarted',
    v: 1,
    endpoint: id,
    build: (state.builds.get(id) ?? 0) + 1,
    level: pending.level,
    triggers: pending.triggers,
    revision: PolicyRevision(state.revision),
    reads: String(reads),
  }
  const reason = pending.triggers.map(({ trigger }) => trigger).join(', ')
  return [
    { stream: endpointStream(state.node, id), event: started, cause: reads },
    ...moveEndpoint(state, endpoint, { to: 'regenerating', by: 'builder', reason, cause: reads }),
  ]
}

type End = EventOf<'EndpointRegenerationSucceeded' | 'EndpointRegenerationFailed'>

/** A success also takes the endpoint to the revision that the node has reacted to meanwhile, where nothing more is to be built. */
export function endBuild(now: Situation, end: End, before: readonly Fact[], cause: Position | null): readonly Fact[] {
  const { node } = now.state
  const ended: readonly Fact[] = [...before, { stream: endpointStream(node, end.endpoint), event: end, cause }]
  const after = imagine(now, ended)
  const endpoint = after.state.endpoints.get(end.endpoint)
  if (endpoint === undefined || endpoint.leaving) return ended
  const reason = end.type === 'EndpointRegenerationSucceeded' ? `build ${end.build}` : `build ${end.build}: ${end.code}`
  return [
    ...ended,
    ...moveEndpoint(after.state, endpoint, { to: 'ready', by: 'builder', reason, cause }),
    ...bumpIdle(after.state, endpoint, after.state.reacted, cause),
  ]
}

/** How long to wait after the `failures`th failure in a row. */
export function retryDelayMs(failures: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** Math.min(failures - 1, 30))
}

/** Every endpoint of before the start is built again, whatever it was doing. */
export function restore(now: Situation, cause: Position | null): readonly Fact[] {
  const endpoints = [...now.state.endpoints.values()].filter(({ leaving }) => !leaving)
  return inTurn(
    now,
    endpoints
      .toSorted((a, b) => a.created.endpoint - b.created.endpoint)
      .map(
        ({ created }) =>
          (situation) =>
            restoreOne(situation, created.endpoint, cause),
      ),
  )
}

function restoreOne(now: Situation, id: EndpointId, cause: Position | null): readonly Fact[] {
  const endpoint = now.state.endpoints.get(id)
  if (endpoint === undefined || endpoint.identity === null) return []
  const move = { to: 'restoring', by: 'anyone', reason: 'the agent starts', cause } as const
  const moved = moveEndpoint(now.state, endpoint, move)
  const after = imagine(now, moved).state.endpoints.get(id) ?? endpoint
  return [...moved, ...requestBuild(now.state, after, { trigger: 'endpoint-restored', level: 'rewrite+load', cause })]
}

/** Endpoints that were deleted say so once, before their programs and maps go. */
export function announceLeaving({ state }: Situation): readonly Fact[] {
  return [...state.endpoints.values()]
    .filter(({ leaving }) => leaving)
    .toSorted((a, b) => a.created.endpoint - b.created.endpoint)
    .flatMap((endpoint) =>
      moveEndpoint(state, endpoint, { to: 'disconnecting', by: 'anyone', reason: 'deleted', cause: null }),
    )
}

/** Whether it was said that the endpoint leaves; one that never worked has nothing to say. */
export function announced({ state }: AgentEndpoint): boolean {
  return state === 'disconnecting' || state === 'invalid'
}

/** The programs of an endpoint are gone; one that was deleted is forgotten with this. */
export function detached({ state }: Situation, id: EndpointId): readonly Fact[] {
  const endpoint = state.endpoints.get(id)
  if (endpoint === undefined) return []
  const stream = nodeStream(state.node)
  const gone = unloaded(endpoint).map((event): Fact => ({ stream, event, cause: null }))
  if (!endpoint.leaving || !announced(endpoint)) return gone
  const event: EventOf<'EndpointStateChanged'> = {
    type: 'EndpointStateChanged',
    v: 1,
    endpoint: id,
    from: endpoint.state,
    to: 'disconnected',
    reason: 'programs and map are gone',
  }
  return [...gone, { stream, event, cause: null }]
}

function unloaded({ programs }: AgentEndpoint): readonly EventOf<'ProgramUnloaded'>[] {
  return [...programs.values()].map(({ endpoint, program, device }) => ({
    type: 'ProgramUnloaded',
    v: 1,
    endpoint,
    program,
    device,
  }))
}
