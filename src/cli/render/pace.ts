/** How fast a long reading of the log goes, and how long it may still take. */
import type { Position } from '../../../events/ids.ts'

export type Pace = {
  readonly events: number
  readonly elapsedMs: number
  /** Where the reading is and where it began and will end; positions are not dense, so the rest is an estimate. */
  readonly position: Position
  readonly first: Position
  readonly last: Position
}

/** `300000 events replayed, 71000 events/s, about 140 s to go`; the rest only where a person watches. */
export function paceLine(
  verb: string,
  { events, elapsedMs, position, first, last }: Pace,
  { isWatched }: { readonly isWatched: boolean },
): string {
  const rate = `${events} events ${verb}, ${Math.round((events / Math.max(1, elapsedMs)) * 1_000)} events/s`
  const done = Number(position - first)
  if (!isWatched || done <= 0) return `${rate}\n`
  const leftMs = (elapsedMs / done) * Number(last > position ? last - position : 0n)
  return `${rate}, about ${Math.ceil(leftMs / 1_000)} s to go\n`
}
