/**
 * The policy engine of one node as its agents had it, event by event: a new agent begins with a new engine, which has its options and has
 * resolved nothing yet.
 */

import type { IdentityId, NodeName } from '../../../events/ids.ts'
import type { PolicyOptions } from '../../../events/policy-options.ts'
import type { Recorded } from '../../../events/recorded.ts'
import { policyChangesOf, RESERVED_CHANGE } from '../../../projections/policy/changes.ts'
import { DEFAULT_POLICY_OPTIONS } from '../../../projections/policy/default-options.ts'
import {
  type PolicyChange,
  PolicyEngine,
  type PolicySubject,
  type ResolvedPolicy,
} from '../../../projections/policy/engine.ts'

import type { NodeStart } from './start.ts'

const NOBODY: ReadonlySet<IdentityId> = new Set()

/** What resolves policies. */
export type EngineOf = (options: PolicyOptions) => Pick<PolicyEngine, 'apply' | 'resolve'>
export const todaysEngine: EngineOf = (options) => new PolicyEngine(options)

export class ReplayedEngine {
  readonly #node: NodeName
  #options: PolicyOptions = DEFAULT_POLICY_OPTIONS
  /** What holds now, by what it is about, in the order in which it came. */
  readonly #holding: Map<string, PolicyChange> = new Map()
  readonly #engineOf: EngineOf
  #engine: ReturnType<EngineOf>

  /** `start`: what it knows at its beginning; null: nothing but the reserved identities. */
  constructor(node: NodeName, start: Pick<NodeStart, 'changes' | 'options'> | null, engineOf: EngineOf) {
    this.#node = node
    this.#engineOf = engineOf
    if (start !== null) this.#options = start.options
    this.#engine = this.#engineOf(this.#options)
    for (const change of start?.changes ?? [RESERVED_CHANGE]) {
      this.#hold(change)
      this.#engine.apply(change)
    }
  }

  /** Of the identities that were resolved since the agent started: those whose policy the event changed, or may have. */
  advance(recorded: Recorded): ReadonlySet<IdentityId> {
    const { event, stream } = recorded
    if (event.type === 'AgentStarted' && stream === `node-${this.#node}`) this.#restart(event.options)
    const changes = policyChangesOf(recorded, this.#node)
    if (changes.length === 0) return NOBODY
    for (const change of changes) this.#hold(change)
    const affected = changes.flatMap((change) => [...this.#engine.apply(change)])
    return affected.length === 0 ? NOBODY : new Set(affected)
  }

  resolve(subject: PolicySubject): ResolvedPolicy {
    return this.#engine.resolve(subject)
  }

  #restart(options: PolicyOptions): void {
    this.#options = options
    this.#engine = this.#engineOf(this.#options)
    for (const change of this.#holding.values()) this.#engine.apply(change)
  }

  /** A policy that is set again comes last, as in the engine; an identity keeps its place. */
  #hold(change: PolicyChange): void {
    switch (change.kind) {
      case 'policy-set':
      case 'policy-removed': {
        const key = `policy ${change.key}`
        this.#holding.delete(key)
        if (change.kind === 'policy-set') this.#holding.set(key, change)
        return
      }
      case 'identities':
        for (const id of change.removed) this.#holding.delete(`identity ${id}`)
        for (const one of change.added)
          this.#holding.set(`identity ${one.id}`, { ...change, added: [one], removed: [] })
        return
      case 'pod-ports':
        if (change.ports.length === 0) this.#holding.delete(`pod ${change.pod}`)
        else this.#holding.set(`pod ${change.pod}`, change)
        return
      case 'dns-answer':
        this.#holdAnswer(change)
        return
      case 'service':
      case 'secret':
        this.#holding.set(`${change.kind} ${change.key}`, change)
        return
      default:
        this.#holding.set(`${change.kind} ${change.name}`, change)
    }
  }
  /** All addresses that the name has by now. */
  #holdAnswer({ name, added, removed }: Extract<PolicyChange, { readonly kind: 'dns-answer' }>): void {
    const key = `dns ${name}`
    const before = this.#holding.get(key)
    const known = new Set(before?.kind === 'dns' ? before.addresses : [])
    for (const address of removed) known.delete(address)
    for (const address of added) known.add(address)
    if (known.size === 0) this.#holding.delete(key)
    else this.#holding.set(key, { kind: 'dns', name, addresses: [...known] })
  }
}
