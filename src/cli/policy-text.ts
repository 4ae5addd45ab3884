/** Policies from the text of a file: one or more documents in YAML or JSON. */
import { parseAllDocuments } from 'yaml'
import type { Json } from '../../events/schema.ts'
import { type PolicyReading, readPolicy } from '../../projections/policy/parse/policy.ts'

/** Anchors may repeat what they name at most so often, so that a small file cannot become a huge one. */
const ALIASES_MAX = 100

export function readPolicyText(text: string): readonly { readonly reading: PolicyReading }[] {
  return [...parseAllDocuments(text)].flatMap((document) => {
    const problems = document.errors.map(({ message, linePos }) => ({
      code: 'yaml-invalid',
      path: '',
      reason: message.split('\n')[0] ?? message,
      line: linePos?.[0].line ?? null,
      column: linePos?.[0].col ?? null,
    }))
    if (problems.length > 0) return [{ reading: { kind: 'refused', resource: null, problems, schemaProblems: [] } }]
    const object = document.toJS({ maxAliasCount: ALIASES_MAX }) as Json
    return object === null ? [] : [{ reading: readPolicy(object) }]
  })
}
