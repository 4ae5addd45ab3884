/**
 * What stands behind a denial: the rule that denies, or for default deny the rules that isolate and those that came nearest; for a request
 * what the proxy would have let pass. And what would allow it.
 *
 * The rules are told by the engine of the moment (projections/policy/explain.ts); whom they take is read from the map that denied.
 */
import type { IdentityId } from '../../events/ids.ts'
import type { PolicyMapEntry } from '../../projections/datapath/policy-map.ts'
import type { PolicyEngine, PolicySubject } from '../../projections/policy/engine.ts'
import { explain, explainRequest } from '../../projections/policy/explain.ts'
import type { NamedPeer } from '../../projections/policy/facts-behind.ts'
import type { ConsideredElement, Lack } from '../../projections/policy/resolve/considered.ts'
import type { Asked, JudgedPolicy, Judgement } from '../../projections/verdict/judge.ts'
import type { HeaderMatcher, PortNetworkPolicyRule } from '../../projections/xds/messages.ts'
import { type Provenance, type RuleRef, ruleRef } from './provenance.ts'

export type Shortfall = {
  readonly reason: 'denied-by-rule' | 'default-deny' | 'request-not-allowed'
  /** Rules that select the subject and switch default deny on. */
  readonly isolating: readonly RuleRef[]
  readonly nearest: readonly NearMiss[]
  /** Requests that the proxy lets pass from this peer on this port. */
  readonly requests: readonly string[]
  /** HTTP rules for this connection, nearest first, with the conditions that the request does not meet. */
  readonly unmet: readonly { readonly rule: RuleRef; readonly conditions: readonly string[] }[]
  readonly wouldAllow: string
}

/** A rule element that would have allowed, had it not lacked something. */
export type NearMiss = {
  readonly rule: RuleRef
  readonly lacks: readonly Lack[]
  readonly takes: readonly Taken[]
  /** Services, DNS names and groups among its peers, where the other side is none of them. */
  readonly named: readonly NamedPeer[]
}

/** Whom an element takes on a port (`80/TCP`, `ANY`): a few of them, and `further` more. */
export type Taken = {
  readonly port: string
  readonly identities: readonly { readonly identity: number; readonly labels: readonly string[] }[]
  readonly further: number
}

export type DenyContext = {
  readonly provenance: Provenance
  readonly engine: PolicyEngine
  /** What denied. */
  readonly policy: JudgedPolicy | null
  readonly subject: PolicySubject & { readonly labels: readonly string[] }
  readonly asked: Asked
  readonly labelsOf: (identity: IdentityId) => readonly string[]
  readonly namedPeersOf: (origin: string) => readonly NamedPeer[]
}

/** As many are shown: more of them explain nothing. */
const PORTS_MAX = 5
const UNMET_MAX = 5
const IDENTITIES_MAX = 3
const REQUESTS_MAX = 20
const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' }

export function explainDeny({ entry, verdict }: Judgement, context: DenyContext): Shortfall {
  const nothing = { isolating: [], nearest: [], requests: [], unmet: [] }
  if (verdict === 'redirect') {
    const requests = passingRequests(context)
    return {
      ...nothing,
      reason: 'request-not-allowed',
      requests,
      unmet: unmetOf(context),
      wouldAllow: anotherRequest(context),
    }
  }
  if (entry !== null) {
    const wouldAllow = 'no rule can: a deny rule wins over every allow; it has to go or to be narrowed'
    return { ...nothing, reason: 'denied-by-rule', wouldAllow }
  }
  const { engine, subject, asked, provenance } = context
  const explanation = explain(engine, subject, asked)
  const [isolated, nearest] =
    explanation.kind === 'explained' ? [explanation.isolatedBy, explanation.nearest] : [[], []]
  return {
    ...nothing,
    reason: 'default-deny',
    isolating: isolated.map((origin) => ruleRef(provenance, origin)),
    nearest: nearMisses(nearest, context),
    wouldAllow: anotherRule(context),
  }
}

function unmetOf({ engine, subject, asked, provenance }: DenyContext): Shortfall['unmet'] {
  const { request } = asked
  if (request === null) return []
  const { considered } = explainRequest(engine, subject, { ...asked, request })
  return considered
    .slice(0, UNMET_MAX)
    .map(({ origin, unmet }) => ({ rule: ruleRef(provenance, origin), conditions: unmet }))
}

