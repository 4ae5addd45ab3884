/**
 * What the agent of a node would do about what happens on a branch, once it had come to rest: identities for new prefixes, builds, what the proxy is
 * told, the ipcache. It is worked out with the agent's own reactions and engine, and nothing fails: the kernel takes every map, the proxy every policy.
 *
 * What only an agent can give is marked: a prefix that has no identity yet gets a number from `IMAGINED_FIRST` on, a listener that has no port yet
 * `PORT_TO_COME`. A prefix that had a number at the fork gets it again.
 */
import type { HindcastEvent } from '../../../events/catalogue.ts'
import {
  Cidr,
  type EndpointId,
  endpointStream,
  IdentityId,
  type NodeName,
  nodeStream,
  type Position,
  type StreamName,
} from '../../../events/ids.ts'
import { ascending } from '../../../events/order.ts'
import type { Recorded } from '../../../events/recorded.ts'
import type { Json } from '../../../events/schema.ts'
import { type Address, type AgentState, agentState } from '../../../projections/agent/state.ts'
import { prefixLabels } from '../../../projections/identity/prefix-labels.ts'
import { ledger } from '../../../projections/ledger/ledger.ts'
import { policyChangesOf } from '../../../projections/policy/changes.ts'
import type { PolicyEngine, ResolvedPolicy } from '../../../projections/policy/engine.ts'
import { engineOfWorld } from '../../../projections/verdict/engine-of-world.ts'
import { EMPTY_NODE, type EndpointView, type NodeView } from '../../../projections/world.ts'
import { alignIpcache, releasePrefixes } from '../../react/addresses.ts'
import { IMAGINED_FIRST } from '../plan/imagined.ts'
import { type Built, buildOf } from './build.ts'
import { hostPublications, publications } from './publish.ts'
import type { Telling } from './telling.ts'

export class NodeAgent {
  readonly #telling: Telling
  readonly #node: NodeName
  readonly #engine: PolicyEngine
  readonly #numbers: Map<Cidr, IdentityId> = new Map()
  readonly #resolved: Map<EndpointId, ResolvedPolicy> = new Map()

  constructor(telling: Telling, node: NodeName) {
    this.#telling = telling
    this.#node = node
    this.#engine = engineOfWorld(telling.world, node)
    for (const { prefix, identity } of this.#view.localIdentities.values())
      if (prefix !== null) this.#numbers.set(prefix, identity)
  }

  /** An event of a command. */
  learn(recorded: Recorded): void {
    for (const change of policyChangesOf(recorded, this.#node)) this.#engine.apply(change)
  }

  /** `cause` is the command's event; null where the log itself had begun what comes to rest. */
  settle(cause: Position | null): void {
    // A number that is given back is taken out of the maps that named it, and those need nothing more.
    do {
      this.#allocate(cause)
      this.#buildAll(cause)
    } while (this.#align(cause) > 0)
    this.#publishHosts(cause)
  }

  #buildAll(cause: Position | null): void {
    const builds = this.#endpoints().map((view) => this.#build(view))
    this.#publish(builds, cause)
    for (const { view, events } of builds) {
      for (const event of events) this.#tell(endpointStream(this.#node, view.endpoint), event, cause)
      this.#rest(view, cause)
    }
  }

  get #view(): NodeView {
    return this.#telling.world.nodes.get(this.#node) ?? EMPTY_NODE
  }

  #endpoints(): readonly EndpointView[] {
    const isHere = ({ identity, state }: EndpointView): boolean =>
      identity !== null && state !== 'disconnecting' && state !== 'disconnected'
    return [...this.#view.endpoints.values()].filter(isHere).toSorted((a, b) => a.endpoint - b.endpoint)
  }

  #tell(stream: StreamName, event: HindcastEvent, cause: Position | null): Recorded {
    const actor = { kind: 'agent', name: this.#node } as const
    const { name, command } = this.#telling
    return this.#telling.tell(stream, event, {
      actor,
      source: { kind: 'agent', detail: `branch ${name}, command ${command}` },
      cause,
    })
  }

