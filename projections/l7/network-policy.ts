/**
 * What an endpoint's NPDS message says about a connection and about a request: the decision of Cilium's proxy (cilium/network_policy.cc, current
 * form) as pure functions. The embedded proxy, `why` and replay ask the same ones.
 *
 * 1. Ports: overlapping ranges are made disjoint, and rules of port 0 join every range. A port that nothing covers is denied; a port policy without
 *    rules allows everything, and stays an allow of the lowest precedence where others join it.
 * 2. Order: higher precedence first, denials first within one. A rule says allow, deny or nothing; it says nothing where its listener, remote,
 *    server name or HTTP rules do not fit. An L7 mismatch is no denial: the scan goes on below.
 * 3. The first deny ends the scan; so does the first allow, but header actions of the same precedence still run. Nothing said is denied.
 */

import { PLAIN_RULE, type PortNetworkPolicy, type PortNetworkPolicyRule } from '../xds/messages.ts'
import { checkNetworkPolicy, type PortPolicies, problemText } from './check.ts'
import {
  alternativesAllow,
  type HeaderFinding,
  type HeaderMutation,
  type HttpAlternatives,
  type HttpRequest,
  httpRuleCompiler,
  type RequestView,
  requestView,
} from './http-rule.ts'
import { disjointRanges, type PortRange, rangeOf } from './port-ranges.ts'
import { type ServerNameMatcher, serverNameMatcher } from './server-name.ts'

export type CompiledNetworkPolicy = { readonly ingress: CompiledPorts; readonly egress: CompiledPorts }

type CompiledPorts = {
  readonly ranges: readonly (PortRange & { readonly rules: CompiledRules })[]
  /** For the ports outside all ranges; null: they are denied. */
  readonly others: CompiledRules | null
}

/** In the order of the scan. Empty: everything is allowed. */
type CompiledRules = { readonly list: readonly CompiledRule[]; readonly hasActions: boolean }

type CompiledRule = {
  readonly name: string | null
  readonly deny: boolean
  readonly precedence: number
  /** 0: every listener. */
  readonly proxyId: number
  /** Null: everyone. */
  readonly remotes: ReadonlySet<number> | null
  /** Empty: any, also none. */
  readonly serverNames: readonly ServerNameMatcher[]
  /** Null: none; the parser that the rule wants is then in `parser`. */
  readonly http: HttpAlternatives | null
  /** `http`, `kafka`, the name of another one, or empty: the bytes are not looked at. */
  readonly parser: string
}

export type ConnectionProbe = {
  readonly direction: 'ingress' | 'egress'
  /** Destination port. */
  readonly port: number
  /** Identity of the other side. */
  readonly remote: number
  /** Null or empty where the connection names none. */
  readonly serverName?: string | null
  /** The listener's port, which rules with a `proxyId` name. */
  readonly proxyPort: number
}
export type RequestProbe = ConnectionProbe & { readonly request: HttpRequest }

/** `no-port`: nothing covers the port. `no-match`: no rule says anything. `no-rules`: the port allows everything. */
export type L7Reason = 'rule' | 'no-rules' | 'no-port' | 'no-match'

export type L7Verdict = {
  readonly allowed: boolean
  /** Name of the deciding rule; null where none decided or it has no name. */
  readonly rule: string | null
  readonly reason: L7Reason
}

export type ConnectionVerdict = L7Verdict & {
  /** Parsers that allowing rules of this remote ask for, sorted; empty: nothing looks at the bytes. */
  readonly parsers: readonly string[]
  /** Whether the connection is allowed though nobody can read it: by rules that ask for no parser. */
  readonly opaque: L7Verdict
}

export type RequestVerdict = L7Verdict & {
  /** In order; empty where the request is denied. */
  readonly mutations: readonly HeaderMutation[]
  readonly missing: readonly HeaderFinding[]
  readonly rejected: readonly HeaderFinding[]
}

const NOTHING: CompiledPorts = { ranges: [], others: null }
/** For an endpoint without a policy. */
export const DENY_ALL: CompiledNetworkPolicy = { ingress: NOTHING, egress: NOTHING }

/** Throws `TypeError` with every problem of `checkNetworkPolicy`; who takes messages from others asks that first. */
export function compileNetworkPolicy(policy: PortPolicies): CompiledNetworkPolicy {
  const problems = checkNetworkPolicy(policy)
  if (problems.length > 0) throw new TypeError(problems.map(problemText).join('; '))
  return { ingress: compilePorts(policy.ingressPerPortPolicies), egress: compilePorts(policy.egressPerPortPolicies) }
}

/** Whether the connection may be: the scan without HTTP rules. */
export function connectionVerdict(policy: CompiledNetworkPolicy, probe: ConnectionProbe): ConnectionVerdict {
  const rules = rulesFor(policy, probe)
  const verdict = scan(rules, probe, () => true)
  const opaque = scan(rules, probe, (rule) => rule.parser === '')
  return { ...verdict, parsers: verdict.allowed ? parsersOf(rules, probe) : [], opaque }
}

