/**
 * L7 rules in the form of the message for the proxy, each with a text by which equal rules are one.
 *
 * HTTP becomes header matchers as in Cilium (pkg/envoy/server.go getHTTPRule); Kafka roles become their API keys.
 */
import { ascending } from '../../../events/order.ts'
import type {
  HeaderMatcher,
  HeaderMatchMessage,
  HttpNetworkPolicyRule,
  KafkaNetworkPolicyRule,
  L7NetworkPolicyRule,
} from '../../xds/messages.ts'
import { KAFKA_API_KEYS } from '../parse/l7.ts'
import type { DnsRule, HeaderMatch, HttpRule, KafkaRule, L7Rules } from '../rule.ts'
import { type Secrets, singleValue } from './secrets.ts'

export type L7Content =
  | { readonly kind: 'http'; readonly lines: readonly L7Line<HttpNetworkPolicyRule>[] }
  | { readonly kind: 'kafka'; readonly lines: readonly L7Line<KafkaNetworkPolicyRule>[] }
  | { readonly kind: 'dns'; readonly lines: readonly L7Line<DnsRule>[] }
  | { readonly kind: 'generic'; readonly proto: string; readonly lines: readonly L7Line<L7NetworkPolicyRule>[] }

export type L7Line<T> = { readonly text: string; readonly message: T }

export type SecretContext = { readonly secrets: Secrets; readonly namespace: string }

/** Rules are values: without secrets their content is always the same. */
const KNOWN: WeakMap<L7Rules, L7Content> = new WeakMap()

export function l7Content(rules: L7Rules, context: SecretContext): L7Content {
  const known = KNOWN.get(rules)
  if (known !== undefined) return known
  const content = contentOf(rules, context)
  if (!namesSecret(rules)) KNOWN.set(rules, content)
  return content
}

/** The rules of both, in order of first occurrence. Both are of one kind: parsers have been merged before. */
export function mergedContent(a: L7Content, b: L7Content): L7Content {
  if (a.kind === 'http' && b.kind === 'http') return { ...a, lines: mergedLines(a.lines, b.lines) }
  if (a.kind === 'kafka' && b.kind === 'kafka') return { ...a, lines: mergedLines(a.lines, b.lines) }
  if (a.kind === 'dns' && b.kind === 'dns') return { ...a, lines: mergedLines(a.lines, b.lines) }
  if (a.kind === 'generic' && b.kind === 'generic') return { ...a, lines: mergedLines(a.lines, b.lines) }
  return a
}

/** With a rule that everything matches: what was allowed without L7 rules stays allowed. */
export function withWildcard(content: L7Content): L7Content {
  switch (content.kind) {
    case 'http':
      return { ...content, lines: mergedLines(content.lines, [line({ headers: [], headerMatches: [] })]) }
    case 'kafka':
      return { ...content, lines: mergedLines(content.lines, [line(ANY_KAFKA)]) }
    case 'dns':
      return { ...content, lines: mergedLines(content.lines, [line(ANY_NAME)]) }
    case 'generic':
      return { ...content, lines: mergedLines(content.lines, [line({ name: '', rule: {} })]) }
  }
}

function mergedLines<T>(a: readonly L7Line<T>[], b: readonly L7Line<T>[]): readonly L7Line<T>[] {
  const texts = new Set(a.map(({ text }) => text))
  return [...a, ...b.filter(({ text }) => !texts.has(text))]
}

function line<T>(message: T): L7Line<T> {
  return { text: JSON.stringify(message), message }
}

function contentOf(rules: L7Rules, context: SecretContext): L7Content {
  switch (rules.kind) {
    case 'http':
      return { kind: 'http', lines: unique(rules.rules.map((rule) => line(httpMessage(rule, context)))) }
    case 'kafka':
      return { kind: 'kafka', lines: unique(rules.rules.map((rule) => line(kafkaMessage(rule)))) }
    case 'dns':
      return { kind: 'dns', lines: unique(rules.rules.map((rule) => line(rule))) }
    case 'generic': {
      const lines = rules.rules.map((rule) => line({ name: '', rule: sortedRecord(rule) }))
      return { kind: 'generic', proto: rules.proto, lines: unique(lines) }
    }
  }
}

