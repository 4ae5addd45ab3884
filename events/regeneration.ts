/**
 * How a change of policy reaches the datapath. `PolicyReaction` is on `node-<node>`, the rest on `endpoint-<node>-<id>`.
 *
 * One build of one endpoint: Requested → Started → (`ProxyPortAllocated`, `XdsPublished`, `XdsAcked`, `ProgramLoaded` on the node's stream,
 * `PolicyMapWritten` here) → Succeeded | Failed. `build` numbers the endpoint's builds from 1.
 */
import {
  digest,
  direction,
  endpointId,
  identityId,
  type PolicyMapDelta,
  policyMapDelta,
  policyRevision,
  port,
} from './fields.ts'
import type { Digest, EndpointId, IdentityId, PolicyRevision, Port } from './ids.ts'
import { eventSchema, flag, integer, list, oneOf, orNull, positionText, record, type Schema, text } from './schema.ts'

/** Cilium pkg/endpoint/regeneration: what a build may touch. */
export type RegenerationLevel = 'no-rebuild' | 'rewrite+load'
const regenerationLevel: Schema<RegenerationLevel> = oneOf('no-rebuild', 'rewrite+load')

/** Why a build was asked for. */
export type RegenerationTrigger =
  | 'policy-changed'
  | 'identity-changed'
  | 'endpoint-created'
  | 'endpoint-restored'
  | 'retry'
  | 'divergence'
  | 'requested'
const regenerationTrigger: Schema<RegenerationTrigger> = oneOf(
  'policy-changed',
  'identity-changed',
  'endpoint-created',
  'endpoint-restored',
  'retry',
  'divergence',
  'requested',
)

/** Why an endpoint that was considered is not regenerated. */
export type SkipReason = 'not-selected' | 'no-identity' | 'disconnecting' | 'already-newer'

/** What one new repository revision means for the endpoints of this node. Every endpoint is in exactly one of the three lists. */
export type PolicyReaction = {
  readonly type: 'PolicyReaction'
  readonly v: 1
  readonly revision: PolicyRevision
  readonly previousRevision: PolicyRevision
  /** Identities of local endpoints whose resolved policy changed. */
  readonly identities: readonly IdentityId[]
  readonly regenerate: readonly {
    readonly endpoint: EndpointId
    readonly reason: RegenerationTrigger
  }[]
  /** Not affected: their realised revision is raised in order, without a build. */
  readonly bump: readonly {
    readonly endpoint: EndpointId
    readonly reason: SkipReason
  }[]
  /** Neither built nor bumped. */
  readonly skipped: readonly {
    readonly endpoint: EndpointId
    readonly reason: SkipReason
  }[]
}
const skipReason: Schema<SkipReason> = oneOf('not-selected', 'no-identity', 'disconnecting', 'already-newer')
export const policyReaction: Schema<PolicyReaction> = eventSchema('PolicyReaction', 1, {
  revision: policyRevision,
  previousRevision: policyRevision,
  identities: list(identityId),
  regenerate: list(record({ endpoint: endpointId, reason: regenerationTrigger })),
  bump: list(record({ endpoint: endpointId, reason: skipReason })),
  skipped: list(record({ endpoint: endpointId, reason: skipReason })),
})

/** A build is wanted. Where one is already pending, `folded` is true and the pending one takes this trigger too. */
export type EndpointRegenerationRequested = {
  readonly type: 'EndpointRegenerationRequested'
  readonly v: 1
  readonly endpoint: EndpointId
  readonly trigger: RegenerationTrigger
  readonly level: RegenerationLevel
  readonly folded: boolean
}
export const endpointRegenerationRequested: Schema<EndpointRegenerationRequested> = eventSchema(
  'EndpointRegenerationRequested',
  1,
  {
    endpoint: endpointId,
    trigger: regenerationTrigger,
    level: regenerationLevel,
    folded: flag,
  },
)

/** A build has begun; it reads the state at `reads`, and answers all `triggers` since the last one. */
export type EndpointRegenerationStarted = {
  readonly type: 'EndpointRegenerationStarted'
  readonly v: 1
  readonly endpoint: EndpointId
  readonly build: number
  readonly level: RegenerationLevel
  readonly triggers: readonly {
    readonly trigger: RegenerationTrigger
    readonly cause: string
  }[]
  readonly revision: PolicyRevision
  /** Position of the last event in the state that it reads. */
  readonly reads: string
}
export const endpointRegenerationStarted: Schema<EndpointRegenerationStarted> = eventSchema(
  'EndpointRegenerationStarted',
  1,
  {
    endpoint: endpointId,
    build: integer,
    level: regenerationLevel,
    triggers: list(record({ trigger: regenerationTrigger, cause: positionText })),
    revision: policyRevision,
    reads: positionText,
  },
)

