/** What the agent needs of the policy engine: a view of the log's policies and identities that is advanced event by event. */
import type { Cidr, IdentityId, NodeName } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { policyChangesOf } from '../../projections/policy/changes.ts'
import {
  DEFAULT_POLICY_OPTIONS,
  PolicyEngine,
  type PolicyOptions,
  type PolicySubject,
  type ResolvedPolicy,
} from '../../projections/policy/engine.ts'

export interface PolicyView {
  /** Of the identities that were resolved before: those whose policy the event changed, or may have. */
  advance(recorded: Recorded): ReadonlySet<IdentityId>
  resolve(subject: PolicySubject): ResolvedPolicy
  /** Prefixes for which the node needs local identities. */
  requiredPrefixes(): ReadonlySet<Cidr>
}

const NOBODY: ReadonlySet<IdentityId> = new Set()

/** As seen from one node: other nodes' local identities mean nothing here. */
export function policyView(node: NodeName, options: PolicyOptions = DEFAULT_POLICY_OPTIONS): PolicyView {
  const engine = new PolicyEngine(options)
  return {
    advance: (recorded) => {
      const changes = policyChangesOf(recorded, node)
      return changes.length === 0 ? NOBODY : new Set(changes.flatMap((change) => [...engine.apply(change)]))
    },
    resolve: (subject) => engine.resolve(subject),
    requiredPrefixes: () => engine.requiredPrefixes(),
  }
}
