/**
 * The request target as rules see it and as upstream gets it: one form for all spellings of a path.
 *
 * In this order, as Envoy does it: escaped slashes and backslashes by `escapedSlashes`; backslash becomes slash; escapes of unreserved characters are
 * undone, others get capital digits; dot segments go; slashes merge. The query stays as it is. Invalid escapes and escaped control characters are refused.
 */

export type PathRules = {
  /** RFC 3986: dot segments, escapes. Without it the path stays as it came. */
  readonly normalize: boolean
  readonly mergeSlashes: boolean
  readonly escapedSlashes: 'keep' | 'reject' | 'redirect' | 'forward'
}

export type RequestTarget =
  /** `path` has the query; `changed`: it is not what the request line says. */
  | { readonly kind: 'target'; readonly path: string; readonly authority: string; readonly changed: boolean }
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'malformed'; readonly reason: string }

const ABSOLUTE = /^http:\/\/([^/?]*)(|[/?].*)$/i
/** What normalising could change. */
const SPECIAL = /[%\\]|\/[/.]/
const INVALID_ESCAPE = /%(?![0-9A-Fa-f]{2})|%[01][0-9A-Fa-f]|%7[Ff]/
const ESCAPED_SLASH = /%2f|%5c/i
const UNRESERVED = /[A-Za-z0-9._~-]/

export function requestTarget(
  { method, target, host }: { readonly method: string; readonly target: string; readonly host: string | null },
  rules: PathRules,
): RequestTarget {
  const authority = host ?? ''
  if (target === '*') {
    if (method === 'OPTIONS') return { kind: 'target', path: '*', authority, changed: false }
    return { kind: 'malformed', reason: 'only OPTIONS has the target *' }
  }
  if (target.startsWith('/')) return originForm(target, authority, { rules, original: target })
  const absolute = ABSOLUTE.exec(target)
  if (absolute === null) return { kind: 'malformed', reason: 'the target is neither a path nor an http URL' }
  if (absolute[1]!.toLowerCase() !== authority.toLowerCase()) {
    return { kind: 'malformed', reason: 'the target names another host than Host' }
  }
  const path = absolute[2]!
  return originForm(path.startsWith('/') ? path : `/${path}`, authority, { rules, original: target })
}

function originForm(
  target: string,
  authority: string,
  { rules, original }: { readonly rules: PathRules; readonly original: string },
): RequestTarget {
  const question = target.indexOf('?')
  const path = question < 0 ? target : target.slice(0, question)
  const query = question < 0 ? '' : target.slice(question)
  if (!SPECIAL.test(path)) return { kind: 'target', path: target, authority, changed: target !== original }
  if (INVALID_ESCAPE.test(path)) return { kind: 'malformed', reason: 'the path has an invalid or forbidden escape' }
  const escaped = ESCAPED_SLASH.test(path)
  if (escaped && rules.escapedSlashes === 'reject')
    return { kind: 'malformed', reason: 'the path has an escaped slash' }
  const plain =
    escaped && rules.escapedSlashes !== 'keep' ? path.replaceAll(/%2f/gi, '/').replaceAll(/%5c/gi, '\\') : path
  const normal = normalPath(plain, rules) + query
  if (escaped && rules.escapedSlashes === 'redirect') return { kind: 'redirect', location: normal }
  return { kind: 'target', path: normal, authority, changed: normal !== original }
}

function normalPath(path: string, { normalize, mergeSlashes }: PathRules): string {
  const normal = normalize ? withoutDots(unescaped(path.replaceAll('\\', '/'))) : path
  return mergeSlashes ? normal.replaceAll(/\/{2,}/g, '/') : normal
}

function unescaped(path: string): string {
  return path.replaceAll(/%[0-9A-Fa-f]{2}/g, (triplet) => {
    const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16))
    return UNRESERVED.test(character) ? character : triplet.toUpperCase()
  })
}

/** RFC 3986 section 5.2.4; nothing is above the root. */
function withoutDots(path: string): string {
  const segments = path.split('/').slice(1)
  const last = segments.at(-1)
  const kept: string[] = []
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
  }
  if (last === '.' || last === '..') kept.push('')
  return `/${kept.join('/')}`
}
