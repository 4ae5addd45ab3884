/**
 * Heads of HTTP/1.1 messages, read as strictly as RFC 9112 lets one: what two readers could take differently is refused, because the bytes that
 * pass here are read again upstream, and a difference would hide a request inside another.
 *
 * Refused: bare CR or LF, folded lines, space before a colon, names and methods that are no tokens, both Content-Length and Transfer-Encoding, a
 * length that is repeated or no number, a coding other than `chunked`, several Host headers or none, control characters, a Connection header that
 * takes the length or the host away at the next hop.
 */

export type HeaderList = readonly (readonly [name: string, value: string])[]

/** How long the body is. `close`: to the end of the connection, responses only. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' }

export type RequestHead = {
  readonly kind: 'request'
  readonly method: string
  readonly target: string
  /** Minor version of HTTP/1. */
  readonly minor: 0 | 1
  /** Names in lower case; values without surrounding space, one character a byte. */
  readonly headers: HeaderList
  /** Null: HTTP/1.0 without Host. */
  readonly host: string | null
  readonly framing: Framing
  readonly keepAlive: boolean
  readonly expectsContinue: boolean
  /** Protocols of Upgrade, in lower case, where Connection names it. */
  readonly upgrade: readonly string[]
}

export type ResponseHead = {
  readonly kind: 'response'
  readonly status: number
  readonly minor: 0 | 1
  readonly framing: Framing
  readonly keepAlive: boolean
}

/** `status` is what the sender of such a head is answered. */
export type MalformedHead = { readonly kind: 'malformed'; readonly status: 400 | 505; readonly reason: string }

export const TOKEN: RegExp = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x22\x24-\x7e]+) HTTP\/(\d)\.(\d)$/
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: .*)?$/
const HOST = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::\d{1,5})?$/
const LENGTH = /^\d{1,15}$/
const END = Buffer.from('\r\n\r\n', 'latin1')
const NOT_OF_A_HOP: ReadonlySet<string> = new Set(['content-length', 'host', 'transfer-encoding'])
const LF = 10
const CR = 13

/** Index after the empty line that ends the head, -1 where it is not there yet. `from`: what was searched before. */
export function endOfHead(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(END, Math.max(0, from - END.length + 1))
  return at < 0 ? -1 : at + END.length
}

/** Whether an unfinished head holds a line feed that no carriage return leads: it will never end well. `from`: what was looked at before. */
export function hasBareLineFeed(bytes: Buffer, from: number): boolean {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CR) return true
  }
  return false
}

/** Empty lines before a request, which RFC 9112 lets a server pass over; they are not forwarded. */
export function leadingEmptyLines(bytes: Buffer): number {
  let at = 0
  while (bytes[at] === CR && bytes[at + 1] === LF) at += 2
  return at
}

/** `text`: the bytes up to and with the empty line, as latin1. */
export function parseRequestHead(text: string): RequestHead | MalformedHead {
  const lines = headLines(text)
  if (lines === null) return malformed('control characters, or a line that does not end with CR LF')
  const line = REQUEST_LINE.exec(lines[0]!)
  if (line === null) return malformed('the request line is not method, target and version')
  if (line[3] !== '1' || Number(line[4]) > 1)
    return { kind: 'malformed', status: 505, reason: `HTTP/${line[3]}.${line[4]} is not served by the embedded proxy` }
  const minor = line[4] === '1' ? 1 : 0
  const headers = headerFields(lines)
  if (typeof headers === 'string') return malformed(headers)
  const known = knownFields(headers)
  const problem = known.problem ?? requestProblem(known, minor)
  if (problem !== null) return malformed(problem)
  return {
    kind: 'request',
    method: line[1]!,
    target: line[2]!,
    minor,
    headers,
    host: known.host,
    framing: framingOf(known) ?? NO_BODY,
    keepAlive: keepsAlive(known, minor),
    expectsContinue: minor === 1 && known.expect === '100-continue',
    upgrade: minor === 1 && known.connection.includes('upgrade') ? known.upgrade : [],
  }
}