  #allocate(cause: Position | null): void {
    const known = new Set([...this.#view.localIdentities.values()].map(({ prefix }) => prefix))
    const missing = [...this.#engine.requiredPrefixes()].filter((prefix) => !known.has(prefix)).toSorted()
    const added = missing.map((prefix) => ({ id: this.#numberOf(prefix), labels: prefixLabels(prefix), prefix }))
    if (added.length > 0) this.#engine.apply({ kind: 'identities', added, removed: [] })
    for (const { id: identity, labels, prefix } of added)
      this.#tell(
        nodeStream(this.#node),
        { type: 'IdentityAllocated', v: 1, identity, scope: 'local', labels, prefix },
        cause,
      )
  }

  #numberOf(prefix: Cidr): IdentityId {
    const imagined = [...this.#numbers.values()].filter((number) => number >= IMAGINED_FIRST).length
    const number = this.#numbers.get(prefix) ?? IdentityId(IMAGINED_FIRST + imagined)
    this.#numbers.set(prefix, number)
    return number
  }

  #build(view: EndpointView): Built {
    const resolved = this.#engine.resolve({ identity: view.identity!, namedPorts: view.namedPorts })
    const isAffected = this.#resolved.get(view.endpoint) !== resolved
    this.#resolved.set(view.endpoint, resolved)
    const { revision } = this.#telling.world
    return buildOf({ node: this.#view, view, resolved, isAffected, revision })
  }

  #publish(builds: readonly Built[], cause: Position | null): void {
    const listeners = builds.flatMap((built) => built.listeners)
    const messages = new Map<string, Json | null>()
    for (const { view, message } of builds) if (message !== undefined) messages.set(String(view.endpoint), message)
    for (const event of publications(this.#view, { listeners, messages, version: this.#version }))
      this.#tell(nodeStream(this.#node), event, cause)
  }

  get #version(): string {
    return `branch:${this.#telling.name}/${this.#telling.command}`
  }

  /** Whatever it was doing at the fork is done. */
  #rest(view: EndpointView, cause: Position | null): void {
    const { endpoint, state } = view
    if (state === 'ready' || state === 'invalid') return
    const event = { type: 'EndpointStateChanged', v: 1, endpoint, from: state, to: 'ready', reason: 'at rest' } as const
    this.#tell(nodeStream(this.#node), event, cause)
  }

  /** How many numbers were given back. */
  #align(cause: Position | null): number {
    const required = this.#engine.requiredPrefixes()
    const passed = new Map()
    const state = this.#state()
    for (const { event } of alignIpcache({ state, ledger: ledger.initial }, required, {
      folded: state.localIdentities,
      passed,
      cause,
    }))
      this.#tell(nodeStream(this.#node), event, cause)
    const released = releasePrefixes({ state: this.#state(), ledger: ledger.initial }, required, new Set())
    for (const { event } of released) {
      const recorded = this.#tell(nodeStream(this.#node), event, cause)
      this.learn(recorded)
    }
    return released.length
  }

  /** As much of the agent's state as its ipcache rests on; no build is under way. */
  #state(): AgentState {
    const { initial } = agentState(this.#node)
    const { ipcache, localIdentities } = this.#view
    const allocatedAt = 0n as Position
    return {
      ...initial,
      ipcache: initial.ipcache.withMutations((map) => {
        for (const entry of ipcache.values()) map.set(entry.prefix, entry)
      }),
      localIdentities: initial.localIdentities.withMutations((map) => {
        for (const { prefix, identity } of localIdentities.values())
          if (prefix !== null) map.set(prefix, { identity, allocatedAt })
      }),
      addresses: initial.addresses.withMutations((map) => {
        for (const [prefix, address] of this.#addresses()) map.set(prefix, address)
      }),
    }
  }

  /** This node's own last: its endpoints took their addresses from nobody who still has them. */
  #addresses(): readonly (readonly [Cidr, Address])[] {
    const nodes = [...this.#telling.world.nodes].toSorted(
      ([a], [b]) => Number(a === this.#node) - Number(b === this.#node) || ascending(a, b),
    )
    return nodes.flatMap(([name, { endpoints }]) =>
      [...endpoints.values()].flatMap(({ identity, endpoint, ipv4, ipv6 }) => {
        if (identity === null) return []
        const address = { identity, owner: `${name}/${endpoint}`, remote: name !== this.#node }
        const prefixes = [...(ipv4 === null ? [] : [`${ipv4}/32`]), ...(ipv6 === null ? [] : [`${ipv6}/128`])]
        return prefixes.map((prefix) => [Cidr(prefix), address] as const)
      }),
    )
  }

  #publishHosts(cause: Position | null): void {
    for (const event of hostPublications(this.#telling.world, this.#node, this.#version))
      this.#tell(nodeStream(this.#node), event, cause)
  }
}
