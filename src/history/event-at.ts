/** One event of the log, for showing, and what it followed from. */
import { decodeEvent } from '../../events/codec.ts'
import type { Position } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { History } from './history.ts'
import { isoTime } from './position.ts'

/** An event for people: where, when, who. */
export type EventRef = {
  readonly position: string
  readonly time: string
  readonly type: string
  readonly actor: string
  readonly source: string
}

/** Longer than any chain that the agent makes; a loop in a damaged log ends here. */
const CAUSES_MAX = 16

/** Up the chain of causes to the first event that is not the agent's; null where the write has no cause. */
export async function causeOf(history: Pick<History, 'log'>, written: Recorded): Promise<EventRef | null> {
  let current = written
  for (let step = 0; step < CAUSES_MAX; step += 1) {
    const { cause } = current.context
    const found = cause === null || cause >= current.position ? null : await eventAt(history, cause)
    if (found === null) break
    current = found
    if (found.context.actor.kind !== 'agent') break
  }
  return current === written ? null : refOf(current)
}

export async function eventAt({ log }: Pick<History, 'log'>, position: Position): Promise<Recorded | null> {
  const after = (position + 1n) as Position
  for await (const [stored] of log.readAll({ direction: 'backwards', after, limit: 1 })) {
    return stored?.position === position ? decodeEvent(stored) : null
  }
  return null
}

export function refOf({ position, recordedAt, event, context }: Recorded): EventRef {
  const { actor, source } = context
  return {
    position: String(position),
    time: isoTime(recordedAt),
    type: event.type,
    actor: `${actor.kind} ${actor.name}`,
    source: source.detail === '' ? source.kind : `${source.kind} ${source.detail}`,
  }
}
