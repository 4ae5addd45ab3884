/**
 * Where an append would go: the rule of expected revisions and retries, the same for every adapter.
 *
 * A retry carries the ids of the first try. Where those ids already stand at the place that the append names, it is answered as the
 * first was, so that an append whose answer was lost never doubles an event.
 */
import type { EventId, StreamName, StreamRevision } from '../../events/ids.ts'
import type { StreamAppend } from '../ports/log.ts'

export type Placement =
  | { readonly kind: 'free'; readonly first: number }
  /** The same events are there already, from this revision on. */
  | { readonly kind: 'present'; readonly first: number }
  | { readonly kind: 'conflict'; readonly stream: StreamName; readonly actual: StreamRevision | 'no-stream' }

export type StreamView = {
  readonly head: StreamRevision | 'no-stream'
  /** Ids of the stream's events from a revision on, at most `count`. */
  readonly idsFrom: (revision: number, count: number) => readonly EventId[]
}

export function place({ stream, expected, events }: StreamAppend, { head, idsFrom }: StreamView): Placement {
  const next = head === 'no-stream' ? 0 : head + 1
  const wanted = expected === 'any' ? next : expected === 'no-stream' ? 0 : expected + 1
  const retriedAt = expected === 'any' ? Math.max(0, next - events.length) : wanted
  const standing = head === 'no-stream' ? [] : idsFrom(retriedAt, events.length)
  if (standing.length === events.length && events.every(({ id }, index) => id === standing[index])) {
    return { kind: 'present', first: retriedAt }
  }
  return wanted === next ? { kind: 'free', first: next } : { kind: 'conflict', stream, actual: head }
}

/** Throws `TypeError`: an empty batch, an empty stream append and a stream named twice are bugs of the caller. */
export function checkBatch(batch: readonly StreamAppend[]): void {
  if (batch.length === 0) throw new TypeError('an append needs at least one stream')
  const streams = new Set(batch.map(({ stream }) => stream))
  if (streams.size < batch.length) throw new TypeError('an append names each stream once')
  const empty = batch.find(({ events }) => events.length === 0)
  if (empty !== undefined) throw new TypeError(`an append to ${empty.stream} needs at least one event`)
}
