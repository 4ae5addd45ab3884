/** The policy engine as the agent's view of the log: each event becomes the changes that projections/policy/changes.ts reads from it. */

import type { Cidr, IdentityId, NodeName } from '../../events/ids.ts'
import type { PolicyOptions } from '../../events/policy-options.ts'
import type { Recorded } from '../../events/recorded.ts'
import { policyChangesOf, RESERVED_CHANGE } from '../../projections/policy/changes.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../projections/policy/default-options.ts'
import { PolicyEngine, type PolicySubject, type ResolvedPolicy } from '../../projections/policy/engine.ts'
import type { PolicyView } from './policy-view.ts'

export class EnginePolicyView implements PolicyView {
  readonly options: PolicyOptions
  readonly #engine: PolicyEngine
  readonly #node: NodeName

  constructor(node: NodeName, options: PolicyOptions = DEFAULT_POLICY_OPTIONS) {
    this.#node = node
    this.options = options
    this.#engine = new PolicyEngine(options)
    this.#engine.apply(RESERVED_CHANGE)
  }

  advance(recorded: Recorded): ReadonlySet<IdentityId> {
    const touched = policyChangesOf(recorded, this.#node).map((change) => this.#engine.apply(change))
    return touched.length === 1 ? touched[0]! : new Set(touched.flatMap((identities) => [...identities]))
  }

  resolve(subject: PolicySubject): ResolvedPolicy {
    return this.#engine.resolve(subject)
  }

  requiredPrefixes(): ReadonlySet<Cidr> {
    return this.#engine.requiredPrefixes()
  }
}
