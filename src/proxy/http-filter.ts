/** The HTTP filter cilium.l7policy: each request by the policy of this moment, and the answer to one that is denied. */
import { DENY_ALL, type RequestVerdict, requestVerdict } from '../../projections/l7/network-policy.ts'
import type { ConnectionMetadata } from './bpf-metadata.ts'
import type { RequestHead } from './http/head.ts'
import type { LivePolicies } from './live-policies.ts'

const DENIED_BODY = 'Access denied'
const NOT_ASCII = /[\x80-\xff]/
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** `path`: normalised, with the query. */
export function decideRequest(
  policies: LivePolicies,
  { direction, destination, endpoint, remote, proxyPort }: ConnectionMetadata,
  { head, path, authority }: { readonly head: RequestHead; readonly path: string; readonly authority: string },
): RequestVerdict {
  const policy = policies.policyOf(endpoint)?.compiled ?? DENY_ALL
  const request = { method: head.method, path, authority, headers: head.headers.map(readable) }
  return requestVerdict(policy, { direction, port: destination.port, remote, proxyPort, request })
}

/** cilium.L7Policy's body: the default where none is given, and a line end where it is missing. */
export function deniedBody(configured: string): string {
  const body = configured === '' ? DENIED_BODY : configured
  return body.endsWith('\r\n') ? body : `${body}\r\n`
}

/** Rules are written in UTF-8; a value that is none stays as its bytes. */
function readable(header: readonly [string, string]): readonly [string, string] {
  const [name, value] = header
  if (!NOT_ASCII.test(value)) return header
  try {
    return [name, utf8.decode(Buffer.from(value, 'latin1'))]
  } catch (error) {
    if (error instanceof TypeError) return header
    throw error
  }
}
