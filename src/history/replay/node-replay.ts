/**
 * One node's part of the log done once more by today's code: each event is folded as its agent folded it, and each decision that the log records is
 * made again from the state that it was made from.
 *
 * 1. A written map has the digest that the sum of its deltas gives.
 * 2. A build resolves its endpoint's policy at the position that it says it read (`reads`); with the proxy ports of its redirects that gives
 *    the recorded digest, enforcement and redirects, and the network policy that the proxy acknowledged.
 * 3. A reaction names the identities whose policy changed, and every endpoint once; none of an identity whose policy changed is only bumped. It may
 *    be skipped for a newer build: what was asked for in the same append stands further down the log.
 */
import type { EventOf } from '../../../events/catalogue.ts'
import {
  type Digest,
  type EndpointId,
  type NodeName,
  nodeStream,
  type Port,
  type Position,
} from '../../../events/ids.ts'
import type { Recorded } from '../../../events/recorded.ts'
import type { Json } from '../../../events/schema.ts'
import type { AgentEndpoint } from '../../../projections/agent/endpoint.ts'
import { servedOf } from '../../../projections/agent/proxy.ts'
import { type AgentState, agentState } from '../../../projections/agent/state.ts'
import {
  EMPTY_POLICY_MAP,
  type PolicyMap,
  policyMapDigest,
  policyMapOf,
  sameInKernel,
} from '../../../projections/datapath/policy-map.ts'
import { equal } from '../../../projections/history/changes.ts'
import type { ResolvedPolicy } from '../../../projections/policy/engine.ts'
import { networkPolicyMessage } from '../../../projections/policy/network-policy.ts'
import { type Projection, step } from '../../../projections/projection.ts'
import type { NetworkPolicyMessage } from '../../../projections/xds/messages.ts'
import { type Finding, mapFinding, NO_RULES, ruleDifferences } from './mismatch.ts'
import { type EngineOf, ReplayedEngine, todaysEngine } from './replayed-engine.ts'
import type { NodeStart } from './start.ts'

export type Checked = { maps: number; builds: number; reactions: number; notRecomputed: number }

/** A node that has not reacted to so many revisions has no agent; the oldest are forgotten, and a reaction to them counts as not done again. */
const UNREACTED_MAX = 10_000

type Resolution = { readonly build: number; readonly endpoint: AgentEndpoint; readonly resolved: ResolvedPolicy }

export class NodeReplay {
  readonly node: NodeName
  readonly checked: Checked = { maps: 0, builds: 0, reactions: 0, notRecomputed: 0 }
  readonly #projection: Projection<AgentState>
  readonly #engine: ReplayedEngine
  readonly #resolutions: Map<EndpointId, Resolution> = new Map()
  readonly #affected: Map<number, ReadonlySet<number>> = new Map()
  /** Identities that were resolved since a start in the middle of the log: of others nobody knows whether the agent had; null: from its first event. */
  readonly #resolvedSince: Set<number> | null
  /** Of the maps that were checked; a success that follows names the same. */
  readonly #digests: WeakMap<PolicyMap, Digest> = new WeakMap()
  #state: AgentState

  /** `start`: the state before the first event that it is given; null: that is the first of the log. */
  constructor(node: NodeName, start: NodeStart | null, engineOf: EngineOf = todaysEngine) {
    this.node = node
    // A projection of fewer types is asked only about those: `step` looks.
    this.#projection = agentState(node) as Projection<AgentState>
    this.#state = start?.state ?? this.#projection.initial
    this.#engine = new ReplayedEngine(node, start, engineOf)
    this.#resolvedSince = start === null ? null : new Set()
    if (start === null) return
    for (const endpoint of this.#state.endpoints.values()) {
      // The agent that ran has resolved these, and knows when their policies change.
      if (endpoint.realised !== null || endpoint.running !== null) this.#resolved(endpoint)
    }
  }

  /** Null where everything comes out as recorded, or `isChecked` is false. */
  take(recorded: Recorded, isChecked: boolean): Finding | null {
    const before = this.#state
    const contradiction = this.#fold(recorded)
    if (contradiction !== null) return contradiction
    return isChecked ? this.#check(recorded, before) : null
  }

  /** The build read the log up to the event that was taken last. */
  resolve({ endpoint: id, build }: EventOf<'EndpointRegenerationStarted'>): void {
    const endpoint = this.#state.endpoints.get(id)
    if (endpoint === undefined) return
    const resolved = this.#resolved(endpoint)
    if (resolved !== null) this.#resolutions.set(id, { build, endpoint, resolved })
  }

