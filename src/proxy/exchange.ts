/** One allowed request and its response: what goes upstream, and how far both are. */
import type { RequestVerdict } from '../../projections/l7/network-policy.ts'
import type { FlowStamp } from '../ports/flows.ts'
import type { RequestFacts } from './access-log.ts'
import { type BodyScanner, bodyScanner } from './http/body.ts'
import type { RequestHead } from './http/head.ts'
import { ResponseReader } from './http/response-reader.ts'
import type { RequestTarget } from './http/target.ts'
import { requestHeadBytes, withoutUpgrade } from './http/wire.ts'
import { HEAD_MAX } from './limits.ts'

export type Exchange = {
  readonly head: RequestHead
  readonly facts: RequestFacts
  /** Of the policies that allowed it. */
  readonly stamp: FlowStamp
  readonly startedUs: number
  readonly reader: ResponseReader
  /** Of the request, while it is not through. */
  body: BodyScanner | null
  /** Whether anything of the final response has gone downstream. */
  responded: boolean
}

/** A request that may pass; `bytes` is its head as it came. */
export type Passage = {
  readonly head: RequestHead
  readonly bytes: Buffer
  readonly target: Extract<RequestTarget, { kind: 'target' }>
  readonly verdict: RequestVerdict
  readonly facts: RequestFacts
}

/** The one protocol that an allowed request may change to: its messages belong to that request. Others would carry requests that nobody checks. */
const UPGRADE = 'websocket'

/** `bytes`: the head for upstream, untouched where nothing of it changes. */
export function startExchange(
  { head, bytes, target, verdict, facts }: Passage,
  stamp: FlowStamp,
  startedUs: number,
): { readonly exchange: Exchange; readonly bytes: Buffer } {
  const upgrades = head.upgrade.length === 1 && head.upgrade[0] === UPGRADE
  const sent = head.upgrade.length > 0 && !upgrades ? withoutUpgrade(head) : head
  const changed = target.changed || verdict.mutations.length > 0 || sent !== head
  const reader = new ResponseReader(head.method, { headMax: HEAD_MAX, mayUpgrade: upgrades })
  const exchange = { head, facts, stamp, startedUs, reader, body: bodyScanner(head.framing), responded: false }
  return { exchange, bytes: changed ? requestHeadBytes(sent, target.path, verdict.mutations) : bytes }
}
