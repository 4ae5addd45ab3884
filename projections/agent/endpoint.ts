/**
 * One endpoint as its node's agent must know it: what is wanted of it, what is being built and what the datapath enforces.
 *
 * `pending` collects every request since the last build began; at most one build is `running`. A failed build leaves `realised` and `policyMap`
 * as they are: the last good policy stays in force. The end of a build that is not running (any more) says nothing: the process or the endpoint
 * that it belonged to is gone.
 */
import type { EventOf } from '../../events/catalogue.ts'
import type { EndpointState } from '../../events/endpoint.ts'
import { type Digest, type IdentityId, type PolicyRevision, Position, type Timestamp } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Redirect, RegenerationLevel, RegenerationTrigger } from '../../events/regeneration.ts'
import { applyPolicyMapDeltas, EMPTY_POLICY_MAP, type PolicyMap } from '../datapath/policy-map.ts'

export type Trigger = { readonly trigger: RegenerationTrigger; readonly cause: string }
export type PendingBuild = { readonly level: RegenerationLevel; readonly triggers: readonly Trigger[] }
export type RunningBuild = Pick<EventOf<'EndpointRegenerationStarted'>, 'build' | 'level' | 'revision' | 'reads'>

export type Realised = {
  readonly revision: PolicyRevision
  readonly digest: Digest
  readonly redirects: readonly Redirect[]
  readonly npdsVersion: string | null
}

/** `retryAt` is null where no retry can help until something changes. */
export type BuildFailure = {
  readonly code: string
  readonly position: Position
  readonly retryAt: Timestamp | null
}

export type AgentEndpoint = {
  readonly created: EventOf<'EndpointCreated'>
  readonly createdAt: Position
  readonly identity: IdentityId | null
  readonly state: EndpointState
  /** Deleted, and its programs, map and resources are still to be taken away. */
  readonly leaving: boolean
  /** An earlier endpoint of this id left programs behind that must go before the first build. */
  readonly stale: boolean
  readonly pending: PendingBuild | null
  readonly running: RunningBuild | null
  /** What the last build read, however it ended; null before the first. */
  readonly reads: Position | null
  /** Builds that failed since the last success. */
  readonly failures: number
  readonly failure: BuildFailure | null
  /** Null before the first success. */
  readonly realised: Realised | null
  /** The sum of what was written. */
  readonly policyMap: PolicyMap
  /** By `<program>/<device>`. */
  readonly programs: ReadonlyMap<string, EventOf<'ProgramLoaded'>>
}

/** A pending build remembers this many triggers: the first ones, which say why it is wanted at all. */
const TRIGGERS_MAX = 100

export type AgentEndpointEvent = EventOf<
  | 'EndpointIdentityChanged'
  | 'EndpointStateChanged'
  | 'EndpointDeleted'
  | 'EndpointRegenerationRequested'
  | 'EndpointRegenerationStarted'
  | 'PolicyMapWritten'
  | 'EndpointRegenerationSucceeded'
  | 'EndpointRegenerationFailed'
  | 'EndpointRevisionBumped'
  | 'ProgramLoaded'
  | 'ProgramUnloaded'
>

export function createdEndpoint(
  created: EventOf<'EndpointCreated'>,
  position: Position,
  before: AgentEndpoint | undefined,
): AgentEndpoint {
  return {
    created,
    createdAt: position,
    identity: null,
    state: 'waiting-for-identity',
    leaving: false,
    stale: before !== undefined,
    pending: null,
    running: null,
    reads: null,
    failures: 0,
    failure: null,
    realised: null,
    policyMap: EMPTY_POLICY_MAP,
    programs: before?.programs ?? new Map(),
  }
}

export function evolveEndpoint(endpoint: AgentEndpoint, recorded: Recorded<AgentEndpointEvent>): AgentEndpoint {
  const { event } = recorded
  switch (event.type) {
    case 'EndpointIdentityChanged':
      return { ...endpoint, identity: event.identity }
    case 'EndpointStateChanged':
      return { ...endpoint, state: event.to }
    case 'EndpointDeleted':
      return { ...endpoint, leaving: true, pending: null }
    case 'EndpointRegenerationRequested':
      // Asked for before its writer knew that the endpoint goes, or that another has its id.
      if (endpoint.leaving || endpoint.identity === null) return endpoint
      return { ...endpoint, pending: requested(endpoint.pending, event, recorded.context.cause ?? recorded.position) }
    case 'EndpointRegenerationStarted':
      return { ...endpoint, pending: null, running: event, reads: positionOf(event.reads), stale: false }
    case 'PolicyMapWritten':
      if (event.build !== null && endpoint.running?.build !== event.build) return endpoint
      return { ...endpoint, policyMap: applyPolicyMapDeltas(endpoint.policyMap, event.deltas) }
    case 'EndpointRegenerationSucceeded':
      if (endpoint.running?.build !== event.build) return endpoint
      return { ...endpoint, running: null, failures: 0, failure: null, realised: realisedBy(event) }
    case 'EndpointRegenerationFailed':
      if (endpoint.running?.build !== event.build) return endpoint
      return failed(endpoint, event, recorded)
    case 'EndpointRevisionBumped':
      if (endpoint.realised === null) return endpoint
      return { ...endpoint, realised: { ...endpoint.realised, revision: event.to } }
    case 'ProgramLoaded':
      return { ...endpoint, programs: new Map(endpoint.programs).set(programKey(event), event) }
    case 'ProgramUnloaded':
      return { ...endpoint, programs: new Map([...endpoint.programs].filter(([key]) => key !== programKey(event))) }
  }
}

/** Builds die with the process that ran them. */
export function interrupted(endpoint: AgentEndpoint): AgentEndpoint {
  return endpoint.running === null ? endpoint : { ...endpoint, running: null }
}

function requested(
  pending: PendingBuild | null,
  { trigger, level }: EventOf<'EndpointRegenerationRequested'>,
  cause: Position,
): PendingBuild {
  const added: Trigger = { trigger, cause: String(cause) }
  if (pending === null) return { level, triggers: [added] }
  const full = pending.triggers.length >= TRIGGERS_MAX
  return {
    level: level === 'rewrite+load' ? level : pending.level,
    triggers: full ? pending.triggers : [...pending.triggers, added],
  }
}

function realisedBy(event: EventOf<'EndpointRegenerationSucceeded'>): Realised {
  const { revision, realizedDigest, redirects, npdsVersion } = event
  return { revision, digest: realizedDigest, redirects, npdsVersion }
}

function failed(
  endpoint: AgentEndpoint,
  { code, retryInMs }: EventOf<'EndpointRegenerationFailed'>,
  { position, recordedAt }: Recorded,
): AgentEndpoint {
  const retryAt = retryInMs === null ? null : ((recordedAt + retryInMs) as Timestamp)
  return {
    ...endpoint,
    running: null,
    failures: endpoint.failures + 1,
    failure: { code, position, retryAt },
  }
}

const positionOf = (text: string): Position => Position(BigInt(text))

function programKey({ program, device }: EventOf<'ProgramLoaded'> | EventOf<'ProgramUnloaded'>): string {
  return `${program}/${device}`
}
