/**
 * Which event turned it? Between a moment at which something held and a later one at which it does not, the first event after which it does not,
 * by halves. Where it turned several times, one of the turns is found, as with `git bisect`. Where the later moment is on a branch, the command that turned it
 * is found, or the event, where it had turned before the fork.
 */

import { Position } from '../../events/ids.ts'
import { ascending } from '../../events/order.ts'
import type { EntityChange } from '../../projections/history/changes.ts'
import { type Entities, endpointOf, type UnitName, unitParts, worldOf } from '../../projections/history/entities.ts'
import type { EventLog } from '../ports/log.ts'
import type { EntityVersions } from '../ports/read-model.ts'
import { bisectBranch } from './branch/bisect-branch.ts'
import { placeOf, positionText } from './branch/place.ts'
import { diffMoments } from './diff.ts'
import { causeOf, type EventRef, eventAt, refOf } from './event-at.ts'
import type { History } from './history.ts'
import { partyOf } from './party.ts'
import type { Moment } from './position.ts'
import { valuesOf } from './state-at.ts'
import { verdictAt } from './verdict-at.ts'
import type { WhyQuestion } from './why.ts'

export type Range = { readonly good: Moment; readonly bad: Moment }

export type Turn = {
  /** The event after which it no longer holds. */
  readonly event: EventRef
  /** What that followed from, where the agent did it. */
  readonly cause: EventRef | null
  /** Of a branch, where one of its commands turned it; `event` is then the first that the command would have written. */
  readonly command: { readonly branch: string; readonly number: number; readonly said: string } | null
  /** Of the event; of an acknowledgement also what it acknowledges. */
  readonly changes: readonly EntityChange[]
  readonly before: Moment
  readonly after: Moment
  readonly evaluations: number
}

export type BisectOutcome =
  | { readonly kind: 'turned'; readonly turn: Turn }
  /** It does not hold at the good moment, or does at the bad one. */
  | { readonly kind: 'not-between'; readonly reason: string }

/** Resolves to whether it holds after the event at the position. */
export type Holds = (at: Position) => Promise<boolean>

/** What should be: `expect` is true for "is allowed". A moment at which one of the two is not there is not as expected. */
export type Expectation = { readonly question: WhyQuestion; readonly expect: boolean }

/** Only events that can change the answer are tried. */
export async function bisectExpectation(history: History, range: Range, wish: Expectation): Promise<BisectOutcome> {
  const units = relevantUnits(history, range, wish.question)
  const matters = entityFilter(units)
  // Without the type's version the world has no messages of it; that it changed does not matter.
  const isShown = (unit: UnitName) => (entity: string) => entity === 'xds npds' || matters(unit)(entity)
  const holds: Holds = async (at) => {
    const parts = units.map((unit) => ({ unit, entities: valuesOf(history.model.entities(unit, at, isShown(unit))) }))
    const found = verdictAt(worldOf(parts), wish.question)
    return found.kind === 'judged' && found.allowed === wish.expect
  }
  const after = range.good.position
  const positions = units
    .flatMap((unit) => history.model.changePositions({ unit, after, upTo: range.bad.position }, matters(unit)))
    .toSorted(ascending)
  return search(history, range, { holds, middle: async (low, high) => middleOf(positions, low, high) })
}

/** Any question; every event may be the one. */
export async function bisectBy(history: History, range: Range, holds: Holds): Promise<BisectOutcome> {
  return search(history, range, { holds, middle: (low, high) => middleOfLog(history.log, low, high) })
}

type Search = {
  readonly holds: Holds
  /** A position to try between the two, which may be `high` itself where only that is left; null where none is. */
  readonly middle: (low: Position, high: Position) => Promise<Position | null>
}

async function search(history: History, range: Range, how: Search): Promise<BisectOutcome> {
  const below = (found: Range): Promise<BisectOutcome> => searchLog(history, found, how)
  if (placeOf(range.bad.position) === null) return below(range)
  return bisectBranch(history, range, { holds: how.holds, below })
}

async function searchLog(history: History, { good, bad }: Range, { holds, middle }: Search): Promise<BisectOutcome> {
  if (!(await holds(good.position)))
    return { kind: 'not-between', reason: `it does not hold at ${positionText(good.position)}` }
  if (await holds(bad.position))
    return { kind: 'not-between', reason: `it still holds at ${positionText(bad.position)}` }
  let [low, high, evaluations] = [good.position, bad.position, 2]
  for (;;) {
    const candidate = await middle(low, high)
    if (candidate === null || candidate === high) break
    evaluations += 1
    if (await holds(candidate)) low = candidate
    else high = candidate
  }
  // Between the last event that could matter and `high` nothing did, so the event is the first one after which it fails.
  return { kind: 'turned', turn: await turnAt(history, (await middle(low, high)) ?? high, evaluations) }
}

