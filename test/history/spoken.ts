/** What people are shown must also be told to programs: numbers, times and names of a table that are nowhere in the JSON. */

const TIME = /\b20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z\b/g
/** Not that of a word, such as L7 or k8s. */
const NUMBER = /(?<![A-Za-z0-9.])[0-9]+(?:\.[0-9]+)*/g
/** How many there are of what programs have as a list. */
const COUNTED = /\b[0-9]+ (?:features?|files?|windows?|nodes?|endpoints?|commands?)\b/g
/** Names and words of the story that carry a fact wherever they stand. */
const WORDS: readonly string[] = [
  ...['deathstar', 'tiefighter', 'xwing', 'rule1', 'node1', 'user root', 'agent node1'],
  ...['reserved:allow-any-ingress', 'reserved:allow-localhost-ingress', '/v1/request-landing', '/v1/exhaust-port'],
]

/** `words` in the order in which the table has them; `known` need not be told, as what a program works out itself. */
export function unspoken(table: string, document: string, known: readonly string[] = []): readonly string[] {
  const json = document.replaceAll('\\n', '\n')
  const told = new Set([...(json.match(TIME) ?? []), ...(json.replaceAll(TIME, ' ').match(NUMBER) ?? [])])
  const shown = [
    ...(table.match(TIME) ?? []),
    ...(table.replaceAll(TIME, ' ').replaceAll(COUNTED, ' ').match(NUMBER) ?? []),
  ]
  const words = WORDS.filter((word) => table.includes(word) && !json.includes(word))
  return [...new Set([...shown.filter((fact) => !told.has(fact)), ...words])].filter((fact) => !known.includes(fact))
}
