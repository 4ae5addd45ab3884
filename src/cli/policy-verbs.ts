/** `apply`, `delete`, `validate` and `tag`: the policies of files, and names for positions. */
import type { HindcastEvent } from '../../events/catalogue.ts'
import { type ResourceRef, resourceKey } from '../../events/fields.ts'
import type { Source } from '../../events/recorded.ts'
import type { PolicyWish } from '../decide/policies.ts'
import { type Moment, resolveMoment } from '../history/position.ts'
import { now, openLogToRead, type Place } from './compose.ts'
import { CliError, problemLine } from './failure.ts'
import type { LogSink } from './log-verb.ts'
import { type Document, type FileOptions, problemLines, readDocuments } from './policy-documents.ts'
import { resourcesOf } from './resource-name.ts'
import { type Outcome, type Wish, type WriteOptions, write } from './written.ts'

export async function apply(options: WriteOptions & FileOptions, sink: LogSink): Promise<void> {
  const documents = await readDocuments(options, sink)
  const wishes = documents.map(wishOf)
  const files = new Map(documents.flatMap(({ file, problems }) => problems.map((problem) => [problem, file] as const)))
  const fileOf = new Map(documents.map(({ file, resource }) => [resource === null ? '' : resourceKey(resource), file]))
  const wish: Wish = {
    command: { kind: 'set-policies', wishes },
    source: (event) => sourceOf(event, fileOf, options.filename),
    whereOf: (problem) => files.get(problem) ?? '',
    outcomes: (events) => appliedOutcomes(documents, events),
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
    outcomes: (events) =>
      events
        .filter((event) => event.type === 'PolicyDeleted')
        .map(({ resource, revision }) => outcome(resource, 'deleted', revision)),
  }
  await write(wish, { options, print: sink.write })
}

/** Reads and says what `apply` would refuse. Needs no log. */
export async function validate(
  options: FileOptions & { readonly output: 'table' | 'json' | 'jsonl' },
  sink: LogSink,
): Promise<void> {
  const documents = await readDocuments(options, sink)
  const items = documents.map(({ file, resource, problems }) => ({
    file,
    resource: resource === null ? null : resourceKey(resource),
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
  if (bad.length > 0) throw new CliError('usage', `${bad.length} of ${items.length} refused, ${count} problems in all`)
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

function wishOf({ input, resource, problems, reading }: Document): PolicyWish {
  const inputDigest = input.digest
  if (problems.length > 0 || reading?.kind !== 'accepted')
    return { kind: 'unreadable', inputDigest, resource, problems }
  const { manifest, rules, resource: named } = reading.policy
  return { kind: 'policy', inputDigest, resource: named, manifest, rules: rules.length }
}

/** Deleting needs the name only, so what else is wrong with a document does not matter. */
function resourcesOfFiles(documents: readonly Document[]): readonly ResourceRef[] {
  const nameless = documents.filter(({ resource }) => resource === null)
  if (nameless.length > 0) throw new CliError('usage', `refused; nothing was changed${problemLines(nameless)}`)
  return documents.map(({ resource }) => resource).filter((resource) => resource !== null)
}

function sourceOf(event: HindcastEvent, files: ReadonlyMap<string, string>, given: readonly string[]): Source {
  const resource = event.type === 'PolicyAdded' || event.type === 'PolicyRefused' ? event.resource : null
  const file = resource === null ? undefined : files.get(resourceKey(resource))
  return { kind: 'file', detail: file ?? given.join(' ') }
}

function appliedOutcomes(documents: readonly Document[], events: readonly HindcastEvent[]): readonly Outcome[] {
  const added = new Map(
    events
      .filter((event) => event.type === 'PolicyAdded')
      .map((event) => [resourceKey(event.resource), event] as const),
  )
  return documents.map(({ resource }) => {
    if (resource === null) throw new TypeError('an accepted policy has a name')
    const event = added.get(resourceKey(resource))
    if (event === undefined) return outcome(resource, 'unchanged', null)
    return outcome(resource, event.replaces === null ? 'added' : 'changed', event.revision)
  })
}

function outcome(resource: ResourceRef, what: string, revision: number | null): Outcome {
  const key = resourceKey(resource)
  const line = `${key} ${what}${revision === null ? '' : `, revision ${revision}`}`
  return { item: { resource: key, outcome: what, revision }, line }
}

async function momentOf(place: Place, at: string | undefined): Promise<Moment> {
  await using log = await openLogToRead(place)
  const outcome = await resolveMoment({ log, now: now(), at: at ?? null })
  if (outcome.kind === 'found' && outcome.moment !== null) return outcome.moment
  if (outcome.kind === 'found') throw new CliError('notFound', 'there is nothing on the log to tag')
  const kind = outcome.kind === 'bad-input' ? 'usage' : 'notFound'
  throw new CliError(kind, `${outcome.kind} at POSITION: ${outcome.reason}`)
}