async function turnAt(history: History, position: Position, evaluations: number): Promise<Turn> {
  const event = await eventAt(history, position)
  const before = await momentBefore(history.log, position)
  if (event === null || before === null) throw new RangeError(`the log has no event at ${position}`)
  const after = { position, recordedAt: event.recordedAt }
  return {
    event: refOf(event),
    cause: await causeOf(history, event),
    command: null,
    changes: [
      ...(await diffMoments(history, { from: before, to: after })),
      ...(event.event.type === 'XdsAcked' ? await publishedBy(history, event.context.cause) : []),
    ],
    before,
    after,
    evaluations,
  }
}

/** What an acknowledgement puts in force stands in the publication that it follows from. */
async function publishedBy(history: History, position: Position | null): Promise<readonly EntityChange[]> {
  const [event, from] =
    position === null ? [null, null] : [await eventAt(history, position), await momentBefore(history.log, position)]
  if (event === null || from === null) return []
  const changes = await diffMoments(history, { from, to: event })
  return changes.filter(({ entity }) => entity.startsWith('xds '))
}

/** The middle one of the positions above `low` and up to `high`; the last of them where only that is left. */
function middleOf(positions: readonly Position[], low: Position, high: Position): Position | null {
  const [start, end] = [upperBound(positions, low), upperBound(positions, high)]
  return start === end ? null : positions[start + Math.floor((end - start - 1) / 2)]!
}

/** The event nearest below the middle, else the next one above it: positions are not dense. */
async function middleOfLog(log: EventLog, low: Position, high: Position): Promise<Position | null> {
  const middle = Position(low + (high - low) / 2n)
  const below = await momentBefore(log, Position(middle + 1n))
  if (below !== null && below.position > low) return below.position
  for await (const [next] of log.readAll({ direction: 'forwards', after: middle, limit: 1 })) {
    return next === undefined || next.position > high ? null : next.position
  }
  return null
}

async function momentBefore(log: EventLog, position: Position): Promise<Moment | null> {
  for await (const [found] of log.readAll({ direction: 'backwards', after: position, limit: 1 })) return found ?? null
  return null
}

/** The endpoints that either party ever was in the range, all nodes, and the identities. */
function relevantUnits({ model }: History, { good, bad }: Range, { from, to }: WhyQuestion): readonly UnitName[] {
  return model.units(bad.position).filter((unit) => {
    const { kind } = unitParts(unit)
    if (kind !== 'endpoint') return kind !== 'policy'
    const versions = model.versions({ unit, entity: 'endpoint', upTo: bad.position, limit: VERSIONS_MAX })
    const last = versions.findIndex(({ position }) => position <= good.position)
    const inRange = last === -1 ? versions : versions.slice(0, last + 1)
    return inRange.some(
      ({ value, position }) => value !== null && isParty(model.entities(unit, position), unit, [from, to]),
    )
  })
}

/** Whether one of the words would mean this endpoint, if it were the only one. */
function isParty(versions: EntityVersions, unit: UnitName, words: readonly string[]): boolean {
  const entities = valuesOf(versions)
  const view = endpointOf(entities)
  if (view === null || view.identity === null) return false
  const { identity, labels } = view
  const own: Entities = new Map([[`identity ${identity}`, { identity, labels }]])
  const world = worldOf([
    { unit, entities },
    { unit: 'identity', entities: own },
  ])
  return words.some((text) => {
    const found = partyOf(world, text, null)
    return found.kind === 'ambiguous' || (found.kind === 'found' && found.party.endpoint !== null)
  })
}

/** An endpoint that was made anew more often in one range is taken as relevant by its last versions. */
const VERSIONS_MAX = 100

/** Of a node what the proxy is told about these endpoints and took of it, identities and prefixes. */
function entityFilter(units: readonly UnitName[]): (unit: UnitName) => (entity: string) => boolean {
  const messages = new Set<string>()
  for (const parts of units.map(unitParts)) {
    if (parts.kind !== 'endpoint') continue
    messages.add(`xds npds ${parts.endpoint}`)
    messages.add(`unacked npds ${parts.endpoint}`)
  }
  return (unit) => (entity) =>
    unitParts(unit).kind !== 'node' ||
    messages.has(entity) ||
    entity.startsWith('ipcache ') ||
    entity.startsWith('identity ')
}

/** Index of the first position above. */
function upperBound(positions: readonly Position[], position: Position): number {
  let [low, high] = [0, positions.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (positions[middle]! <= position) low = middle + 1
    else high = middle
  }
  return low
}
