/** What must hold of a simulated cluster after every step, whatever its nodes and network do. */
import { canonicalText } from '../../events/canonical.ts'
import { decodeEvent, type StoredEvent } from '../../events/codec.ts'
import { IDENTITY_STREAM, type IdentityId, type NodeName } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { PolicyMap } from '../../projections/datapath/policy-map.ts'
import { policyVerdict } from '../../projections/datapath/verdict.ts'
import { RESERVED_IDENTITIES } from '../../projections/identity/reserved.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import type { PolicyRule } from '../../projections/policy/rule.ts'
import { Invariants } from '../agent/invariants.ts'
import { type OracleIdentity, type OracleProbe, type OracleWorld, oracleAnswer } from '../oracle/policy.ts'
import type { MapStep, SimNode } from './sim-node.ts'

export const PORTS: readonly number[] = [80, 8080]
const TCP = 6
const OPTIONS: OracleWorld['options'] = {
  enforcement: 'default',
  allowLocalhost: 'always',
  enableRemoteNodeIdentity: true,
  enableHostFirewall: false,
  clusterName: 'default',
}

export class ClusterChecks {
  readonly #invariants: ReadonlyMap<NodeName, Invariants>
  /** Both ways: whatever a number or a label set was first, it stays. */
  readonly #labelsOf: Map<IdentityId, string> = new Map()
  readonly #numberOf: Map<string, IdentityId> = new Map()
  readonly #identities: OracleIdentity[] = [...RESERVED_IDENTITIES].map(([id, labels]) => ({
    id,
    labels,
    prefix: null,
  }))
  /** By revision; 1 is no policy. */
  readonly #rules: Map<number, readonly PolicyRule[]> = new Map([[1, []]])
  readonly #policies: Map<string, readonly PolicyRule[]> = new Map()
  readonly #answers: Map<string, boolean> = new Map()
  /** By policy revision, identities known and subject: the digest that the first node to get there had. */
  readonly #resolved: Map<string, { readonly text: string; readonly node: string }> = new Map()
  readonly #texts: WeakMap<object, string> = new WeakMap()

  constructor(names: readonly NodeName[]) {
    this.#invariants = new Map(names.map((name) => [name, new Invariants(name)]))
  }

  settled(): void {
    for (const invariants of this.#invariants.values()) invariants.checkSettled()
  }

  /** An event that the log took. */
  recorded(stored: StoredEvent): void {
    const recorded = decodeEvent(stored)
    for (const [name, invariants] of this.#invariants) if (concerns(recorded, name)) invariants.check(recorded)
    const { event, stream } = recorded
    if (event.type === 'IdentityAllocated' && stream === IDENTITY_STREAM) {
      this.#unique(event.identity, event.labels.join())
      this.#identities.push({ id: event.identity, labels: event.labels, prefix: null })
    }
    if (event.type === 'PolicyAdded') {
      const reading = readPolicy(event.manifest)
      if (reading.kind === 'refused') throw new Error('a policy on the log is none')
      this.#policies.delete(event.resource.name)
      this.#policies.set(event.resource.name, reading.policy.rules)
    }
    if (event.type === 'PolicyDeleted') this.#policies.delete(event.resource.name)
    if (event.type === 'PolicyAdded' || event.type === 'PolicyDeleted') {
      this.#rules.set(event.revision, [...this.#policies.values()].flat())
    }
  }

  /** Two nodes that know the same policies and identities resolve the same. */
  resolved({ name, view, policy }: SimNode): void {
    const { state } = view.now
    const known = `${state.revision}/${view.head(IDENTITY_STREAM)}`
    for (const identity of new Set([...state.endpoints.values()].map((endpoint) => endpoint.identity))) {
      if (identity === null) continue
      const resolved = policy.resolve({ identity, namedPorts: [] })
      const text = this.#texts.get(resolved) ?? canonicalText(resolved)
      this.#texts.set(resolved, text)
      const key = `${known}/${identity}`
      const first = this.#resolved.get(key)
      if (first === undefined) this.#resolved.set(key, { text, node: name })
      else if (first.text !== text) throw new Error(`broken: ${name} and ${first.node} resolve ${key} differently`)
    }
  }

  /** Nothing passes that neither the revision before nor the one after lets pass, by a plain walk over their rules. */
  map(node: NodeName, map: PolicyMap, { identity, revisions }: MapStep): void {
    for (const { id } of this.#identities) {
      for (const port of PORTS) {
        for (const direction of ['ingress', 'egress'] as const) {
          const probe = { direction, identity: id, protocol: TCP, port }
          if (policyVerdict(map, probe).verdict !== 'allow') continue
          if ([...revisions].some((revision) => this.#allows(revision, identity, probe))) continue
          const what = `${direction} ${id}:${port} of identity ${identity} on ${node}`
          throw new Error(`broken: ${what} is allowed, and denied at revisions ${[...revisions]}`)
        }
      }
    }
  }

  #allows(revision: number, identity: number, probe: OracleProbe): boolean {
    const key = `${revision} ${identity} ${probe.direction} ${probe.identity} ${probe.port}`
    const known = this.#answers.get(key)
    if (known !== undefined) return known
    const rules = this.#rules.get(revision)
    if (rules === undefined) throw new Error(`broken: revision ${revision} was realised before it was on the log`)
    const subject = { identity, namedPorts: [] }
    const world = {
      options: OPTIONS,
      identities: this.#identities,
      rules,
      subject,
      pods: [],
      services: [],
      dns: {},
      groups: {},
    }
    const answer = oracleAnswer(world, probe) !== 'deny'
    this.#answers.set(key, answer)
    return answer
  }

  #unique(identity: IdentityId, labels: string): void {
    const [before, number] = [this.#labelsOf.get(identity), this.#numberOf.get(labels)]
    if (before !== undefined && before !== labels) throw new Error(`broken: ${identity} is ${before} and ${labels}`)
    if (number !== undefined && number !== identity) throw new Error(`broken: ${labels} is ${number} and ${identity}`)
    this.#labelsOf.set(identity, labels)
    this.#numberOf.set(labels, identity)
  }
}

function concerns({ stream }: Recorded, name: NodeName): boolean {
  return stream === 'policy' || stream === `node-${name}` || stream.startsWith(`endpoint-${name}-`)
}
