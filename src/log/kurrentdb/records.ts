/**
 * Events as KurrentDB keeps them, readable in its own page: the body is the JSON document, the metadata holds strings only (the server's append
 * over several streams takes no others).
 *
 * | metadata | |
 * |---|---|
 * | `v` | version of the event's shape |
 * | `batch` | `<index>/<size>` in its append: a reader waits for the whole |
 * | `recordedAt` | of a copied event only: when it was recorded on the log that it was copied from, in milliseconds since 1970 |
 * | `context` | actor, source, correlation and cause as canonical text |
 * | `$correlationId`, `$causationId` | as the server's own tools expect them |
 */
import { canonicalText } from '../../../events/canonical.ts'
import type { StoredEvent, UnstoredEvent } from '../../../events/codec.ts'
import { type EventId, type Position, StreamName, type StreamRevision, Timestamp } from '../../../events/ids.ts'
import type { Json } from '../../../events/schema.ts'
import { type Copied, LogError } from '../../ports/log.ts'

/** What the client gives for a record; only what is read here. */
export type KurrentRecord = {
  readonly streamId: string
  readonly id: string
  readonly revision: bigint
  readonly type: string
  readonly data: unknown
  readonly metadata?: unknown
  readonly isJson: boolean
  readonly created: Date
  readonly position?: ServerPosition | undefined
}

/** Byte offsets in the server's log; only ever compared. */
export type ServerPosition = { readonly commit: bigint; readonly prepare: bigint }

/** A record as the local copy takes it, before it has a position there. */
export type MirrorRecord = Omit<StoredEvent, 'position' | 'recordedAt'> & {
  readonly server: ServerPosition
  readonly created: Timestamp
  readonly batch: { readonly index: number; readonly size: number }
}

export type Batch = { readonly index: number; readonly size: number }

export function metadataOf(
  { v, meta }: UnstoredEvent,
  { index, size, copied }: Batch & { readonly copied: Copied | undefined },
  causeId: EventId | null,
): Record<string, string> {
  const { correlation } = JSON.parse(meta) as { readonly correlation?: string }
  return {
    v: String(v),
    batch: `${index}/${size}`,
    context: meta,
    ...(copied === undefined ? {} : { recordedAt: String(copied.recordedAt) }),
    ...(correlation === undefined ? {} : { $correlationId: correlation }),
    ...(causeId === null ? {} : { $causationId: causeId }),
  }
}

/** The position in `meta` that the event names as its cause; null where there is none. */
export function causeOf({ meta }: UnstoredEvent): Position | null {
  const { cause } = JSON.parse(meta) as { readonly cause?: string | null }
  return cause === undefined || cause === null ? null : (BigInt(cause) as Position)
}

/**
 * Throws `LogError` where somebody else has written into our streams: such a record is named and stops the reader, because whatever followed
 * from leaving it out would not be what the log says.
 */
export function mirrorRecord(record: KurrentRecord, prefix: string): MirrorRecord {
  const { streamId, id, revision, type, data, isJson, created, position } = record
  const metadata = record.metadata as Readonly<Record<string, unknown>> | undefined
  const where = `record ${id} at revision ${revision} of ${streamId}`
  const { v, batch, context } = metadata ?? {}
  const [index, size] = typeof batch === 'string' ? batch.split('/').map(Number) : []
  if (!isJson || typeof v !== 'string' || typeof context !== 'string' || index === undefined || size === undefined) {
    throw new LogError('log-corrupt', `${where} was not written by Hindcast: its metadata lacks v, batch or context`)
  }
  if (position === undefined) throw new LogError('log-corrupt', `${where} came without a position`)
  return {
    stream: streamOf(streamId, prefix, where),
    revision: Number(revision) as StreamRevision,
    id: id as EventId,
    type,
    v: Number(v),
    body: bodyText(data as Json),
    meta: context,
    server: position,
    created: timeOf(metadata, created, where),
    batch: { index, size },
  }
}

/**
 * The body's canonical text. It was written as such and parsing keeps the order of keys, but for keys that look like numbers: those come first,
 * whatever their place was.
 */
function bodyText(data: Json): string {
  const text = JSON.stringify(data)
  return NUMBER_AS_KEY.test(text) ? canonicalText(data) : text
}

const NUMBER_AS_KEY = /"[0-9]+":/

function timeOf(metadata: KurrentRecord['metadata'], created: Date, where: string): Timestamp {
  const { recordedAt } = (metadata ?? {}) as { readonly recordedAt?: unknown }
  if (recordedAt === undefined) return created.getTime() as Timestamp
  try {
    return Timestamp(Number(recordedAt))
  } catch (error) {
    throw new LogError('log-corrupt', `${where}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function streamOf(streamId: string, prefix: string, where: string): StreamName {
  try {
    return StreamName(streamId.slice(prefix.length + 1))
  } catch (error) {
    throw new LogError('log-corrupt', `${where}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
