/**
 * The policy engine as the agent's view of the log: each event becomes the changes that projections/policy/changes.ts reads from it. Cilium's
 * reserved identities are known without an event: `world` or `host` in a rule means them.
 */
import type { Cidr, IdentityId, NodeName } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { RESERVED_IDENTITIES } from '../../projections/identity/reserved.ts'
import { policyChangesOf } from '../../projections/policy/changes.ts'
import {
  PolicyEngine,
  type PolicyOptions,
  type PolicySubject,
  type ResolvedPolicy,
} from '../../projections/policy/engine.ts'
import type { PolicyView } from './policy-view.ts'

export class EnginePolicyView implements PolicyView {
  readonly #engine: PolicyEngine
  readonly #node: NodeName

  constructor(node: NodeName, options?: PolicyOptions) {
    this.#node = node
    this.#engine = new PolicyEngine(options)
    const added = [...RESERVED_IDENTITIES].map(([id, labels]) => ({ id, labels, prefix: null }))
    this.#engine.apply({ kind: 'identities', added, removed: [] })
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
