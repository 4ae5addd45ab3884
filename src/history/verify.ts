/**
 * Has anyone touched the history? One pass over the log recomputes the tree over all events and compares it with every checkpoint at hand.
 *
 * What it sees without a checkpoint: events out of order, times that go back, gaps in a stream. What needs one: a changed body, an event put
 * in or taken out at the end of a stream, a log rewritten as a whole. A log that was cut off is seen by a checkpoint kept elsewhere.
 */
import type { StoredEvent } from '../../events/codec.ts'
import type { Position, StreamName, Timestamp } from '../../events/ids.ts'
import type { EventLog } from '../ports/log.ts'
import { type Checkpoint, originOf } from './checkpoint/checkpoint.ts'
import { eventLeaf, isOneLineEach } from './merkle/leaf.ts'
import { CompactRange, hashText } from './merkle/tree.ts'
import { isoTime } from './position.ts'

export type IntegrityCode =
  | 'position-order'
  | 'time-order'
  | 'revision-gap'
  | 'not-canonical'
  | 'root-differs'
  | 'cut-off'
  | 'other-log'
export type IntegrityProblem = {
  readonly code: IntegrityCode
  readonly position: string | null
  readonly reason: string
}

/** `name` says where the checkpoint came from: a file. */
export type NamedCheckpoint = { readonly name: string; readonly checkpoint: Checkpoint }

export type Verification = {
  readonly origin: string | null
  readonly events: number
  readonly position: string | null
  readonly time: string | null
  /** Base64, as in a checkpoint. */
  readonly root: string
  readonly checkpoints: readonly { readonly name: string; readonly size: number; readonly holds: boolean }[]
  readonly problems: readonly IntegrityProblem[]
  /** Problems beyond `PROBLEMS_MAX`. */
  readonly furtherProblems: number
}

export type VerifyQuestion = {
  readonly log: EventLog
  readonly checkpoints: readonly NamedCheckpoint[]
  /** Called after each batch with the number of events so far. */
  readonly progress?: (events: number) => void
}

/** A log that someone rewrote would fill the screen; the first problems say where. */
const PROBLEMS_MAX = 100

export async function verifyLog({ log, checkpoints, progress }: VerifyQuestion): Promise<Verification> {
  const pass = new Pass(checkpoints)
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) {
    for (const stored of batch) pass.take(stored)
    progress?.(pass.tree.size)
  }
  return pass.end()
}

class Pass {
  readonly tree: CompactRange = new CompactRange()
  readonly #waiting: NamedCheckpoint[]
  readonly #results: { name: string; size: number; holds: boolean }[] = []
  readonly #revisions: Map<StreamName, number> = new Map()
  readonly #problems: IntegrityProblem[] = []
  #further = 0
  #origin: string | null = null
  #last: { readonly position: Position; readonly recordedAt: Timestamp } | null = null
  /** Where the tree last agreed with a checkpoint: what differs was changed after it. */
  #agreed: Position | null = null

  constructor(checkpoints: readonly NamedCheckpoint[]) {
    this.#waiting = checkpoints.toSorted((a, b) => a.checkpoint.size - b.checkpoint.size)
  }

  take(stored: StoredEvent): void {
    this.#origin ??= originOf(stored.id)
    this.#checkOrder(stored)
    this.tree.append(eventLeaf(stored))
    this.#last = stored
    while (this.#waiting[0]?.checkpoint.size === this.tree.size) this.#compare(this.#waiting.shift()!)
  }

  end(): Verification {
    for (const named of this.#waiting.splice(0)) {
      const { size, position, time } = named.checkpoint
      this.#answer(named, {
        code: 'cut-off',
        position: null,
        reason: `${named.name} was signed over ${size} events up to position ${position}, ${time}; there are ${this.tree.size}`,
      })
    }
    return {
      origin: this.#origin,
      events: this.tree.size,
      position: this.#last === null ? null : String(this.#last.position),
      time: this.#last === null ? null : isoTime(this.#last.recordedAt),
      root: hashText(this.tree.root()),
      checkpoints: this.#results,
      problems: this.#problems,
      furtherProblems: this.#further,
    }
  }

  #checkOrder(stored: StoredEvent): void {
    const { position, recordedAt, stream, revision } = stored
    if (this.#last !== null && position <= this.#last.position) {
      this.#report('position-order', position, `position ${position} stands after ${this.#last.position}`)
    }
    if (this.#last !== null && recordedAt < this.#last.recordedAt) {
      this.#report(
        'time-order',
        position,
        `recorded at ${isoTime(recordedAt)}, after ${isoTime(this.#last.recordedAt)}`,
      )
    }
    const expected = (this.#revisions.get(stream) ?? -1) + 1
    if (revision !== expected) {
      this.#report('revision-gap', position, `revision ${revision} of ${stream} stands where ${expected} belongs`)
    }
    this.#revisions.set(stream, revision)
    if (!isOneLineEach(stored)) this.#report('not-canonical', position, 'body or metadata holds a line break')
  }

  #compare(named: NamedCheckpoint): void {
    const { checkpoint, name } = named
    const position = this.#last!.position
    if (checkpoint.origin !== this.#origin) {
      this.#answer(named, {
        code: 'other-log',
        position: null,
        reason: `${name} is of ${checkpoint.origin}; this log is ${this.#origin}`,
      })
    } else if (checkpoint.root !== this.tree.root() || checkpoint.position !== position) {
      const since = this.#agreed === null ? 'its beginning' : `position ${this.#agreed}`
      this.#answer(named, {
        code: 'root-differs',
        position: String(position),
        reason: `the first ${checkpoint.size} events are not those of ${name}; changed after ${since}, at or before ${checkpoint.position}`,
      })
    } else {
      this.#agreed = position
      this.#results.push({ name, size: checkpoint.size, holds: true })
    }
  }

  #answer({ name, checkpoint }: NamedCheckpoint, { code, position, reason }: IntegrityProblem): void {
    this.#results.push({ name, size: checkpoint.size, holds: false })
    this.#add({ code, position, reason })
  }

  #report(code: IntegrityCode, position: Position, reason: string): void {
    this.#add({ code, position: String(position), reason })
  }

  #add(problem: IntegrityProblem): void {
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(problem)
    else this.#further += 1
  }
}
