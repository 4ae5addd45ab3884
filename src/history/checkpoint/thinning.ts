/** Which of an agent's checkpoints may go: they narrow down a change, and what is long ago need not be narrowed down to minutes. */
import type { NamedCheckpoint } from './checkpoint.ts'

const DAY_MS = 86_400_000
/** Of the days before the last one, the last checkpoint of each: close to three years. */
const DAYS_MAX = 1_000

/** All of the last 24 hours stay, and of each day (UTC) before that the last one. `checkpoints` in the order of their size; `nowMs` since 1970. */
export function superfluous(checkpoints: readonly NamedCheckpoint[], nowMs: number): readonly string[] {
  const old = checkpoints.filter(({ checkpoint }) => timeOf(checkpoint) <= nowMs - DAY_MS)
  const lastOfDay = new Map(old.map(({ name, checkpoint }) => [dayOf(checkpoint), name]))
  const kept = new Set([...lastOfDay.values()].slice(-DAYS_MAX))
  return old.map(({ name }) => name).filter((name) => !kept.has(name))
}

function timeOf({ time }: NamedCheckpoint['checkpoint']): number {
  return Date.parse(time)
}

function dayOf(checkpoint: NamedCheckpoint['checkpoint']): number {
  return Math.floor(timeOf(checkpoint) / DAY_MS)
}
