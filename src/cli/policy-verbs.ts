/** `apply`, `delete`, `validate` and `tag`: the policies of files, and names for positions. */

import type { HindcastEvent } from '../../events/catalogue.ts'
import type { FactRef } from '../../events/facts.ts'
import { type ResourceRef, resourceKey } from '../../events/fields.ts'
import type { Source } from '../../events/recorded.ts'
import type { Ledger } from '../../projections/ledger/ledger.ts'
import type { Fact } from '../../projections/policy/parse/fact.ts'
import { type FactWish, factRefs } from '../decide/facts.ts'
import type { PolicyWish } from '../decide/policies.ts'
import { type Moment, resolveMoment } from '../history/position.ts'
import { now, openLogToRead, type Place } from './compose.ts'
import { CliError, problemLine } from './failure.ts'
import type { LogSink } from './log-verb.ts'
import {
  type Document,
  type FileOptions,
  isFactRef,
  keyOf,
  problemLines,
  readDocuments,
  warnOfDuplicates,
} from './policy-documents.ts'
import { counted } from './render/counted.ts'
import { resourcesOf } from './resource-name.ts'
import { type Outcome, type Wish, type WriteOptions, write } from './written.ts'

export async function apply(options: WriteOptions & FileOptions, sink: LogSink): Promise<void> {
  const documents = await readDocuments(options, sink)
  warnOfDuplicates(documents, sink)
  const wishes = documents.map(wishOf)
  const files = new Map(documents.flatMap(({ file, problems }) => problems.map((problem) => [problem, file] as const)))
  const fileOf = new Map(documents.map(({ file, resource }) => [resource === null ? '' : keyOf(resource), file]))
  const wish: Wish = {
    command: { kind: 'set-policies', wishes },
    source: (event) => sourceOf(event, { documents, files: fileOf, given: options.filename }),
    whereOf: (problem) => files.get(problem) ?? '',
    outcomes: (events, { before }) => appliedOutcomes(documents, { events, before }),
  }
  await write(wish, { options, print: sink.write })
}

export type DeleteOptions = WriteOptions &
  FileOptions & { readonly namespace: string | undefined; readonly ignoreNotFound: boolean }

export async function deletePolicies(words: readonly string[], options: DeleteOptions, sink: LogSink): Promise<void> {
  if ((words.length === 0) === (options.filename.length === 0)) {
    throw new CliError('usage', 'delete takes -f or the names of policies')
  }
  const resources =
    words.length > 0 ? resourcesOf(words, options.namespace) : resourcesOfFiles(await readDocuments(options, sink))
  const detail = words.length > 0 ? `delete ${words.join(' ')}` : options.filename.join(' ')
  const wish: Wish = {
    command: { kind: 'delete-policies', resources, ignoreMissing: options.ignoreNotFound },
    source: () => ({ kind: words.length > 0 ? 'cli' : 'file', detail }),
    whereOf: () => '',
    outcomes: (events, { before }) => deletedOutcomes(resources, { events, before }),
  }
  await write(wish, { options, print: sink.write })
}

/** Reads and says what `apply` would refuse. Needs no log. */
export type ValidateOptions = FileOptions & { readonly output: 'table' | 'json' | 'jsonl' }

export async function validate(options: ValidateOptions, sink: LogSink): Promise<void> {
  const documents = await readDocuments(options, sink)
  warnOfDuplicates(documents, sink)
  const items = documents.map(({ file, resource, problems }) => ({
    file,
    resource: resource === null ? null : keyOf(resource),
    outcome: problems.length === 0 ? 'accepted' : 'refused',
    problems,
  }))
  const bad = items.filter(({ problems }) => problems.length > 0)
  if (options.output === 'json') sink.write(`${JSON.stringify({ items }, null, 2)}\n`)
  if (options.output === 'jsonl') sink.write(items.map((item) => `${JSON.stringify(item)}\n`).join(''))
  if (options.output === 'table') {
    const lines = items.flatMap(({ file, resource, outcome, problems }) => [
      `${file}: ${resource ?? '(unknown resource)'} ${outcome}`,
      ...problems.map((problem) => `  ${problemLine(problem, '')}`),
    ])
    sink.write(`${lines.join('\n')}\n`)
  }
  const count = bad.reduce((sum, { problems }) => sum + problems.length, 0)
  if (bad.length > 0)
    throw new CliError('usage', `${bad.length} of ${items.length} refused, ${counted(count, 'problem')} in all`)
}

export type TagOptions = WriteOptions & { readonly move: boolean }

