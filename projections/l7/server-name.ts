/**
 * Patterns for the server name of a TLS handshake (SNI), as cilium/api/npds.proto defines them: labels between dots; `**` is one or more
 * labels, `*` is one whole label, and inside a label it is any number of its characters. Case does not matter.
 */

const CHARACTERS = '[-a-zA-Z0-9_]'
const LABEL = `(?:\\*{1,2}|\\*?${CHARACTERS}+(?:\\*${CHARACTERS}+)*\\*?)`
const PATTERN = new RegExp(`^(?:${LABEL}\\.)*${LABEL}$`)
/** Of a host name; what is longer is no name. */
export const SERVER_NAME_MAX = 255

export type ServerNameMatcher = (serverName: string) => boolean

export function isServerNamePattern(pattern: string): boolean {
  return pattern.length <= SERVER_NAME_MAX && PATTERN.test(pattern)
}

/** Null where the pattern is none. A server name that is empty or no host name never matches. */
export function serverNameMatcher(pattern: string): ServerNameMatcher | null {
  if (!isServerNamePattern(pattern)) return null
  const labels = pattern.toLowerCase().split('.')
  return (serverName) => serverName.length <= SERVER_NAME_MAX && labelsMatch(labels, nameLabels(serverName))
}

function nameLabels(serverName: string): readonly string[] {
  return serverName.toLowerCase().split('.')
}

/** Each prefix of the pattern against each prefix of the name: a table, so that several `**` cannot take exponential time. */
function labelsMatch(pattern: readonly string[], name: readonly string[]): boolean {
  let reached = name.map(() => false)
  let reachedNothing = true
  for (const label of pattern) {
    const before = [reachedNothing, ...reached]
    const next: boolean[] = []
    for (const [i, part] of name.entries()) {
      const fits = part !== '' && before[i]! && labelMatches(label, part)
      next.push(label === '**' ? part !== '' && (before[i]! || (i > 0 && next[i - 1]!)) : fits)
    }
    reached = next
    reachedNothing = false
  }
  return reached.at(-1) === true
}

/** Greedy from the left, which is exact for patterns whose only wildcard is "any characters". */
function labelMatches(pattern: string, label: string): boolean {
  const [first, ...rest] = pattern.split('*')
  if (rest.length === 0) return label === pattern
  if (!label.startsWith(first!)) return false
  let at = first!.length
  const last = rest.pop()!
  for (const piece of rest) {
    const found = label.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return label.length - at >= last.length && label.endsWith(last)
}
