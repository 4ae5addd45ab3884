/**
 * From what a person writes after `--at` to a position on the log.
 *
 * `1234` a position · `2026-05-04T14:03:00Z` a time · `5m` so long before now · `rev:7` the last position at which policy revision 7 was
 * current (its regenerations included) · `tag:NAME` a tagged position · `HEAD` the last event, `HEAD~n` the n-th before it · `branch:NAME` what a
 * branch makes of its fork, `branch:NAME/n` its first n commands. Between two events the older one answers. With the read model revisions and tags are found without reading the log.
 */
import { decodeEvent, type StoredEvent } from '../../events/codec.ts'
import { POLICY_STREAM, Position, StreamRevision, Timestamp } from '../../events/ids.ts'
import type { EventLog } from '../ports/log.ts'
import type { ReadModel } from '../ports/read-model.ts'
import type { Branches } from './branch/branched.ts'
import { placeOf, positionText } from './branch/place.ts'
import { nearestNames } from './nearest.ts'

export type Moment = { readonly position: Position; readonly recordedAt: Timestamp }

/** `bad-input`: not one of the forms. `out-of-range`: nothing is there; the reason names the nearest that is. */
export type MomentOutcome =
  | { readonly kind: 'found'; readonly moment: Moment | null }
  | { readonly kind: 'bad-input' | 'out-of-range'; readonly reason: string }

export type MomentQuestion = {
  readonly log: EventLog
  readonly model?: ReadModel
  /** Left out where only what was recorded is asked about. */
  readonly branches?: Branches
  readonly now: Timestamp
  readonly at: string | null
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const RFC3339 = /^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2}))?$/
const FORMS = 'a position, an RFC 3339 time, a duration such as 5m, rev:N, tag:NAME, HEAD~n or branch:NAME'
const BRANCH = /^branch:([^/]+)(?:\/([0-9]{1,6}))?$/

/** `at` null is the head; a found null moment is the empty log. Of a part of a log nothing before it is found. */
export async function resolveMoment(question: MomentQuestion): Promise<MomentOutcome> {
  const outcome = await resolve(question)
  const { begins } = question.log
  if (begins === undefined || outcome.kind !== 'found' || outcome.moment === null) return outcome
  if (outcome.moment.position >= begins.position) return outcome
  const asked = `${question.at} is position ${outcome.moment.position}, before ${question.log.location}`
  const nearest = `the first one in it is ${begins.position}, ${isoTime(begins.recordedAt)}`
  return { kind: 'out-of-range', reason: `${asked}; ${nearest}` }
}

async function resolve({ log, model, branches, now, at }: MomentQuestion): Promise<MomentOutcome> {
  if (at === null) return { kind: 'found', moment: await lastAt(log, null) }
  const [, name, commands] = BRANCH.exec(at) ?? []
  if (name !== undefined) {
    if (branches !== undefined) return branches.enter(name, commands === undefined ? null : Number(commands))
    return { kind: 'bad-input', reason: `${at}: this is asked of what was recorded, and on a branch nothing was` }
  }
  const back = /^HEAD(?:~([0-9]{1,15}))?$/.exec(at)
  if (back !== null) return fromHead(log, Number(back[1] ?? 0))
  if (/^[0-9]+$/.test(at)) return byPosition(log, BigInt(at))
  const revision = /^rev:([1-9][0-9]{0,14})$/.exec(at)?.[1]
  if (revision !== undefined) {
    const indexed = model === undefined ? null : await byIndexedRevision({ log, model }, Number(revision))
    return indexed ?? byRevision(log, Number(revision))
  }
  const tag = /^tag:(.+)$/.exec(at)?.[1]
  if (tag !== undefined) {
    const indexed = model?.tag(tag) ?? null
    return indexed === null ? byTag(log, tag) : byPosition(log, indexed)
  }
  const time = parseTime(at, now)
  if (time === null) return { kind: 'bad-input', reason: `${at} is not ${FORMS}` }
  return byTime(log, time)
}

/** A time, or so long before `now`; null where it is neither. */
export function parseTime(text: string, now: Timestamp): Timestamp | null {
  const relative = /^([0-9]{1,12})(ms|s|m|h|d)$/.exec(text)
  if (relative !== null) return Timestamp(Math.max(0, now - Number(relative[1]) * UNITS_MS[relative[2]!]!))
  if (!RFC3339.test(text)) return null
  const parsed = Date.parse(text)
  return Number.isNaN(parsed) || parsed < 0 ? null : Timestamp(parsed)
}

async function byPosition(log: EventLog, wanted: bigint): Promise<MomentOutcome> {
  const head = await lastAt(log, null)
  if (head === null || wanted > head.position) return beyond(`position ${wanted}`, head)
  const moment = await lastAt(log, Position(wanted))
  if (moment !== null) return { kind: 'found', moment }
  const first = log.begins ?? (await one(log.readAll({ direction: 'forwards', after: null, limit: 1 })))
  return { kind: 'out-of-range', reason: `position ${wanted} is before the first one, ${first?.position}` }
}

async function byTime(log: EventLog, time: Timestamp): Promise<MomentOutcome> {
  const position = await log.positionAtTime(time)
  if (position !== null) return { kind: 'found', moment: await lastAt(log, position) }
  const first = log.begins ?? (await one(log.readAll({ direction: 'forwards', after: null, limit: 1 })))
  const nearest = first === null ? 'the log is empty' : `the log begins ${isoTime(first.recordedAt)}`
  return { kind: 'out-of-range', reason: `nothing was recorded up to ${isoTime(time)}; ${nearest}` }
}

