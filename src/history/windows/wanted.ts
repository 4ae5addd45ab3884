/**
 * What policies ask of one node, event by event: the map that each endpoint should have, and the identities of the prefixes that policies name.
 *
 * A prefix is wanted from the event on that names it. Until its local identity is allocated it has one that exists here alone.
 */
import { type Cidr, IdentityId, type NodeName, nodeStream, type Port } from '../../../events/ids.ts'
import type { Recorded } from '../../../events/recorded.ts'
import { type PolicyMap, policyMapOf } from '../../../projections/datapath/policy-map.ts'
import { prefixLabels } from '../../../projections/identity/prefix-labels.ts'
import { policyChangesOf } from '../../../projections/policy/changes.ts'
import type { PolicyEngine, ResolvedPolicy } from '../../../projections/policy/engine.ts'
import { engineOfWorld } from '../../../projections/verdict/engine-of-world.ts'
import { EMPTY_NODE, type EndpointView, type World } from '../../../projections/world.ts'

/** Above all local identities that a node gives out in its life. */
const IMAGINED_FIRST = 0x01f0_0000
/** Any: which port a redirect goes to does not matter here. */
const SOME_PORT = 1 as Port

export type Advance = { readonly identities: ReadonlySet<number>; readonly prefixes: readonly Cidr[] }

export class Wanted {
  /** By prefix that policies name. */
  readonly prefixes: Map<Cidr, number> = new Map()
  readonly #node: NodeName
  #engine: PolicyEngine
  readonly #allocated: Map<Cidr, IdentityId> = new Map()
  readonly #imagined: Map<Cidr, IdentityId> = new Map()
  readonly #maps: WeakMap<ResolvedPolicy, PolicyMap> = new WeakMap()
  #next = IMAGINED_FIRST

  constructor(node: NodeName, world: World) {
    this.#node = node
    this.#engine = engineOfWorld(world, node)
    for (const { prefix, identity } of world.nodes.get(node, EMPTY_NODE).localIdentities.values()) {
      if (prefix !== null) this.#allocated.set(prefix, identity)
    }
    this.#align()
  }

  /** The identities whose policy may be another now, and the prefixes whose identity is. `world`: with the event. */
  advance(recorded: Recorded, world: World): Advance {
    const { event, stream } = recorded
    if (event.type === 'AgentStarted' && stream === nodeStream(this.#node)) return this.#restart(world)
    const changes = policyChangesOf(recorded, this.#node)
    if (changes.length === 0) return { identities: new Set(), prefixes: [] }
    const identities = new Set<number>()
    for (const change of changes) for (const identity of this.#engine.apply(change)) identities.add(identity)
    this.#allocate(recorded)
    const { prefixes, touched } = this.#align()
    for (const identity of touched) identities.add(identity)
    return { identities, prefixes }
  }

  /** An agent may have other options than the one before it. */
  #restart(world: World): Advance {
    this.#engine = engineOfWorld(world, this.#node)
    const added = [...this.#imagined].map(([prefix, id]) => ({ id, labels: prefixLabels(prefix), prefix }))
    this.#engine.apply({ kind: 'identities', added, removed: [] })
    const { endpoints } = world.nodes.get(this.#node, EMPTY_NODE)
    const identities = [...endpoints.values()].flatMap(({ identity }) => (identity === null ? [] : [identity]))
    return { identities: new Set(identities), prefixes: this.#align().prefixes }
  }

  /** Null where the policies cannot be resolved: then nothing can be said. */
  mapOf({ identity, namedPorts }: EndpointView): PolicyMap | null {
    if (identity === null) return null
    const resolved = this.#engine.resolve({ identity, namedPorts })
    if (resolved.kind === 'unresolvable') return null
    const known = this.#maps.get(resolved)
    if (known !== undefined) return known
    const map = policyMapOf(resolved.entries, new Map(resolved.redirects.map(({ id }) => [id, SOME_PORT])))
    this.#maps.set(resolved, map)
    return map
  }

  static isImagined(identity: number): boolean {
    return identity >= IMAGINED_FIRST
  }

  #allocate({ event, stream }: Recorded): void {
    if (stream !== nodeStream(this.#node)) return
    if (event.type === 'IdentityAllocated' && event.prefix !== null) this.#allocated.set(event.prefix, event.identity)
    if (event.type !== 'IdentityReleased') return
    for (const [prefix, identity] of this.#allocated) if (identity === event.identity) this.#allocated.delete(prefix)
  }

  /** Gives each prefix that policies name its identity, one that is made up where it has none, and takes both away where nobody names it. */
  #align(): { readonly prefixes: readonly Cidr[]; readonly touched: ReadonlySet<number> } {
    const required = this.#engine.requiredPrefixes()
    const missing = [...required].filter((prefix) => !this.#allocated.has(prefix) && !this.#imagined.has(prefix))
    const over = [...this.#imagined].filter(([prefix]) => !required.has(prefix) || this.#allocated.has(prefix))
    const added = missing.map((prefix) => ({
      id: IdentityId(this.#next++),
      labels: prefixLabels(prefix),
      prefix,
    }))
    for (const { prefix, id } of added) this.#imagined.set(prefix, id)
    for (const [prefix] of over) this.#imagined.delete(prefix)
    const removed = over.map(([, identity]) => identity)
    const changed = added.length + removed.length > 0
    const touched = changed ? this.#engine.apply({ kind: 'identities', added, removed }) : new Set<number>()
    return { prefixes: this.#renumber(required), touched }
  }

  #renumber(required: ReadonlySet<Cidr>): readonly Cidr[] {
    const changed: Cidr[] = []
    for (const prefix of this.prefixes.keys()) {
      if (required.has(prefix)) continue
      this.prefixes.delete(prefix)
      changed.push(prefix)
    }
    for (const prefix of required) {
      const identity = this.#allocated.get(prefix) ?? this.#imagined.get(prefix)!
      if (this.prefixes.get(prefix) === identity) continue
      this.prefixes.set(prefix, identity)
      changed.push(prefix)
    }
    return changed
  }
}
