/**
 * What stands behind a denial: the rule that denies, or for default deny the rules that isolate and those that came nearest; for a request
 * what the proxy would have let pass. And what would allow it.
 *
 * Nothing is evaluated a second time: who isolates is asked of the engine rule by rule, and who came nearest is read from the policy map that
 * denied.
 */
import { type NamedPort, resourceKey } from '../../events/fields.ts'
import type { IdentityId, LabelText } from '../../events/ids.ts'
import type { PolicyMapEntry } from '../../projections/datapath/policy-map.ts'
import { PolicyEngine } from '../../projections/policy/engine.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import type { Asked, JudgedPolicy, Judgement } from '../../projections/verdict/judge.ts'
import type { World } from '../../projections/world.ts'
import type { HeaderMatcher, PortNetworkPolicyRule } from '../../projections/xds/messages.ts'
import { type Provenance, type RuleRef, ruleRef } from './provenance.ts'

export type Shortfall = {
  readonly reason: 'denied-by-rule' | 'default-deny' | 'request-not-allowed'
  /** Rules that select the subject and switch default deny on. */
  readonly isolating: readonly RuleRef[]
  readonly nearest: readonly NearMiss[]
  /** Requests that the proxy lets pass from this peer on this port. */
  readonly requests: readonly string[]
  readonly wouldAllow: string
}

/** A rule that would have allowed, had the one thing been different. */
export type NearMiss = {
  readonly rules: readonly RuleRef[]
  readonly differs: 'peer' | 'port'
  /** `80/TCP`, `ANY`. */
  readonly port: string
  /** Whom it takes: the peer itself where the port differs. A few of them; `further` more. */
  readonly identities: readonly { readonly identity: number; readonly labels: readonly string[] }[]
  readonly further: number
}

export type DenyContext = {
  readonly world: World
  readonly provenance: Provenance
  readonly policy: JudgedPolicy | null
  readonly subject: {
    readonly identity: IdentityId
    readonly labels: readonly string[]
    readonly namedPorts: readonly NamedPort[]
  }
  readonly asked: Asked
  readonly labelsOf: (identity: IdentityId) => readonly string[]
}

/** As many are shown: more of them explain nothing. */
const NEAREST_MAX = 5
const IDENTITIES_MAX = 3
const REQUESTS_MAX = 20
const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' }

export function explainDeny(judgement: Judgement, context: DenyContext): Shortfall {
  const { entry, verdict } = judgement
  if (verdict === 'redirect') {
    const requests = passingRequests(context)
    return { reason: 'request-not-allowed', isolating: [], nearest: [], requests, wouldAllow: anotherRequest(context) }
  }
  if (entry !== null) {
    const wouldAllow = 'no rule can: a deny rule wins over every allow; it has to go or to be narrowed'
    return { reason: 'denied-by-rule', isolating: [], nearest: [], requests: [], wouldAllow }
  }
  return {
    reason: 'default-deny',
    isolating: isolatingRules(context),
    nearest: nearMisses(context),
    requests: [],
    wouldAllow: anotherRule(context),
  }
}

/** Each rule alone: the direction is enforced by it or it is not. */
function isolatingRules({ world, provenance, subject, asked }: DenyContext): readonly RuleRef[] {
  const { identity, namedPorts } = subject
  const known = { id: identity, labels: subject.labels as readonly LabelText[], prefix: null }
  const isolates = (key: string, rule: Parameters<typeof alone>[1]): boolean => {
    const policy = alone(key, rule, known).resolve({ identity, namedPorts })
    if (policy.kind !== 'resolved') return false
    return asked.direction === 'ingress' ? policy.ingressEnforced : policy.egressEnforced
  }
  return [...world.policies.values()]
    .toSorted((a, b) => a.revision - b.revision)
    .flatMap(({ resource, manifest }) => {
      const reading = readPolicy(manifest)
      const key = resourceKey(resource)
      const rules = reading.kind === 'accepted' ? reading.policy.rules : []
      return rules.filter((rule) => isolates(key, rule)).map(({ pointer }) => ruleRef(provenance, `${key}#${pointer}`))
    })
}

type Known = { readonly id: IdentityId; readonly labels: readonly LabelText[]; readonly prefix: null }
type Rule = Extract<ReturnType<typeof readPolicy>, { readonly kind: 'accepted' }>['policy']['rules'][number]

function alone(key: string, rule: Rule, known: Known): PolicyEngine {
  const engine = new PolicyEngine()
  engine.apply({ kind: 'identities', added: [known], removed: [] })
  engine.apply({ kind: 'policy-set', key, rules: [rule] })
  return engine
}

/** Entries of the same direction that fit in all but one thing, grouped by the rules behind them; the nearest is the one that takes the peer. */
function nearMisses({ policy, asked, provenance, labelsOf }: DenyContext): readonly NearMiss[] {
  const groups = new Map<
    string,
    { readonly entry: PolicyMapEntry; readonly differs: 'peer' | 'port'; identities: Set<IdentityId> }
  >()
  for (const entry of policy?.map.values() ?? []) {
    const { key, value } = entry
    if (key.direction !== asked.direction || value.verdict === 'deny') continue
    const takesPeer = key.identity === 0 || key.identity === asked.identity
    const takesPort = covers(entry, asked)
    if (!takesPeer && !takesPort) continue
    const differs = takesPeer ? 'port' : 'peer'
    const name = `${differs} ${portText(entry)} ${value.origins.join(' ')}`
    const group = groups.get(name) ?? { entry, differs, identities: new Set() }
    group.identities.add(key.identity)
    groups.set(name, group)
  }
  const sorted = [...groups.entries()].toSorted(([a], [b]) => (a < b ? 1 : -1))
  return sorted.slice(0, NEAREST_MAX).map(([, { entry, differs, identities }]) => ({
    rules: entry.value.origins.map((origin) => ruleRef(provenance, origin)),
    differs,
    port: portText(entry),
    identities: [...identities].slice(0, IDENTITIES_MAX).map((identity) => ({ identity, labels: labelsOf(identity) })),
    further: Math.max(0, identities.size - IDENTITIES_MAX),
  }))
}

function covers({ key }: PolicyMapEntry, { protocol, port }: Asked): boolean {
  if (key.protocol === 0) return true
  const last = key.port + 2 ** (16 - key.portBits) - 1
  return key.protocol === protocol && (key.portBits === 0 || (port >= key.port && port <= last))
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