/** One page after another, so that a far look back costs time and no memory. */
async function fromHead(log: EventLog, steps: number): Promise<MomentOutcome> {
  let left = steps
  let first: Moment | null = null
  for await (const batch of log.readAll({ direction: 'backwards', after: null, limit: steps + 1 })) {
    const found = batch[left]
    if (found !== undefined) {
      return { kind: 'found', moment: { position: found.position, recordedAt: found.recordedAt } }
    }
    left -= batch.length
    first = batch.at(-1)!
  }
  if (steps === 0) return { kind: 'found', moment: null }
  const nearest = first === null ? 'the log is empty' : `the first event is HEAD~${steps - left - 1}, ${first.position}`
  return { kind: 'out-of-range', reason: `HEAD~${steps} is before the log; ${nearest}` }
}

/** Null where the index does not know the revision: then the log itself is asked, which also names the nearest. */
async function byIndexedRevision(
  { log, model }: Required<Pick<MomentQuestion, 'log' | 'model'>>,
  wanted: number,
): Promise<MomentOutcome | null> {
  if (wanted !== 1 && model.revisionAt(wanted) === null) return null
  const next = model.revisionAt(wanted + 1)
  const moment = next === null ? await lastAt(log, null) : await before(log, next)
  return moment === null ? null : { kind: 'found', moment }
}

/** Revisions rise along the stream of the policies, so it is searched by halves. */
async function byRevision(log: EventLog, wanted: number): Promise<MomentOutcome> {
  const head = await log.streamHead(POLICY_STREAM)
  let [low, high] = [0, head === 'no-stream' ? 0 : head + 1]
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    const change = await changeFrom(log, middle)
    if (change === null || change.revision > wanted) high = middle
    else low = change.at + 1
  }
  const reached = (await changeBefore(log, low))?.revision ?? 1
  if (reached !== wanted) {
    return { kind: 'out-of-range', reason: `there is no revision ${wanted}; the nearest is ${reached}` }
  }
  const next = (await changeFrom(log, low))?.position ?? null
  const moment = next === null ? await lastAt(log, null) : await before(log, next)
  if (moment === null) return { kind: 'out-of-range', reason: `nothing was recorded at revision ${wanted}` }
  return { kind: 'found', moment }
}

/** A change of the repository, and at which revision of its stream it stands. */
type Change = { readonly revision: number; readonly at: StreamRevision; readonly position: Position }

/** Most events of the stream are changes. */
const CHANGES_READ = 16

async function changeFrom(log: EventLog, from: number): Promise<Change | null> {
  let after = from === 0 ? null : StreamRevision(from - 1)
  for (;;) {
    const events = await some(log.readStream(POLICY_STREAM, { direction: 'forwards', after, limit: CHANGES_READ }))
    const change = events.find(isChange)
    if (change !== undefined) return changeOf(change)
    if (events.length < CHANGES_READ) return null
    after = events.at(-1)!.revision
  }
}

async function changeBefore(log: EventLog, end: number): Promise<Change | null> {
  for await (const batch of log.readStream(POLICY_STREAM, { direction: 'backwards', after: StreamRevision(end) })) {
    const change = batch.find(isChange)
    if (change !== undefined) return changeOf(change)
  }
  return null
}

function isChange({ type }: StoredEvent): boolean {
  return type === 'PolicyAdded' || type === 'PolicyDeleted'
}

function changeOf(stored: StoredEvent): Change {
  const { event } = decodeEvent(stored)
  if (event.type !== 'PolicyAdded' && event.type !== 'PolicyDeleted')
    throw new TypeError(`${event.type} has no revision`)
  return { revision: event.revision, at: stored.revision, position: stored.position }
}

async function some(batches: AsyncIterable<readonly StoredEvent[]>): Promise<readonly StoredEvent[]> {
  for await (const batch of batches) return batch
  return []
}

async function byTag(log: EventLog, wanted: string): Promise<MomentOutcome> {
  const names = new Set<string>()
  for await (const batch of log.readStream(POLICY_STREAM, { direction: 'backwards', after: null })) {
    for (const stored of batch) {
      if (stored.type !== 'PositionTagged') continue
      const { event } = decodeEvent(stored)
      if (event.type !== 'PositionTagged') continue
      if (event.name === wanted) return byPosition(log, BigInt(event.position))
      names.add(event.name)
    }
  }
  return { kind: 'out-of-range', reason: `there is no tag ${wanted}; ${nearestNames(wanted, names)}` }
}

function beyond(what: string, head: Moment | null): MomentOutcome {
  const nearest = head === null ? 'the log is empty' : `the last one is ${head.position}, ${isoTime(head.recordedAt)}`
  return { kind: 'out-of-range', reason: `${what} is beyond the log; ${nearest}` }
}

/** The last event at or before `position`; of the whole log where it is null. */
async function lastAt(log: EventLog, position: Position | null): Promise<Moment | null> {
  return before(log, position === null ? null : Position(position + 1n))
}

async function before(log: EventLog, position: Position | null): Promise<Moment | null> {
  const event = await one(log.readAll({ direction: 'backwards', after: position, limit: 1 }))
  return event === null ? null : { position: event.position, recordedAt: event.recordedAt }
}

async function one(batches: AsyncIterable<readonly StoredEvent[]>): Promise<StoredEvent | null> {
  for await (const batch of batches) return batch[0] ?? null
  return null
}

export function isoTime(time: Timestamp): string {
  return new Date(time).toISOString()
}

/** `position 119, 2026-05-04T14:00:00.000Z`, or `branch:calm/2 from position 67, …`. */
export function momentText({ position, recordedAt }: Moment): string {
  const place = placeOf(position)
  if (place === null) return `position ${position}, ${isoTime(recordedAt)}`
  const stand = place.fork === null ? 'the empty log' : `position ${place.fork}, ${isoTime(recordedAt)}`
  return `${positionText(position)} from ${stand}`
}
