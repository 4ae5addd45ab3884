/**
 * Does the log come out the same today? Every recorded map write, build and reaction is done again by today's code, in one pass over the log, and the
 * first one that comes out differently is shown with both results.
 *
 * That it comes out the same is evidence that nothing in the engine changed what these policies mean, and no proof for others.
 */
import type { EventOf, HindcastEvent } from '../../../events/catalogue.ts'
import { decodeBody, type StoredEvent, withBody } from '../../../events/codec.ts'
import type { EndpointId, NodeName, Position } from '../../../events/ids.ts'
import type { Recorded } from '../../../events/recorded.ts'
import { nodeOfStream } from '../../../projections/world.ts'
import type { EventLog } from '../../ports/log.ts'
import type { ReadModel } from '../../ports/read-model.ts'
import { type Mismatch, mismatch } from './mismatch.ts'
import { type Checked, NodeReplay, positionOf } from './node-replay.ts'
import type { EngineOf } from './replayed-engine.ts'
import { type ReplayStart, startBefore } from './start.ts'

export type ReplayQuestion = {
  readonly log: EventLog
  /** Events that are checked; those before are folded only. */
  readonly from: Position | null
  /** With it, what stands long before `from` is not read: the state of then is taken from here (start.ts). */
  readonly model?: ReadModel
  /** Events that are folded before `from`; for tests. */
  readonly lead?: number
  readonly to: Position | null
  readonly endpoint: EndpointId | null
  /** Whose decisions are made again. */
  readonly nodes: readonly NodeName[]
  /** Called after each batch with the number of events so far and where that is. */
  readonly progress?: (events: number, position: Position) => void
  /** Whose results are compared with the recorded ones; today's engine where left out. */
  readonly engineOf?: EngineOf
  /** True: the replay goes on as if that had come out as recorded. */
  readonly passes?: (found: Mismatch) => boolean
}

export type Replay = {
  /** Read, and folded. */
  readonly events: number
  /** The position whose state was taken from the read model; null: from the first event on everything was folded. */
  readonly startedAfter: string | null
  readonly nodes: readonly string[]
  readonly checked: Checked
  /** Null: everything came out as recorded. */
  readonly mismatch: Mismatch | null
}

/**
 * A build says which event it read last, and stands further down the log. So many events are looked at ahead; a build that stands further down than
 * that counts as not recomputed. An agent starts a build within milliseconds of reading. Four times as many took half as much memory again.
 */
const LOOK_AHEAD_EVENTS = 5_000

/** Between the state of the read model and the part that is checked: enough for whatever was under way to come to its end. */
const LEAD_EVENTS = 20_000

type Started = EventOf<'EndpointRegenerationStarted'>

/** Throws `DecodeError`. */
export async function replay(question: ReplayQuestion): Promise<Replay> {
  const { log, model, from, to, nodes, lead = LEAD_EVENTS, progress } = question
  const start = model === undefined || from === null ? null : await startBefore({ log, model, from, nodes, lead })
  const run = new Run(question, start)
  for await (const batch of log.readAll({ direction: 'forwards', after: start?.after ?? null })) {
    for (const stored of batch) {
      if (to !== null && stored.position > to) return run.end()
      if (run.see(stored)) return run.end()
    }
    const last = batch.at(-1)
    if (last !== undefined) progress?.(run.events, last.position)
  }
  return run.end()
}

class Run {
  events = 0
  readonly #question: ReplayQuestion
  readonly #nodes: readonly NodeReplay[]
  readonly #start: ReplayStart | null
  /** Events that are seen and not yet folded, oldest first from `#next` on; as text, because there are many of them. */
  #ahead: StoredEvent[] = []
  #next = 0
  /** Builds among the events ahead, which are decoded already, by position. */
  readonly #started: Map<Position, Started> = new Map()
  /** Of the events ahead, by node and the position that they read. */
  readonly #builds: Map<string, Started[]> = new Map()
  #foldedTo: Position | null = null
  #mismatch: Mismatch | null = null

