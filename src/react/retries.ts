/** Builds that failed are tried again: when their time has come, or as soon as what they waited for is there. */
import type { EndpointId, Position } from '../../events/ids.ts'
import type { AgentEndpoint } from '../../projections/agent/endpoint.ts'
import { requestBuild } from './requests.ts'
import type { Fact, Situation } from './situation.ts'

/** Codes of failures that a connecting proxy may end. */
const PROXY_FAILURES: readonly string[] = ['proxy-not-connected', 'proxy-deadline']

/** Endpoints whose last build failed and that nothing else will build. */
export function awaitingRetry({ state }: Situation): readonly AgentEndpoint[] {
  return [...state.endpoints.values()].filter(
    ({ failure, pending, running, leaving }) => failure !== null && pending === null && running === null && !leaving,
  )
}

/** Nothing where another build has begun or ended since `failedAt`. */
export function retry(now: Situation, id: EndpointId, failedAt: Position): readonly Fact[] {
  const endpoint = awaitingRetry(now).find(({ created }) => created.endpoint === id)
  if (endpoint?.failure?.position !== failedAt) return []
  return requestBuild(now.state, endpoint, { trigger: 'retry', level: 'rewrite+load', cause: failedAt })
}

export function retryWithProxy(now: Situation): readonly Fact[] {
  return awaitingRetry(now)
    .filter(({ failure }) => failure !== null && PROXY_FAILURES.includes(failure.code))
    .flatMap((endpoint) =>
      requestBuild(now.state, endpoint, {
        trigger: 'retry',
        level: 'no-rebuild',
        cause: endpoint.failure?.position ?? null,
      }),
    )
}