/** Whether the request may pass, and what becomes of its headers. */
export function requestVerdict(policy: CompiledNetworkPolicy, probe: RequestProbe): RequestVerdict {
  const view = requestView(probe.request)
  const verdict = scan(rulesFor(policy, probe), probe, (rule, acting) => rulePasses(rule, view, acting))
  const { mutations, missing, rejected } = view
  return { ...verdict, mutations: verdict.allowed ? mutations : [], missing, rejected }
}

function compilePorts(policies: readonly PortNetworkPolicy[]): CompiledPorts {
  const tcp = policies.filter(({ protocol }) => protocol === 'TCP')
  const wildcard = tcp.filter(({ port }) => port === 0)
  const ranges = tcp
    .filter(({ port }) => port !== 0)
    .map((policy) => ({ first: policy.port, last: policy.endPort === 0 ? policy.port : policy.endPort, value: policy }))
  return {
    ranges: disjointRanges(ranges).map(({ first, last, covering }) => ({
      first,
      last,
      rules: compileRules([...covering, ...wildcard]),
    })),
    others: wildcard.length === 0 ? null : compileRules(wildcard),
  }
}

function compileRules(policies: readonly PortNetworkPolicy[]): CompiledRules {
  if (policies.every(({ rules }) => rules.length === 0)) return { list: [], hasActions: false }
  const rules = policies.flatMap((policy) => (policy.rules.length === 0 ? [PLAIN_RULE] : policy.rules))
  const httpRule = httpRuleCompiler(rules.flatMap((rule) => rule.httpRules?.httpRules ?? []))
  const list = rules
    .map((rule) => compileRule(rule, httpRule))
    .toSorted((a, b) => b.precedence - a.precedence || Number(b.deny) - Number(a.deny))
  return { list, hasActions: list.some(({ http }) => http?.acts === true) }
}

function compileRule(rule: PortNetworkPolicyRule, httpRule: ReturnType<typeof httpRuleCompiler>): CompiledRule {
  return {
    name: rule.name === '' ? null : rule.name,
    deny: rule.deny === true,
    precedence: rule.precedence,
    proxyId: rule.proxyId,
    remotes: rule.remotePolicies.length === 0 ? null : new Set(rule.remotePolicies),
    // checkNetworkPolicy refuses names that are no patterns.
    serverNames: rule.serverNames.map((pattern) => serverNameMatcher(pattern)!),
    http: rule.httpRules === undefined ? null : httpRule(rule.httpRules.httpRules),
    parser: parserOf(rule),
  }
}

function parserOf(rule: PortNetworkPolicyRule): string {
  if (rule.deny === true) return ''
  if (rule.httpRules !== undefined) return 'http'
  if (rule.kafkaRules !== undefined) return 'kafka'
  if (rule.l7Proto !== '') return rule.l7Proto
  return rule.l7Rules === undefined ? '' : 'proxylib'
}

function rulesFor(policy: CompiledNetworkPolicy, { direction, port }: ConnectionProbe): CompiledRules | null {
  const ports = direction === 'ingress' ? policy.ingress : policy.egress
  return rangeOf(ports.ranges, port)?.rules ?? ports.others
}

/** `passes` is asked about the content only, of allowing rules that fit the connection; `acting` where a verdict stands and only actions are left. */
function scan(
  rules: CompiledRules | null,
  probe: ConnectionProbe,
  passes: (rule: CompiledRule, acting: boolean) => boolean,
): L7Verdict {
  if (rules === null) return { allowed: false, rule: null, reason: 'no-port' }
  if (rules.list.length === 0) return { allowed: true, rule: null, reason: 'no-rules' }
  let found: CompiledRule | null = null
  for (const rule of rules.list) {
    if (found !== null && rule.precedence < found.precedence) break
    if (!fits(rule, probe)) continue
    if (rule.deny) return { allowed: false, rule: rule.name, reason: 'rule' }
    if (!passes(rule, found !== null)) continue
    found ??= rule
    if (!rules.hasActions) break
  }
  if (found === null) return { allowed: false, rule: null, reason: 'no-match' }
  return { allowed: true, rule: found.name, reason: 'rule' }
}

function fits(rule: CompiledRule, { remote, serverName, proxyPort }: ConnectionProbe): boolean {
  if (rule.proxyId !== 0 && rule.proxyId !== proxyPort) return false
  if (rule.remotes !== null && !rule.remotes.has(remote)) return false
  if (rule.serverNames.length === 0) return true
  const name = serverName ?? ''
  return name !== '' && rule.serverNames.some((matches) => matches(name))
}

/** A rule for another parser lets no HTTP request pass. */
function rulePasses(rule: CompiledRule, view: RequestView, acting: boolean): boolean {
  if (rule.http === null) return rule.parser === ''
  return (!acting || rule.http.acts) && alternativesAllow(rule.http, view)
}

function parsersOf(rules: CompiledRules | null, probe: ConnectionProbe): readonly string[] {
  const wanted = (rules?.list ?? [])
    .filter((rule) => rule.parser !== '' && fits(rule, probe))
    .map(({ parser }) => parser)
  return [...new Set(wanted)].toSorted()
}
