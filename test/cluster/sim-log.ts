/** The server of a simulated cluster: one order, sparse positions, and the rule of expected revisions and retries that every log has. */
import type { StoredEvent, UnstoredEvent } from '../../events/codec.ts'
import { Position, type StreamName, StreamRevision, type Timestamp } from '../../events/ids.ts'
import { place } from '../../src/log/placement.ts'
import type { AppendOutcome, StreamAppend } from '../../src/ports/log.ts'

const STEP = 137n

export class SimLog {
  readonly events: StoredEvent[] = []
  readonly #streams: Map<StreamName, StoredEvent[]> = new Map()

  append(batch: readonly StreamAppend[], recordedAt: Timestamp): AppendOutcome {
    const placements = batch.map((append) => place(append, this.#view(append.stream)))
    const conflict = placements.find(({ kind }) => kind === 'conflict')
    if (conflict?.kind === 'conflict') return conflict
    const stored = batch.flatMap(({ stream, events }, index) => {
      const placement = placements[index]!
      if (placement.kind === 'present')
        return this.#stream(stream).slice(placement.first, placement.first + events.length)
      return events.map((event) => this.#store(stream, event, recordedAt))
    })
    return { kind: 'appended', positions: stored.map(({ position }) => position), recordedAt }
  }

  #store(stream: StreamName, event: UnstoredEvent, recordedAt: Timestamp): StoredEvent {
    const standing = this.#stream(stream)
    const position = Position((this.events.at(-1)?.position ?? 0n) + STEP)
    const stored = { ...event, stream, position, revision: StreamRevision(standing.length), recordedAt }
    standing.push(stored)
    this.events.push(stored)
    return stored
  }

  #stream(stream: StreamName): StoredEvent[] {
    const known = this.#streams.get(stream)
    if (known !== undefined) return known
    const fresh: StoredEvent[] = []
    this.#streams.set(stream, fresh)
    return fresh
  }

  #view(stream: StreamName): Parameters<typeof place>[1] {
    const events = this.#stream(stream)
    return {
      head: events.at(-1)?.revision ?? 'no-stream',
      idsFrom: (revision, count) => events.slice(revision, revision + count).map(({ id }) => id),
    }
  }
}
