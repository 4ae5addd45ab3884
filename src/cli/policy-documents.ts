/** The policies of the files that a person gave, each with its file and everything that is wrong with it. */
import { basename } from 'node:path'
import { type FactRef, factKey } from '../../events/facts.ts'
import { type Problem, type ResourceRef, resourceKey } from '../../events/fields.ts'
import { FACT_KINDS, type Fact } from '../../projections/policy/parse/fact.ts'
import type { PolicyDocument } from '../../projections/policy/parse/policy.ts'
import { readPolicyText } from '../../projections/policy/parse/text.ts'
import { CliError, problemLine } from './failure.ts'
import { type Input, readInputs } from './input.ts'
import type { LogSink } from './log-verb.ts'

export type FileOptions = { readonly filename: readonly string[] }

export type Document = {
  readonly file: string
  readonly input: Input
  readonly resource: ResourceRef | FactRef | null
  /** Of the engine and of the Kubernetes schema. */
  readonly problems: readonly Problem[]
  /** At most one of the two is there; the policy or fact that the object is, as far as the engine takes it. */
  readonly policy: PolicyDocument | null
  readonly fact: Fact | null
}

/** Throws `CliError` where a file cannot be read. */
export async function readDocuments({ filename }: FileOptions, sink: LogSink): Promise<readonly Document[]> {
  if (filename.length === 0) throw new CliError('usage', 'no input: -f takes a file, a folder or - for standard input')
  const documents = (await readInputs(filename, sink.stdin)).flatMap(documentsOf)
  return documents.map((one) => ({ ...one, problems: one.problems.toSorted(byPlace) }))
}

/**
 * Of two files that give one object the later one counts, as with kubectl, so each earlier one is lost: `CiliumNetworkPolicy/default/rule1 is given
 * in a.yaml and in b.yaml`. Within one file the reader refuses it.
 */
export function duplicatesIn(documents: readonly Document[]): readonly string[] {
  const files = new Map<string, string>()
  return documents.flatMap(({ resource, file }) => {
    if (resource === null) return []
    const key = keyOf(resource)
    const first = files.get(key) ?? file
    files.set(key, first)
    return first === file ? [] : [`${key} is given in ${first} and in ${file}`]
  })
}

/** Where a file is lost its writer should know. */
export function warnOfDuplicates(documents: readonly Document[], sink: LogSink): void {
  for (const text of duplicatesIn(documents)) sink.warn(`warning: ${text}: the later one counts\n`)
}

/** As a person reads the file; what has no place comes first. */
function byPlace(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
}

/** `\n  code at file path, line 3:5: reason` for each. */
export function problemLines(documents: readonly Document[]): string {
  return documents.flatMap(({ file, problems }) => problems.map((found) => `\n  ${problemLine(found, file)}`)).join('')
}

/** One for each object, and one for what is wrong with the text itself. */
function documentsOf(input: Input): readonly Document[] {
  const file = input.name
  const whole = (problems: readonly Problem[]): readonly Document[] =>
    problems.length === 0 ? [] : [{ file, input, resource: null, problems, policy: null, fact: null }]
  if (input.problem !== null) return whole([{ ...input.problem, path: '', line: null, column: null }])
  const { readings, facts, problems } = readPolicyText(input.text ?? '', bareNameOf(file))
  return [
    ...readings.map((reading) => {
      const resource = reading.kind === 'accepted' ? reading.policy.resource : reading.resource
      const engine = reading.kind === 'accepted' ? [] : reading.problems
      const policy = reading.kind === 'accepted' ? reading.policy : null
      return { file, input, resource, problems: [...engine, ...reading.schemaProblems], policy, fact: null }
    }),
    ...facts.map(({ ref, fact, problems: engine, schemaProblems }) => {
      return { file, input, resource: ref, problems: [...engine, ...schemaProblems], policy: null, fact }
    }),
    ...whole(problems),
  ]
}

export function isFactRef(resource: ResourceRef | FactRef): resource is FactRef {
  return FACT_KINDS.includes(resource.kind)
}

export function keyOf(resource: ResourceRef | FactRef): string {
  return isFactRef(resource) ? factKey(resource) : resourceKey(resource)
}

/** Bare rules have no name of their own: they get that of their file. */
function bareNameOf(file: string): string {
  const name = basename(file)
    .replace(/\.[a-z]+$/i, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
  return name === '' ? 'stdin' : name
}
