/** The server name of a TLS handshake, read from the ClientHello that opens it (RFC 8446 section 4.1.2, RFC 6066 section 3). Nothing is decrypted. */

export type ClientHello =
  | { readonly kind: 'more' }
  | { readonly kind: 'hello'; readonly serverName: string | null }
  | { readonly kind: 'malformed'; readonly reason: string }

/** Bytes. Real hellos have one or two kilobytes, with post-quantum keys. */
const CLIENT_HELLO_MAX = 16_384

const HANDSHAKE_RECORD = 22
const CLIENT_HELLO = 1
const SERVER_NAME_EXTENSION = 0
const HOST_NAME = 0
const HOST = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/

/** Whether a connection that begins with this byte is TLS: no method of HTTP does. */
export function beginsHandshake(first: number): boolean {
  return first === HANDSHAKE_RECORD
}

export function readClientHello(bytes: Buffer): ClientHello {
  const message = handshakeMessage(bytes)
  if (message === 'malformed') return { kind: 'malformed', reason: 'no TLS handshake record' }
  if (message === 'more') {
    return bytes.length > CLIENT_HELLO_MAX
      ? { kind: 'malformed', reason: 'the ClientHello is too long' }
      : { kind: 'more' }
  }
  const serverName = new Fields(message).serverName()
  return serverName === undefined
    ? { kind: 'malformed', reason: 'the ClientHello cannot be read' }
    : { kind: 'hello', serverName }
}

/** The body of the first handshake message, put together from as many records as it takes. */
function handshakeMessage(bytes: Buffer): Buffer | 'more' | 'malformed' {
  const parts: Buffer[] = []
  let at = 0
  while (at + 5 <= bytes.length) {
    if (bytes[at] !== HANDSHAKE_RECORD || bytes[at + 1] !== 3) return 'malformed'
    const length = bytes.readUInt16BE(at + 3)
    if (length === 0 || length > CLIENT_HELLO_MAX) return 'malformed'
    parts.push(bytes.subarray(at + 5, at + 5 + length))
    at += 5 + length
    const joined = Buffer.concat(parts)
    if (joined.length < 4) continue
    if (joined[0] !== CLIENT_HELLO) return 'malformed'
    const wanted = 4 + joined.readUIntBE(1, 3)
    if (wanted > CLIENT_HELLO_MAX) return 'malformed'
    if (joined.length >= wanted) return joined.subarray(4, wanted)
  }
  return 'more'
}

/** Reads fields one after the other; what is out of bounds reads as undefined from then on. */
class Fields {
  readonly #bytes: Buffer
  #at = 0
  #broken = false

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Null: the handshake names none. Undefined: it cannot be read. */
  serverName(): string | null | undefined {
    this.#take(2 + 32)
    this.#vector(1)
    this.#vector(2)
    this.#vector(1)
    if (!this.#broken && this.#at === this.#bytes.length) return null
    const extensions = new Fields(this.#vector(2))
    const name = extensions.#nameFromExtensions()
    return this.#broken || this.#at !== this.#bytes.length ? undefined : name
  }

  #nameFromExtensions(): string | null | undefined {
    let name: string | null | undefined = null
    while (this.#at < this.#bytes.length && !this.#broken) {
      const type = this.#number(2)
      const body = this.#vector(2)
      if (type !== SERVER_NAME_EXTENSION) continue
      if (name !== null) return undefined
      name = new Fields(body).#nameFromList()
      if (name === undefined) return undefined
    }
    return this.#broken ? undefined : name
  }

  /** Exactly one host name: which of two would count is a matter of taste. */
  #nameFromList(): string | undefined {
    const list = new Fields(this.#vector(2))
    const type = list.#number(1)
    const name = list.#vector(2).toString('latin1').toLowerCase()
    const whole = !this.#broken && !list.#broken && list.#at === list.#bytes.length && this.#at === this.#bytes.length
    return whole && type === HOST_NAME && name.length <= 255 && HOST.test(name) ? name : undefined
  }

  #number(size: number): number {
    const bytes = this.#take(size)
    return this.#broken ? 0 : bytes.readUIntBE(0, size)
  }

  #vector(lengthSize: number): Buffer {
    return this.#take(this.#number(lengthSize))
  }

  #take(length: number): Buffer {
    if (this.#broken || this.#at + length > this.#bytes.length) {
      this.#broken = true
      return EMPTY
    }
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}

const EMPTY = Buffer.alloc(0)
