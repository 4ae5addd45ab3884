/**
 * A slow plain walk over an NPDS message: what the compiled policy must answer. It shares no code with projections/l7.
 * Header matches count only where they stop a request.
 */
import { RE2JS } from 're2js'
import type {
  HeaderMatcher,
  HttpNetworkPolicyRule,
  PortNetworkPolicy,
  PortNetworkPolicyRule,
} from '../../projections/xds/messages.ts'

export type OracleRequest = {
  readonly method: string
  readonly path: string
  readonly authority: string
  readonly headers: readonly (readonly [string, string])[]
}
export type OracleProbe = {
  readonly port: number
  readonly remote: number
  readonly serverName: string
  readonly proxyPort: number
  /** Null: the connection is asked about. */
  readonly request: OracleRequest | null
}

export function oracleAllows(policies: readonly PortNetworkPolicy[], probe: OracleProbe): boolean {
  const covering = policies.filter(
    ({ port, endPort, protocol }) =>
      protocol === 'TCP' && (port === 0 || (port <= probe.port && probe.port <= Math.max(port, endPort))),
  )
  if (covering.length === 0) return false
  if (covering.every(({ rules }) => rules.length === 0)) return true
  const levels = new Set([0, ...covering.flatMap(({ rules }) => rules.map(({ precedence }) => precedence))])
  for (const level of [...levels].sort((a, b) => b - a)) {
    const rules = covering.flatMap((policy) => policy.rules).filter(({ precedence }) => precedence === level)
    if (rules.some((rule) => rule.deny === true && fits(rule, probe))) return false
    if (rules.some((rule) => rule.deny !== true && fits(rule, probe) && passes(rule, probe.request))) return true
    if (level === 0 && covering.some((policy) => policy.rules.length === 0)) return true
  }
  return false
}

function fits(rule: PortNetworkPolicyRule, probe: OracleProbe): boolean {
  const remote = rule.remotePolicies.length === 0 || rule.remotePolicies.includes(probe.remote)
  const listener = rule.proxyId === 0 || rule.proxyId === probe.proxyPort
  const name =
    rule.serverNames.length === 0 ||
    rule.serverNames.some((pattern) => nameRegex(pattern).test(probe.serverName.toLowerCase()))
  return remote && listener && name
}

/** `**` is one or more labels, a label `*` is one, `*` inside a label is any characters of it. */
function nameRegex(pattern: string): RegExp {
  const labels = pattern.toLowerCase().split('.')
  const parts = labels.map((label) => {
    if (label === '**') return '[^.]+(?:\\.[^.]+)*'
    return label === '*' ? '[^.]+' : label.replaceAll('*', '[^.]*')
  })
  return new RegExp(`^${parts.join('\\.')}$`)
}

function passes(rule: PortNetworkPolicyRule, request: OracleRequest | null): boolean {
  if (request === null || rule.httpRules === undefined) return true
  return rule.httpRules.httpRules.some((http) => httpPasses(http, request))
}

function httpPasses(rule: HttpNetworkPolicyRule, request: OracleRequest): boolean {
  if (!rule.headers.every((matcher) => matcherHolds(matcher, request))) return false
  let headers = [...request.headers]
  for (const match of rule.headerMatches) {
    const name = match.name.toLowerCase()
    const values = headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value)
    const matched = values.length > 0 && (match.value === '' || values.join(',') === match.value)
    if (matched && match.matchAction === 'FAIL_ON_MATCH') return false
    if (!matched && match.mismatchAction === 'FAIL_ON_MISMATCH') return false
    const without = headers.filter(([other]) => other.toLowerCase() !== name)
    if (matched && match.matchAction === 'DELETE_ON_MATCH') headers = without
    if (!matched && match.mismatchAction === 'DELETE_ON_MISMATCH' && match.value !== '') headers = without
    if (!matched && match.mismatchAction === 'ADD_ON_MISMATCH') headers = [...headers, [name, match.value]]
    if (!matched && match.mismatchAction === 'REPLACE_ON_MISMATCH') headers = [...without, [name, match.value]]
  }
  return true
}

function matcherHolds(matcher: HeaderMatcher, request: OracleRequest): boolean {
  const value = attributeOf(matcher.name, request)
  if (matcher.presentMatch !== undefined) return (value !== null) !== matcher.invertMatch
  if (value === null) return false
  if (matcher.stringMatch?.safeRegex !== undefined) {
    if (value.length > 8_192) return false
    return RE2JS.compile(matcher.stringMatch.safeRegex.regex).matches(value) !== matcher.invertMatch
  }
  if (matcher.invertMatch && matcher.stringMatch?.exact === '') return false
  return (value === matcher.stringMatch?.exact) !== matcher.invertMatch
}

function attributeOf(name: string, request: OracleRequest): string | null {
  if (name === ':method') return request.method
  if (name === ':path') return request.path
  if (name === ':authority') return request.authority
  const values = request.headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value)
  return values.length === 0 ? null : values.join(',')
}
