/**
 * A capsule as a file: gzipped lines of JSON. The first line says what it is, then come the events that the state at its start follows from, the
 * events of the range, the flows, and last the digest of all lines before.
 *
 * Lines of text and not a database: a capsule comes from somewhere else, and text brings no schema, triggers or pages of its own that would have to be
 * trusted; it is a tenth of the size; and `zcat` and `jq` read it. The price is that it is held in memory while it is read.
 */
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { StoredEvent } from '../../../events/codec.ts'
import { Digest, EventId, Position, StreamName, StreamRevision, Timestamp } from '../../../events/ids.ts'
import type { Flow } from '../../ports/flows.ts'

const FORMAT = 1

export type CapsuleHeader = {
  /** Of the program that wrote it. */
  readonly engine: string
  readonly projection: string
  readonly from: { readonly position: string; readonly time: number }
  readonly to: { readonly position: string; readonly time: number }
  /** Of the state at both ends (state.ts). */
  readonly stateAtStart: Digest
  readonly stateAtEnd: Digest
  /** Flows of the range, and whether there were more than fit. */
  readonly flows: { readonly node: string; readonly count: number; readonly whole: boolean } | null
}

export type Capsule = {
  readonly header: CapsuleHeader
  /** In order: those up to `from`, then those after it. */
  readonly events: readonly StoredEvent[]
  readonly flows: readonly Flow[]
}

/** A file that is none, or that was changed. */
export class CapsuleError extends Error {
  override readonly name = 'CapsuleError'
  readonly code: 'capsule-not-one' | 'capsule-newer' | 'capsule-changed' | 'capsule-not-renamed'

  constructor(code: CapsuleError['code'], reason: string, options?: ErrorOptions) {
    super(`${code}: ${reason}`, options)
    this.code = code
  }
}

/** A range, not a log: 2 GiB of text. */
const TEXT_MAX = 2 ** 31 - 1

export function capsuleBytes({ header, events, flows }: Capsule): Buffer {
  const lines = [
    JSON.stringify({ hindcastCapsule: FORMAT, ...header, events: events.length, flowLines: flows.length }),
    ...events.map(eventLine),
    ...flows.map((flow) => JSON.stringify(flow)),
  ]
  const text = lines.map((line) => `${line}\n`).join('')
  return gzipSync(`${text}${JSON.stringify({ digest: digestOfLines(text) })}\n`, { level: 9 })
}

/** Throws `CapsuleError`. */
export function readCapsule(bytes: Uint8Array): Capsule {
  const text = unzipped(bytes)
  const end = text.lastIndexOf('\n', text.length - 2) + 1
  const lines = text.slice(0, end).split('\n').slice(0, -1)
  const head = headOf(lines[0] ?? '')
  const last = parsed(text.slice(end)) as { readonly digest?: unknown }
  const digest = digestOfLines(text.slice(0, end))
  if (last.digest !== digest) throw new CapsuleError('capsule-changed', `its lines have ${digest}, not ${last.digest}`)
  const { hindcastCapsule: _, events, flowLines, ...header } = head
  if (lines.length !== 1 + events + flowLines) throw new CapsuleError('capsule-changed', 'lines are missing')
  return {
    header,
    events: lines.slice(1, 1 + events).map(eventOfLine),
    flows: lines.slice(1 + events).map((line) => parsed(line) as Flow),
  }
}

type Head = CapsuleHeader & {
  readonly hindcastCapsule: number
  readonly events: number
  readonly flowLines: number
}

function headOf(line: string): Head {
  const head = parsed(line) as Partial<Head>
  if (head.hindcastCapsule === undefined) throw new CapsuleError('capsule-not-one', 'the first line is not that of one')
  if (head.hindcastCapsule === FORMAT) return head as Head
  throw new CapsuleError('capsule-newer', `its form is ${head.hindcastCapsule}; this program reads ${FORMAT}`)
}

function unzipped(bytes: Uint8Array): string {
  try {
    return gunzipSync(bytes, { maxOutputLength: TEXT_MAX }).toString('utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CapsuleError('capsule-not-one', `not gzip: ${reason}`, { cause: error })
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new CapsuleError('capsule-changed', `a line is not JSON: ${line.slice(0, 60)}`, { cause: error })
  }
}

function eventLine({ position, stream, revision, recordedAt, id, type, v, body, meta }: StoredEvent): string {
  return JSON.stringify([String(position), stream, revision, recordedAt, id, type, v, body, meta])
}

function eventOfLine(line: string): StoredEvent {
  const found = parsed(line)
  if (!Array.isArray(found) || found.length !== 9)
    throw new CapsuleError('capsule-changed', 'an event has other fields')
  const [position, stream, revision, recordedAt, id, type, v, body, meta] = found
  return {
    position: Position(BigInt(position)),
    stream: StreamName(stream),
    revision: StreamRevision(revision),
    recordedAt: Timestamp(recordedAt),
    id: EventId(id),
    ...{ type, v, body, meta },
  }
}

function digestOfLines(text: string): Digest {
  return Digest(`sha256:${createHash('sha256').update(text).digest('hex')}`)
}