/** `method`: of the request that it answers. */
export function parseResponseHead(text: string, method: string): ResponseHead | MalformedHead {
  const lines = headLines(text)
  if (lines === null) return malformed('control characters, or a line that does not end with CR LF')
  const line = STATUS_LINE.exec(lines[0]!)
  if (line === null) return malformed('the status line is not version, status and reason')
  const minor = line[1] === '1' ? 1 : 0
  const status = Number(line[2])
  const headers = headerFields(lines)
  if (typeof headers === 'string') return malformed(headers)
  const known = knownFields(headers)
  if (known.problem !== null) return malformed(known.problem)
  if (known.chunked && minor === 0) return malformed('Transfer-Encoding in HTTP/1.0')
  const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304
  const framing = bodiless ? NO_BODY : (framingOf(known) ?? UNTIL_CLOSE)
  return { kind: 'response', status, minor, framing, keepAlive: framing.kind !== 'close' && keepsAlive(known, minor) }
}

/** The elements of a comma-separated list, in lower case. */
export function listElements(value: string): readonly string[] {
  return value
    .split(',')
    .map((element) => withoutSpace(element).toLowerCase())
    .filter((element) => element !== '')
}

/** Spaces and tabs only: other white space belongs to the value, as upstream will read it. */
function withoutSpace(value: string): string {
  let from = 0
  let to = value.length
  while (from < to && isSpace(value.charCodeAt(from))) from += 1
  while (to > from && isSpace(value.charCodeAt(to - 1))) to -= 1
  return value.slice(from, to)
}

const isSpace = (code: number): boolean => code === 32 || code === 9

const NO_BODY: Framing = { kind: 'none' }
const UNTIL_CLOSE: Framing = { kind: 'close' }
const CHUNKED: Framing = { kind: 'chunked' }

type KnownFields = {
  host: string | null
  hosts: number
  length: number | null
  chunked: boolean
  connection: readonly string[]
  upgrade: readonly string[]
  expect: string
  problem: string | null
}

function headLines(text: string): readonly string[] | null {
  return FORBIDDEN.test(text) ? null : text.slice(0, -END.length).split('\r\n')
}

/** A text where a line is no header field. */
function headerFields(lines: readonly string[]): HeaderList | string {
  const headers: [string, string][] = []
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    if (colon < 1 || !TOKEN.test(name)) return `header line ${i} is folded, or its name is no token`
    headers.push([name.toLowerCase(), withoutSpace(line.slice(colon + 1))])
  }
  return headers
}

function knownFields(headers: HeaderList): KnownFields {
  const known: KnownFields = {
    host: null,
    hosts: 0,
    length: null,
    chunked: false,
    connection: [],
    upgrade: [],
    expect: '',
    problem: null,
  }
  for (const [name, value] of headers) noteField(known, name, value)
  if (known.length !== null && known.chunked) known.problem = 'both Content-Length and Transfer-Encoding'
  return known
}

function noteField(known: KnownFields, name: string, value: string): void {
  switch (name) {
    case 'host':
      known.host = value
      known.hosts += 1
      return
    case 'content-length':
      if (known.length !== null) known.problem = 'Content-Length stands twice'
      else if (!LENGTH.test(value)) known.problem = 'Content-Length is no number'
      else known.length = Number(value)
      return
    case 'transfer-encoding':
      if (known.chunked) known.problem = 'Transfer-Encoding stands twice'
      else if (value.toLowerCase() !== 'chunked') known.problem = 'Transfer-Encoding is not chunked'
      else known.chunked = true
      return
    case 'connection':
      known.connection = [...known.connection, ...listElements(value)]
      return
    case 'upgrade':
      known.upgrade = [...known.upgrade, ...listElements(value)]
      return
    case 'expect':
      known.expect = value.toLowerCase()
      return
  }
}

function requestProblem({ host, hosts, chunked, connection }: KnownFields, minor: 0 | 1): string | null {
  if (hosts > 1) return 'Host stands twice'
  if (minor === 1 && hosts === 0) return 'Host is missing'
  if (host !== null && !HOST.test(host)) return 'Host is no host and port'
  if (connection.some((name) => NOT_OF_A_HOP.has(name))) return 'Connection names a header of the message itself'
  return chunked && minor === 0 ? 'Transfer-Encoding in HTTP/1.0' : null
}

function framingOf({ length, chunked }: KnownFields): Framing | null {
  if (chunked) return CHUNKED
  if (length === null) return null
  return length === 0 ? NO_BODY : { kind: 'length', length }
}

function keepsAlive({ connection }: KnownFields, minor: 0 | 1): boolean {
  if (connection.includes('close')) return false
  return minor === 1 || connection.includes('keep-alive')
}

function malformed(reason: string): MalformedHead {
  return { kind: 'malformed', status: 400, reason }
}
