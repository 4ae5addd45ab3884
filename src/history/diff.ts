/**
 * What is different between two moments. Its cost is that of the change, not of the log: units that no event touched between them are not
 * looked at, and of the others only the entities that changed.
 */
import { Position } from '../../events/ids.ts'
import { type EntityChange, inverted } from '../../projections/history/changes.ts'
import type { UnitName } from '../../projections/history/entities.ts'
import type { History } from './history.ts'
import type { Moment } from './position.ts'

/** Null is the empty log. */
export type DiffQuestion = {
  readonly from: Moment | null
  readonly to: Moment | null
  /** Only units for which this is true; all where left out. */
  readonly units?: (unit: UnitName) => boolean
}

const BEFORE_EVERYTHING = Position(0n)

/** In order of unit and entity. `from` may be after `to`. */
export async function diffMoments(history: History, question: DiffQuestion): Promise<readonly EntityChange[]> {
  const [from, to] = [question.from?.position ?? BEFORE_EVERYTHING, question.to?.position ?? BEFORE_EVERYTHING]
  if (from > to) return inverted(await diffMoments(history, { ...question, from: question.to, to: question.from }))
  const wanted = question.units ?? (() => true)
  const { model } = history
  const units = model.touched({ after: from, upTo: to }).filter(wanted).toSorted()
  return units.flatMap((unit) => {
    const range = { unit, after: from, upTo: to }
    return model.changes(range).map((difference) => ({ unit, ...difference }))
  })
}
