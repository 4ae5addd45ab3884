/** Names of DNS rules and toFQDNs (Cilium pkg/fqdn/matchpattern): all in lower case, without the dot at the end. */

/**
 * `*` is any run of characters inside a label, also none; `*` alone is every name; `**.` in front is one label or more.
 * Time is bounded by the product of the two lengths.
 */
export function matchesDnsPattern(pattern: string, name: string): boolean {
  if (pattern === '*') return true
  const labels = name.split('.')
  if (pattern.startsWith('**.')) {
    const rest = pattern.slice('**.'.length).split('.')
    return labels.length > rest.length && sameLabels(rest, labels.slice(-rest.length))
  }
  return sameLabels(pattern.split('.'), labels)
}

function sameLabels(patterns: readonly string[], labels: readonly string[]): boolean {
  return patterns.length === labels.length && patterns.every((pattern, i) => matchesGlob(pattern, labels[i] ?? ''))
}

/** Greedy, going back to the last star only. */
function matchesGlob(pattern: string, text: string): boolean {
  let [at, star, resume] = [0, -1, 0]
  let i = 0
  while (i < text.length) {
    if (pattern[at] === '*') {
      star = at++
      resume = i
    } else if (pattern[at] === text[i]) {
      at++
      i++
    } else if (star >= 0) {
      at = star + 1
      i = ++resume
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
