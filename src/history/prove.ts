/**
 * Proofs that one can take away: that an event is on the log, and that an earlier state of the log is the beginning of a later one. To
 * check one takes the proof and the verifier key, and nothing of the log.
 *
 * Inclusion has the form of c2sp.org/tlog-proof, with the event's own bytes as `extra`; consistency that of a request to a witness
 * (c2sp.org/tlog-witness): the old size, the hashes, the new checkpoint.
 */
import { type Checkpoint, readCheckpoint } from './checkpoint/checkpoint.ts'
import type { VerifierKey } from './checkpoint/note.ts'
import { eventLeaf, leafText } from './merkle/leaf.ts'
import type { LeafPlace, LogTree } from './merkle/log-tree.ts'
import { consistencyRanges, inclusionRanges, isConsistent, isIncluded } from './merkle/proof.ts'
import { hashText, leafHash, type TreeHash, treeHash } from './merkle/tree.ts'

/** A checkpoint with the note that it was signed in. */
export type SignedCheckpoint = { readonly checkpoint: Checkpoint; readonly note: string }

export type ProofReading =
  | { readonly kind: 'included'; readonly index: number; readonly event: string; readonly checkpoint: Checkpoint }
  | { readonly kind: 'consistent'; readonly first: Checkpoint; readonly second: Checkpoint }
  | { readonly kind: 'refused'; readonly reason: string }

const INCLUSION =
  /^c2sp\.org\/tlog-proof@v1\nextra (?<extra>\S*)\nindex (?<index>[0-9]{1,16})\n(?<path>(?:[A-Za-z0-9+/]{43}=\n)*)\n(?<note>[\s\S]+)$/
const CONSISTENCY = /^old (?<old>[0-9]{1,16})\n(?<path>(?:[A-Za-z0-9+/]{43}=\n)*)\n(?<note>[\s\S]+)$/

/** Throws `RangeError` where the event is not among those of the checkpoint. */
export async function proveInclusion(tree: LogTree, place: LeafPlace, signed: SignedCheckpoint): Promise<string> {
  const path = await tree.hashes(inclusionRanges(place.index, signed.checkpoint.size))
  const claim = { leaf: eventLeaf(place.stored), index: place.index, size: signed.checkpoint.size, path }
  if (!isIncluded({ ...claim, root: signed.checkpoint.root }))
    throw new RangeError('the log is not that of the checkpoint')
  const extra = Buffer.from(leafText(place.stored)).toString('base64')
  return `c2sp.org/tlog-proof@v1\nextra ${extra}\nindex ${place.index}\n${lines(path)}\n${signed.note}`
}

/** Throws `RangeError` where the first is not the beginning of the second. */
export async function proveConsistency(tree: LogTree, first: Checkpoint, second: SignedCheckpoint): Promise<string> {
  const path = await tree.hashes(consistencyRanges(first.size, second.checkpoint.size))
  if (!isConsistent({ first, second: second.checkpoint, path })) {
    throw new RangeError(`the first ${first.size} events are not the beginning of the ${second.checkpoint.size}`)
  }
  return `old ${first.size}\n${lines(path)}\n${second.note}`
}

/** Checks either form. A consistency proof needs the earlier checkpoint, which its reader kept. */
export function checkProof(text: string, key: VerifierKey, earlier: Checkpoint | null): ProofReading {
  const inclusion = INCLUSION.exec(text)?.groups
  if (inclusion !== undefined) return checkInclusion(inclusion, key)
  const consistency = CONSISTENCY.exec(text)?.groups
  if (consistency !== undefined) return checkConsistency(consistency, key, earlier)
  return {
    kind: 'refused',
    reason: 'neither an inclusion proof (c2sp.org/tlog-proof@v1) nor a consistency proof (old …)',
  }
}

type Groups = Readonly<Record<string, string | undefined>>

function checkInclusion({ extra, index, path, note }: Groups, key: VerifierKey): ProofReading {
  const reading = readCheckpoint(note!, key)
  if (reading.kind === 'refused') return { kind: 'refused', reason: `${reading.code}: ${reading.reason}` }
  const { checkpoint } = reading
  const event = Buffer.from(extra!, 'base64').toString()
  const claim = { leaf: leafHash(event), index: Number(index), path: hashesOf(path!) }
  const holds = isIncluded({ ...claim, size: checkpoint.size, root: checkpoint.root })
  if (!holds) return { kind: 'refused', reason: 'the hashes do not lead from the event to the checkpoint' }
  return { kind: 'included', index: claim.index, event, checkpoint }
}

function checkConsistency({ old, path, note }: Groups, key: VerifierKey, first: Checkpoint | null): ProofReading {
  const reading = readCheckpoint(note!, key)
  if (reading.kind === 'refused') return { kind: 'refused', reason: `${reading.code}: ${reading.reason}` }
  const second = reading.checkpoint
  if (first === null)
    return { kind: 'refused', reason: 'a consistency proof is checked against the earlier checkpoint' }
  if (first.origin !== second.origin) return { kind: 'refused', reason: `${first.origin} is not ${second.origin}` }
  if (first.size !== Number(old))
    return { kind: 'refused', reason: `the proof is for ${old} events, not ${first.size}` }
  return isConsistent({ first, second, path: hashesOf(path!) })
    ? { kind: 'consistent', first, second }
    : { kind: 'refused', reason: 'the hashes do not lead from the earlier checkpoint to the later one' }
}

function lines(path: readonly TreeHash[]): string {
  return path.map((hash) => `${hashText(hash)}\n`).join('')
}

function hashesOf(text: string): readonly TreeHash[] {
  const hashes = text.split('\n').slice(0, -1)
  return hashes.map((line) => treeHash(Buffer.from(line, 'base64')))
}
