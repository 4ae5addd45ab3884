/** Heads as bytes: requests that were changed on the way, and answers of the proxy itself. */
import type { HeaderMutation } from '../../../projections/l7/http-rule.ts'
import { mutatedHeaders } from '../../../projections/l7/http-rule.ts'
import { type HeaderList, listElements, type RequestHead } from './head.ts'

export type LocalAnswer = {
  readonly status: 307 | 400 | 403 | 408 | 431 | 502 | 503 | 504 | 505
  readonly body: string
  readonly headers?: HeaderList
  /** Close after it. */
  readonly close: boolean
  /** A HEAD request is answered without the body. */
  readonly method: string
}

const PHRASES: { readonly [status in LocalAnswer['status']]: string } = {
  307: 'Temporary Redirect',
  400: 'Bad Request',
  403: 'Forbidden',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
}
/** They speak of this hop only, and go when an upgrade is not passed on. */
const UPGRADE_HEADERS: ReadonlySet<string> = new Set(['upgrade', 'http2-settings'])

/** With `path` as target, in the order received; mutations after that. Values are latin1, as they were read. */
export function requestHeadBytes(head: RequestHead, path: string, mutations: readonly HeaderMutation[]): Buffer {
  const headers = mutations.map(asBytes).reduce(mutatedHeaders, head.headers)
  return headBytes(`${head.method} ${path} HTTP/1.${head.minor}`, headers)
}

/** The same request without its wish to speak another protocol. */
export function withoutUpgrade(head: RequestHead): RequestHead {
  const headers = head.headers.flatMap(([name, value]) => {
    if (UPGRADE_HEADERS.has(name)) return []
    if (name !== 'connection') return [[name, value] as const]
    const kept = listElements(value).filter((element) => !UPGRADE_HEADERS.has(element))
    return kept.length === 0 ? [] : [[name, kept.join(', ')] as const]
  })
  return { ...head, headers, upgrade: [] }
}

export function answerBytes({ status, body, headers = [], close, method }: LocalAnswer): Buffer {
  const head = headBytes(`HTTP/1.1 ${status} ${PHRASES[status]}`, [
    ['content-length', String(Buffer.byteLength(body))],
    ['content-type', 'text/plain'],
    ...headers,
    ...(close ? [['connection', 'close'] as const] : []),
  ])
  return method === 'HEAD' ? head : Buffer.concat([head, Buffer.from(body)])
}

function headBytes(first: string, headers: HeaderList): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${first}\r\n${lines.join('')}\r\n`, 'latin1')
}

/** Rules are UTF-8; the wire has bytes. */
function asBytes(mutation: HeaderMutation): HeaderMutation {
  if (mutation.kind === 'remove') return mutation
  return { ...mutation, value: Buffer.from(mutation.value, 'utf8').toString('latin1') }
}
