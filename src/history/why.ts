/**
 * Why a connection or a request is allowed or denied at a moment, from the log alone.
 *
 * The walk: who both sides are, then egress at the source, then ingress at the destination, each L3 and L4 by the policy map and L7 by the
 * message that the proxy took last. Each side is judged twice by the same function: `inForce` by what was recorded as written then, and `wanted` by
 * what the policies of that moment ask for. Where they differ, a regeneration was on its way or had failed, and what was in force decides. A message
 * that was published and not acknowledged is not in force: `underWay` says so, and what it would decide.
 */
import type { Direction } from '../../events/fields.ts'
import type { PolicyOptions } from '../../events/policy-options.ts'
import type { HttpRequest } from '../../projections/l7/http-rule.ts'
import { engineOfWorld } from '../../projections/verdict/engine-of-world.ts'
import {
  type Asked,
  type JudgedPolicy,
  type Judgement,
  judge,
  judgedPolicyOf,
} from '../../projections/verdict/judge.ts'
import {
  policyUnderWay,
  publishedPolicy,
  recordedPolicy,
  type UnderWay,
} from '../../projections/verdict/recorded-policy.ts'
import { type BuildFailure, EMPTY_NODE, world as fold, type World } from '../../projections/world.ts'
import type { XdsRefusal } from '../../projections/xds/view.ts'
import type { EventLog } from '../ports/log.ts'
import { type FactRef, factRefs, namedPeersOf } from './fact-refs.ts'
import type { History } from './history.ts'
import { labelsOf, type Party, partiesOf } from './party.ts'
import type { Moment } from './position.ts'
import { type Provenance, provenanceAt, provenanceFrom, type RuleRef, ruleRef } from './provenance.ts'
import { worldAt, worldFrom } from './state-at.ts'
import { type DenyContext, explainDeny, type Shortfall } from './why-denied.ts'

export type WhyQuestion = {
  /** In the words of partyOf. */
  readonly from: string
  readonly to: string
  /** IP protocol number. */
  readonly protocol: number
  /** Destination port; for ICMP the type. */
  readonly port: number
  readonly request: HttpRequest | null
}

export type WhyState = { readonly world: World; readonly provenance: Provenance }

export type Layers = {
  readonly enforced: boolean
  readonly verdict: Judgement['verdict']
  readonly matchType: string
  /** The entry that decided at L3 and L4; null where none fits or the direction is not enforced. */
  readonly entry: {
    readonly identity: number
    readonly protocol: number
    readonly port: number
    readonly portBits: number
    readonly proxyPort: number
  } | null
  readonly rules: readonly RuleRef[]
  /** By which groups, services and DNS answers those rules take the other side. */
  readonly facts: readonly FactRef[]
  /** Null where no request was asked about, or the proxy does not see it. */
  readonly http: { readonly allowed: boolean; readonly reason: string; readonly rules: readonly RuleRef[] } | null
  readonly allowed: boolean
}

export type Side = {
  readonly direction: Direction
  readonly endpoint: { readonly node: string; readonly id: number; readonly name: string } | null
  readonly allowed: boolean
  /** Null: the endpoint never had a policy written, or is no endpoint. */
  readonly inForce: Layers | null
  /** Null: no endpoint, or its policies contradict each other, and `unresolvable` says how. */
  readonly wanted: Layers | null
  readonly unresolvable: string | null
  /** Of the node's agent, with `never` nothing is denied; null where nothing is enforced anyway. */
  readonly enforcement: PolicyOptions['enforcement'] | null
  /** Of what is in force. */
  readonly revision: number | null
  /** In force and wanted lead to different ends. */
  readonly differs: boolean
  /** Why the last build came to nothing; null after a success. */
  readonly failure: BuildFailure | null
  /** What the proxy has not taken yet of what it would decide by; null where it has all, or does not see the connection. */
  readonly underWay: (UnderWay & { readonly judged: Layers | null }) | null
  /** The connection goes to the proxy, whose last answer to the node's listeners was this: nobody may be listening there. */
  readonly listeners: XdsRefusal | null
  /** Null where the side allows. */
  readonly shortfall: Shortfall | null
}

export type WhyAnswer = {
  readonly allowed: boolean
  readonly from: PartyView
  readonly to: PartyView
  readonly sides: readonly [egress: Side, ingress: Side]
}

export type PartyView = {
  readonly name: string | null
  readonly endpoint: number | null
  readonly node: string | null
  readonly address: string | null
  readonly identity: number
  readonly labels: readonly string[]
}

export type WhyOutcome =
  | { readonly kind: 'answered'; readonly answer: WhyAnswer }
  | { readonly kind: 'not-found' | 'ambiguous'; readonly side: 'from' | 'to'; readonly reason: string }

/** Throws `DecodeError`. */
export async function whyStateAt(log: EventLog, moment: Moment | null): Promise<WhyState> {
  return { world: await worldAt(log, moment), provenance: await provenanceAt(log, moment) }
}

/** The same through the read model: as fast on a long log as on a short one. Throws `DecodeError`. */
export async function whyStateFrom(history: History, moment: Moment | null): Promise<WhyState> {
  if (moment === null) return { world: fold.initial, provenance: new Map() }
  const { position } = moment
  return { world: worldFrom(history.model, position), provenance: await provenanceFrom(history, position) }
}

