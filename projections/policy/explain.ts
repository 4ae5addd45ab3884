/**
 * Why a probe is answered as it is. The answer itself comes from the resolved entries and, for a request, from the message for the proxy;
 * here is only told which rules stand behind it and how near the others came.
 */
import type { Direction } from '../../events/fields.ts'
import { policyMapKeyText, policyMapOf } from '../datapath/policy-map.ts'
import { type MatchType, type Probe, policyVerdict } from '../datapath/verdict.ts'
import { type HttpRequest, matcherHolds } from '../l7/http-rule.ts'
import { compileNetworkPolicy, type L7Reason, requestVerdict } from '../l7/network-policy.ts'
import type { DesiredEntry, UnresolvablePolicy } from './desired.ts'
import type { PolicyEngine, PolicySubject, ResolvedPolicy } from './engine.ts'
import { type ConsideredElement, consideredElements } from './resolve/considered.ts'
import { l7Content } from './resolve/l7-content.ts'
import type { SubjectPolicy } from './resolve/subject-policy.ts'

export type Explanation =
  | {
      readonly kind: 'explained'
      readonly verdict: 'allow' | 'deny' | 'redirect'
      readonly matchType: MatchType
      /** Null for default deny. */
      readonly entry: DesiredEntry | null
      /** The origins of the entry; none for default deny. */
      readonly rules: readonly string[]
      /** Who makes everything that is not allowed denied: rules, or `reserved:` reasons. Empty where the direction is open. */
      readonly isolatedBy: readonly string[]
      /** Every element of every rule that selects the subject in this direction, in order. */
      readonly considered: readonly ConsideredElement[]
      /** Of the elements that would allow it: those that lack the least. Empty unless it is default deny. */
      readonly nearest: readonly ConsideredElement[]
    }
  | { readonly kind: 'unresolvable'; readonly policy: UnresolvablePolicy }

export function explain(engine: PolicyEngine, subject: PolicySubject, probe: Probe): Explanation {
  const resolved = engine.resolve(subject)
  const policy = engine.subjectPolicy(subject)
  if (resolved.kind === 'unresolvable') return { kind: 'unresolvable', policy: resolved }
  if (policy === null) throw new TypeError(`identity ${subject.identity} was resolved without being known`)
  const { verdict, entry: found, matchType } = lookUp(resolved, probe)
  const entry = found === null ? null : entryOf(resolved, policyMapKeyText(found.key))
  const considered = consideredElements(policy, probe, entry?.origins ?? [])
  return {
    kind: 'explained',
    verdict: entry?.verdict ?? verdict,
    matchType,
    entry,
    rules: entry?.origins ?? [],
    isolatedBy: isolatedBy(policy, probe.direction),
    considered,
    nearest: entry === null ? nearestOf(considered) : [],
  }
}

/** One HTTP rule of an element that covers the connection, and which of its conditions the request does not meet. */
export type ConsideredHttpRule = {
  readonly origin: string
  /** `/spec/ingress/0/toPorts/0/rules/http/1` by number. */
  readonly rule: number
  readonly unmet: readonly string[]
}

export type RequestExplanation = {
  readonly connection: Explanation
  readonly allowed: boolean
  /** The origin of the deciding rule; null where none decides, and where L3/L4 decides already. */
  readonly rule: string | null
  readonly reason: L7Reason | 'connection-denied' | 'not-redirected' | 'unresolvable'
  /** The HTTP rules that were there for this connection, those that lack the least first. */
  readonly considered: readonly ConsideredHttpRule[]
}

export function explainRequest(
  engine: PolicyEngine,
  subject: PolicySubject,
  probe: Omit<Probe, 'protocol'> & { readonly request: HttpRequest },
): RequestExplanation {
  const connection = explain(engine, subject, { ...probe, protocol: TCP })
  const resolved = engine.resolve(subject)
  if (connection.kind === 'unresolvable' || resolved.kind === 'unresolvable')
    return { connection, allowed: false, rule: null, reason: 'unresolvable', considered: [] }
  if (connection.verdict !== 'redirect') {
    const allowed = connection.verdict === 'allow'
    const reason = allowed ? 'not-redirected' : 'connection-denied'
    return { connection, allowed, rule: null, reason, considered: [] }
  }
  const { ingress, egress } = resolved.networkPolicy
  const compiled = compileNetworkPolicy({ ingressPerPortPolicies: ingress, egressPerPortPolicies: egress })
  const { direction, identity, port, request } = probe
  const { allowed, rule, reason } = requestVerdict(compiled, {
    direction,
    port,
    remote: identity,
    proxyPort: 0,
    request,
  })
  return { connection, allowed, rule, reason, considered: consideredHttp(connection.considered, request) }
}

const TCP = 6

type Resolved = Extract<ResolvedPolicy, { readonly kind: 'resolved' }>

/** Redirects count as there: which proxy port it is does not matter here. */
function lookUp(resolved: Resolved, probe: Probe): ReturnType<typeof policyVerdict> {
  const map = policyMapOf(
    resolved.entries.map((entry) => (entry.verdict === 'redirect' ? { ...entry, verdict: 'allow' as const } : entry)),
    new Map(),
  )
  return policyVerdict(map, probe)
}

function entryOf({ entries }: Resolved, text: string): DesiredEntry | null {
  return entries.find(({ key }) => policyMapKeyText(key) === text) ?? null
}

function isolatedBy(policy: SubjectPolicy, direction: Direction): readonly string[] {
  const stance = policy.stance(direction)
  if (stance === null || !stance.enforced || stance.allowRest) return []
  const rules = policy.rules.filter(({ rule }) => rule.defaultDeny[direction])
  if (rules.length > 0) return rules.map(({ key, rule }) => `${key}#${rule.pointer}`)
  return [`reserved:${stance.because}`]
}

function nearestOf(considered: readonly ConsideredElement[]): readonly ConsideredElement[] {
  const allows = considered.filter(({ effect, lacks }) => effect !== 'deny' && !lacks.includes('everything'))
  const least = Math.min(...allows.map(({ lacks }) => lacks.length))
  return allows.filter(({ lacks }) => lacks.length === least).slice(0, NEAREST_MAX)
}

/** People read this list. */
const NEAREST_MAX = 10

function consideredHttp(considered: readonly ConsideredElement[], request: HttpRequest): readonly ConsideredHttpRule[] {
  const rules = considered
    .filter(({ lacks }) => lacks.length === 0)
    .flatMap(({ origin, httpRules }) =>
      httpRules.map((rule, i) => ({ origin, rule: i, unmet: unmetConditions(rule, request) })),
    )
  return rules.toSorted((a, b) => a.unmet.length - b.unmet.length)
}

/** Each condition is put to the proxy's own evaluator, alone. */
function unmetConditions(rule: ConsideredElement['httpRules'][number], request: HttpRequest): readonly string[] {
  const content = l7Content({ kind: 'http', rules: [rule] }, { secrets: new Map(), namespace: '' })
  if (content.kind !== 'http') return []
  const matchers = content.lines.flatMap(({ message }) => message.headers)
  return matchers
    .filter((matcher) => !matcherHolds(matcher, request))
    .map(({ name, stringMatch }) => `${name} ${stringMatch?.safeRegex?.regex ?? stringMatch?.exact ?? 'present'}`)
}
