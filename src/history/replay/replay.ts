/**
 * Does the log come out the same today? Every recorded map write, build and reaction is done again by today's code, in one pass over the log, and the
 * first one that comes out differently is shown with both results.
 *
 * That it comes out the same is evidence that nothing in the engine changed what these policies mean, and no proof for others.
 */
import type { EventOf } from '../../../events/catalogue.ts'
import { decodeEvent } from '../../../events/codec.ts'
import type { EndpointId, NodeName, Position } from '../../../events/ids.ts'
import type { Recorded } from '../../../events/recorded.ts'
import { nodeOfStream } from '../../../projections/world.ts'
import type { EventLog } from '../../ports/log.ts'
import { type Mismatch, mismatch } from './mismatch.ts'
import { type Checked, NodeReplay, positionOf } from './node-replay.ts'

export type ReplayQuestion = {
  readonly log: EventLog
  /** Events that are checked; all before are folded only. */
  readonly from: Position | null
  readonly to: Position | null
  readonly endpoint: EndpointId | null
  /** Whose decisions are made again. */
  readonly nodes: readonly NodeName[]
  /** Called after each batch with the number of events so far. */
  readonly progress?: (events: number) => void
  /** True: the replay goes on as if that had come out as recorded. */
  readonly passes?: (found: Mismatch) => boolean
}

export type Replay = {
  readonly events: number
  readonly nodes: readonly string[]
  readonly checked: Checked
  /** Null: everything came out as recorded. */
  readonly mismatch: Mismatch | null
}

/**
 * A build says which event it read last, and stands further down the log. So many events are looked at ahead; a build that stands further down than
 * that counts as not recomputed. An agent starts a build within milliseconds of reading.
 */
const LOOK_AHEAD_EVENTS = 20_000

type Started = EventOf<'EndpointRegenerationStarted'>

/** Throws `DecodeError`. */
export async function replay(question: ReplayQuestion): Promise<Replay> {
  const run = new Run(question)
  for await (const batch of question.log.readAll({ direction: 'forwards', after: null })) {
    for (const stored of batch) {
      if (question.to !== null && stored.position > question.to) return run.end()
      if (run.see(decodeEvent(stored))) return run.end()
    }
    question.progress?.(run.events)
  }
  return run.end()
}

class Run {
  events = 0
  readonly #question: ReplayQuestion
  readonly #nodes: readonly NodeReplay[]
  /** Events that are seen and not yet folded, oldest first from `#next` on. */
  #ahead: Recorded[] = []
  #next = 0
  /** Of the events ahead, by node and the position that they read. */
  readonly #builds: Map<string, Started[]> = new Map()
  #foldedTo: Position | null = null
  #mismatch: Mismatch | null = null

  constructor(question: ReplayQuestion) {
    this.#question = question
    this.#nodes = question.nodes.map((node) => new NodeReplay(node))
  }

  /** True where a mismatch ends it. */
  see(recorded: Recorded): boolean {
    this.#ahead.push(recorded)
    const { event, stream } = recorded
    if (event.type === 'EndpointRegenerationStarted' && positionOf(event) > (this.#foldedTo ?? -1n)) {
      const key = `${nodeOfStream(stream)} ${positionOf(event)}`
      this.#builds.set(key, [...(this.#builds.get(key) ?? []), event])
    }
    return this.#ahead.length - this.#next > LOOK_AHEAD_EVENTS && this.#foldOne()
  }

  end(): Replay {
    while (this.#mismatch === null && this.#next < this.#ahead.length) this.#foldOne()
    const all = this.#nodes
    const sum = (of: (checked: Checked) => number): number => all.reduce((total, { checked }) => total + of(checked), 0)
    return {
      events: this.events,
      nodes: all.map(({ node }) => node),
      checked: {
        maps: sum(({ maps }) => maps),
        builds: sum(({ builds }) => builds),
        reactions: sum(({ reactions }) => reactions),
        notRecomputed: sum(({ notRecomputed }) => notRecomputed),
      },
      mismatch: this.#mismatch,
    }
  }

  #foldOne(): boolean {
    const recorded = this.#ahead[this.#next]!
    this.#next += 1
    if (this.#next > LOOK_AHEAD_EVENTS) {
      this.#ahead = this.#ahead.slice(this.#next)
      this.#next = 0
    }
    this.events += 1
    this.#foldedTo = recorded.position
    for (const node of this.#nodes) this.#take(node, recorded)
    return this.#mismatch !== null
  }

  #take(node: NodeReplay, recorded: Recorded): void {
    if (this.#mismatch !== null) return
    const key = `${node.node} ${recorded.position}`
    const builds = this.#builds.get(key) ?? []
    this.#builds.delete(key)
    const finding = node.take(recorded, { builds, isChecked: this.#isChecked(recorded) })
    if (finding === null) return
    const found = mismatch(recorded, node.node, finding)
    if (this.#question.passes?.(found) !== true) this.#mismatch = found
  }

  #isChecked({ position, event }: Recorded): boolean {
    const { from, endpoint } = this.#question
    if (from !== null && position < from) return false
    return endpoint === null || !('endpoint' in event) || event.endpoint === endpoint
  }
}
