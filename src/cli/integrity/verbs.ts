/** `verify`, `prove` and `checkpoint`: the history's own integrity. */

import { Position } from '../../../events/ids.ts'
import { type Checkpoint, type NamedCheckpoint, readCheckpoint } from '../../history/checkpoint/checkpoint.ts'
import type { AnchoredTree } from '../../history/merkle/anchored.ts'
import { hashText } from '../../history/merkle/tree.ts'
import { checkProof, proveConsistency, proveInclusion } from '../../history/prove.ts'
import { type Verification, verifyLog } from '../../history/verify.ts'
import type { EventLog } from '../../ports/log.ts'
import { momentOf, momentsOf } from '../answer.ts'
import { checkpointFolder, treePath } from '../beside.ts'
import { verifyCapsule } from '../capsule/origin.ts'
import { isCapsule, openWholeLogToRead, type Place } from '../compose.ts'
import { CliError, messageOf } from '../failure.ts'
import type { LogSink } from '../log-verb.ts'
import { progressLine } from '../progress-line.ts'
import { counted } from '../render/counted.ts'
import { table } from '../render/table.ts'
import { signedAt, signedToGoOn, withSignedTree } from './signed-tree.ts'
import { withTree } from './tree-file.ts'
import { fileText, verifierKey } from './verifier-key.ts'

export type VerifyOptions = Place & {
  readonly key: string | undefined
  readonly proof: string | undefined
  readonly since: string | undefined
  readonly output: 'table' | 'json'
}
export type CheckpointOptions = Place & { readonly at: string | undefined; readonly output: 'table' | 'json' }
export type ProveOptions = Place & {
  readonly consistency: readonly string[] | undefined
  readonly output: 'table' | 'json'
}

export async function verify(names: readonly string[], options: VerifyOptions, sink: LogSink): Promise<void> {
  if (options.proof !== undefined) {
    const files = options.since === undefined ? names : [...names, options.since]
    sink.write(proofAnswer(options.proof, files, options))
    return
  }
  if (isCapsule(options)) return verifyCapsule(names, options, sink)
  const [since] = options.since === undefined ? [] : checkpointsOf([options.since], options)
  const checkpoints = since !== undefined && names.length === 0 ? [] : checkpointsOf(names, options)
  await using log = await openWholeLogToRead(options, sink.warn)
  const found = await withTree(treePath(options), sink.warn, (store) =>
    verifyLog({ log, checkpoints, since, store, progress: progressLine(sink.warn) }),
  )
  sink.write(options.output === 'json' ? json(found) : verificationText(found, since !== undefined))
  if (found.problems.length > 0) throw new CliError('integrity', '')
}

export async function prove(position: string | undefined, options: ProveOptions, sink: LogSink): Promise<void> {
  const { consistency } = options
  if (consistency === undefined && (position === undefined || !/^[0-9]{1,19}$/.test(position))) {
    throw new CliError('usage', 'prove takes the position of an event, or --consistency A B')
  }
  const signing = { place: options, warn: sink.warn }
  const { proof, ...document } = await withSignedTree(options, sink.warn, (log, tree) =>
    consistency === undefined
      ? eventProof(log, tree, { position: position!, ...signing })
      : beginningProof(log, tree, { consistency, ...signing }),
  )
  sink.write(options.output === 'json' ? json({ ...document, proof }) : proof)
}

export async function exportCheckpoint(options: CheckpointOptions, sink: LogSink): Promise<void> {
  const { checkpoint, note } = await withSignedTree(options, sink.warn, async (log, tree) => {
    const moment = await momentOf({ log }, options.at ?? null, '--at')
    if (moment === null) throw new CliError('notFound', 'the log is empty: there is nothing to sign')
    return signedAt(await tree(), moment, options)
  })
  try {
    checkpointFolder(options).save(checkpoint.size, note)
  } catch (error) {
    sink.warn(`the checkpoint was not kept: ${messageOf(error)}\n`)
  }
  sink.write(options.output === 'json' ? json({ ...plain(checkpoint), note }) : note)
}

export async function listCheckpoints(options: VerifyOptions, sink: LogSink): Promise<void> {
  const signers = new Map(
    checkpointFolder(options)
      .notes()
      .map(({ name, agent }) => [name, agent]),
  )
  const items = checkpointsOf([], options).map(({ name, checkpoint }) => {
    return { name, agent: signers.get(name) ?? null, ...plain(checkpoint) }
  })
  const rows = items.map(({ name, agent, size, position, time }) => {
    return [String(size), position, time, agent === null ? 'export' : `agent ${agent}`, name]
  })
  const header = ['EVENTS', 'POSITION', 'TIME', 'BY', 'FILE']
  sink.write(options.output === 'json' ? json({ items }) : table([header, ...rows]))
}

export async function checkpointKey(options: CheckpointOptions, sink: LogSink): Promise<void> {
  const verifier = checkpointFolder(options).verifier()
  if (verifier === null)
    throw new CliError('notFound', 'nothing was signed yet: hindcast checkpoint export makes the key')
  sink.write(options.output === 'json' ? json({ key: verifier.text }) : `${verifier.text}\n`)
}

type Signing = { readonly place: Place; readonly warn: (text: string) => void }
type OpenTree = () => Promise<AnchoredTree>
/** The proof as text, and what it is of. */
type Proven = { readonly proof: string; readonly [fact: string]: unknown }

