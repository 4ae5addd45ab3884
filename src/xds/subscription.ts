/**
 * What one stream wants of one type, and what it was told: the state of the world protocol as a pure machine.
 *
 * Invariants:
 * 1. At most one response is unanswered. What is published meanwhile is sent as one response after the answer; so a slow client costs one
 *    response of memory.
 * 2. The first request is always answered, whatever version or nonce it names; later ones only if something that they want changed.
 * 3. A request that does not carry the nonce of the last response changes nothing.
 * 4. A response holds everything that is wanted, because Cilium's proxy takes an NPDS or NPHDS response as the whole world.
 * 5. A refusal is known by `error_detail` alone, and what was refused is not sent again until it changes.
 */

/** What is served, encoded, by name in order. `order` rises with every publication. */
export type Served = {
  readonly version: string
  readonly order: number
  readonly resources: ReadonlyMap<string, Uint8Array>
}

export type SubscriptionRequest = {
  readonly versionInfo: string
  readonly resourceNames: readonly string[]
  readonly responseNonce: string
  readonly errorDetail: { readonly message: string } | null
}

export type Subscription = {
  /** A first request came. */
  readonly begun: boolean
  /** No name was ever given: an empty list still means everything. */
  readonly nameless: boolean
  readonly wanted: 'all' | ReadonlySet<string>
  /** Something that is wanted must be told even if it did not change. */
  readonly owed: boolean
  readonly nonces: number
  readonly last: Response | null
  readonly unanswered: boolean
  /** The newest publication that asks the client for nothing new. */
  readonly covers: { readonly version: string; readonly order: number } | null
  /** Null: nothing was acknowledged on this stream. */
  readonly ackedOrder: number | null
  /** The last answer, where it was a refusal. */
  readonly refusal: { readonly detail: string; readonly order: number } | null
  /** How often in a row the client gave the same refusal, and until when nothing is sent because of it. */
  readonly refusals: number
  readonly holdUntilMs: number
}

export type Response = {
  readonly nonce: string
  readonly version: string
  readonly order: number
  /** All of `served.resources` where everything is wanted: the same object, so that its encoding can be shared. */
  readonly resources: ReadonlyMap<string, Uint8Array>
}

/** What a request meant. */
export type Answer =
  | { readonly kind: 'first' | 'stale' | 'names' }
  | { readonly kind: 'acked'; readonly version: string; readonly nonce: string }
  | {
      readonly kind: 'nacked'
      readonly version: string
      readonly nonce: string
      /** What the client says that it still runs. */
      readonly running: string | null
      readonly detail: string
    }

/**
 * `wait`: something is due, but not before this many milliseconds. `covered`: what the client acknowledged last is what this version says, so it runs that
 * one too, and need not be asked.
 */
export type Next =
  | { readonly kind: 'send'; readonly response: Response }
  | { readonly kind: 'covered'; readonly version: string; readonly nonce: string }
  | { readonly kind: 'wait'; readonly waitMs: number }
  | { readonly kind: 'nothing' }

export const NO_SUBSCRIPTION: Subscription = {
  begun: false,
  nameless: true,
  wanted: 'all',
  owed: false,
  nonces: 0,
  last: null,
  unanswered: false,
  covers: null,
  ackedOrder: null,
  refusal: null,
  refusals: 0,
  holdUntilMs: 0,
}

/** This many equal refusals in a row are taken as they come; after that each waits twice as long as the one before. */
export const REFUSALS_FREE = 3
const HOLD_FIRST_MS = 100
/** A repaired policy waits no longer than this behind a client that keeps refusing. */
export const HOLD_MAX_MS = 5_000

export function onRequest(
  before: Subscription,
  request: SubscriptionRequest,
  nowMs: number,
): { readonly after: Subscription; readonly answer: Answer } {
  if (!before.begun) {
    return {
      after: { ...withNames(before, request.resourceNames), begun: true, owed: true },
      answer: { kind: 'first' },
    }
  }
  if (before.last !== null && request.responseNonce !== before.last.nonce) {
    return { after: before, answer: { kind: 'stale' } }
  }
  const named = withNames(before, request.resourceNames)
  if (before.last === null || !before.unanswered) return { after: named, answer: { kind: 'names' } }
  return request.errorDetail === null
    ? acknowledge(named, before.last)
    : refuse(named, before.last, { request, detail: request.errorDetail.message, nowMs })
}

