/** Which fields the JSON of each verb has, gathered from answers, as ANSWERS.md has them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ascending } from '../../events/order.ts'

export const ANSWERS: string = join(import.meta.dirname, '../../src/history/ANSWERS.md')
const BEGIN = '## By verb\n'

export class Shapes {
  readonly #documents = new Map<string, Set<string>>()
  readonly #items = new Map<string, Set<string>>()

  take(verb: string, document: object): void {
    noted(this.#documents, verb, document)
    for (const item of (document as { readonly items?: readonly unknown[] }).items ?? [])
      if (typeof item === 'object' && item !== null) noted(this.#items, verb, item)
  }

  /** Of what is documented, what is not there any more. */
  missing(): readonly string[] {
    const gone = (names: readonly string[], own: ReadonlySet<string> | undefined): readonly string[] =>
      own === undefined ? [] : names.filter((name) => !own.has(name))
    return documentedRows().flatMap(([verb, document, items]) =>
      [...gone(document, this.#documents.get(verb)), ...gone(items, this.#items.get(verb))].map(
        (name) => `${verb} ${name}`,
      ),
    )
  }

  get verbs(): readonly string[] {
    return [...this.#documents.keys()]
  }

  list(): string {
    const fields = (of: ReadonlySet<string>): string => [...of].map((name) => `\`${name}\``).join(' ')
    const rows = [...this.#documents]
      .toSorted(([a], [b]) => ascending(a, b))
      .map(([verb, document]) => {
        const items = this.#items.get(verb)
        return `- **${verb}** ${fields(document)}${items === undefined ? '' : `; each item ${fields(items)}`}\n`
      })
    return rows.join('')
  }
}

function noted(into: Map<string, Set<string>>, verb: string, value: object): void {
  const known = into.get(verb) ?? new Set()
  for (const name of Object.keys(value)) known.add(name)
  into.set(verb, known)
}

/** Lines of the document: verb, fields of the document, fields of each item. */
export function documentedRows(): readonly (readonly [
  verb: string,
  document: readonly string[],
  items: readonly string[],
])[] {
  const text = readFileSync(ANSWERS, 'utf8')
  const rows = text.slice(text.indexOf(BEGIN)).matchAll(/^- \*\*(.+)\*\* ([^;\n]*)(?:; each item (.*))?$/gm)
  const fields = (part: string | undefined): readonly string[] =>
    [...(part ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name!)
  return [...rows].map(([, verb, document, items]) => [verb!, fields(document), fields(items)])
}

export function writeList(list: string): void {
  const text = readFileSync(ANSWERS, 'utf8')
  writeFileSync(ANSWERS, `${text.slice(0, text.indexOf(BEGIN) + BEGIN.length)}\n${list}`)
}
