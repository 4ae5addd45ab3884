/**
 * Where a capsule comes from: a signed checkpoint of the log, and the hashes of the tree left and right of the range. With the range's own events they
 * lead to the signed root, so whoever changes, adds or takes away one of these events is found out, also if everything else is made to fit.
 *
 * Only the events after `from` are proved. Those that the state at the start follows from are cut down to what still held, and are no leaves.
 */
import type { StoredEvent } from '../../../events/codec.ts'
import { Position } from '../../../events/ids.ts'
import { integer, list, record, type Schema, text } from '../../../events/schema.ts'
import { type Checkpoint, claimedCheckpoint, readCheckpoint } from '../checkpoint/checkpoint.ts'
import type { VerifierKey } from '../checkpoint/note.ts'
import type { AnchoredTree } from '../merkle/anchored.ts'
import { eventLeaf } from '../merkle/leaf.ts'
import { coveringRanges, type LeafRange } from '../merkle/proof.ts'
import { CompactRange, hashText, readHashText, type TreeHash } from '../merkle/tree.ts'
import type { SignedCheckpoint } from '../prove.ts'
import { CapsuleError } from './capsule-error.ts'
import type { Capsule } from './format.ts'

export type CapsuleOrigin = {
  readonly note: string
  /** Events of the log before the range. */
  readonly before: number
  /** Base64: of the largest perfect subtrees before the range, and after it up to the checkpoint. */
  readonly left: readonly string[]
  readonly right: readonly string[]
}

export const capsuleOrigin: Schema<CapsuleOrigin> = record({
  note: text,
  before: integer,
  left: list(text),
  right: list(text),
})

/** `proved`: the key signed it. `claimed`: the hashes lead to the root, and the signature was not looked at for want of a key. */
export type OriginReading =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'proved' | 'claimed' } & OriginClaim)
  | { readonly kind: 'refused'; readonly reason: string }

export type OriginClaim = {
  readonly checkpoint: Checkpoint
  /** `<name>+<key id>`: whose signature holds, or where nobody looked, whose stand there. */
  readonly signers: readonly string[]
  /** Events of the capsule that it speaks for, and how many it does not. */
  readonly events: number
  readonly others: number
}

/** The events of the capsule that are leaves of the log's tree. */
export function rangeOf({ header, events }: Capsule): readonly StoredEvent[] {
  const from = BigInt(header.from.position)
  return events.filter(({ position }) => position > from)
}

/** Throws `RangeError` where the tree does not lead from the events to the root. */
export async function originOfRange(
  tree: AnchoredTree,
  capsule: Capsule,
  { checkpoint, note }: SignedCheckpoint,
): Promise<CapsuleOrigin> {
  const place = await tree.place(Position(BigInt(capsule.header.from.position)))
  if (place === null) throw new RangeError(`no event stands at ${capsule.header.from.position}`)
  const [before, { size }] = [place.index + 1, checkpoint]
  const range = rangeOf(capsule)
  const [left, right] = aroundRanges(before, range.length, size)
  let origin: CapsuleOrigin | null = null
  await tree.proof(async (hashes) => {
    const texts = async (ranges: readonly LeafRange[]): Promise<readonly string[]> =>
      (await hashes.hashes(ranges)).map(hashText)
    origin = { note, before, left: await texts(left), right: await texts(right) }
    const root = rootAround(origin, range, size)
    if (root !== checkpoint.root) throw new RangeError('the events of the range are not those of the checkpoint')
    return note
  })
  return origin!
}

/** Whether the events of the range are those that were signed. Without a key that remains open. */
export function readOrigin(capsule: Capsule, key: VerifierKey | null): OriginReading {
  const { origin } = capsule.header
  if (origin === null) return { kind: 'none' }
  const claimed = claimedCheckpoint(origin.note)
  const reading = key === null ? claimed : readCheckpoint(origin.note, key)
  if (reading.kind === 'refused') return { kind: 'refused', reason: `${reading.code}: ${reading.reason}` }
  const { checkpoint } = reading
  const range = rangeOf(capsule)
  if (rootAround(origin, range, checkpoint.size) !== checkpoint.root) {
    const reason = 'the events of the range, or the hashes around it, do not lead to the root that was signed'
    return { kind: 'refused', reason }
  }
  const events = range.length
  const claim = {
    checkpoint,
    signers: key === null ? (claimed.signers ?? []) : [`${key.name}+${key.id}`],
    events,
    others: capsule.events.length - events,
  }
  return { kind: key === null ? 'claimed' : 'proved', ...claim }
}

/** Throws `CapsuleError`. */
export function checkedOrigin(capsule: Capsule, key: VerifierKey | null): Exclude<OriginReading, { kind: 'refused' }> {
  const reading = readOrigin(capsule, key)
  if (reading.kind === 'refused') throw new CapsuleError('capsule-not-of-log', reading.reason)
  return reading
}

/** Null where the hashes do not fit the places that they would have to stand at. */
function rootAround(
  { before, left, right }: CapsuleOrigin,
  range: readonly StoredEvent[],
  size: number,
): TreeHash | null {
  if (!(Number.isSafeInteger(size) && before >= 0 && before + range.length <= size)) return null
  const [leftRanges, rightRanges] = aroundRanges(before, range.length, size)
  const tree = new CompactRange()
  if (!append(tree, leftRanges, left)) return null
  for (const stored of range) tree.append(eventLeaf(stored))
  return append(tree, rightRanges, right) ? tree.root() : null
}

function aroundRanges(
  before: number,
  events: number,
  size: number,
): readonly [readonly LeafRange[], readonly LeafRange[]] {
  return [coveringRanges({ from: 0, to: before }), coveringRanges({ from: before + events, to: size })]
}

function append(tree: CompactRange, ranges: readonly LeafRange[], texts: readonly string[]): boolean {
  const hashes = texts.map(readHashText)
  if (hashes.length !== ranges.length || hashes.includes(null)) return false
  for (const [index, { from, to }] of ranges.entries()) tree.append(hashes[index]!, to - from)
  return true
}