/**
 * The kernel's policy map was changed by these deltas, additions before deletions. `digest` is of the whole map afterwards
 * (projections/datapath/policy-map.ts). `build` is null where the change was found, not made: the map had diverged.
 */
export type PolicyMapWritten = {
  readonly type: 'PolicyMapWritten'
  readonly v: 1
  readonly endpoint: EndpointId
  readonly build: number | null
  readonly deltas: readonly PolicyMapDelta[]
  readonly entries: number
  readonly digest: Digest
}
export const policyMapWritten: Schema<PolicyMapWritten> = eventSchema('PolicyMapWritten', 1, {
  endpoint: endpointId,
  build: orNull(integer),
  deltas: list(policyMapDelta),
  entries: integer,
  digest,
})

/** A place where traffic of an endpoint goes to the proxy. `id` is Cilium's proxyID `<endpoint>:<direction>:<PROTO>:<port>:<listener>`. */
export type Redirect = {
  readonly id: string
  readonly direction: 'ingress' | 'egress'
  readonly protocol: string
  readonly port: number
  readonly parser: string
  readonly proxyPort: Port
}
const redirect: Schema<Redirect> = record({
  id: text,
  direction,
  protocol: text,
  port: integer,
  parser: text,
  proxyPort: port,
})

/** A step of a build and how long it took, in microseconds. Names are Cilium's regeneration scopes. */
export type Phase = { readonly name: string; readonly durationUs: number }
const phase: Schema<Phase> = record({ name: text, durationUs: integer })

/** The datapath of the endpoint enforces everything up to `revision`; both digests are equal. */
export type EndpointRegenerationSucceeded = {
  readonly type: 'EndpointRegenerationSucceeded'
  readonly v: 1
  readonly endpoint: EndpointId
  readonly build: number
  readonly revision: PolicyRevision
  readonly identity: IdentityId
  readonly desiredDigest: Digest
  readonly realizedDigest: Digest
  readonly ingressEnforced: boolean
  readonly egressEnforced: boolean
  readonly redirects: readonly Redirect[]
  /** Version under which the proxy acknowledged the policy; null where no redirect needed it. */
  readonly npdsVersion: string | null
  /** Tag of the loaded program; null on the model datapath. */
  readonly programTag: string | null
  readonly phases: readonly Phase[]
}
export const endpointRegenerationSucceeded: Schema<EndpointRegenerationSucceeded> = eventSchema(
  'EndpointRegenerationSucceeded',
  1,
  {
    endpoint: endpointId,
    build: integer,
    revision: policyRevision,
    identity: identityId,
    desiredDigest: digest,
    realizedDigest: digest,
    ingressEnforced: flag,
    egressEnforced: flag,
    redirects: list(redirect),
    npdsVersion: orNull(text),
    programTag: orNull(text),
    phases: list(phase),
  },
)

/** The build came to nothing; what was in force before still is. */
export type EndpointRegenerationFailed = {
  readonly type: 'EndpointRegenerationFailed'
  readonly v: 1
  readonly endpoint: EndpointId
  readonly build: number
  readonly revision: PolicyRevision
  readonly phase: string
  readonly code: string
  readonly reason: string
  /** When the next try starts; null where no retry can help until something changes. */
  readonly retryInMs: number | null
  readonly phases: readonly Phase[]
}
export const endpointRegenerationFailed: Schema<EndpointRegenerationFailed> = eventSchema(
  'EndpointRegenerationFailed',
  1,
  {
    endpoint: endpointId,
    build: integer,
    revision: policyRevision,
    phase: text,
    code: text,
    reason: text,
    retryInMs: orNull(integer),
    phases: list(phase),
  },
)

/** The endpoint is not affected by anything up to `to`: its realised revision is raised without a build. */
export type EndpointRevisionBumped = {
  readonly type: 'EndpointRevisionBumped'
  readonly v: 1
  readonly endpoint: EndpointId
  readonly from: PolicyRevision
  readonly to: PolicyRevision
}
export const endpointRevisionBumped: Schema<EndpointRevisionBumped> = eventSchema('EndpointRevisionBumped', 1, {
  endpoint: endpointId,
  from: policyRevision,
  to: policyRevision,
})