function unique<T>(lines: readonly L7Line<T>[]): readonly L7Line<T>[] {
  return mergedLines([], [...new Map(lines.map((one) => [one.text, one])).values()])
}

function namesSecret(rules: L7Rules): boolean {
  return rules.kind === 'http' && rules.rules.some((rule) => rule.headerMatches.some(({ secret }) => secret !== null))
}

function httpMessage(rule: HttpRule, context: SecretContext): HttpNetworkPolicyRule {
  const expressions: readonly (readonly [string, string | null])[] = [
    [':path', rule.path],
    [':method', rule.method],
    [':authority', rule.host],
  ]
  const matches = rule.headerMatches.map((match) => headerMatch(match, context))
  const headers = [
    ...expressions.flatMap(([name, regex]) => (regex === null ? [] : [regexMatcher(name, regex)])),
    ...rule.headers.map(({ name, value }) => valueMatcher(name, value ?? '')),
    ...matches.flatMap(({ matcher }) => (matcher === null ? [] : [matcher])),
  ]
  return {
    headers: headers
      .map((header) => ({ header, text: JSON.stringify(header) }))
      .toSorted((a, b) => ascending(a.text, b.text))
      .map(({ header }) => header),
    headerMatches: matches.flatMap(({ action }) => (action === null ? [] : [action])),
  }
}

function regexMatcher(name: string, regex: string): HeaderMatcher {
  return { name, invertMatch: false, stringMatch: { ignoreCase: false, safeRegex: { regex } } }
}

/** An empty value asks for presence only. */
function valueMatcher(name: string, value: string): HeaderMatcher {
  const lower = name.toLowerCase()
  if (value === '') return { name: lower, invertMatch: false, presentMatch: true }
  return { name: lower, invertMatch: false, stringMatch: { ignoreCase: false, exact: value } }
}

/** How Cilium's agent says that a secret could not be read: the proxy never matches it. */
function neverMatcher(name: string): HeaderMatcher {
  return { name: name.toLowerCase(), invertMatch: true, stringMatch: { ignoreCase: false, exact: '' } }
}

const MISMATCH_ACTIONS = {
  LOG: 'CONTINUE_ON_MISMATCH',
  ADD: 'ADD_ON_MISMATCH',
  DELETE: 'DELETE_ON_MISMATCH',
  REPLACE: 'REPLACE_ON_MISMATCH',
} as const

/** A secret wins over the value beside it, which takes its place where the secret cannot be read. With neither, nothing ever matches. */
function headerMatch(
  { name, value, secret, mismatch }: HeaderMatch,
  { secrets, namespace }: SecretContext,
): { readonly matcher: HeaderMatcher | null; readonly action: HeaderMatchMessage | null } {
  const secretValue = secret === null ? null : singleValue(secrets, secret, namespace)
  const wanted = secretValue === null || secretValue === '' ? value : secretValue
  if (wanted === '' && secret !== null && secretValue === null) return { matcher: neverMatcher(name), action: null }
  if (mismatch === 'FAIL') return { matcher: valueMatcher(name, wanted), action: null }
  const action: HeaderMatchMessage = {
    name: name.toLowerCase(),
    value: wanted,
    matchAction: 'CONTINUE_ON_MATCH',
    mismatchAction: MISMATCH_ACTIONS[mismatch],
    valueSdsSecret: '',
  }
  return { matcher: null, action }
}

const ANY_NAME: DnsRule = { kind: 'pattern', pattern: '*' }
const ANY_KAFKA: KafkaNetworkPolicyRule = { apiVersion: -1, apiKeys: [], clientId: '', topic: '' }

/** Cilium pkg/policy/api/kafka.go. */
const KAFKA_ROLES = { produce: [0, 3, 18], consume: [1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 18] } as const

function kafkaMessage({ role, apiKey, apiVersion, clientId, topic }: KafkaRule): KafkaNetworkPolicyRule {
  const keys = role !== null ? KAFKA_ROLES[role] : apiKey === null ? [] : [KAFKA_API_KEYS.indexOf(apiKey)]
  return {
    apiVersion: apiVersion === null ? -1 : Number(apiVersion),
    apiKeys: keys,
    clientId: clientId ?? '',
    topic: topic ?? '',
  }
}

function sortedRecord(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => ascending(a, b)))
}
