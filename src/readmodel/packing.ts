/**
 * Small numbers in few bytes: LEB128 varints, up to 2^53. Checkpoints, chunks of changes, pages of versions and touches are lists of such
 * numbers; keys and positions rise, so what is written is the step from the one before. What is read is handed over as bare numbers: a
 * question reads some hundreds, and an object for each would be most of its cost.
 */

/** One entity in a checkpoint: its value since a position. */
export type PackedEntry = { readonly key: number; readonly value: number; readonly since: number }
/** One change: `value` 0 says that the entity went. */
export type PackedChange = { readonly position: number; readonly key: number; readonly value: number }

const NUMBER_BYTES_MAX = 8

/** By key. */
export function packEntries(entries: ReadonlyMap<number, Omit<PackedEntry, 'key'>>): Uint8Array {
  const keys = Float64Array.from(entries.keys()).sort()
  const out = new Writer(3 * keys.length)
  let before = 0
  for (const key of keys) {
    const { value, since } = entries.get(key)!
    out.put(key - before)
    out.put(value)
    out.put(since)
    before = key
  }
  return out.bytes()
}

export function unpackEntries(bytes: Uint8Array, take: (key: number, value: number, since: number) => void): void {
  const reader = new Reader(bytes)
  let key = 0
  while (!reader.atEnd()) {
    key += reader.take()
    const value = reader.take()
    take(key, value, reader.take())
  }
}

export function packChanges(changes: readonly PackedChange[]): Uint8Array {
  const out = new Writer(3 * changes.length)
  let position = 0
  for (const change of changes) {
    out.put(change.position - position)
    out.put(change.key)
    out.put(change.value)
    position = change.position
  }
  return out.bytes()
}

export function unpackChanges(bytes: Uint8Array, take: (position: number, key: number, value: number) => void): void {
  const reader = new Reader(bytes)
  let position = 0
  while (!reader.atEnd()) {
    position += reader.take()
    const key = reader.take()
    take(position, key, reader.take())
  }
}

/** Changes in order of key and position: those of one key follow one another. */
export function packVersions(versions: readonly PackedChange[]): Uint8Array {
  const out = new Writer(3 * versions.length)
  let [key, position] = [0, 0]
  for (const version of versions) {
    out.put(version.key - key)
    if (version.key !== key) position = 0
    out.put(version.position - position)
    out.put(version.value)
    key = version.key
    position = version.position
  }
  return out.bytes()
}

/** `take` may end it by false: what follows has larger keys, or later positions. */
export function unpackVersions(
  bytes: Uint8Array,
  take: (key: number, position: number, value: number) => boolean,
): void {
  const reader = new Reader(bytes)
  let [key, position] = [0, 0]
  while (!reader.atEnd()) {
    const step = reader.take()
    if (step > 0) position = 0
    key += step
    position += reader.take()
    if (!take(key, position, reader.take())) return
  }
}

/** Side by side: where, and in which unit. */
export function packTouches(positions: readonly number[], units: readonly number[]): Uint8Array {
  const out = new Writer(2 * positions.length)
  let before = 0
  for (const [index, position] of positions.entries()) {
    out.put(position - before)
    out.put(units[index]!)
    before = position
  }
  return out.bytes()
}

export function unpackTouches(bytes: Uint8Array, take: (position: number, unit: number) => void): void {
  const reader = new Reader(bytes)
  let position = 0
  while (!reader.atEnd()) {
    position += reader.take()
    take(position, reader.take())
  }
}

/** Up to here the operators on bits are right, and faster. */
const INT32_MAX = 0x7fff_ffff

/** What is being packed; one at a time, because packing does not wait. */
let scratch = new Uint8Array(64 * 2 ** 10)

class Writer {
  readonly #buffer: Uint8Array
  #length = 0

  constructor(numbers: number) {
    if (scratch.length < numbers * NUMBER_BYTES_MAX) scratch = new Uint8Array(numbers * NUMBER_BYTES_MAX)
    this.#buffer = scratch
  }

  put(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} cannot be packed`)
    let rest = value
    while (rest > INT32_MAX) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#buffer[this.#length++] = rest
  }

  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length)
  }
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  atEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** Throws `RangeError` where the bytes end within a number. */
  take(): number {
    let [value, scale] = [0, 1]
    for (;;) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new RangeError('packed bytes end within a number')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 0x80
    }
  }
}