  /** The log itself is checked while it is folded: a publication whose digest does not fit throws. */
  #fold(recorded: Recorded): Finding | null {
    try {
      this.#state = step(this.#projection, this.#state, recorded)
      const affected = this.#engine.advance(recorded)
      const { event, stream } = recorded
      // A new agent reads the log before it resolves anything, so for it nothing that it had not reacted to affected anybody.
      if (event.type === 'AgentStarted' && stream === nodeStream(this.node)) {
        for (const revision of this.#affected.keys()) this.#affected.set(revision, new Set())
      }
      if (event.type === 'PolicyAdded' || event.type === 'PolicyDeleted') {
        this.#remember(event.revision, affected)
        // What a node without an agent has not reacted to grows with the log, and nobody asks for it here.
        this.#state = { ...this.#state, unreacted: [] }
      }
      return null
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      return { kind: 'log', endpoint: null, reason: error.message, recorded: null, recomputed: null, ...NO_RULES }
    }
  }

  #remember(revision: number, affected: ReadonlySet<number>): void {
    this.#affected.set(revision, affected)
    if (this.#affected.size <= UNREACTED_MAX) return
    for (const oldest of this.#affected.keys()) {
      this.#affected.delete(oldest)
      return
    }
  }

  #resolved({ identity, created }: AgentEndpoint): ResolvedPolicy | null {
    if (identity === null) return null
    this.#resolvedSince?.add(identity)
    return this.#engine.resolve({ identity, namedPorts: created.namedPorts })
  }

  #check({ event, stream }: Recorded, before: AgentState): Finding | null {
    if (!stream.startsWith(`endpoint-${this.node}-`) && stream !== nodeStream(this.node)) return null
    switch (event.type) {
      case 'PolicyMapWritten':
        return this.#checkMap(event)
      case 'EndpointRegenerationSucceeded':
        return this.#checkBuild(event, before)
      case 'EndpointRegenerationFailed':
        return this.#checkFailure(event, before)
      case 'PolicyReaction':
        return this.#checkReaction(event, before)
      default:
        return null
    }
  }

  #checkMap({ endpoint, digest, entries }: EventOf<'PolicyMapWritten'>): Finding | null {
    const map = this.#state.endpoints.get(endpoint)?.policyMap
    if (map === undefined) return null
    this.checked.maps += 1
    const found = this.#digestOf(map)
    if (found === digest && map.size === entries) return null
    const sides = { recorded: `${digest}, ${entries} entries`, recomputed: `${found}, ${map.size} entries` }
    return { kind: 'policy-map', endpoint, reason: 'the map is not the sum of what was written', ...sides, ...NO_RULES }
  }

  #checkBuild(event: EventOf<'EndpointRegenerationSucceeded'>, before: AgentState): Finding | null {
    const resolution = this.#resolutions.get(event.endpoint)
    // The end of a build that is not running any more says nothing about the endpoint of now.
    if (before.endpoints.get(event.endpoint)?.running?.build !== event.build) return null
    if (resolution?.build !== event.build) {
      this.checked.notRecomputed += 1
      return null
    }
    this.checked.builds += 1
    this.#resolutions.delete(event.endpoint)
    return this.#compareBuild(event, resolution)
  }

  /** Of a failed build the log says only whether its policy could be resolved. */
  #checkFailure(event: EventOf<'EndpointRegenerationFailed'>, before: AgentState): Finding | null {
    const resolution = this.#resolutions.get(event.endpoint)
    if (before.endpoints.get(event.endpoint)?.running?.build !== event.build) return null
    if (resolution?.build !== event.build || event.code === 'endpoint-gone') return null
    this.checked.builds += 1
    this.#resolutions.delete(event.endpoint)
    const { resolved } = resolution
    const recorded = event.phase === 'policyCalculation' ? event.code : null
    const recomputed = resolved.kind === 'unresolvable' ? resolved.code : null
    if (recorded === recomputed) return null
    const reason =
      resolved.kind === 'unresolvable'
        ? `the policy cannot be resolved: ${resolved.code}: ${resolved.reason}`
        : 'the policy can be resolved, and recorded is that it could not'
    return { kind: 'regeneration', endpoint: event.endpoint, reason, recorded, recomputed, ...NO_RULES }
  }

  #compareBuild(event: EventOf<'EndpointRegenerationSucceeded'>, { endpoint, resolved }: Resolution): Finding | null {
    const id = event.endpoint
    if (resolved.kind === 'unresolvable') {
      const reason = `the policy cannot be resolved: ${resolved.code}: ${resolved.reason}`
      return {
        kind: 'regeneration',
        endpoint: id,
        reason,
        recorded: event.desiredDigest,
        recomputed: null,
        ...NO_RULES,
      }
    }
    const ports = new Map<string, Port>(
      event.redirects.map(({ id: name, proxyPort }) => [name.slice(`${id}:`.length), proxyPort]),
    )
    const map = policyMapOf(resolved.entries, ports)
    const written = this.#state.endpoints.get(id)?.policyMap ?? EMPTY_POLICY_MAP
    const digest = this.#digestOf(written)
    if (digest !== event.desiredDigest || digest !== event.realizedDigest || !sameMap(map, written)) {
      const reason = `the policy map would be ${policyMapDigest(map)}; recorded is ${event.desiredDigest}`
      return mapFinding('regeneration', { endpoint: id, reason, recorded: written, recomputed: map })
    }
    const recorded = { ingress: event.ingressEnforced, egress: event.egressEnforced }
    const recomputed = { ingress: resolved.ingressEnforced, egress: resolved.egressEnforced }
    if (!equal(recorded, recomputed)) {
      return { kind: 'regeneration', endpoint: id, reason: 'enforcement differs', recorded, recomputed, ...NO_RULES }
    }
    return event.npdsVersion === null ? null : this.#compareMessage(id, { endpoint, resolved, ports })
  }

  #compareMessage(
    id: EndpointId,
    {
      endpoint,
      resolved,
      ports,
    }: {
      readonly endpoint: AgentEndpoint
      readonly resolved: Exclude<ResolvedPolicy, { readonly kind: 'unresolvable' }>
      readonly ports: ReadonlyMap<string, Port>
    },
  ): Finding | null {
    const { ipv4, ipv6 } = endpoint.created
    const addresses = [ipv4, ipv6].filter((address) => address !== null)
    const message = networkPolicyMessage(resolved.networkPolicy, { endpoint: id, addresses, proxyPorts: ports })
    const served = servedOf(this.#state.proxy, nodeStream(this.node), 'npds').resources.get(String(id)) ?? null
    const recomputed = message as unknown as Json
    if (equal(served, recomputed)) return null
    const reason = 'the proxy would be told something else'
    const rules = ruleDifferences(served as unknown as NetworkPolicyMessage | null, message)
    return { kind: 'network-policy', endpoint: id, reason, recorded: served, recomputed, entries: [], rules }
  }

  #digestOf(map: PolicyMap): Digest {
    const known = this.#digests.get(map)
    if (known !== undefined) return known
    const digest = policyMapDigest(map)
    this.#digests.set(map, digest)
    return digest
  }

  #checkReaction(event: EventOf<'PolicyReaction'>, before: AgentState): Finding | null {
    const affected = this.#affected.get(event.revision)
    for (const revision of this.#affected.keys()) if (revision <= event.revision) this.#affected.delete(revision)
    if (affected === undefined) {
      this.checked.notRecomputed += 1
      return null
    }
    this.checked.reactions += 1
    const endpoints = [...before.endpoints.values()]
    const local = new Set<number>(endpoints.flatMap(({ identity }) => (identity === null ? [] : [identity])))
    const isKnown = (identity: number): boolean => this.#resolvedSince?.has(identity) ?? true
    const identities = [...affected].filter((identity) => local.has(identity)).toSorted((a, b) => a - b)
    if (!equal(identities.filter(isKnown), event.identities.filter(isKnown))) {
      const reason = 'the policies of other identities changed'
      return {
        kind: 'reaction',
        endpoint: null,
        reason,
        recorded: event.identities,
        recomputed: identities,
        ...NO_RULES,
      }
    }
    return endpoints.map((endpoint) => wronglyTreated(endpoint, event, affected)).find((one) => one !== null) ?? null
  }
}

/** What the kernel would hold is the same. */
function sameMap(a: PolicyMap, b: PolicyMap): boolean {
  if (a.size !== b.size) return false
  for (const [key, { value }] of a) {
    const other = b.get(key)
    if (other === undefined || !sameInKernel(value, other.value)) return false
  }
  return true
}

function wronglyTreated(
  { created, identity, leaving }: AgentEndpoint,
  event: EventOf<'PolicyReaction'>,
  affected: ReadonlySet<number>,
): Finding | null {
  const { endpoint } = created
  const lists = (['regenerate', 'bump', 'skipped'] as const).filter((list) =>
    event[list].some((one) => one.endpoint === endpoint),
  )
  const isAffected = identity !== null && !leaving && affected.has(identity)
  if (lists.length === 1 && !(isAffected && lists[0] === 'bump')) return null
  const recomputed = isAffected ? 'regenerate' : 'one of regenerate, bump, skipped'
  const reason = isAffected ? 'its policy changed, so it would be regenerated' : 'it would be named once'
  return { kind: 'reaction', endpoint, reason, recorded: lists, recomputed, ...NO_RULES }
}

export function positionOf(started: EventOf<'EndpointRegenerationStarted'>): Position {
  return BigInt(started.reads) as Position
}