export function why(state: WhyState, question: WhyQuestion): WhyOutcome {
  const { world } = state
  const ends = partiesOf(world, question)
  if (ends.kind !== 'found') return ends
  const { from, to } = ends
  const egress = sideOf(state, question, { direction: 'egress', subject: from, peer: to })
  const ingress = sideOf(state, question, { direction: 'ingress', subject: to, peer: from })
  const allowed = egress.allowed && ingress.allowed
  const parties = { from: viewOf(from), to: viewOf(to) }
  return { kind: 'answered', answer: { allowed, ...parties, sides: [egress, ingress] } }
}

export type Roles = { readonly direction: Direction; readonly subject: Party; readonly peer: Party }

/** Which network policy is in force: the one that the proxy took last, or the published one where it is known that the proxy judged by it. */
export type ProxyHas = 'taken' | 'published'

const NO_ENDPOINT: Omit<Side, 'direction'> = {
  endpoint: null,
  allowed: true,
  inForce: null,
  wanted: null,
  unresolvable: null,
  enforcement: null,
  revision: null,
  differs: false,
  failure: null,
  underWay: null,
  listeners: null,
  shortfall: null,
}

/** Nothing is enforced at who is no endpoint. */
export function sideOf(
  state: WhyState,
  { protocol, port, request }: Pick<WhyQuestion, 'protocol' | 'port' | 'request'>,
  { direction, subject, peer }: Roles,
  proxyHas: ProxyHas = 'taken',
): Side {
  if (subject.endpoint === null) return { direction, ...NO_ENDPOINT }
  const { node, view } = subject.endpoint
  const asked: Asked = { direction, identity: peer.identity, protocol, port, request }
  const engine = engineOfWorld(state.world, node)
  const resolved = engine.resolve({ identity: subject.identity, namedPorts: view.namedPorts })
  const published = publishedPolicy(state.world, node, view)
  const inForce = proxyHas === 'published' ? published : recordedPolicy(state.world, node, view)
  const policies = { inForce, wanted: judgedPolicyOf(resolved) }
  const judged = {
    inForce: policies.inForce === null ? null : judge(policies.inForce, asked),
    wanted: policies.wanted === null ? null : judge(policies.wanted, asked),
  }
  const deciding = judged.inForce ?? judged.wanted
  const allowed = deciding?.allowed ?? false
  const context: DenyContext = {
    provenance: state.provenance,
    engine,
    policy: policies.inForce ?? policies.wanted,
    subject: { identity: subject.identity, labels: subject.labels, namedPorts: view.namedPorts },
    asked,
    labelsOf: (identity) => labelsOf(state.world, identity, node),
    namedPeersOf: (origin) => namedPeersOf(state.world, node, origin),
  }
  return {
    direction,
    endpoint: { node, id: view.endpoint, name: view.name },
    allowed,
    inForce: judged.inForce === null ? null : layersOf(judged.inForce, state, node),
    wanted: judged.wanted === null ? null : layersOf(judged.wanted, state, node),
    unresolvable: resolved.kind === 'unresolvable' ? `${resolved.code}: ${resolved.reason}` : null,
    enforcement: (state.world.nodes.get(node) ?? EMPTY_NODE).options.enforcement,
    revision: view.revision,
    failure: view.failure,
    underWay:
      proxyHas === 'published'
        ? null
        : underWayOf(state, subject.endpoint, { judged: judged.inForce, published, asked }),
    listeners: judged.inForce?.verdict === 'redirect' ? refusedListeners(state.world, node) : null,
    differs: judged.inForce !== null && judged.inForce.allowed !== (judged.wanted?.allowed ?? false),
    shortfall: allowed || deciding === null ? null : explainDeny(deciding, context),
  }
}

function refusedListeners({ nodes }: World, node: string): XdsRefusal | null {
  return nodes.get(node)?.xds.get('lds')?.refused ?? null
}

/** It matters only where the connection reaches the proxy. */
function underWayOf(
  state: WhyState,
  { node, view }: NonNullable<Party['endpoint']>,
  {
    judged,
    published,
    asked,
  }: { readonly judged: Judgement | null; readonly published: JudgedPolicy | null; readonly asked: Asked },
): Side['underWay'] {
  const found = judged?.verdict === 'redirect' ? policyUnderWay(state.world, node, view) : null
  if (found === null) return null
  const isAnswered = published !== null && asked.request !== null
  return { ...found, judged: isAnswered ? layersOf(judge(published, asked), state, node) : null }
}

function layersOf(
  { enforced, verdict, matchType, entry, http, allowed }: Judgement,
  { world, provenance }: WhyState,
  node: string,
): Layers {
  const origins = entry?.value.origins ?? []
  const refs = (origins: readonly string[]): readonly RuleRef[] => origins.map((origin) => ruleRef(provenance, origin))
  return {
    enforced,
    verdict,
    matchType,
    entry: entry === null ? null : entryView(entry),
    rules: refs(origins),
    facts: entry === null ? [] : factRefs(world, { node, identity: entry.key.identity, origins }),
    http: http === null ? null : { allowed: http.allowed, reason: http.reason, rules: refs(named(http.rule)) },
    allowed,
  }
}

function entryView({ key, value }: NonNullable<Judgement['entry']>): NonNullable<Layers['entry']> {
  const { identity, protocol, port, portBits } = key
  return { identity, protocol, port, portBits, proxyPort: value.proxyPort }
}

function named(rule: string | null): readonly string[] {
  return rule === null || rule === '' ? [] : [rule]
}

export function viewOf({ identity, labels, endpoint, address }: Party): PartyView {
  return {
    name: endpoint?.view.name ?? null,
    endpoint: endpoint?.view.endpoint ?? null,
    node: endpoint?.node ?? null,
    address,
    identity,
    labels,
  }
}
