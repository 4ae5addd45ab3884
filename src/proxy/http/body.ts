/**
 * Where the body of a message ends, byte by byte, while it streams through. Chunked bodies are read to their last chunk, strictly: sizes are plain hex
 * digits, lines end with CR LF, extensions and trailers are bounded.
 */
import type { Framing } from './head.ts'

/** Reads a body in the buffers as they come; used once. */
export interface BodyScanner {
  readonly done: boolean
  /** Set where the body is not what its head said; nothing more may be scanned. */
  readonly problem: string | null
  /** Index after the last byte of `bytes` from `start` that belongs to the body. */
  scan(bytes: Buffer, start: number): number
  /** The part of the buffer scanned last that is trailer fields: [from, to), empty where from = to. */
  readonly trailers: { readonly from: number; readonly to: number }
}

const NO_TRAILERS = { from: 0, to: 0 } as const
/** Bytes of one chunk's extensions and of all trailers. */
const EXTENSION_MAX = 1_024
const TRAILERS_MAX = 8_192
/** Hex digits: 2^52 bytes are enough for one chunk. */
const SIZE_DIGITS_MAX = 13
const CR = 13
const LF = 10
const SEMICOLON = 59
const TAB = 9

/** Null: there is no body. */
export function bodyScanner(framing: Framing): BodyScanner | null {
  switch (framing.kind) {
    case 'none':
      return null
    case 'length':
      return new LengthScanner(framing.length)
    case 'chunked':
      return new ChunkedScanner()
    case 'close':
      return UNTIL_CLOSE
  }
}

/** Never done: the connection's end is the body's. */
const UNTIL_CLOSE: BodyScanner = {
  done: false,
  problem: null,
  scan: (bytes) => bytes.length,
  trailers: NO_TRAILERS,
}

class LengthScanner implements BodyScanner {
  readonly problem = null
  readonly trailers = NO_TRAILERS
  #left: number

  constructor(length: number) {
    this.#left = length
  }

  get done(): boolean {
    return this.#left === 0
  }

  scan(bytes: Buffer, start: number): number {
    const taken = Math.min(this.#left, bytes.length - start)
    this.#left -= taken
    return start + taken
  }
}

type ChunkedState =
  | 'size'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailer-start'
  | 'trailer'
  | 'trailer-lf'
  | 'end-lf'
  | 'done'

class ChunkedScanner implements BodyScanner {
  problem: string | null = null
  trailers: { from: number; to: number } = { from: 0, to: 0 }
  #state: ChunkedState = 'size'
  #size = 0
  #digits = 0
  /** Bytes of the chunk's data, of its extensions or of the trailers that were seen. */
  #counted = 0

  get done(): boolean {
    return this.#state === 'done'
  }

  scan(bytes: Buffer, start: number): number {
    this.trailers = { from: 0, to: 0 }
    let at = start
    while (at < bytes.length && this.#state !== 'done' && this.problem === null) {
      if (this.#state === 'data') {
        const taken = Math.min(this.#size - this.#counted, bytes.length - at)
        this.#counted += taken
        at += taken
        if (this.#counted === this.#size) this.#state = 'data-cr'
      } else {
        this.#step(bytes[at]!, at)
        at += 1
      }
    }
    return at
  }

  #step(byte: number, at: number): void {
    switch (this.#state) {
      case 'size':
        this.#sizeByte(byte)
        break
      case 'extension':
        this.#extensionByte(byte)
        break
      case 'size-lf':
        this.#expect(byte, LF, this.#size === 0 ? 'trailer-start' : 'data')
        break
      case 'data-cr':
        this.#expect(byte, CR, 'data-lf')
        break
      case 'data-lf':
        this.#size = 0
        this.#digits = 0
        this.#expect(byte, LF, 'size')
        break
      case 'trailer-start':
        if (byte === CR) this.#enter('end-lf')
        else this.#trailerByte(byte, at)
        break
      case 'trailer':
        this.#trailerByte(byte, at)
        break
      case 'trailer-lf':
        this.#noteTrailer(at)
        this.#expect(byte, LF, 'trailer-start')
        break
      case 'end-lf':
        this.#expect(byte, LF, 'done')
        break
    }
  }

  #sizeByte(byte: number): void {
    const digit = hexDigit(byte)
    if (digit >= 0) {
      this.#size = this.#size * 16 + digit
      this.#digits += 1
      if (this.#digits > SIZE_DIGITS_MAX) this.problem = 'a chunk size is too long'
      return
    }
    if (this.#digits === 0) this.problem = 'a chunk has no size'
    else if (byte === CR) this.#enter('size-lf')
    else if (byte === SEMICOLON) this.#enter('extension')
    else this.problem = 'a chunk size is no hexadecimal number'
  }

  #extensionByte(byte: number): void {
    this.#counted += 1
    if (byte === CR) this.#enter('size-lf')
    else if (!isText(byte)) this.problem = 'a control character in a chunk extension'
    else if (this.#counted > EXTENSION_MAX) this.problem = 'chunk extensions are too long'
  }

  #trailerByte(byte: number, at: number): void {
    this.#noteTrailer(at)
    this.#state = byte === CR ? 'trailer-lf' : 'trailer'
    if (byte === CR) return
    if (!isText(byte)) this.problem = 'a control character in a trailer'
    else if (this.#counted > TRAILERS_MAX) this.problem = 'trailers are too long'
  }

  #noteTrailer(at: number): void {
    this.#counted += 1
    if (this.trailers.to === 0) this.trailers.from = at
    this.trailers.to = at + 1
  }

  #expect(byte: number, wanted: number, next: ChunkedState): void {
    if (byte !== wanted) this.problem = 'a chunk does not end with CR LF'
    // Trailers are counted together, so `trailer-start` keeps the count when it follows a trailer.
    else if (next === 'trailer-start' && this.#state === 'trailer-lf') this.#state = next
    else this.#enter(next)
  }

  #enter(state: ChunkedState): void {
    this.#state = state
    this.#counted = 0
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const lower = byte | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

function isText(byte: number): boolean {
  return (byte >= 32 && byte !== 127) || byte === TAB
}