  constructor(question: ReplayQuestion, start: ReplayStart | null) {
    this.#question = question
    this.#start = start
    this.#foldedTo = start?.after ?? null
    this.#nodes = question.nodes.map((node) => new NodeReplay(node, start?.nodes.get(node) ?? null, question.engineOf))
  }

  /** True where a mismatch ends it. */
  see(stored: StoredEvent): boolean {
    this.#ahead.push(stored)
    if (stored.type === 'EndpointRegenerationStarted') this.#seeBuild(stored)
    return this.#ahead.length - this.#next > LOOK_AHEAD_EVENTS && this.#foldOne()
  }

  #seeBuild(stored: StoredEvent): void {
    const event = decodeBody(stored)
    if (event.type !== 'EndpointRegenerationStarted') return
    this.#started.set(stored.position, event)
    if (positionOf(event) <= (this.#foldedTo ?? -1n)) return
    const owner = nodeOfStream(stored.stream)
    if (!this.#nodes.some(({ node }) => node === owner)) return
    const key = `${owner} ${positionOf(event)}`
    const known = this.#builds.get(key)
    if (known === undefined) this.#builds.set(key, [event])
    else known.push(event)
  }

  end(): Replay {
    while (this.#mismatch === null && this.#next < this.#ahead.length) this.#foldOne()
    const all = this.#nodes
    const sum = (of: (checked: Checked) => number): number => all.reduce((total, { checked }) => total + of(checked), 0)
    return {
      events: this.events,
      startedAfter: this.#start === null || this.#start.after === null ? null : String(this.#start.after),
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
    const stored = this.#ahead[this.#next]!
    const recorded = new Lazily(stored, this.#started.get(stored.position) ?? decodeBody(stored))
    this.#started.delete(stored.position)
    this.#next += 1
    if (this.#next > LOOK_AHEAD_EVENTS) {
      this.#ahead = this.#ahead.slice(this.#next)
      this.#next = 0
    }
    this.events += 1
    this.#foldedTo = recorded.position
    const owner = nodeOfStream(recorded.stream)
    for (const node of this.#nodes) this.#take(node, recorded, owner)
    return this.#mismatch !== null
  }

  #take(node: NodeReplay, recorded: Recorded, owner: string | null): void {
    if (this.#mismatch !== null) return
    const isChecked = this.#isChecked(recorded)
    const finding = concerns(recorded, owner, node) ? node.take(recorded, isChecked) : null
    // Whatever event it was, builds may have read the log up to it.
    const builds = this.#builds.size === 0 ? undefined : this.#builds.get(`${node.node} ${recorded.position}`)
    if (builds !== undefined) {
      this.#builds.delete(`${node.node} ${recorded.position}`)
      for (const started of builds) node.resolve(started)
    }
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

/** Who did it and why is read only where somebody asks: a third of the work of decoding. */
class Lazily implements Recorded {
  readonly position: Recorded['position']
  readonly stream: Recorded['stream']
  readonly revision: Recorded['revision']
  readonly recordedAt: Recorded['recordedAt']
  readonly id: Recorded['id']
  readonly event: HindcastEvent
  readonly #stored: StoredEvent

  constructor(stored: StoredEvent, event: HindcastEvent) {
    this.position = stored.position
    this.stream = stored.stream
    this.revision = stored.revision
    this.recordedAt = stored.recordedAt
    this.id = stored.id
    this.event = event
    this.#stored = stored
  }

  get context(): Recorded['context'] {
    return withBody(this.#stored, this.event).context
  }
}

/** Of other nodes only who their endpoints are. */
function concerns({ event }: Recorded, owner: string | null, { node }: NodeReplay): boolean {
  return owner === null || owner === node || event.type === 'EndpointCreated' || event.type === 'EndpointDeleted'
}
