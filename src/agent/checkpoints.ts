/**
 * Where an agent begins: after the last checkpoint of its folds (not one of those that are signed) that it or an earlier agent of the node has left beside the log, or at the first event.
 *
 * A checkpoint counts only where it is of these folds and where its last event stands at its position: then everything before it is what was folded.
 * It is written from a state that nobody changes any more, a piece at a time, so the agent goes on meanwhile; and so seldom that the log has grown
 * at least as much as is written.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from 'pino'
import { decodeContext } from '../../events/codec.ts'
import { type CorrelationId, type EventId, type NodeName, Position } from '../../events/ids.ts'
import type { EventLog } from '../ports/log.ts'
import type { SavedState, SavedStates } from '../ports/saved-states.ts'
import { checkpointFold, checkpointFrom, checkpointPieces } from './checkpoint.ts'
import { CORRELATIONS_MAX, type View } from './view.ts'

export type CheckpointOptions = {
  readonly node: NodeName
  readonly log: EventLog
  readonly view: View
  readonly states: SavedStates
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Between two checkpoints, at least. */
  readonly everyEvents: number
}

/** Of an event on the log, about: what is written is held against it. */
const EVENT_BYTES = 500
/** A long way to the end of the log is not made longer; but who is ended on it, by a watchdog or a full memory, gets further the next time. */
const CATCHING_UP = 10
/** Characters after which the event loop gets its turn: a millisecond of work. */
const TURN_CHARACTERS = 65_536

export class Checkpoints {
  readonly #options: CheckpointOptions
  /** Events folded since the last checkpoint, or since the start. */
  #since = 0
  /** Of the last checkpoint, in characters. */
  #size = 0
  #saving: Promise<void> | null = null

  constructor(options: CheckpointOptions) {
    this.#options = options
  }

  /** Takes the view to the last checkpoint; gives its position, null where there is none that counts. */
  async restore(): Promise<Position | null> {
    const { node, view, states, logger } = this.#options
    const saved = states.load(nameOf(node))
    if (saved === null) return null
    if (saved.fold !== checkpointFold(node)) {
      logger.info({ position: saved.at }, 'the saved state is of another version; every event is folded')
      return null
    }
    const position = Position(BigInt(saved.at))
    const recent = await this.#recent(position)
    if (recent?.event !== saved.event) {
      logger.warn({ position: saved.at }, 'the saved state is of another log or another past; every event is folded')
      return null
    }
    const folded = this.#decoded(saved)
    if (folded === null) return null
    this.#size = saved.pieces.reduce((sum, { length }) => sum + length, 0)
    view.restore(folded, { position, event: saved.event }, recent.correlations)
    logger.info({ position: saved.at }, 'begins at the state that an earlier agent has saved')
    return position
  }

  /** After events were folded; `following` once the log was folded to its end. */
  folded(count: number, following: boolean): void {
    this.#since += count
    const { everyEvents, signal } = this.#options
    const grown = Math.max(everyEvents, this.#size / EVENT_BYTES) * (following ? 1 : CATCHING_UP)
    if (this.#since < grown || this.#saving !== null || signal.aborted) return
    this.#saving = this.#save().finally(() => {
      this.#saving = null
    })
  }

  /** Before the end: what was folded since the last one, where that is worth it. */
  async last(): Promise<void> {
    await this.#saving
    if (this.#since >= this.#options.everyEvents / 10) await this.#save()
  }

  async #save(): Promise<void> {
    const { node, view, states, logger } = this.#options
    const { mark, folded } = view.snapshot()
    if (mark === null) return
    this.#since = 0
    let size = 0
    const counted = async function* (this: Checkpoints): AsyncGenerator<string> {
      let since = 0
      for (const piece of checkpointPieces(folded)) {
        size += piece.length
        since += piece.length
        yield piece
        if (since < TURN_CHARACTERS) continue
        since = 0
        await nextTurn()
        this.#options.signal.throwIfAborted()
      }
    }
    try {
      const at = String(mark.position)
      const saved = await states.save(
        nameOf(node),
        { fold: checkpointFold(node), event: mark.event, at },
        counted.call(this),
      )
      if (saved) this.#size = size
    } catch (error) {
      if (!this.#options.signal.aborted) logger.warn({ err: error }, 'the state could not be saved')
    }
  }

  /** A checkpoint that cannot be read costs time, and not the node its agent. */
  #decoded({ pieces, at }: SavedState): ReturnType<typeof checkpointFrom> | null {
    try {
      return checkpointFrom(pieces)
    } catch (error) {
      this.#options.logger.warn({ position: at, err: error }, 'the saved state cannot be read; every event is folded')
      return null
    }
  }

  /** The event at exactly this position, and to which story it and those before it belong; null where none stands there. */
  async #recent(
    position: Position,
  ): Promise<{ readonly event: EventId; readonly correlations: ReadonlyMap<Position, CorrelationId> } | null> {
    const correlations = new Map<Position, CorrelationId>()
    let event: EventId | null = null
    const after = Position(position + 1n)
    for await (const batch of this.#options.log.readAll({ direction: 'backwards', after, limit: CORRELATIONS_MAX })) {
      if (event === null && batch[0]?.position !== position) return null
      event ??= batch[0]!.id
      for (const stored of batch) correlations.set(stored.position, decodeContext(stored).correlation)
    }
    return event === null ? null : { event, correlations }
  }
}

function nameOf(node: NodeName): string {
  return `agent ${node}`
}
