/**
 * Numbers for label sets and prefixes. Whoever appends the answer does so at the stream revision that the book was read at: of two who ask at
 * once, one gets a conflict, reads on and finds the number that the other got.
 */
import type { EventOf } from '../../events/catalogue.ts'
import type { Problem } from '../../events/fields.ts'
import { type Cidr, IDENTITY_STREAM, IdentityId, type LabelText, type NodeName, nodeStream } from '../../events/ids.ts'
import { prefixLabels } from '../../projections/identity/prefix-labels.ts'
import {
  CLUSTER_IDENTITY_MAX,
  CLUSTER_IDENTITY_MIN,
  fixedIdentityOf,
  keyOf,
  LOCAL_IDENTITY_MAX,
  LOCAL_IDENTITY_MIN,
  USER_RESERVED_MIN,
} from '../../projections/identity/reserved.ts'
import { evolveNumbers, type NumberBook } from '../../projections/ledger/identities.ts'
import { type Decision, decided, NOTHING, problemAt, refused } from './decision.ts'

export type AllocateIdentity = {
  readonly kind: 'allocate-identity'
  /** After the label filter. */
  readonly labels: readonly LabelText[]
  /** This number and no other; null: whichever is free. */
  readonly wanted: IdentityId | null
}

export type ReleaseIdentity = { readonly kind: 'release-identity'; readonly identity: IdentityId }

/** The number and the event that makes it so; no event where it is so already. */
export type Numbered =
  | { readonly kind: 'numbered'; readonly identity: IdentityId; readonly event: EventOf<'IdentityAllocated'> | null }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }

/** The number of a label set. */
export function numberFor({ labels, wanted }: Omit<AllocateIdentity, 'kind'>, book: NumberBook): Numbered {
  const key = keyOf(labels)
  const fixed = fixedIdentityOf(labels)
  const has = fixed ?? inUse(book, key)
  if (has !== null && wanted !== null && wanted !== has) {
    return refuse('identity-differs', `these labels already have identity ${has}`)
  }
  if (has !== null) return { kind: 'numbered', identity: has, event: null }
  if (labels.length === 0) return refuse('labels-missing', 'an identity needs at least one label')
  const choice = wanted === null ? freeNumber(book, key, CLUSTER) : wantedNumber(book, wanted)
  if (typeof choice === 'object') return { kind: 'refused', problems: [choice] }
  const identity = IdentityId(choice)
  const sorted = [...new Set(labels)].toSorted()
  return {
    kind: 'numbered',
    identity,
    event: { type: 'IdentityAllocated', v: 1, identity, scope: 'cluster', labels: sorted, prefix: null },
  }
}

/** The number of a prefix on one node. */
function numberForPrefix(prefix: Cidr, book: NumberBook): Numbered {
  const labels = prefixLabels(prefix)
  const key = keyOf(labels)
  const has = inUse(book, key)
  if (has !== null) return { kind: 'numbered', identity: has, event: null }
  const choice = freeNumber(book, key, LOCAL)
  if (typeof choice === 'object') return { kind: 'refused', problems: [choice] }
  const identity = IdentityId(choice)
  return {
    kind: 'numbered',
    identity,
    event: { type: 'IdentityAllocated', v: 1, identity, scope: 'local', labels, prefix },
  }
}

export function decideAllocate(command: AllocateIdentity, book: NumberBook): Decision {
  const numbered = numberFor(command, book)
  if (numbered.kind === 'refused') return refused(numbered.problems)
  return numbered.event === null ? NOTHING : decided(IDENTITY_STREAM, [numbered.event])
}

export type AllocatePrefixes = {
  readonly kind: 'allocate-prefixes'
  readonly node: NodeName
  readonly prefixes: readonly Cidr[]
}

/** Numbers for several prefixes of a node in one batch, in the order given. */
export function decideAllocatePrefixes({ node, prefixes }: AllocatePrefixes, book: NumberBook): Decision {
  const events: EventOf<'IdentityAllocated'>[] = []
  let open = book
  for (const prefix of prefixes) {
    const numbered = numberForPrefix(prefix, open)
    if (numbered.kind === 'refused') return refused(numbered.problems)
    if (numbered.event === null) continue
    events.push(numbered.event)
    open = evolveNumbers(open, numbered.event)
  }
  return decided(nodeStream(node), events)
}

/** Whether somebody still uses the number is for the caller to know. */
export function decideRelease({ identity }: ReleaseIdentity, book: NumberBook): Decision {
  if (book.used.has(identity)) return decided(IDENTITY_STREAM, [{ type: 'IdentityReleased', v: 1, identity }])
  return refused([problemAt('identity-not-found', '/identity', `${identity} is not allocated`)])
}

type Range = { readonly first: number; readonly last: number }
const CLUSTER: Range = { first: CLUSTER_IDENTITY_MIN, last: CLUSTER_IDENTITY_MAX }
const LOCAL: Range = { first: LOCAL_IDENTITY_MIN, last: LOCAL_IDENTITY_MAX }

function inUse({ used, numberOf }: NumberBook, key: string): IdentityId | null {
  const number = numberOf.get(key)
  return number !== undefined && used.get(number) === key ? number : null
}

/** What the label set had before, else the lowest number that nobody had, else the lowest that nobody has any more. */
function freeNumber(book: NumberBook, key: string, { first, last }: Range): number | Problem {
  const earlier = book.numberOf.get(key)
  if (earlier !== undefined && !book.used.has(earlier)) return earlier
  if (book.next <= last) return book.next
  for (let number = first; number <= last; number++) if (!book.used.has(number as IdentityId)) return number
  return problemAt('identities-exhausted', '/identity', `all numbers from ${first} to ${last} are in use`)
}

function wantedNumber({ used }: NumberBook, wanted: IdentityId): number | Problem {
  if (wanted < USER_RESERVED_MIN || wanted > CLUSTER_IDENTITY_MAX) {
    const range = `${USER_RESERVED_MIN} to ${CLUSTER_IDENTITY_MAX}`
    return problemAt('identity-out-of-range', '/identity', `${wanted} is not one of the numbers to ask for, ${range}`)
  }
  const owner = used.get(wanted)
  if (owner === undefined) return wanted
  return problemAt('identity-taken', '/identity', `${wanted} belongs to ${owner.replaceAll(';', ', ')}`)
}

function refuse(code: string, reason: string): Numbered {
  return { kind: 'refused', problems: [problemAt(code, '/identity', reason)] }
}
