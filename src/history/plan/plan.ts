/**
 * What would policies do, if they were applied on top of a moment? Worked out in memory; the log does not learn of it.
 *
 * Compared is what the policies of the moment ask for with what they would ask for then: so a build that is on its way does not blur the answer.
 * Prefixes that only the new policies name get local identities that exist here alone.
 */

import type { HindcastEvent } from '../../../events/catalogue.ts'
import type { PolicyMapDelta } from '../../../events/fields.ts'
import { type ResourceRef, resourceKey } from '../../../events/fields.ts'
import type { Cidr, EndpointId, IdentityId, NodeName, Port, StreamName } from '../../../events/ids.ts'
import { ascending } from '../../../events/order.ts'
import type { PolicyOptions } from '../../../events/policy-options.ts'
import type { Json } from '../../../events/schema.ts'
import { type PolicyMap, policyMapDiff, policyMapOf } from '../../../projections/datapath/policy-map.ts'
import type { JsonDifference } from '../../../projections/history/changes.ts'
import { policyDifferences } from '../../../projections/history/policy-difference.ts'
import { RESERVED_IDENTITIES } from '../../../projections/identity/reserved.ts'
import { policyChangesOf } from '../../../projections/policy/changes.ts'
import type { PolicyEngine, ResolvedPolicy } from '../../../projections/policy/engine.ts'
import type { PolicyRule } from '../../../projections/policy/rule.ts'
import { engineOfWorld } from '../../../projections/verdict/engine-of-world.ts'
import { type JudgedPolicy, judgedPolicyOf } from '../../../projections/verdict/judge.ts'
import { recordedPolicy } from '../../../projections/verdict/recorded-policy.ts'
import { type SemanticDifference, semanticDifferences } from '../../../projections/verdict/semantic.ts'
import { type EndpointView, type NodeView, nodeOfStream, type World } from '../../../projections/world.ts'
import { type Imagined, imagine, imaginedBefore, knownAs } from './imagined.ts'
import { listenerPorts, proxyPortsOf } from './proxy-ports.ts'

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
  readonly prefixes: readonly { readonly node: string; readonly prefix: Cidr; readonly identity: IdentityId }[]
}

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
  const prefixes: Plan['prefixes'][number][] = []
  const policies = new Map<string, Amount<JudgedPolicy | null>>()
  let unaffected = 0
  for (const [name, node] of [...world.nodes].toSorted(([a], [b]) => ascending(a, b))) {
    const found = nodePlan(world, { name, node, planned, facts, enforcement })
    endpoints.push(...found.endpoints)
    prefixes.push(...found.prefixes.map((one) => ({ node: name, ...one })))
    unaffected += found.unaffected
    for (const [endpoint, policy] of found.policies) policies.set(`${name}/${endpoint}`, policy)
  }
  return {
    plan: {
      policies: planned.map((one) => policyPlan(world, one)),
      enforcement: enforcementPlan(world, enforcement),
      facts: facts.map(({ event }) => event),
      ...{ endpoints, unaffected, prefixes },
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
  const endpoints = views.flatMap((view, index) => {
    const sides = { before: before[index]!, after: resolved(engine, relabelled(view, name, facts)) }
    const judged = {
      before: judgedPolicyOf(sides.before) ?? recordedPolicy(world, name, view),
      after: judgedPolicyOf(sides.after),
    }
    policies.set(view.endpoint, judged)
    const found = endpointPlan({ node: name, view, sides, judged, existing, ports })
    return found === null ? [] : [found]
  })
  return { endpoints, unaffected: views.length - endpoints.length, prefixes, policies }
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

type Compared = {
  readonly node: string
  readonly view: EndpointView
  readonly sides: Amount<ResolvedPolicy>
  readonly judged: Amount<JudgedPolicy | null>
  readonly existing: readonly number[]
  /** Of the node's listeners. */
  readonly ports: ReadonlyMap<string, Port>
}

/** Null where nothing would change for the endpoint. */
function endpointPlan({ node, view, sides, judged, existing, ports }: Compared): EndpointPlan | null {
  const { before, after } = sides
  if (before === after) return null
  const { endpoint, name } = view
  const base = { node, endpoint, name }
  if (after.kind === 'unresolvable') {
    const isSame = before.kind === 'unresolvable' && before.reason === after.reason
    return isSame ? null : { ...base, ...NOTHING, unresolvable: `${after.code}: ${after.reason}` }
  }
  const [was, is] = [
    before.kind === 'unresolvable' ? lastGood(view) : shapeOf(before, view, ports),
    shapeOf(after, view, ports),
  ]
  const map = policyMapDiff(was.map, is.map)
  const differences =
    judged.before === null || judged.after === null
      ? []
      : semanticDifferences({ before: judged.before, after: judged.after, known: existing })
  const ingressEnforced = { before: was.ingressEnforced, after: is.ingressEnforced }
  const egressEnforced = { before: was.egressEnforced, after: is.egressEnforced }
  const same = [ingressEnforced, egressEnforced].every((one) => one.before === one.after)
  if (map.length === 0 && differences.length === 0 && same) return null
  return {
    ...base,
    ingressEnforced,
    egressEnforced,
    entries: { before: was.map.size, after: is.map.size },
    map,
    redirects: { come: missingIn(is, was), go: missingIn(was, is) },
    differences,
    pressure: after.pressure,
    unresolvable: null,
  }
}

const NOTHING: Omit<EndpointPlan, 'node' | 'endpoint' | 'name' | 'unresolvable'> = {
  ingressEnforced: { before: false, after: false },
  egressEnforced: { before: false, after: false },
  entries: { before: 0, after: 0 },
  map: [],
  redirects: { come: [], go: [] },
  differences: [],
  pressure: null,
}

type Resolved = Exclude<ResolvedPolicy, { readonly kind: 'unresolvable' }>

type Shape = Pick<Resolved, 'ingressEnforced' | 'egressEnforced'> & {
  readonly map: PolicyMap
  /** Ids of redirects, without the endpoint. */
  readonly redirects: readonly string[]
}

/** With the proxy ports that the node's listeners have; others would be allocated. */
function shapeOf(resolved: Resolved, view: EndpointView, ports: ReadonlyMap<string, Port>): Shape {
  const { entries, redirects, ingressEnforced, egressEnforced } = resolved
  const map = policyMapOf(entries, proxyPortsOf(view, redirects, ports))
  return { ingressEnforced, egressEnforced, map, redirects: redirects.map(({ id }) => id) }
}

/** What is in force where the policies of now cannot be resolved. */
function lastGood({ endpoint, ingressEnforced, egressEnforced, policyMap, redirects }: EndpointView): Shape {
  const ids = redirects.map(({ id }) => id.slice(`${endpoint}:`.length))
  return { ingressEnforced, egressEnforced, map: policyMap, redirects: ids }
}

function missingIn(one: Shape, other: Shape): readonly string[] {
  return one.redirects.filter((id) => !other.redirects.includes(id))
}
