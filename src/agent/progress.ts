/** A start that folds a long log says how far it is: a silent agent looks like a stuck one. */
import type { Logger } from 'pino'
import type { Position, Timestamp } from '../../events/ids.ts'
import type { Clock } from '../ports/clock.ts'

export type ProgressOptions = {
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Pick<Logger, 'info'>
  /** Where the log ended when it began; null for an empty one. */
  readonly head: Position | null
}

/** Starts that take less say nothing. */
const EVERY_MS = 5_000

export class Progress {
  readonly #options: ProgressOptions
  #saidAt: Timestamp

  constructor(options: ProgressOptions) {
    this.#options = options
    this.#saidAt = options.clock.now()
  }

  folded(position: Position): void {
    const { clock, logger, head } = this.#options
    if (clock.now() - this.#saidAt < EVERY_MS) return
    this.#saidAt = clock.now()
    logger.info({ position: String(position), head: String(head) }, 'reading the log; what was enforced before stays')
  }
}
