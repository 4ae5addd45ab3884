/**
 * What a KurrentDB server keeps, as far as a client can tell: one order of all records, streams with dense revisions, sparse positions, and an
 * append that is answered a second time as it was the first.
 */
import { EventEmitter } from 'node:events'

export type RecordInput = {
  readonly id: string
  readonly type: string
  readonly contentType: string
  readonly data: Uint8Array
  readonly metadata: Uint8Array
}

export type StoredRecord = RecordInput & {
  readonly stream: string
  readonly revision: number
  /** Commit and prepare position at once, as in records written by gRPC. */
  readonly position: bigint
  /** Milliseconds since 1970, by the server's clock. */
  readonly createdMs: number
}

export type Expected = 'any' | 'no-stream' | 'stream-exists' | bigint

export type StreamWrite = {
  readonly stream: string
  readonly expected: Expected
  readonly records: readonly RecordInput[]
}

export type WriteOutcome =
  | { readonly kind: 'written'; readonly heads: ReadonlyMap<string, number>; readonly position: bigint }
  | { readonly kind: 'conflict'; readonly stream: string; readonly expected: Expected; readonly actual: number | null }

/** Far apart and of uneven size, as byte offsets are: nobody may count with them. */
const POSITION_STEP = 137n

export class Store extends EventEmitter<{ written: [] }> {
  readonly records: StoredRecord[] = []
  readonly #streams: Map<string, StoredRecord[]> = new Map()
  readonly #now: () => number

  constructor(now: () => number) {
    super()
    this.setMaxListeners(0)
    this.#now = now
  }

  /** All streams or none. */
  write(writes: readonly StreamWrite[]): WriteOutcome {
    const repeated = writes.map((write) => this.#repeated(write))
    if (repeated.every((last) => last !== null)) return this.#written(repeated)
    for (const { stream, expected } of writes) {
      const actual = this.head(stream)
      if (!fits(expected, actual)) return { kind: 'conflict', stream, expected, actual }
    }
    const last = writes.map((write) => this.#store(write))
    this.emit('written')
    return this.#written(last)
  }

  head(stream: string): number | null {
    return this.#streams.get(stream)?.at(-1)?.revision ?? null
  }

  stream(name: string): readonly StoredRecord[] {
    return this.#streams.get(name) ?? []
  }

  /** The last record of the write if it stands there already: at its place, or for `any` as the newest of its stream. */
  #repeated({ stream, expected, records }: StreamWrite): StoredRecord | null {
    const standing = this.stream(stream)
    const first = typeof expected === 'bigint' ? Number(expected) + 1 : expected === 'no-stream' ? 0 : null
    const from = first ?? standing.findIndex(({ id }) => id === records[0]?.id)
    if (from < 0) return null
    const same = records.every(({ id }, index) => standing[from + index]?.id === id)
    return same ? (standing[from + records.length - 1] ?? null) : null
  }

  #store({ stream, records }: StreamWrite): StoredRecord {
    const standing = this.#streams.get(stream) ?? []
    this.#streams.set(stream, standing)
    for (const record of records) {
      const step = POSITION_STEP + BigInt(record.data.length)
      const position = (this.records.at(-1)?.position ?? 0n) + step
      const stored = { ...record, stream, revision: standing.length, position, createdMs: this.#now() }
      standing.push(stored)
      this.records.push(stored)
    }
    const last = standing.at(-1)
    if (last === undefined) throw new TypeError('a write without records')
    return last
  }

  #written(last: readonly StoredRecord[]): WriteOutcome {
    const heads = new Map(last.map(({ stream, revision }) => [stream, revision]))
    const [highest = 0n] = last.map(({ position }) => position).toSorted((a, b) => (a < b ? 1 : -1))
    return { kind: 'written', heads, position: highest }
  }
}

function fits(expected: Expected, actual: number | null): boolean {
  switch (expected) {
    case 'any':
      return true
    case 'no-stream':
      return actual === null
    case 'stream-exists':
      return actual !== null
    default:
      return actual !== null && BigInt(actual) === expected
  }
}