/** Of the elements that would allow it those that lack the least; whom and what they take is read from the map. */
function nearMisses(nearest: readonly ConsideredElement[], context: DenyContext): readonly NearMiss[] {
  return nearest.map(({ origin, lacks }) => ({
    rule: ruleRef(context.provenance, origin),
    lacks,
    takes: takenBy(origin, context),
    named: lacks.includes('peer') ? context.namedPeersOf(origin) : [],
  }))
}

/** By port, whom the element lets in; nothing where it takes nobody that is known. */
function takenBy(origin: string, { policy, asked, labelsOf }: DenyContext): readonly Taken[] {
  const byPort = new Map<string, Set<IdentityId>>()
  for (const entry of policy?.map.values() ?? []) {
    const { key, value } = entry
    if (key.direction !== asked.direction || value.verdict === 'deny' || !value.origins.includes(origin)) continue
    const port = portText(entry)
    byPort.set(port, (byPort.get(port) ?? new Set()).add(key.identity))
  }
  return [...byPort].slice(0, PORTS_MAX).map(([port, identities]) => ({
    port,
    identities: [...identities].slice(0, IDENTITIES_MAX).map((identity) => ({ identity, labels: labelsOf(identity) })),
    further: Math.max(0, identities.size - IDENTITIES_MAX),
  }))
}

function portText({ key: { protocol, port, portBits } }: PolicyMapEntry): string {
  if (protocol === 0) return 'ANY'
  const name = PROTOCOLS[protocol] ?? String(protocol)
  if (portBits === 0) return `ANY/${name}`
  const last = port + 2 ** (16 - portBits) - 1
  return last === port ? `${port}/${name}` : `${port}-${last}/${name}`
}

function passingRequests({ policy, asked }: DenyContext): readonly string[] {
  const { rules } = policy ?? { rules: null }
  const list = asked.direction === 'ingress' ? rules?.ingressPerPortPolicies : rules?.egressPerPortPolicies
  const fitting = (list ?? [])
    .filter(({ port, endPort }) => port === 0 || (asked.port >= port && asked.port <= Math.max(port, endPort)))
    .flatMap((policies) => policies.rules)
    .filter((rule) => rule.deny !== true && isFor(rule, asked.identity))
  const texts = fitting.flatMap(({ httpRules }) =>
    (httpRules?.httpRules ?? []).map(({ headers }) => requestText(headers)),
  )
  return [...new Set(texts)].slice(0, REQUESTS_MAX)
}

function isFor({ remotePolicies }: PortNetworkPolicyRule, identity: number): boolean {
  return remotePolicies.length === 0 || remotePolicies.includes(identity)
}

/** `POST /v1/request-landing`, with what else must be there behind it. */
function requestText(headers: readonly HeaderMatcher[]): string {
  const expected = (matcher: HeaderMatcher | undefined): string | null =>
    matcher?.stringMatch === undefined
      ? null
      : (matcher.stringMatch.safeRegex?.regex ?? matcher.stringMatch.exact ?? null)
  const named = (name: string): string | null => expected(headers.find((matcher) => matcher.name === name))
  const host = named(':authority')
  const others = headers
    .filter(({ name }) => !name.startsWith(':'))
    .map(
      (matcher) =>
        `${matcher.invertMatch ? 'not ' : ''}${matcher.name}${expected(matcher) === null ? '' : `: ${expected(matcher)}`}`,
    )
  const words = [
    named(':method') ?? 'any method',
    named(':path') ?? 'any path',
    ...(host === null ? [] : [`host ${host}`]),
  ]
  return [...words, ...others.map((text) => `[${text}]`)].join(' ')
}

function anotherRequest({ asked: { request } }: DenyContext): string {
  return `an http rule of the same port with method ${request?.method ?? ''} and a path that matches ${request?.path ?? ''}`
}

function anotherRule({ subject, asked, labelsOf }: DenyContext): string {
  const peer = labelsOf(asked.identity as IdentityId)
  const [here, peers] = asked.direction === 'ingress' ? ['ingress', 'fromEndpoints'] : ['egress', 'toEndpoints']
  const outside = peer.some((label) => label.startsWith('reserved:') || label.startsWith('cidr:'))
  const who = outside ? `an entity or CIDR that takes ${peer.at(-1)}` : `${peers} matching ${peer.join(', ')}`
  const port = `${asked.port}/${PROTOCOLS[asked.protocol] ?? asked.protocol}`
  return `an ${here} rule of a policy that selects ${subject.labels.join(', ')}: ${who}, toPorts ${port}`
}
