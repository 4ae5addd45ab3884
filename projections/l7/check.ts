/**
 * What an NPDS message must be before it is taken into use: the reasons for which Cilium's proxy refuses an update, and what our own proxy
 * cannot do. An update is refused as a whole, so an agent should ask this before it publishes.
 */
import type { Problem } from '../../events/fields.ts'
import type {
  HeaderMatcher,
  HeaderMatchMessage,
  NetworkPolicyMessage,
  PortNetworkPolicy,
  PortNetworkPolicyRule,
} from '../xds/messages.ts'
import { compileExpression } from './expression.ts'
import { isServerNamePattern } from './server-name.ts'

export type PortPolicies = Pick<NetworkPolicyMessage, 'ingressPerPortPolicies' | 'egressPerPortPolicies'>

const PORT_MAX = 65_535
const IDENTITY_MAX = 2 ** 32 - 1
/** A token (RFC 9110 section 5.6.2). */
export const HEADER_NAME: RegExp = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
export const HEADER_VALUE: RegExp = /^[^\0-\x08\x0a-\x1f\x7f]*$/
/** What a matcher may name beside headers. */
export const PSEUDO_HEADERS: ReadonlySet<string> = new Set([':authority', ':method', ':path', ':scheme'])
/** They say where a message ends and whom it is for: a rule that changed them would let one request hide another. */
export const FRAMING_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Everything that is wrong with both directions, each with a JSON pointer into the message. */
export function checkNetworkPolicy(policy: PortPolicies): readonly Problem[] {
  return [
    ...portPolicies(policy.ingressPerPortPolicies, '/ingressPerPortPolicies'),
    ...portPolicies(policy.egressPerPortPolicies, '/egressPerPortPolicies'),
  ]
}

export function problemText({ code, path, reason }: Problem): string {
  return `${code} at ${path}: ${reason}`
}

function portPolicies(policies: readonly PortNetworkPolicy[], at: string): readonly Problem[] {
  const seen = new Map<string, number>()
  return policies.flatMap((policy, i) => {
    const key = `${policy.protocol} ${policy.port}-${policy.endPort === 0 ? policy.port : policy.endPort}`
    const first = seen.get(key)
    if (first === undefined) seen.set(key, i)
    const path = `${at}/${i}`
    return [
      ...(first === undefined ? [] : [problem('port-range-twice', path, `${key} stands at ${at}/${first} already`)]),
      ...portRange(policy, path),
      ...policy.rules.flatMap((rule, j) => portRule(rule, `${path}/rules/${j}`)),
    ]
  })
}

function portRange({ port, endPort }: PortNetworkPolicy, path: string): readonly Problem[] {
  if (port === 0 && endPort !== 0) return [problem('port-range-of-any', path, `port 0 cannot end at ${endPort}`)]
  if (endPort !== 0 && endPort < port) return [problem('port-range-inverted', path, `${port} is above ${endPort}`)]
  return Math.max(port, endPort) > PORT_MAX ? [problem('port-too-high', path, `the last port is ${PORT_MAX}`)] : []
}

function portRule(rule: PortNetworkPolicyRule, path: string): readonly Problem[] {
  const names = rule.serverNames.flatMap((name, i) =>
    isServerNamePattern(name) ? [] : [problem('server-name-invalid', `${path}/serverNames/${i}`, `'${name}'`)],
  )
  const remotes = rule.remotePolicies.filter((id) => !Number.isInteger(id) || id < 0 || id > IDENTITY_MAX)
  return [
    ...names,
    ...remotes.map((id) => problem('identity-invalid', `${path}/remotePolicies`, `${id} is not a u32`)),
    ...(new Set(rule.remotePolicies).size < rule.remotePolicies.length
      ? [problem('identity-twice', `${path}/remotePolicies`, 'identities must be unique')]
      : []),
    ...(rule.proxyId > PORT_MAX ? [problem('proxy-id-too-high', `${path}/proxyId`, `${rule.proxyId}`)] : []),
    ...l7Rules(rule, path),
  ]
}

function l7Rules(rule: PortNetworkPolicyRule, path: string): readonly Problem[] {
  const kinds = [rule.httpRules, rule.kafkaRules, rule.l7Rules].filter((kind) => kind !== undefined)
  if (kinds.length > 1) return [problem('l7-several-kinds', path, 'at most one of http, kafka and l7 rules')]
  if (rule.kafkaRules?.kafkaRules.length === 0) return [problem('l7-empty', `${path}/kafkaRules`, 'needs a rule')]
  if (rule.httpRules === undefined) return []
  if (rule.httpRules.httpRules.length === 0) return [problem('l7-empty', `${path}/httpRules`, 'needs a rule')]
  return rule.httpRules.httpRules.flatMap((http, i) => {
    const at = `${path}/httpRules/httpRules/${i}`
    return [
      ...http.headers.flatMap((matcher, j) => headerMatcher(matcher, `${at}/headers/${j}`)),
      ...http.headerMatches.flatMap((match, j) => headerMatch(match, `${at}/headerMatches/${j}`)),
    ]
  })
}

function headerMatcher({ name, stringMatch, presentMatch }: HeaderMatcher, path: string): readonly Problem[] {
  if (!HEADER_NAME.test(name) && !PSEUDO_HEADERS.has(name)) return [problem('header-name-invalid', path, `'${name}'`)]
  if (stringMatch === undefined) return []
  if (presentMatch !== undefined) return [problem('header-several-matches', path, 'at most one kind of match')]
  if ((stringMatch.exact === undefined) === (stringMatch.safeRegex === undefined)) {
    return [problem('string-match-invalid', path, 'exactly one of exact and safeRegex')]
  }
  if (stringMatch.safeRegex === undefined) return []
  if (stringMatch.ignoreCase) return [problem('string-match-invalid', path, 'an expression cannot ignore case')]
  const compiled = compileExpression(stringMatch.safeRegex.regex)
  return compiled.kind === 'invalid' ? [problem('regex-invalid', path, compiled.reason)] : []
}

function headerMatch(match: HeaderMatchMessage, path: string): readonly Problem[] {
  if (!HEADER_NAME.test(match.name)) return [problem('header-name-invalid', path, `'${match.name}'`)]
  if (!HEADER_VALUE.test(match.value)) return [problem('header-value-invalid', path, 'control characters')]
  return mutates(match) && FRAMING_HEADERS.has(match.name.toLowerCase())
    ? [problem('header-not-mutable', path, `'${match.name}' frames the message`)]
    : []
}

function mutates({ matchAction, mismatchAction }: HeaderMatchMessage): boolean {
  return matchAction === 'DELETE_ON_MATCH' || !['FAIL_ON_MISMATCH', 'CONTINUE_ON_MISMATCH'].includes(mismatchAction)
}

function problem(code: string, path: string, reason: string): Problem {
  return { code, path, reason, line: null, column: null }
}
