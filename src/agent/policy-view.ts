/** What the agent needs of the policy engine: a view of the log's policies and identities that is advanced event by event. */
import type { Cidr, IdentityId } from '../../events/ids.ts'
import type { PolicyOptions } from '../../events/policy-options.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { PolicySubject, ResolvedPolicy } from '../../projections/policy/engine.ts'

export interface PolicyView {
  /** With which policies are read; the agent's start says them. */
  readonly options: PolicyOptions
  /** Of the identities that were resolved before: those whose policy the event changed, or may have. */
  advance(recorded: Recorded): ReadonlySet<IdentityId>
  resolve(subject: PolicySubject): ResolvedPolicy
  /** Prefixes for which the node needs local identities. */
  requiredPrefixes(): ReadonlySet<Cidr>
}
