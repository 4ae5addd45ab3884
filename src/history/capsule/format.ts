/**
 * A capsule as a file: gzipped lines of JSON. The first line says what it is, then come the events that the state at its start follows from, the
 * events of the range, the flows, and last the digest of all lines before.
 *
 * Lines of text and not a database: a capsule comes from somewhere else, and text brings no schema, triggers or pages of its own that would have to be
 * trusted; it is a tenth of the size; and `zcat` and `jq` read it. The price is that it is held in memory while it is read.
 */
import { createHash } from 'node:crypto'
import type { StoredEvent } from '../../../events/codec.ts'
import { digest as digestField } from '../../../events/fields.ts'
import { Digest, EventId, Position, StreamName, StreamRevision, Timestamp } from '../../../events/ids.ts'
import { flag, integer, orNull, positionText, record, type SchemaProblem, text } from '../../../events/schema.ts'
import type { Flow } from '../../ports/flows.ts'
import { CapsuleError } from './capsule-error.ts'
import { type CapsuleOrigin, capsuleOrigin } from './origin.ts'
import { packedLines, unpackedLines } from './packed-lines.ts'

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
  /** What its events after `from` are proved by; null where nothing does. */
  readonly origin: CapsuleOrigin | null
}

const end = record({ position: positionText, time: integer })
const head = record({
  hindcastCapsule: integer,
  engine: text,
  projection: text,
  from: end,
  to: end,
  stateAtStart: digestField,
  stateAtEnd: digestField,
  flows: orNull(record({ node: text, count: integer, whole: flag })),
  origin: orNull(capsuleOrigin),
  events: integer,
  flowLines: integer,
})

export type Capsule = {
  readonly header: CapsuleHeader
  /** In order: those up to `from`, then those after it. */
  readonly events: readonly StoredEvent[]
  readonly flows: readonly Flow[]
}

/** With the digest of its lines, which they have. */
export type ReadCapsule = Capsule & { readonly digest: Digest }

/** Events and flows of one capsule; each is kept as it stands in the file until it is asked for. */
const RECORDS_MAX = 1_000_000

/** The file, piece by piece. Throws `CapsuleError` where it is more than can be read again. */
export function capsuleChunks(capsule: Capsule): AsyncIterable<Uint8Array> {
  return packedLines(linesOf(capsule))
}

function* linesOf({ header, events, flows }: Capsule): Generator<string> {
  if (events.length + flows.length > RECORDS_MAX) throw new CapsuleError('capsule-too-large', TOO_MANY)
  const hash = createHash('sha256')
  const hashed = (line: string): string => {
    hash.update(`${line}\n`)
    return line
  }
  yield hashed(JSON.stringify({ hindcastCapsule: FORMAT, ...header, events: events.length, flowLines: flows.length }))
  for (const stored of events) yield hashed(eventLine(stored))
  for (const flow of flows) yield hashed(JSON.stringify(flow))
  yield JSON.stringify({ digest: `sha256:${hash.digest('hex')}` })
}

const TOO_MANY = `more than ${RECORDS_MAX} events and flows: a shorter range is wanted`

/** Throws `CapsuleError`, and what the source throws. */
export async function readCapsule(chunks: AsyncIterable<Uint8Array>): Promise<ReadCapsule> {
  const hash = createHash('sha256')
  const read: { head: Head | null; events: StoredEvent[]; flows: Flow[] } = { head: null, events: [], flows: [] }
  let held: Buffer | null = null
  // One line is held back: the last one is not hashed.
  for await (const line of unpackedLines(chunks)) {
    if (held !== null) {
      hash.update(held).update('\n')
      take(read, held)
    }
    held = Buffer.from(line)
  }
  return whole(read, { last: held, digest: Digest(`sha256:${hash.digest('hex')}`) })
}

type Reading = { head: Head | null; readonly events: StoredEvent[]; readonly flows: Flow[] }

function take(read: Reading, line: Buffer): void {
  if (read.head === null) read.head = headOf(textOf(line))
  else if (read.events.length < read.head.events) read.events.push(eventAfter(read.events.at(-1), textOf(line)))
  else if (read.flows.length < read.head.flowLines) read.flows.push(parsed(textOf(line)) as Flow)
  else throw new CapsuleError('capsule-changed', 'there are more lines than it says')
}

function eventAfter(before: StoredEvent | undefined, line: string): StoredEvent {
  const stored = eventOfLine(line)
  if (before !== undefined && stored.position <= before.position)
    throw new CapsuleError('capsule-changed', `event ${stored.position} comes after ${before.position}`)
  return stored
}

function whole(
  { head, events, flows }: Reading,
  { last, digest }: { readonly last: Buffer | null; readonly digest: Digest },
): ReadCapsule {
  if (head === null) {
    headOf(textOf(last ?? Buffer.alloc(0)))
    throw new CapsuleError('capsule-changed', 'it has one line')
  }
  const end = parsed(textOf(last!)) as { readonly digest?: unknown } | null
  if (end?.digest !== digest) throw new CapsuleError('capsule-changed', `its lines have ${digest}, not ${end?.digest}`)
  if (events.length !== head.events || flows.length !== head.flowLines)
    throw new CapsuleError('capsule-changed', 'lines are missing')
  const { hindcastCapsule: _, events: __, flowLines: ___, ...header } = head
  return { header, events, flows, digest }
}

type Head = CapsuleHeader & {
  readonly hindcastCapsule: number
  readonly events: number
  readonly flowLines: number
}

function headOf(line: string): Head {
  const found = firstLine(line)
  if (typeof found?.hindcastCapsule !== 'number')
    throw new CapsuleError('capsule-not-one', 'the first line is not that of one')
  if (found.hindcastCapsule !== FORMAT)
    throw new CapsuleError('capsule-newer', `its form is ${found.hindcastCapsule}; this program reads ${FORMAT}`)
  const problems: SchemaProblem[] = []
  head.check(found, '', problems)
  const [problem] = problems
  if (problem !== undefined)
    throw new CapsuleError('capsule-changed', `its first line: ${problem.path} ${problem.reason}`)
  const { events, flowLines } = found as Head
  if (events + flowLines > RECORDS_MAX) throw new CapsuleError('capsule-too-large', TOO_MANY)
  return found as Head
}

function firstLine(line: string): Partial<Head> | null {
  try {
    const found = JSON.parse(line) as Partial<Head> | null
    // Capsules of before there were origins are read as ones without.
    return found !== null && typeof found === 'object' && !Array.isArray(found) ? { origin: null, ...found } : found
  } catch (error) {
    throw new CapsuleError('capsule-not-one', 'the first line is not JSON', { cause: error })
  }
}

function textOf(line: Buffer): string {
  return line.toString('utf8')
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
  try {
    return {
      position: Position(BigInt(position)),
      stream: StreamName(stream),
      revision: StreamRevision(revision),
      recordedAt: Timestamp(recordedAt),
      id: EventId(id),
      ...{ type: String(type), v: Number(v), body: String(body), meta: String(meta) },
    }
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof SyntaxError) && !(error instanceof RangeError)) throw error
    throw new CapsuleError('capsule-changed', `an event is not one: ${error.message}`, { cause: error })
  }
}
