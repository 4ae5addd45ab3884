/**
 * Copies a history from one log to another, of whatever kind. Ids, streams, revisions, times and contents stay; positions are the target's own,
 * and whatever speaks of a position (causes, `reads`, tags) speaks of the same event there.
 *
 * A target that holds the beginning of the history already is gone on with, so an interrupted copy is resumed by the same command; one that
 * holds anything else is refused. In the end every event is compared with its original.
 */
import type { StoredEvent, UnstoredEvent } from '../../events/codec.ts'
import type { Position, StreamName } from '../../events/ids.ts'
import { moveEvent, positionsIn } from '../../events/positions.ts'
import type { EventLog, ExpectedRevision, StreamAppend } from '../ports/log.ts'
import { PositionMap } from './position-map.ts'

export type CopyStep = 'compared' | 'copied' | 'verified'

export type Copy = {
  readonly from: EventLog
  readonly to: EventLog
  readonly progress: (step: CopyStep, events: number) => void
}

export type Copied = {
  /** Events that the target held before. */
  readonly present: number
  readonly copied: number
  /** Last position on each side; null for an empty history. */
  readonly last: { readonly from: Position; readonly to: Position } | null
}

/** The target holds another history, or somebody else writes to it. */
export class CopyRefused extends Error {
  override readonly name = 'CopyRefused'
}

/** One append of the copy holds at most so many events. */
const GROUP_EVENTS_MAX = 500

/** Throws `CopyRefused`, `LogError`, `DecodeError`. What is appended to the source meanwhile is left for the next time. */
export async function copyHistory({ from, to, progress }: Copy): Promise<Copied> {
  const until = await from.head()
  const there = await compare({ from, to, until }, (events) => progress('compared', events))
  const copied = await append({ from, to, until }, there, (events) => progress('copied', events))
  const all = await compare({ from, to, until }, (events) => progress('verified', events))
  if (all.events !== there.events + copied) {
    throw new CopyRefused(`${to.location} holds ${all.events} of ${there.events + copied} events after the copy`)
  }
  return { present: there.events, copied, last: all.last }
}

type Range = Pick<Copy, 'from' | 'to'> & { readonly until: Position | null }
type Compared = { readonly events: number; readonly last: Copied['last']; readonly positions: PositionMap }

/** Both sides in step, as far as the target goes. */
async function compare({ from, to, until }: Range, progress: (events: number) => void): Promise<Compared> {
  const originals = eventsOf(from, null)
  const positions = new PositionMap()
  let [events, last]: [number, Copied['last']] = [0, null]
  for await (const stored of eventsOf(to, null)) {
    const { value: original } = await originals.next()
    if (original === undefined || until === null || original.position > until) {
      if (original !== undefined) break
      throw new CopyRefused(
        `${to.location} is ahead: it goes on at position ${stored.position}, where ${from.location} ends`,
      )
    }
    const difference = differenceOf(original, stored, positions)
    if (difference !== null) {
      const where = `position ${stored.position} of ${to.location} and ${original.position} of ${from.location}`
      throw new CopyRefused(`${to.location} holds another history: ${difference} differs at ${where}`)
    }
    positions.add(original.position, stored.position)
    last = { from: original.position, to: stored.position }
    events += 1
    progress(events)
  }
  return { events, last, positions }
}

function differenceOf(original: StoredEvent, stored: StoredEvent, positions: PositionMap): string | null {
  if (original.id !== stored.id) return `the event (${original.id}, ${stored.id})`
  const wanted = { ...original, ...moveEvent(original, (position) => positions.of(position)) }
  const fields = ['stream', 'revision', 'recordedAt', 'type', 'v', 'body', 'meta'] as const
  const field = fields.find((name) => wanted[name] !== stored[name])
  return field === undefined ? null : `${field} of event ${stored.id}`
}

async function append(range: Range, there: Compared, progress: (events: number) => void): Promise<number> {
  const { from, to, until } = range
  let events = 0
  let group: StoredEvent[] = []
  const flush = async (): Promise<void> => {
    if (group.length === 0) return
    await appendGroup(to, group, there.positions)
    events += group.length
    group = []
    progress(events)
  }
  for await (const event of eventsOf(from, there.last?.from ?? null)) {
    if (until === null || event.position > until) break
    if (!fits(event, group)) await flush()
    group.push(event)
  }
  await flush()
  return events
}

/** Whether one append may hold them: of one time, in the order of the source, and none speaks of another one's position. */
function fits(event: StoredEvent, group: readonly StoredEvent[]): boolean {
  const [first, last] = [group[0], group.at(-1)]
  if (first === undefined || last === undefined) return true
  return (
    group.length < GROUP_EVENTS_MAX &&
    first.recordedAt === event.recordedAt &&
    (last.stream === event.stream || group.every(({ stream }) => stream !== event.stream)) &&
    positionsIn(event).every((position) => position < first.position)
  )
}

async function appendGroup(to: EventLog, group: readonly StoredEvent[], positions: PositionMap): Promise<void> {
  const byStream = new Map<StreamName, { readonly expected: ExpectedRevision; readonly events: UnstoredEvent[] }>()
  for (const event of group) {
    const before = event.revision === 0 ? 'no-stream' : ((event.revision - 1) as typeof event.revision)
    const entry = byStream.get(event.stream) ?? { expected: before, events: [] }
    byStream.set(event.stream, entry)
    entry.events.push(moveEvent(event, (position) => positions.of(position)))
  }
  const batch = [...byStream].map(([stream, { expected, events }]): StreamAppend => ({ stream, expected, events }))
  // A group is never empty.
  const outcome = await to.append(batch, { recordedAt: group[0]!.recordedAt })
  if (outcome.kind === 'conflict') {
    const { stream, actual } = outcome
    throw new CopyRefused(`somebody else writes to ${to.location}: stream ${stream} is at revision ${actual}`)
  }
  // One position for each event of the batch, in its order.
  for (const [index, { position }] of group.entries()) positions.add(position, outcome.positions[index]!)
}

async function* eventsOf(log: EventLog, after: Position | null): AsyncGenerator<StoredEvent, undefined> {
  for await (const batch of log.readAll({ direction: 'forwards', after })) yield* batch
}
