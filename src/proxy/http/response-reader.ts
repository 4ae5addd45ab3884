/** The response to one request, as its bytes come from upstream: interim heads, the head, the body to its end. */
import { type BodyScanner, bodyScanner } from './body.ts'
import { endOfHead, parseResponseHead, type ResponseHead } from './head.ts'

/** What of the bytes given so far may go downstream, and what is behind the response. */
export type ResponseRead = {
  readonly forward: Buffer
  readonly rest: Buffer
  /** Set once, in the read that saw the end of the final head. */
  readonly head: ResponseHead | null
  readonly problem: string | null
}

const EMPTY = Buffer.alloc(0)

export class ResponseReader {
  readonly #method: string
  readonly #headMax: number
  /** Whether 101 may be the answer. */
  readonly #mayUpgrade: boolean
  #pending: Buffer = EMPTY
  #searched = 0
  #head: ResponseHead | null = null
  #body: BodyScanner | null = null

  constructor(method: string, options: { readonly headMax: number; readonly mayUpgrade: boolean }) {
    this.#method = method
    this.#headMax = options.headMax
    this.#mayUpgrade = options.mayUpgrade
  }

  /** The final head; null before it came. */
  get head(): ResponseHead | null {
    return this.#head
  }

  get done(): boolean {
    return this.#head !== null && (this.#body === null || this.#body.done)
  }

  /** Whether the end of the connection is the end of the body. */
  get endsWithConnection(): boolean {
    return this.#head?.framing.kind === 'close'
  }

  read(chunk: Buffer): ResponseRead {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    let at = 0
    let head: ResponseHead | null = null
    let problem: string | null = null
    while (this.#head === null && problem === null) {
      const end = endOfHead(bytes.subarray(at), this.#searched)
      if (end < 0) return this.#wait(bytes, at)
      const outcome = this.#readHead(bytes.toString('latin1', at, at + end))
      this.#searched = 0
      if (typeof outcome === 'string') problem = outcome
      else head = outcome
      if (problem === null) at += end
    }
    this.#pending = EMPTY
    if (this.#body !== null && problem === null) {
      at = this.#body.scan(bytes, at)
      problem = this.#body.problem
    }
    return { forward: bytes.subarray(0, at), rest: bytes.subarray(at), head, problem }
  }

  #wait(bytes: Buffer, at: number): ResponseRead {
    this.#pending = bytes.subarray(at)
    this.#searched = this.#pending.length
    const problem = this.#pending.length > this.#headMax ? 'the response head is too long' : null
    return { forward: bytes.subarray(0, at), rest: EMPTY, head: null, problem }
  }

  /** Null: an interim response; a text: what is wrong. */
  #readHead(text: string): ResponseHead | null | string {
    const head = parseResponseHead(text, this.#method)
    if (head.kind === 'malformed') return head.reason
    if (head.status === 101 && !this.#mayUpgrade) return 'the response switches protocols without being asked'
    if (head.status < 200 && head.status !== 101) return null
    this.#head = head
    this.#body = bodyScanner(head.framing)
    return head
  }
}
