/** Endpoints without an identity get one; identities that come and go rebuild the endpoints whose policy names them. */
import {
  IDENTITY_STREAM,
  type IdentityId,
  LabelText as Label,
  type LabelText,
  nodeStream,
  type Position,
} from '../../events/ids.ts'
import type { AgentEndpoint } from '../../projections/agent/endpoint.ts'
import type { AgentState } from '../../projections/agent/state.ts'
import { identityLabels } from '../../projections/identity/label-filter.ts'
import { numberFor } from '../decide/identities.ts'
import { moveEndpoint, requestBuild } from './requests.ts'
import type { Fact, Situation } from './situation.ts'

/** Cilium's identity of endpoints that have no labels (yet). */
const NO_LABELS: readonly LabelText[] = [Label('reserved:init')]

/** Endpoints that wait for an identity, in order of their ids. */
export function waitingForIdentity({ endpoints }: AgentState): readonly AgentEndpoint[] {
  return [...endpoints.values()]
    .filter(({ identity, leaving, state }) => identity === null && !leaving && state === 'waiting-for-identity')
    .toSorted((a, b) => a.created.endpoint - b.created.endpoint)
}

/** The identity of its labels: the one that they have already, or a new one. Then the first build is asked for. */
export function giveIdentity({ state, ledger }: Situation, endpoint: AgentEndpoint): readonly Fact[] {
  const { created, createdAt: cause } = endpoint
  const filtered = identityLabels(created.labels)
  const labels = filtered.length === 0 ? NO_LABELS : filtered
  const numbered = numberFor({ labels, wanted: null }, ledger.identities)
  if (numbered.kind === 'refused') {
    const reason = numbered.problems.map(({ code, reason: why }) => `${code}: ${why}`).join('; ')
    return moveEndpoint(state, endpoint, { to: 'invalid', by: 'anyone', reason, cause })
  }
  const { identity, event } = numbered
  const changed = { type: 'EndpointIdentityChanged', v: 1, endpoint: created.endpoint, identity, labels } as const
  const ready = { to: 'ready', by: 'anyone', reason: `identity ${identity}`, cause } as const
  return [
    ...(event === null ? [] : [{ stream: IDENTITY_STREAM, event, cause }]),
    { stream: nodeStream(state.node), event: changed, cause },
    ...moveEndpoint(state, endpoint, ready),
    ...requestBuild(
      state,
      { ...endpoint, identity, state: 'ready' },
      { trigger: 'endpoint-created', level: 'rewrite+load', cause },
    ),
  ]
}

/** `affected` are the identities whose resolved policy changed up to `cause`. A build that read a later state needs no other. */
export function reactToIdentities(
  { state }: Situation,
  affected: ReadonlySet<IdentityId>,
  cause: Position,
): readonly Fact[] {
  return [...state.endpoints.values()]
    .filter(({ identity }) => identity !== null && affected.has(identity))
    .filter(({ reads, pending }) => (reads === null || reads < cause) && !pendingFor(pending))
    .toSorted((a, b) => a.created.endpoint - b.created.endpoint)
    .flatMap((endpoint) => requestBuild(state, endpoint, { trigger: 'identity-changed', level: 'no-rebuild', cause }))
}

/** Under a storm of identities one remark per pending build is enough: it reads the newest state anyway. */
function pendingFor(pending: AgentEndpoint['pending']): boolean {
  return pending?.triggers.some(({ trigger }) => trigger === 'identity-changed') ?? false
}
