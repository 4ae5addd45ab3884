/** The heads of the requests of one connection, as its bytes come; bytes that no head has claimed wait here. */
import {
  endOfHead,
  hasBareLineFeed,
  leadingEmptyLines,
  type MalformedHead,
  parseRequestHead,
  type RequestHead,
} from './head.ts'

export type RequestRead =
  /** `bytes`: the head as it came. */
  | { readonly kind: 'head'; readonly head: RequestHead; readonly bytes: Buffer }
  /** What came is no request; where the next one would begin is not known. */
  | { readonly kind: 'refused'; readonly status: MalformedHead['status'] | 431; readonly reason: string }
  | { readonly kind: 'more' }

const EMPTY = Buffer.alloc(0)
const MORE: RequestRead = { kind: 'more' }

export class RequestReader {
  readonly #headMax: number
  #bytes: Buffer = EMPTY
  #searched = 0
  #sinceUs: number | null = null

  constructor(headMax: number) {
    this.#headMax = headMax
  }

  get empty(): boolean {
    return this.#bytes.length === 0
  }

  /** When the head that is not whole yet began to come; null where none has. */
  get sinceUs(): number | null {
    return this.#sinceUs
  }

  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
  }

  /** All that no head has claimed; it is the caller's then. */
  take(): Buffer {
    const bytes = this.#bytes
    this.#bytes = EMPTY
    this.#searched = 0
    return bytes
  }

  next(nowUs: () => number): RequestRead {
    const empty = leadingEmptyLines(this.#bytes)
    if (empty > 0) {
      this.#bytes = this.#bytes.subarray(empty)
      this.#searched = 0
    }
    const end = endOfHead(this.#bytes, this.#searched)
    if (end < 0) return this.#wait(nowUs)
    if (end > this.#headMax) return this.#tooLong()
    const head = parseRequestHead(this.#bytes.toString('latin1', 0, end))
    if (head.kind === 'malformed') return { kind: 'refused', status: head.status, reason: head.reason }
    const bytes = this.#bytes.subarray(0, end)
    this.#bytes = this.#bytes.subarray(end)
    this.#searched = 0
    this.#sinceUs = null
    return { kind: 'head', head, bytes }
  }

  #wait(nowUs: () => number): RequestRead {
    const searched = this.#searched
    this.#searched = this.#bytes.length
    this.#sinceUs ??= nowUs()
    if (this.#bytes.length > this.#headMax) return this.#tooLong()
    if (!hasBareLineFeed(this.#bytes, searched)) return MORE
    return { kind: 'refused', status: 400, reason: 'a line does not end with CR LF' }
  }

  #tooLong(): RequestRead {
    return { kind: 'refused', status: 431, reason: `the head is longer than ${this.#headMax} bytes` }
  }
}
