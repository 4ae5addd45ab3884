/**
 * What a new revision of the repository means for the endpoints of this node: rebuilt, bumped or skipped, each with the reason.
 *
 * Endpoints that are at the revision before and have nothing to build are bumped in the same append. The others' bumps follow when their build
 * has ended (builds.ts), so that a realised revision never runs ahead of what the datapath enforces.
 */
import type { EventOf } from '../../events/catalogue.ts'
import { endpointStream, type IdentityId, nodeStream, PolicyRevision, type Position } from '../../events/ids.ts'
import type { SkipReason } from '../../events/regeneration.ts'
import type { AgentEndpoint } from '../../projections/agent/endpoint.ts'
import type { AgentState, Unreacted } from '../../projections/agent/state.ts'
import { requestBuild } from './requests.ts'
import type { Fact, Situation } from './situation.ts'

/** What becomes of one endpoint at one revision. */
export type Classification =
  | { readonly kind: 'regenerate' }
  | { readonly kind: 'bump'; readonly reason: SkipReason }
  | { readonly kind: 'skip'; readonly reason: SkipReason }

/** `affected` are the identities whose resolved policy changed with this revision. */
export function reactToPolicy(
  { state }: Situation,
  { revision, position }: Unreacted,
  affected: ReadonlySet<IdentityId>,
): readonly Fact[] {
  const endpoints = [...state.endpoints.values()].toSorted((a, b) => a.created.endpoint - b.created.endpoint)
  const classified = endpoints.map((endpoint) => ({
    endpoint,
    ...classify(endpoint, state.reacted, revision, affected),
  }))
  const reaction: EventOf<'PolicyReaction'> = {
    type: 'PolicyReaction',
    v: 1,
    revision: PolicyRevision(revision),
    previousRevision: PolicyRevision(state.reacted),
    identities: localIdentities(endpoints, affected),
    regenerate: classified
      .filter(({ kind }) => kind === 'regenerate')
      .map(({ endpoint }) => ({ endpoint: endpoint.created.endpoint, reason: 'policy-changed' })),
    bump: reasons(classified, 'bump'),
    skipped: reasons(classified, 'skip'),
  }
  return [
    { stream: nodeStream(state.node), event: reaction, cause: position },
    ...classified.flatMap(({ endpoint, kind }) => {
      if (kind === 'bump') return bumpIdle(state, endpoint, revision, position)
      if (kind === 'skip') return []
      return requestBuild(state, endpoint, { trigger: 'policy-changed', level: 'no-rebuild', cause: position })
    }),
  ]
}

function classify(
  endpoint: AgentEndpoint,
  previous: number,
  revision: number,
  affected: ReadonlySet<IdentityId>,
): Classification {
  const { identity, leaving, running, pending, realised, failure } = endpoint
  if (leaving) return { kind: 'skip', reason: 'disconnecting' }
  if (identity === null) return { kind: 'skip', reason: 'no-identity' }
  const reached = Math.max(running?.revision ?? 0, realised?.revision ?? 0)
  if (reached >= revision) return { kind: 'skip', reason: 'already-newer' }
  if (affected.has(identity)) return { kind: 'regenerate' }
  if (pending !== null) return { kind: 'skip', reason: 'already-newer' }
  const idle = running === null && failure === null
  // It missed a revision: nobody knows any more what lay between, so it is built.
  if (idle && (realised?.revision ?? 0) < previous) return { kind: 'regenerate' }
  return { kind: 'bump', reason: 'not-selected' }
}

/** An endpoint that has nothing to build and enforces everything up to `from` also enforces everything up to `revision`. */
export function bumpIdle(
  { node }: Pick<AgentState, 'node'>,
  { created, running, pending, failure, realised }: AgentEndpoint,
  revision: number,
  cause: Position | null,
): readonly Fact[] {
  if (running !== null || pending !== null || failure !== null || realised === null) return []
  if (realised.revision >= revision) return []
  const { endpoint } = created
  const event: EventOf<'EndpointRevisionBumped'> = {
    type: 'EndpointRevisionBumped',
    v: 1,
    endpoint,
    from: realised.revision,
    to: PolicyRevision(revision),
  }
  return [{ stream: endpointStream(node, endpoint), event, cause }]
}

function localIdentities(
  endpoints: readonly AgentEndpoint[],
  affected: ReadonlySet<IdentityId>,
): readonly IdentityId[] {
  const local = endpoints.map(({ identity }) => identity).filter((identity) => identity !== null)
  return [...new Set(local.filter((identity) => affected.has(identity)))].toSorted((a, b) => a - b)
}

function reasons(
  classified: readonly ({ readonly endpoint: AgentEndpoint } & Classification)[],
  kind: 'bump' | 'skip',
): EventOf<'PolicyReaction'>['bump'] {
  return classified.flatMap((one) =>
    one.kind === kind ? [{ endpoint: one.endpoint.created.endpoint, reason: one.reason }] : [],
  )
}
