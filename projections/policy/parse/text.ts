/**
 * Policies from text: YAML or JSON, several documents, `kind: List`, lists of bare rules. Every problem has its line and column, and all
 * problems of all documents are found at once.
 */
import { type Problem, resourceKey } from '../../../events/fields.ts'
import type { Json } from '../../../events/schema.ts'
import { lineColumns, type TextDocument, type TextFault, type TextPart } from './document.ts'
import { type FactReading, isFact, readFact } from './fact.ts'
import { readJsonText } from './json-text.ts'
import { type PolicyReading, readBareRuleWithin, readPolicyWithin } from './policy.ts'
import { type ExpressionBudget, isJsonObject, type JsonObject, PROBLEMS_MAX } from './reader.ts'
import { PROGRAMS_MAX } from './regex.ts'
import { readYamlText } from './yaml-text.ts'

/** UTF-16 units: 10 MB of ASCII. */
export const POLICY_TEXT_MAX: number = 10 * 1024 * 1024

export type PolicyText = {
  /** One for each object, in order. */
  readonly readings: readonly PolicyReading[]
  /** One for each object that is no policy but says what policies name (fact.ts), in order. */
  readonly facts: readonly FactReading[]
  /** What is wrong with the text itself, or between its objects. */
  readonly problems: readonly Problem[]
}

/** A bare rule has no name of its own: the first is `bareName`, the next `<bareName>-1` and so on. */
export function readPolicyText(text: string, bareName: string): PolicyText {
  if (text.length > POLICY_TEXT_MAX) return onlyProblem('text-too-long', `longer than ${POLICY_TEXT_MAX} characters`)
  const found = new Findings(text.startsWith('\ufeff') ? text.slice(1) : text, bareName)
  for (const part of partsOf(found.text)) {
    if (found.problems.length === PROBLEMS_MAX) break
    if (part.kind === 'faults') found.addFaults(part.faults)
    else for (const object of objectsOf(part.document.value)) found.addObject(object, part.document)
  }
  const { readings, facts, problems } = found
  const count = readings.length + facts.length + problems.length
  return count === 0 ? onlyProblem('text-empty', 'there is no policy in it') : found
}

/** Problems of all objects of a text together; after them each object has one of each kind. */
export const TEXT_PROBLEMS_MAX = 10_000

/** Characters of text that pay for one more instruction of regular expressions, beyond what every text may have. */
const CHARACTERS_PER_INSTRUCTION = 4

class Findings implements PolicyText {
  readonly text: string
  readonly readings: PolicyReading[] = []
  readonly facts: FactReading[] = []
  readonly problems: Problem[] = []
  readonly #bareName: string
  #bareRules = 0
  #problemsLeft: number = TEXT_PROBLEMS_MAX
  readonly #resources = new Set<string>()
  readonly #place: ReturnType<typeof lineColumns>
  readonly #budget: ExpressionBudget

  constructor(text: string, bareName: string) {
    this.text = text
    this.#bareName = bareName
    this.#place = lineColumns(text)
    this.#budget = { left: PROGRAMS_MAX + Math.floor(text.length / CHARACTERS_PER_INSTRUCTION) }
  }

  addFaults(faults: readonly TextFault[]): void {
    for (const { code, reason, offset } of faults) this.#add({ code, path: '', reason, ...this.#place(offset) })
  }

  addObject(found: Found, document: TextDocument): void {
    if (isFact(found.value)) this.#addFact(found.value, found.path, document)
    else this.#addPolicy(found, document)
  }

