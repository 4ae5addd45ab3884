/** One document of YAML or JSON that is no policy: its value, and for each problem found in it the line and column. */
import type { Problem } from '../../events/fields.ts'
import type { Json } from '../../events/schema.ts'
import { lineColumns } from '../../projections/policy/parse/document.ts'
import { readYamlText } from '../../projections/policy/parse/yaml-text.ts'

export type PlacedDocument =
  | { readonly kind: 'document'; readonly value: Json; readonly placed: (problem: Problem) => Problem }
  | { readonly kind: 'faulty'; readonly problems: readonly Problem[] }

/** JSON is YAML as well. A text without a document is null. */
export function readDocument(text: string): PlacedDocument {
  const place = lineColumns(text)
  const parts = [...readYamlText(text)]
  const faults = parts.flatMap((part) => (part.kind === 'faults' ? part.faults : []))
  const problems = faults.map(({ code, reason, offset }) => ({ code, path: '', reason, ...place(offset) }))
  const [document, another] = parts.flatMap((part) => (part.kind === 'document' ? [part.document] : []))
  if (another !== undefined) {
    problems.push({
      code: 'documents-several',
      path: '',
      reason: 'one document is enough',
      ...place(another.locate('', 'value')),
    })
  }
  if (problems.length > 0) return { kind: 'faulty', problems }
  if (document === undefined) return { kind: 'document', value: null, placed: (problem) => problem }
  const part = (code: string): 'key' | 'value' => (code === 'unknown-field' ? 'key' : 'value')
  const placed = (problem: Problem): Problem => ({
    ...problem,
    ...place(document.locate(problem.path, part(problem.code))),
  })
  return { kind: 'document', value: document.value, placed }
}
