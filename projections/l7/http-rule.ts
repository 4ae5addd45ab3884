/**
 * One HTTP rule of an NPDS message: matchers that must all hold, then header matches that act on the request.
 *
 * As in Envoy's header matching: names in any case; a header given several times is one value, joined by commas; a matcher on a header that
 * is not there does not hold, inverted or not, save for presence. An inverted exact match of the empty value never holds: it is how Cilium's
 * agent says that a secret could not be read.
 */
import { unreachable } from '../../events/unreachable.ts'
import type { HeaderMatcher, HeaderMatchMessage, HttpNetworkPolicyRule } from '../xds/messages.ts'
import { compileExpression, compileExpressionSet, type ExpressionSet, SET_MIN, VALUE_MAX } from './expression.ts'

/** What a rule sees of a request. `path` has its query; header names in any case. */
export type HttpRequest = {
  readonly method: string
  readonly path: string
  readonly authority: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

export type HeaderMutation =
  | { readonly kind: 'add' | 'set'; readonly name: string; readonly value: string }
  | { readonly kind: 'remove'; readonly name: string }

/** Headers that a rule missed or found wrong, for the access record; the value of a secret is not named. */
export type HeaderFinding = { readonly name: string; readonly value: string }

/** The HTTP rules of one port rule: alternatives. */
export type HttpAlternatives = {
  readonly all: readonly CompiledHttpRule[]
  /** Whether one of them has actions: then each of them is asked, so that each acts. */
  readonly acts: boolean
  /** By the number of the path expression that they need; of many rules only those that can match are asked. */
  readonly byPath: ReadonlyMap<number, readonly CompiledHttpRule[]>
  readonly paths: ExpressionSet | null
  /** Those that no path expression of the set leads to. */
  readonly others: readonly CompiledHttpRule[]
}

type CompiledHttpRule = {
  readonly matchers: readonly RequestMatcher[]
  readonly actions: readonly HeaderMatchMessage[]
}
type RequestMatcher = (view: RequestView) => boolean

const PATH = ':path'

/** A request while rules look at it: values found once, sets of expressions asked once, and the mutations so far. */
export type RequestView = {
  readonly request: HttpRequest
  /** As the mutations of rules that let the request pass have left them. */
  headers: readonly (readonly [name: string, value: string])[]
  readonly answered: Map<ExpressionSet, ReadonlySet<number>>
  readonly mutations: HeaderMutation[]
  readonly missing: HeaderFinding[]
  readonly rejected: HeaderFinding[]
}

export function requestView(request: HttpRequest): RequestView {
  return { request, headers: request.headers, answered: new Map(), mutations: [], missing: [], rejected: [] }
}

/** Rules of one port together, so that many expressions on one attribute become a set. The messages must have passed `checkNetworkPolicy`. */
export function httpRuleCompiler(
  port: readonly HttpNetworkPolicyRule[],
): (rules: readonly HttpNetworkPolicyRule[]) => HttpAlternatives {
  const sets = expressionSets(port)
  const paths = sets.get(PATH) ?? null
  return (rules) => {
    const compiled = rules.map((rule) => ({
      rule: { matchers: rule.headers.map((m) => requestMatcher(m, sets)), actions: rule.headerMatches },
      path: paths === null ? null : pathNumber(rule, paths),
    }))
    const byPath = Map.groupBy(compiled, ({ path }) => path)
    const others = byPath.get(null) ?? []
    return {
      all: compiled.map(({ rule }) => rule),
      acts: rules.some(({ headerMatches }) => headerMatches.length > 0),
      paths,
      byPath: new Map(
        [...byPath].flatMap(([path, group]) => (path === null ? [] : [[path, group.map((g) => g.rule)]])),
      ),
      others: others.map(({ rule }) => rule),
    }
  }
}

/** One matcher alone, for explanations. */
export function matcherHolds(matcher: HeaderMatcher, request: HttpRequest): boolean {
  return requestMatcher(matcher, new Map())(requestView(request))
}

/** Whether one of the rules lets the request pass. What they do to headers is in the view. */
export function alternativesAllow({ all, acts, paths, byPath, others }: HttpAlternatives, view: RequestView): boolean {
  if (acts) return all.map((rule) => httpRuleAllows(rule, view)).includes(true)
  if (others.some((rule) => httpRuleAllows(rule, view))) return true
  if (paths === null || byPath.size === 0) return false
  for (const number of answersOf(view, paths, view.request.path)) {
    if (byPath.get(number)?.some((rule) => httpRuleAllows(rule, view)) === true) return true
  }
  return false
}

function pathNumber({ headers }: HttpNetworkPolicyRule, paths: ExpressionSet): number | null {
  for (const { name, invertMatch, stringMatch } of headers) {
    const text = stringMatch?.safeRegex?.regex
    if (name === PATH && !invertMatch && text !== undefined) return paths.numbers.get(text) ?? null
  }
  return null
}

function httpRuleAllows(rule: CompiledHttpRule, view: RequestView): boolean {
  if (!rule.matchers.every((matches) => matches(view))) return false
  if (rule.actions.length === 0) return true
  const mutations: HeaderMutation[] = []
  let allowed = true
  let headers = view.headers
  for (const action of rule.actions) {
    const { passes, mutation } = act(action, headerValue(headers, action.name), view)
    if (!passes) allowed = false
    if (mutation === null) continue
    mutations.push(mutation)
    headers = mutatedHeaders(headers, mutation)
  }
  // What a rule does to headers it does only where it lets the request pass.
  if (!allowed) return false
  view.headers = headers
  view.mutations.push(...mutations)
  return true
}

export function mutatedHeaders(
  headers: readonly (readonly [name: string, value: string])[],
  mutation: HeaderMutation,
): readonly (readonly [name: string, value: string])[] {
  const name = mutation.name.toLowerCase()
  const others = mutation.kind === 'add' ? headers : headers.filter(([other]) => other.toLowerCase() !== name)
  return mutation.kind === 'remove' ? others : [...others, [mutation.name, mutation.value]]
}

function expressionSets(rules: readonly HttpNetworkPolicyRule[]): ReadonlyMap<string, ExpressionSet> {
  const matchers = rules.flatMap(({ headers }) => headers)
  const byName = Map.groupBy(matchers, ({ name }) => name.toLowerCase())
  return new Map(
    [...byName].flatMap(([name, group]) => {
      const texts = [...new Set(group.flatMap(({ stringMatch }) => stringMatch?.safeRegex?.regex ?? []))].toSorted()
      return texts.length < SET_MIN ? [] : [[name, compileExpressionSet(texts)] as const]
    }),
  )
}

function requestMatcher(matcher: HeaderMatcher, sets: ReadonlyMap<string, ExpressionSet>): RequestMatcher {
  const { invertMatch, stringMatch, presentMatch } = matcher
  const name = matcher.name.toLowerCase()
  if (stringMatch === undefined) {
    const present = (presentMatch ?? true) !== invertMatch
    return (view) => (attribute(view, name) !== null) === present
  }
  if (stringMatch.safeRegex !== undefined) return regexMatcher(name, stringMatch.safeRegex.regex, invertMatch, sets)
  const wanted = stringMatch.exact ?? ''
  if (invertMatch && wanted === '') return () => false
  if (stringMatch.ignoreCase)
    return onValue(name, (value) => (value.toLowerCase() === wanted.toLowerCase()) !== invertMatch)
  return onValue(name, (value) => (value === wanted) !== invertMatch)
}

function regexMatcher(
  name: string,
  text: string,
  inverted: HeaderMatcher['invertMatch'],
  sets: ReadonlyMap<string, ExpressionSet>,
): RequestMatcher {
  const set = sets.get(name)
  if (set !== undefined) {
    const number = set.numbers.get(text) ?? -1
    return (view) => {
      const value = attribute(view, name)
      return value !== null && value.length <= VALUE_MAX && answersOf(view, set, value).has(number) !== inverted
    }
  }
  const compiled = compileExpression(text)
  if (compiled.kind === 'invalid') throw new TypeError(`unchecked expression: ${compiled.reason}`)
  return onValue(name, (value) => value.length <= VALUE_MAX && compiled.expression.matches(value) !== inverted)
}

/** Mutations do not touch what sets were asked about unless they name that header; then the answer is asked for again. */
function answersOf(view: RequestView, set: ExpressionSet, value: string): ReadonlySet<number> {
  if (view.mutations.length > 0) return set.matching(value)
  const known = view.answered.get(set)
  if (known !== undefined) return known
  const answer = set.matching(value)
  view.answered.set(set, answer)
  return answer
}

function onValue(name: string, test: (value: string) => boolean): RequestMatcher {
  return (view) => {
    const value = attribute(view, name)
    return value !== null && test(value)
  }
}

function attribute(view: RequestView, name: string): string | null {
  if (name === PATH) return view.request.path
  if (name === ':method') return view.request.method
  if (name === ':authority' || name === 'host') return view.request.authority
  // Nothing else is read: TLS is not terminated.
  if (name === ':scheme') return 'http'
  return headerValue(view.headers, name)
}

function headerValue(headers: readonly (readonly [name: string, value: string])[], name: string): string | null {
  const wanted = name.toLowerCase()
  let joined: string | null = null
  for (const [other, value] of headers) {
    if (other.length !== wanted.length || other.toLowerCase() !== wanted) continue
    joined = joined === null ? value : `${joined},${value}`
  }
  return joined
}

type Effect = { readonly passes: boolean; readonly mutation: HeaderMutation | null }
const PASS: Effect = { passes: true, mutation: null }
const FAIL: Effect = { passes: false, mutation: null }

/** No secret is ever served here, so one that is named by SDS has its inline value or none, and none matches nothing. */
function act(action: HeaderMatchMessage, found: string | null, view: RequestView): Effect {
  const bySecret = action.valueSdsSecret !== ''
  const wanted = action.value !== '' ? action.value : bySecret ? null : ''
  const finding = { name: action.name, value: bySecret ? '[redacted]' : action.value }
  const presence = wanted === ''
  if (found !== null && (presence || found === wanted)) return onMatch(action, finding, view)
  return onMismatch(action, { found, wanted, presence, finding }, view)
}

function onMatch({ name, matchAction }: HeaderMatchMessage, finding: HeaderFinding, view: RequestView): Effect {
  switch (matchAction) {
    case 'CONTINUE_ON_MATCH':
      return PASS
    case 'FAIL_ON_MATCH':
      view.rejected.push(finding)
      return FAIL
    case 'DELETE_ON_MATCH':
      view.rejected.push(finding)
      return { passes: true, mutation: { kind: 'remove', name } }
    default:
      return unreachable(matchAction)
  }
}

type Mismatch = {
  readonly found: string | null
  /** Null: a secret that is not there. */
  readonly wanted: string | null
  readonly presence: boolean
  readonly finding: HeaderFinding
}

function onMismatch(action: HeaderMatchMessage, mismatch: Mismatch, view: RequestView): Effect {
  const { name, mismatchAction } = action
  const { found, wanted, presence, finding } = mismatch
  const wrong = found === null ? [] : [{ name, value: action.valueSdsSecret !== '' ? '[redacted]' : found }]
  switch (mismatchAction) {
    case 'FAIL_ON_MISMATCH':
      view.missing.push(finding)
      return FAIL
    case 'CONTINUE_ON_MISMATCH':
      view.missing.push(finding)
      return PASS
    case 'ADD_ON_MISMATCH':
      view.missing.push(finding)
      return wanted === null ? PASS : { passes: true, mutation: { kind: 'add', name, value: wanted } }
    case 'DELETE_ON_MISMATCH':
      if (presence || found === null) return PASS
      view.rejected.push(...wrong)
      return { passes: true, mutation: { kind: 'remove', name } }
    case 'REPLACE_ON_MISMATCH':
      view.rejected.push(...wrong)
      view.missing.push(finding)
      // Without the value that should stand there, the wrong one goes all the same.
      return {
        passes: true,
        mutation: wanted === null ? { kind: 'remove', name } : { kind: 'set', name, value: wanted },
      }
    default:
      return unreachable(mismatchAction)
  }
}
