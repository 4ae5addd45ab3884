/**
 * Requests that rules speak of: for each HTTP rule one that it takes, where one can be found. They are tried, never trusted: whoever uses a
 * sample asks the evaluator about it.
 */
import type { HeaderMatcher, HttpNetworkPolicyRule, PortNetworkPolicy } from '../xds/messages.ts'
import type { PortPolicies } from './check.ts'
import { compileExpression } from './expression.ts'
import type { HttpRequest } from './http-rule.ts'

/** One that hardly any rule speaks of: it stands for all the others. */
export const ANY_REQUEST: HttpRequest = { method: 'GET', path: '/hindcast/witness', authority: 'witness', headers: [] }

/** Rules of one port that are sampled; with more the answer is a part of it. */
const SAMPLES_MAX = 64

export function requestSamples(
  policies: PortPolicies,
  { direction, port }: { readonly direction: 'ingress' | 'egress'; readonly port: number },
): readonly HttpRequest[] {
  const all = direction === 'ingress' ? policies.ingressPerPortPolicies : policies.egressPerPortPolicies
  const rules = all.filter((policy) => covers(policy, port)).flatMap((policy) => policy.rules)
  const http = rules.flatMap((rule) => rule.httpRules?.httpRules ?? [])
  return http.slice(0, SAMPLES_MAX).flatMap((rule) => requestOf(rule) ?? [])
}

/** A text that the expression takes as a whole; null where none was found. RE2 syntax, as far as rules use it. */
export function expressionSample(text: string): string | null {
  const compiled = compileExpression(text)
  if (compiled.kind === 'invalid') return null
  try {
    const sample = new Sampler(text).all()
    return compiled.expression.matches(sample) ? sample : null
  } catch (error) {
    if (error instanceof Unknown) return null
    throw error
  }
}

function covers({ port, endPort, protocol }: PortNetworkPolicy, wanted: number): boolean {
  return protocol === 'TCP' && (port === 0 || (wanted >= port && wanted <= Math.max(port, endPort)))
}

function requestOf({ headers }: HttpNetworkPolicyRule): HttpRequest | null {
  const values = headers.map((matcher) => [matcher.name, sampleOf(matcher)] as const)
  if (values.some(([, value]) => value === null)) return null
  const named = new Map(values as readonly (readonly [string, string])[])
  return {
    method: named.get(':method') ?? ANY_REQUEST.method,
    path: named.get(':path') ?? '/',
    authority: named.get(':authority') ?? ANY_REQUEST.authority,
    headers: [...named].filter(([name]) => !name.startsWith(':')),
  }
}

function sampleOf({ invertMatch, stringMatch, presentMatch }: HeaderMatcher): string | null {
  if (presentMatch !== undefined) return presentMatch === invertMatch ? null : 'present'
  if (invertMatch) return 'another'
  if (stringMatch?.exact !== undefined) return stringMatch.exact
  return stringMatch?.safeRegex === undefined ? null : expressionSample(stringMatch.safeRegex.regex)
}

/** Something of the syntax that is not read here. */
class Unknown extends Error {}

const CLASSES: Readonly<Record<string, string>> = { d: '0', w: 'a', s: ' ', D: 'a', W: '-', S: 'a' }
const CLASS_ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v' }

/** Takes the first alternative, the fewest repetitions, and of a class its first member. */
class Sampler {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  all(): string {
    const sample = this.#alternatives()
    if (this.#at < this.#text.length) throw new Unknown()
    return sample
  }

  #alternatives(): string {
    const first = this.#sequence()
    while (this.#take('|')) this.#sequence()
    return first
  }

  #sequence(): string {
    let sample = ''
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at]!)) sample += this.#repeated()
    return sample
  }

  #repeated(): string {
    const one = this.#atom()
    const counts = /^(?:[*+?]|\{([0-9]+)(?:,[0-9]*)?\})[?+]?/.exec(this.#text.slice(this.#at))
    if (counts === null) return one
    this.#at += counts[0].length
    const sign = counts[0][0]
    return one.repeat(sign === '{' ? Number(counts[1]) : sign === '+' ? 1 : 0)
  }

  #atom(): string {
    const sign = this.#text[this.#at++]!
    if (sign === '(') return this.#group()
    if (sign === '[') return this.#class()
    if (sign === '\\') return this.#escape()
    if (sign === '.') return 'a'
    return '^$'.includes(sign) ? '' : sign
  }

  #group(): string {
    const head = /^\?(?:P?<[^>]+>|[a-zA-Z-]*:)/.exec(this.#text.slice(this.#at))
    if (head !== null) this.#at += head[0].length
    else if (this.#text[this.#at] === '?') throw new Unknown()
    const sample = this.#alternatives()
    if (!this.#take(')')) throw new Unknown()
    return sample
  }

  #class(): string {
    const end = this.#text.indexOf(']', this.#at + (/^\^?\]/.exec(this.#text.slice(this.#at))?.[0].length ?? 0))
    if (end === -1) throw new Unknown()
    const body = this.#text.slice(this.#at, end)
    this.#at = end + 1
    if (body.startsWith('[:') || body.startsWith('^[:')) throw new Unknown()
    const inverted = body.startsWith('^')
    const found = compileExpression(`[${body}]`)
    if (found.kind === 'invalid') throw new Unknown()
    // A class of printable characters has one of them in it.
    const candidates = inverted ? PRINTABLE : `${body.replace('\\', '')}${PRINTABLE}`
    const member = [...candidates].find((character) => found.expression.matches(character))
    if (member === undefined) throw new Unknown()
    return member
  }

  #escape(): string {
    const sign = this.#text[this.#at++]
    if (sign === undefined || /[0-9pPxQ]/.test(sign)) throw new Unknown()
    if (sign === 'b' || sign === 'A' || sign === 'z') return ''
    return CLASSES[sign] ?? CLASS_ESCAPES[sign] ?? sign
  }

  #take(sign: string): boolean {
    if (this.#text[this.#at] !== sign) return false
    this.#at += 1
    return true
  }
}

const PRINTABLE = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_./~!$&()*+,;=:@%'
