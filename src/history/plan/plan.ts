/**
 * What would policies do, if they were applied on top of a moment? Worked out in memory; the log does not learn of it.
 *
 * Compared is what the policies of the moment ask for with what they would ask for then: so a build that is on its way does not blur the answer.
 * Prefixes that only the new policies name get local identities that exist here alone.
 */

import type { HindcastEvent } from '../../../events/catalogue.ts'
import type { PolicyMapDelta } from '../../../events/fields.ts'
import { type ResourceRef, resourceKey } from '../../../events/fields.ts'
import type { Cidr, EndpointId, IdentityId, NodeName, StreamName } from '../../../events/ids.ts'
import { ascending } from '../../../events/order.ts'
import type { PolicyOptions } from '../../../events/policy-options.ts'
import type { Json } from '../../../events/schema.ts'
import type { JsonDifference } from '../../../projections/history/changes.ts'
import { policyDifferences } from '../../../projections/history/policy-difference.ts'
import { RESERVED_IDENTITIES } from '../../../projections/identity/reserved.ts'
import { policyChangesOf } from '../../../projections/policy/changes.ts'
import type { PolicyEngine, ResolvedPolicy } from '../../../projections/policy/engine.ts'
import type { PolicyRule } from '../../../projections/policy/rule.ts'
import { engineOfWorld } from '../../../projections/verdict/engine-of-world.ts'
import { type JudgedPolicy, judgedPolicyOf } from '../../../projections/verdict/judge.ts'
import { recordedPolicy } from '../../../projections/verdict/recorded-policy.ts'
import type { SemanticDifference } from '../../../projections/verdict/semantic.ts'
import { type EndpointView, type NodeView, nodeOfStream, type World } from '../../../projections/world.ts'
import { endpointPlan } from './endpoint-plan.ts'
import { type Imagined, imagine, imaginedBefore, knownAs, numbered, release } from './imagined.ts'
import { listenerPorts } from './proxy-ports.ts'

/** Null rules: the policy is to go. */
export type PlannedPolicy = {
  readonly resource: ResourceRef
  readonly manifest: Json | null
  readonly rules: readonly PolicyRule[] | null
}

/** What somebody would record about what policies speak of: groups and services, and on a branch also answers of the DNS and labels of endpoints. */
export type PlannedFact = { readonly stream: StreamName; readonly event: HindcastEvent }

export type PolicyPlan = {
  readonly policy: string
  readonly kind: 'added' | 'changed' | 'removed' | 'unchanged' | 'not-there'
  readonly rules: readonly JsonDifference[]
}

export type Amount<T> = { readonly before: T; readonly after: T }

export type EndpointPlan = {
  readonly node: string
  readonly endpoint: EndpointId
  readonly name: string
  readonly ingressEnforced: Amount<boolean>
  readonly egressEnforced: Amount<boolean>
  readonly entries: Amount<number>
  /** Entries that come, go and change. A proxy port that is not allocated yet is 1. */
  readonly map: readonly PolicyMapDelta[]
  readonly redirects: { readonly come: readonly string[]; readonly go: readonly string[] }
  readonly differences: readonly SemanticDifference[]
  /** How much of the map is taken, from nine tenths on. */
  readonly pressure: { readonly entries: number; readonly max: number; readonly selector: string } | null
  /** The policies would contradict each other, or not fit: what is in force would stay. */
  readonly unresolvable: string | null
}

export type Enforcement = PolicyOptions['enforcement']

export type Plan = {
  readonly policies: readonly PolicyPlan[]
  /** Nodes whose agents would isolate others than now. */
  readonly enforcement: readonly (Amount<Enforcement> & { readonly node: string })[]
  /** What would be recorded about groups and services that policies name. */
  readonly facts: readonly HindcastEvent[]
  /** Endpoints that would be regenerated. */
  readonly endpoints: readonly EndpointPlan[]
  /** How many would only be bumped. */
  readonly unaffected: number
  /** Prefixes that would get local identities, by node. */
  readonly prefixes: readonly OwnedPrefix[]
  /** Prefixes that nobody would name any more: their local identities would be given back, and taken out of the maps. */
  readonly released: readonly OwnedPrefix[]
}

type OwnedPrefix = { readonly node: string; readonly prefix: Cidr; readonly identity: IdentityId }

/** The policies of each endpoint before and after, for judging recorded flows. */
export type PlannedPolicies = ReadonlyMap<string, Amount<JudgedPolicy | null>>

/** `enforcement`: as if every agent were started with this; null leaves it. */
export function planOf(
  world: World,
  planned: readonly PlannedPolicy[],
  facts: readonly PlannedFact[],
  enforcement: Enforcement | null = null,
): { readonly plan: Plan; readonly policies: PlannedPolicies } {
  const endpoints: EndpointPlan[] = []
  const [prefixes, released]: [OwnedPrefix[], OwnedPrefix[]] = [[], []]
  const policies = new Map<string, Amount<JudgedPolicy | null>>()
  let unaffected = 0
  for (const [name, node] of [...world.nodes].toSorted(([a], [b]) => ascending(a, b))) {
    const found = nodePlan(world, { name, node, planned, facts, enforcement })
    endpoints.push(...found.endpoints)
    prefixes.push(...found.prefixes.map((one) => ({ node: name, ...one })))
    released.push(...found.released.map((one) => ({ node: name, ...one })))
    unaffected += found.unaffected
    for (const [endpoint, policy] of found.policies) policies.set(`${name}/${endpoint}`, policy)
  }
  return {
    plan: {
      policies: planned.map((one) => policyPlan(world, one)),
      enforcement: enforcementPlan(world, enforcement),
      facts: facts.map(({ event }) => event),
      ...{ endpoints, unaffected, prefixes, released },
    },
    policies,
  }
}