/** What to send now that `served` is what there is. */
export function next(
  before: Subscription,
  served: Served | null,
  nowMs: number,
): { readonly after: Subscription; readonly next: Next } {
  if (isUnsubscribed(before) || before.unanswered || served === null)
    return { after: before, next: { kind: 'nothing' } }
  if (!before.owed && !differs(before, served)) return cover(before, served)
  if (nowMs < before.holdUntilMs) return { after: before, next: { kind: 'wait', waitMs: before.holdUntilMs - nowMs } }
  const nonce = String(before.nonces + 1)
  const response = { nonce, version: served.version, order: served.order, resources: select(before.wanted, served) }
  const { version, order } = served
  return {
    after: {
      ...before,
      owed: false,
      nonces: before.nonces + 1,
      last: response,
      unanswered: true,
      covers: { version, order },
    },
    next: { kind: 'send', response },
  }
}

/** Whether the client runs publication `order` or a later one, refused it, or has not said yet. */
export function standing(subscription: Subscription, order: number): 'acked' | 'nacked' | 'waiting' {
  if (subscription.ackedOrder !== null && subscription.ackedOrder >= order) return 'acked'
  return subscription.refusal !== null && subscription.refusal.order >= order ? 'nacked' : 'waiting'
}

/** Everything that it once named was given back: it gets nothing, and nobody waits for it. */
export function isUnsubscribed({ begun, wanted }: Subscription): boolean {
  return !begun || (wanted !== 'all' && wanted.size === 0)
}

function withNames(before: Subscription, names: readonly string[]): Subscription {
  const nameless = before.nameless && names.length === 0
  const all = nameless || names.includes('*')
  const wanted = all ? 'all' : new Set(names)
  const added = all
    ? before.wanted !== 'all'
    : names.some((name) => before.wanted === 'all' || !before.wanted.has(name))
  return { ...before, nameless, wanted, owed: before.owed || added }
}

function acknowledge(named: Subscription, { version, nonce, order }: Response): ReturnType<typeof onRequest> {
  const after = { ...named, unanswered: false, ackedOrder: order, refusal: null, refusals: 0, holdUntilMs: 0 }
  return { after, answer: { kind: 'acked', version, nonce } }
}

function refuse(
  named: Subscription,
  { version, nonce, order }: Response,
  {
    request,
    detail,
    nowMs,
  }: { readonly request: SubscriptionRequest; readonly detail: string; readonly nowMs: number },
): ReturnType<typeof onRequest> {
  const refusals = named.refusal?.detail === detail ? named.refusals + 1 : 1
  const after = {
    ...named,
    unanswered: false,
    refusal: { detail, order },
    refusals,
    holdUntilMs: nowMs + holdMs(refusals),
  }
  const running = request.versionInfo === '' ? null : request.versionInfo
  return { after, answer: { kind: 'nacked', version, nonce, running, detail } }
}

function holdMs(refusals: number): number {
  return refusals <= REFUSALS_FREE ? 0 : Math.min(HOLD_FIRST_MS * 2 ** (refusals - REFUSALS_FREE - 1), HOLD_MAX_MS)
}

/** The client's last answer holds for `served` too, because what it wants did not change. */
function cover(before: Subscription, { version, order }: Served): ReturnType<typeof next> {
  const { last, covers, refusal } = before
  if (last === null || covers === null || covers.order >= order) return { after: before, next: { kind: 'nothing' } }
  const after = { ...before, covers: { version, order } }
  return refusal !== null
    ? { after: { ...after, refusal: { ...refusal, order } }, next: { kind: 'nothing' } }
    : { after: { ...after, ackedOrder: order }, next: { kind: 'covered', version, nonce: last.nonce } }
}

function differs({ wanted, last }: Subscription, { resources }: Served): boolean {
  const told = last?.resources ?? new Map<string, Uint8Array>()
  if (told === resources) return false
  if (wanted !== 'all') return [...wanted].some((name) => !sameBytes(told.get(name), resources.get(name)))
  return told.size !== resources.size || [...resources].some(([name, bytes]) => !sameBytes(told.get(name), bytes))
}

function select(wanted: Subscription['wanted'], { resources }: Served): ReadonlyMap<string, Uint8Array> {
  return wanted === 'all' ? resources : new Map([...resources].filter(([name]) => wanted.has(name)))
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === b) return true
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0
}