export async function tag(
  name: string,
  { at, options }: { readonly at: string | undefined; readonly options: TagOptions },
  sink: LogSink,
): Promise<void> {
  const moment = await momentOf(options, at)
  const wish: Wish = {
    command: { kind: 'tag-position', name, position: moment.position, move: options.move },
    source: () => ({ kind: 'cli', detail: 'tag' }),
    whereOf: () => '',
    outcomes: (events) => {
      const what = events.length === 0 ? 'unchanged' : 'tagged'
      const line = `${name} is position ${moment.position}${events.length === 0 ? ', unchanged' : ''}`
      return [{ item: { tag: name, position: String(moment.position), outcome: what }, line }]
    },
  }
  await write(wish, { options, print: sink.write })
}

function wishOf({ input, resource, problems, policy, fact }: Document): PolicyWish | FactWish {
  const inputDigest = input.digest
  if (problems.length === 0 && fact !== null) return { kind: 'fact', inputDigest, fact }
  if (problems.length > 0 || policy === null) {
    const named = resource === null || isFactRef(resource) ? null : resource
    return { kind: 'unreadable', inputDigest, resource: named, problems }
  }
  const { manifest, rules } = policy
  return { kind: 'policy', inputDigest, resource: policy.resource, manifest, rules: rules.length }
}

/** Deleting needs the name only, so what else is wrong with a document does not matter. */
function resourcesOfFiles(documents: readonly Document[]): readonly (ResourceRef | FactRef)[] {
  const nameless = documents.filter(({ resource }) => resource === null)
  if (nameless.length > 0) throw new CliError('usage', `refused; nothing was changed${problemLines(nameless)}`)
  return documents.map(({ resource }) => resource).filter((resource) => resource !== null)
}

type Given = {
  readonly documents: readonly Document[]
  readonly files: ReadonlyMap<string, string>
  readonly given: readonly string[]
}

/** A service may come from several files; they are all named. */
function sourceOf(event: HindcastEvent, { documents, files, given }: Given): Source {
  const resource = event.type === 'PolicyAdded' || event.type === 'PolicyRefused' ? event.resource : null
  const file = resource === null ? undefined : files.get(resourceKey(resource))
  const told = documents.filter(({ fact }) => fact !== null && concerns(fact, event)).map((document) => document.file)
  const detail = file ?? (told.length === 0 ? given : [...new Set(told)]).join(' ')
  return { kind: 'file', detail }
}

type Decided = { readonly events: readonly HindcastEvent[]; readonly before: Ledger }

function appliedOutcomes(documents: readonly Document[], { events, before }: Decided): readonly Outcome[] {
  const added = new Map(
    events
      .filter((event) => event.type === 'PolicyAdded')
      .map((event) => [resourceKey(event.resource), event] as const),
  )
  const known = factRefs(before.facts)
  return documents.map(({ resource, fact }) => {
    if (resource === null) throw new TypeError('an accepted policy has a name')
    if (fact !== null && events.some((event) => concerns(fact, event))) {
      return outcome(resource, known.has(keyOf(resource)) ? 'changed' : 'added', null)
    }
    const event = added.get(keyOf(resource))
    if (event === undefined) return outcome(resource, 'unchanged', null)
    return outcome(resource, event.replaces === null ? 'added' : 'changed', event.revision)
  })
}

function deletedOutcomes(
  resources: readonly (ResourceRef | FactRef)[],
  { events, before }: Decided,
): readonly Outcome[] {
  const known = factRefs(before.facts)
  const facts = new Set(resources.filter(isFactRef).map(keyOf))
  return [
    ...events
      .filter((event) => event.type === 'PolicyDeleted')
      .map(({ resource, revision }) => outcome(resource, 'deleted', revision)),
    ...[...facts].filter((key) => known.has(key)).map((key) => outcomeOf(key, 'deleted', null)),
  ]
}

/** Whether the event says what the document says, or a part of the same service. */
function concerns(fact: Fact, event: HindcastEvent): boolean {
  if (event.type === 'CidrGroupSet') return fact.kind === 'cidr-group' && fact.ref.name === event.name
  if (event.type !== 'ServiceSet' || fact.ref.namespace !== event.namespace) return false
  return event.name === (fact.kind === 'backends' ? fact.service : fact.kind === 'service' ? fact.ref.name : null)
}

function outcome(resource: ResourceRef | FactRef, what: string, revision: number | null): Outcome {
  return outcomeOf(keyOf(resource), what, revision)
}

function outcomeOf(key: string, what: string, revision: number | null): Outcome {
  const line = `${key} ${what}${revision === null ? '' : `, revision ${revision}`}`
  return { item: { resource: key, outcome: what, revision }, line }
}

async function momentOf(place: Place, at: string | undefined): Promise<Moment> {
  await using log = await openLogToRead(place)
  const outcome = await resolveMoment({ log, now: now(), at: at ?? null })
  if (outcome.kind === 'found' && outcome.moment !== null) return outcome.moment
  if (outcome.kind === 'found') throw new CliError('notFound', 'there is nothing on the log to tag')
  const kind = outcome.kind === 'bad-input' ? 'usage' : 'notFound'
  throw new CliError(kind, `${outcome.kind} at MOMENT: ${outcome.reason}`)
}
