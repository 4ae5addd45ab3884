/** Which command of a branch turned it? Before its first command the log itself is searched, where it did not hold at the fork any more. */
import { Position } from '../../../events/ids.ts'
import type { BisectOutcome, Holds, Range, Turn } from '../bisect.ts'
import { diffMoments } from '../diff.ts'
import { eventAt, refOf } from '../event-at.ts'
import type { History } from '../history.ts'
import type { Moment } from '../position.ts'
import { type BranchPlace, LAST_STEP, placeOf, positionOn, positionText } from './place.ts'

export type BranchSearch = {
  readonly holds: Holds
  /** The search on the log. */
  readonly below: (range: Range) => Promise<BisectOutcome>
}

/** `bad` is on a branch; `good` is before it on the same branch, at its fork or before that. */
export async function bisectBranch(
  history: History,
  { good, bad }: Range,
  { holds, below }: BranchSearch,
): Promise<BisectOutcome> {
  // Whoever comes here has looked.
  const end = placeOf(bad.position)!
  const start = placeOf(good.position)
  if (!isBefore(good, end)) {
    const reason = `${positionText(good.position)} is not on the way to ${positionText(bad.position)}, which begins at ${end.fork ?? 'the empty log'}`
    return { kind: 'not-between', reason }
  }
  const fork = end.fork === null ? null : await momentAt(history, end.fork)
  if (start === null && fork !== null && good.position < fork.position && !(await holds(fork.position)))
    return below({ good, bad: fork })
  if (!(await holds(good.position)))
    return { kind: 'not-between', reason: `it does not hold at ${positionText(good.position)}` }
  if (await holds(bad.position))
    return { kind: 'not-between', reason: `it still holds at ${positionText(bad.position)}` }
  // Command 0 is what was on its way at the fork.
  let [low, high, evaluations] = [start?.command ?? -1, end.command, fork === null ? 2 : 3]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    evaluations += 1
    if (await holds(endOf(end, middle))) low = middle
    else high = middle
  }
  const before = low === -1 ? (fork ?? good) : { position: endOf(end, low), recordedAt: bad.recordedAt }
  return { kind: 'turned', turn: await turnAt(history, { end, command: high, before, evaluations, bad }) }
}

function isBefore({ position }: Moment, { name, fork, command }: BranchPlace): boolean {
  const place = placeOf(position)
  if (place === null) return fork !== null && position <= fork
  return place.name === name && place.command < command
}

function endOf({ name, fork }: BranchPlace, command: number): Position {
  return positionOn({ name, fork, command, step: LAST_STEP })
}

async function momentAt({ log }: History, position: Position): Promise<Moment | null> {
  for await (const [found] of log.readAll({ direction: 'backwards', after: Position(position + 1n), limit: 1 }))
    return found ?? null
  return null
}

type Found = {
  readonly end: BranchPlace
  readonly command: number
  readonly before: Moment
  readonly evaluations: number
  readonly bad: Moment
}

async function turnAt(history: History, { end, command, before, evaluations, bad }: Found): Promise<Turn> {
  const { name, fork } = end
  const event = await eventAt(history, positionOn({ name, fork, command, step: 0 }))
  if (event === null) throw new RangeError(`command ${command} of branch ${name} changed nothing`)
  const after = { position: endOf(end, command), recordedAt: bad.recordedAt }
  const said = command === 0 ? 'what was on its way at the fork' : event.context.source.detail
  return {
    event: refOf(event),
    cause: null,
    command: { branch: name, number: command, said },
    changes: await diffMoments(history, { from: before, to: after }),
    before,
    after,
    evaluations,
  }
}