function enforcementPlan({ nodes }: World, after: Enforcement | null): Plan['enforcement'] {
  if (after === null) return []
  return [...nodes]
    .map(([node, { options }]) => ({ node, before: options.enforcement, after }))
    .filter(({ before }) => before !== after)
    .toSorted((a, b) => ascending(a.node, b.node))
}

function policyPlan({ policies }: World, { resource, manifest }: PlannedPolicy): PolicyPlan {
  const policy = resourceKey(resource)
  const before = policies.get(policy)?.manifest ?? null
  const rules = policyDifferences(before, manifest)
  if (before === null) return { policy, kind: manifest === null ? 'not-there' : 'added', rules }
  return { policy, kind: manifest === null ? 'removed' : rules.length === 0 ? 'unchanged' : 'changed', rules }
}

function nodePlan(
  world: World,
  {
    name,
    node,
    planned,
    facts,
    enforcement,
  }: {
    readonly name: string
    readonly node: NodeView
    readonly planned: readonly PlannedPolicy[]
    readonly facts: readonly PlannedFact[]
    readonly enforcement: Enforcement | null
  },
): {
  readonly endpoints: readonly EndpointPlan[]
  readonly unaffected: number
  readonly prefixes: readonly Imagined[]
  readonly released: readonly Imagined[]
  readonly policies: ReadonlyMap<EndpointId, Amount<JudgedPolicy | null>>
} {
  const now = engineOfWorld(world, name)
  const known = new Set([...node.localIdentities.values()].flatMap(({ prefix }) => (prefix === null ? [] : [prefix])))
  // What is required already and not allocated yet is on its way, and no part of the plan.
  const made = imaginedBefore(node)
  const underWay = imagine(now, known, made)
  const views = [...node.endpoints.values()]
    .filter(({ identity }) => identity !== null)
    .toSorted((a, b) => a.endpoint - b.endpoint)
  const before = views.map((view) => resolved(now, view))
  const required = new Set(now.requiredPrefixes())
  const engine = enforcement === null ? now : engineUnder(world, { name, node, enforcement, underWay })
  for (const change of facts.flatMap((fact) => policyChangesOf(fact, name as NodeName))) engine.apply(change)
  for (const { resource, rules } of planned) {
    const key = resourceKey(resource)
    engine.apply(rules === null ? { kind: 'policy-removed', key } : { kind: 'policy-set', key, rules })
  }
  const prefixes = imagine(engine, known, made + underWay.length)
  const identities = [
    ...world.identities.keys(),
    ...node.localIdentities.keys(),
    ...prefixes.map(({ identity }) => identity),
  ]
  const existing = [WORLD, ...identities, ...RESERVED_IDENTITIES.keys()]
  const policies = new Map<EndpointId, Amount<JudgedPolicy | null>>()
  const ports = listenerPorts(node)
  const renamed = views.map((view) => relabelled(view, name, facts))
  const after = renamed.map((view) => resolved(engine, view))
  // Verdicts are of before numbers are given back: an address that had one is then somebody else's, and the answer the same.
  const released = release(engine, [...numbered(node), ...underWay], required)
  const settled = released.length === 0 ? after : renamed.map((view) => resolved(engine, view))
  const endpoints = views.flatMap((view, index) => {
    const sides = { before: before[index]!, after: after[index]! }
    const judged = {
      before: judgedPolicyOf(sides.before) ?? recordedPolicy(world, name, view),
      after: judgedPolicyOf(sides.after),
    }
    policies.set(view.endpoint, judged)
    const found = endpointPlan({ node: name, view, sides, settled: settled[index]!, judged, existing, ports })
    return found === null ? [] : [found]
  })
  return { endpoints, unaffected: views.length - endpoints.length, prefixes, released, policies }
}

/** The engine of an agent that isolates others. */
function engineUnder(
  world: World,
  {
    name,
    node,
    enforcement,
    underWay,
  }: {
    readonly name: string
    readonly node: NodeView
    readonly enforcement: Enforcement
    readonly underWay: readonly Imagined[]
  },
): PolicyEngine {
  const options = { ...node.options, enforcement }
  const engine = engineOfWorld({ ...world, nodes: world.nodes.set(name, { ...node, options }) }, name)
  engine.apply({ kind: 'identities', added: knownAs(underWay), removed: [] })
  return engine
}

const WORLD = 2

function resolved(engine: PolicyEngine, { identity, namedPorts }: EndpointView): ResolvedPolicy {
  return engine.resolve({ identity: identity!, namedPorts })
}

function relabelled(view: EndpointView, node: string, facts: readonly PlannedFact[]): EndpointView {
  for (const { stream, event } of facts) {
    const isIts = event.type === 'EndpointIdentityChanged' && event.endpoint === view.endpoint
    if (isIts && nodeOfStream(stream) === node) return { ...view, identity: event.identity, labels: event.labels }
  }
  return view
}