  #addPolicy({ value, path }: Found, document: TextDocument): void {
    const reading = isBareRule(value)
      ? readBareRuleWithin(value, this.#nextBareName(), this.#budget)
      : readPolicyWithin(value, this.#budget)
    const at = (problem: Problem): Problem => this.#placed(problem, path, document)
    const schemaProblems = this.#kept(reading.schemaProblems, at)
    if (reading.kind === 'accepted') this.readings.push({ ...reading, schemaProblems })
    else this.readings.push({ ...reading, problems: this.#kept(reading.problems, at), schemaProblems })
    const resource = reading.kind === 'accepted' ? reading.policy.resource : reading.resource
    this.#checkUnique(resource === null ? null : resourceKey(resource), at)
  }

  #addFact(value: JsonObject, path: string, document: TextDocument): void {
    const reading = readFact(value)
    const at = (problem: Problem): Problem => this.#placed(problem, path, document)
    const schemaProblems = this.#kept(reading.schemaProblems, at)
    const problems = reading.problems.length === 0 ? [] : this.#kept(reading.problems, at)
    this.facts.push({ ...reading, problems, schemaProblems })
    this.#checkUnique(reading.key, at)
  }

  /** In the order of the text. A refusal keeps its first reason however many there were before. */
  #kept(problems: readonly Problem[], at: (problem: Problem) => Problem): readonly Problem[] {
    const kept = problems.slice(0, Math.max(1, this.#problemsLeft)).map(at)
    this.#problemsLeft -= kept.length
    return kept.toSorted(comparePlaces)
  }

  /** Of two objects with one name the text does not say which one counts. */
  #checkUnique(key: string | null, at: (problem: Problem) => Problem): void {
    if (key === null) return
    if (this.#resources.has(key)) {
      const reason = `${key} is given twice`
      this.#add(at({ code: 'duplicate-resource', path: '/metadata/name', reason, line: null, column: null }))
    }
    this.#resources.add(key)
  }

  #add(problem: Problem): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push(problem)
  }

  #placed(problem: Problem, prefix: string, { locate }: TextDocument): Problem {
    const path = `${prefix}${problem.path}`
    return { ...problem, path, ...this.#place(locate(path, problem.code === 'unknown-field' ? 'key' : 'value')) }
  }

  #nextBareName(): string {
    const index = this.#bareRules++
    return index === 0 ? this.#bareName : `${this.#bareName}-${index}`
  }
}

/** Everything that stands in the way of applying a text: what the engine refuses and what the schema does. */
export function problemsOfText({ readings, facts, problems }: PolicyText): readonly Problem[] {
  return [
    ...problems,
    ...readings.flatMap((reading) => [...refusals(reading), ...reading.schemaProblems]),
    ...facts.flatMap((reading) => [...reading.problems, ...reading.schemaProblems]),
  ]
}

function refusals(reading: PolicyReading): readonly Problem[] {
  return reading.kind === 'refused' ? reading.problems : []
}

function onlyProblem(code: string, reason: string): PolicyText {
  return { readings: [], facts: [], problems: [{ code, path: '', reason, line: 1, column: 1 }] }
}

/** What begins like JSON is JSON, unless only YAML can read it. */
function* partsOf(text: string): Generator<TextPart> {
  if (!/^\s*[{[]/.test(text)) {
    yield* readYamlText(text)
    return
  }
  const json = readJsonText(text)
  if ('offset' in json)
    yield* json.code === 'syntax' ? yamlOr(json, text) : [{ kind: 'faults', faults: [json] } as const]
  else for (const document of json) yield { kind: 'document', document }
}

function yamlOr(fault: TextFault, text: string): readonly TextPart[] {
  const parts = [...readYamlText(text)]
  return parts.every(({ kind }) => kind === 'document') ? parts : [{ kind: 'faults', faults: [fault] }]
}

type Found = { readonly value: Json; readonly path: string }

/** The objects of one document: itself, those of a Kubernetes list, or the elements of a plain list. Null, an empty document, is none. */
function objectsOf(value: Json): readonly Found[] {
  if (value === null) return []
  if (Array.isArray(value)) return (value as readonly Json[]).map((item, index) => ({ value: item, path: `/${index}` }))
  if (!isJsonObject(value)) return [{ value, path: '' }]
  const { kind, items } = value
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [{ value, path: '' }]
  return (items as readonly Json[]).map((item, index) => ({
    value: withKind(item, kind, value),
    path: `/items/${index}`,
  }))
}

/** The API leaves kind and version out of the items of a list of one kind. */
function withKind(item: Json, listKind: string, { apiVersion }: JsonObject): Json {
  if (listKind === 'List' || !isJsonObject(item) || item['kind'] !== undefined) return item
  return { ...(apiVersion === undefined ? {} : { apiVersion }), ...item, kind: listKind.slice(0, -'List'.length) }
}

function isBareRule(value: Json): boolean {
  if (!isJsonObject(value) || value['kind'] !== undefined || value['apiVersion'] !== undefined) return false
  return value['endpointSelector'] !== undefined || value['nodeSelector'] !== undefined
}

function comparePlaces(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
}