async function eventProof(
  log: EventLog,
  open: OpenTree,
  { position, ...signing }: { readonly position: string } & Signing,
): Promise<Proven> {
  const tree = await open()
  const place = await tree.place(Position(BigInt(position)))
  if (place === null) {
    const before = await momentOf({ log }, position, 'POSITION')
    throw new CliError('notFound', `no event stands at ${position}; the nearest before is ${before?.position}`)
  }
  const signed = await signedToGoOn(tree, tree.head, signing)
  const proof = await tree.proof((hashes) => proveInclusion(hashes, place, signed))
  return { kind: 'included', position, checkpoint: plain(signed.checkpoint), proof }
}

async function beginningProof(
  log: EventLog,
  open: OpenTree,
  { consistency, ...signing }: { readonly consistency: readonly string[] } & Signing,
): Promise<Proven> {
  const [from, to, more] = consistency
  if (from === undefined || to === undefined || more !== undefined) {
    throw new CliError('usage', 'consistency takes two moments at --consistency')
  }
  const [first = null, second = null] = await momentsOf({ log }, [
    ['--consistency', from],
    ['--consistency', to],
  ])
  if (first === null || second === null) throw new CliError('notFound', 'the log is empty')
  const tree = await open()
  const [checkpoint, signed] = [await tree.checkpointAt(first), await signedToGoOn(tree, second, signing)]
  if (checkpoint.size > signed.checkpoint.size) throw new CliError('usage', `${from} is after ${to}`)
  const proof = await tree.proof((hashes) => proveConsistency(hashes, checkpoint, signed))
  return { kind: 'consistent', first: plain(checkpoint), second: plain(signed.checkpoint), proof }
}

function proofAnswer(file: string, files: readonly string[], options: VerifyOptions): string {
  const earlier = files.length === 0 ? null : checkpointsOf(files, options)[0]!.checkpoint
  const reading = checkProof(fileText(file, '--proof'), verifierKey(options), earlier)
  if (reading.kind === 'refused') throw new CliError('integrity', `proof-wrong at ${file}: ${reading.reason}`)
  if (options.output === 'json') return json(plainProof(reading))
  if (reading.kind === 'included') {
    const { index, event, checkpoint } = reading
    return `event ${index + 1} of ${checkpoint.size} of ${checkpoint.origin}:\n${event}`
  }
  const [first, second] = [plain(reading.first), plain(reading.second)]
  return `the first ${counted(first.size, 'event')}, up to position ${first.position}, ${first.size === 1 ? 'is' : 'are'} the beginning of the ${second.size}\n`
}

function plainProof(reading: Exclude<ReturnType<typeof checkProof>, { readonly kind: 'refused' }>): object {
  if (reading.kind === 'included') {
    const { kind, index, event, checkpoint } = reading
    return { kind, index, event, checkpoint: plain(checkpoint) }
  }
  return { kind: reading.kind, first: plain(reading.first), second: plain(reading.second) }
}

function checkpointsOf(files: readonly string[], options: VerifyOptions): readonly NamedCheckpoint[] {
  const notes =
    files.length === 0
      ? checkpointFolder(options).notes()
      : files.map((name) => ({ name, note: fileText(name, 'verify') }))
  if (notes.length === 0) return []
  const key = verifierKey(options)
  return notes.map(({ name, note }) => {
    const reading = readCheckpoint(note, key)
    if (reading.kind === 'checkpoint') return { name, checkpoint: reading.checkpoint }
    throw new CliError('integrity', `${reading.code} at ${name}: ${reading.reason}`)
  })
}

function verificationText(found: Verification, isSince: boolean): string {
  const { events, position, time, origin, root, checkpoints, problems, furtherProblems, notRead } = found
  const lines = [
    `${counted(events, 'event')} up to position ${position ?? '-'}, ${time ?? '-'}`,
    `origin ${origin ?? '-'}`,
    `root ${root}`,
    ...notReadText(notRead, isSince),
    ...comparedText(checkpoints),
    ...(checkpoints.length === 0 ? ['no checkpoint to compare with: only order and gaps were checked'] : []),
    ...problems.map((problem) => `${problem.code}${at(problem.position)}: ${problem.reason}`),
    ...(furtherProblems === 0 ? [] : [`and ${furtherProblems} more`]),
  ]
  return `${lines.join('\n')}\n`
}

/** An agent signs hundreds a day: of those that hold the last ones are named. */
const HOLDING_NAMED = 8

function comparedText(checkpoints: Verification['checkpoints']): readonly string[] {
  const holding = checkpoints.filter(({ holds }) => holds)
  const named = new Set([...checkpoints.filter(({ holds }) => !holds), ...holding.slice(-HOLDING_NAMED)])
  const more = checkpoints.length - named.size
  return [
    ...(more === 0 ? [] : [`holds ${more} more, from ${holding[0]!.name} on`]),
    ...[...named]
      .toSorted((a, b) => a.size - b.size)
      .map(({ name, size, holds }) => `${holds ? 'holds' : 'BROKEN'} ${name} (${counted(size, 'event')})`),
  ]
}

function notReadText(notRead: Verification['notRead'], isSince: boolean): readonly string[] {
  if (notRead === null) return isSince ? ['everything was read: no stored tree leads to the checkpoint'] : []
  const { events, position, checkpoint } = notRead
  return [
    `not read again: the ${counted(events, 'event')} up to position ${position}; their stored tree has the root that ${checkpoint} signed`,
  ]
}

function at(position: string | null): string {
  return position === null ? '' : ` at position ${position}`
}

function plain({ origin, size, root, position, time }: Checkpoint): {
  readonly origin: string
  readonly size: number
  readonly root: string
  readonly position: string
  readonly time: string
} {
  return { origin, size, root: hashText(root), position: String(position), time }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
