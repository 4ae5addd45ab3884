/** What the steps of a build share. */
import type { Logger } from 'pino'
import type { EventOf } from '../../events/catalogue.ts'
import type { EndpointId, IdentityId, Position } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import type { AgentEndpoint } from '../../projections/agent/endpoint.ts'
import type { UnresolvablePolicy } from '../../projections/policy/desired.ts'
import type { ResolvedPolicy } from '../../projections/policy/engine.ts'
import type { Clock } from '../ports/clock.ts'
import type { Datapath } from '../ports/datapath.ts'
import type { Journal } from './journal.ts'
import type { Listeners } from './listeners.ts'
import type { Permits } from './permits.ts'
import type { PolicyView } from './policy-view.ts'
import type { Prefixes } from './prefixes.ts'
import type { Publisher } from './publisher.ts'
import type { View } from './view.ts'

export type BuildTools = {
  readonly view: View
  readonly journal: Journal
  readonly policy: PolicyView
  readonly datapath: Datapath
  readonly npds: Publisher
  readonly permits: Permits
  readonly clock: Clock
  readonly listeners: Listeners
  readonly prefixes: Prefixes
  readonly logger: Logger
}

export type Resolved = Exclude<ResolvedPolicy, UnresolvablePolicy>

/** What a build has begun with. */
export type Begun = {
  readonly id: EndpointId
  readonly identity: IdentityId
  readonly started: EventOf<'EndpointRegenerationStarted'>
  readonly endpoint: AgentEndpoint
  readonly reads: Position
  readonly resolved: ResolvedPolicy
  /** The network policy that belongs to the map that is in force. */
  readonly networkPolicy: Json | null
}

/** The build comes to nothing, for a reason that lies outside. */
export class BuildFailed extends Error {
  override readonly name = 'BuildFailed'
  readonly code: string
  /** False where nothing gets better until a policy or an identity changes. */
  readonly retry: boolean

  constructor(code: string, reason: string, { retry }: { readonly retry: boolean } = { retry: true }) {
    super(reason)
    this.code = code
    this.retry = retry
  }
}
