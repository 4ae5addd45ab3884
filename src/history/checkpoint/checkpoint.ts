/**
 * A checkpoint (c2sp.org/tlog-checkpoint): what the log was at one moment, in three lines and one extension line, signed as a note.
 *
 *     hindcast/<id of the first event>
 *     <number of events>
 *     <root of their tree, base64>
 *     position <of the last event> <its time, RFC 3339>
 */
import { Position } from '../../../events/ids.ts'
import { hashText, readHashText, type TreeHash } from '../merkle/tree.ts'
import { claimedNote, type NoteReading, openNote, type SignerKey, signNote, type VerifierKey } from './note.ts'

export type Checkpoint = {
  /** Which log: other logs have other origins. */
  readonly origin: string
  /** Number of events. */
  readonly size: number
  readonly root: TreeHash
  /** Of the last of these events. */
  readonly position: Position
  readonly time: string
}

/** `name` says where the checkpoint came from: a file. */
export type NamedCheckpoint = { readonly name: string; readonly checkpoint: Checkpoint }

export type CheckpointReading =
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint }
  | Exclude<NoteReading, { readonly kind: 'signed' }>

const TEXT =
  /^(?<origin>[^\n]+)\n(?<size>0|[1-9][0-9]{0,15})\n(?<root>[A-Za-z0-9+/]{43}=)\nposition (?<position>[0-9]{1,20}) (?<time>\S+)\n$/

export function originOf(firstEventId: string): string {
  return `hindcast/${firstEventId}`
}

export function signCheckpoint({ origin, size, root, position, time }: Checkpoint, signer: SignerKey): string {
  const text = `${origin}\n${size}\n${hashText(root)}\nposition ${position} ${time}\n`
  return signNote(text, signer)
}

export function readCheckpoint(note: string, verifier: VerifierKey): CheckpointReading {
  const opened = openNote(note, verifier)
  return opened.kind === 'refused' ? opened : checkpointIn(opened.text)
}

/** What it says, and who is said to have signed it: nobody has checked that. */
export function claimedCheckpoint(note: string): CheckpointReading & { readonly signers?: readonly string[] } {
  const claimed = claimedNote(note)
  return claimed.kind === 'refused' ? claimed : { ...checkpointIn(claimed.text), signers: claimed.signers }
}

function checkpointIn(text: string): CheckpointReading {
  const found = TEXT.exec(text)?.groups
  const root = readHashText(found?.['root'] ?? '')
  if (found === undefined || root === null) {
    return { kind: 'refused', code: 'note-malformed', reason: 'the text is not a checkpoint of a Hindcast log' }
  }
  const [size, position] = [Number(found['size']), Position(BigInt(found['position']!))]
  return { kind: 'checkpoint', checkpoint: { origin: found['origin']!, size, root, position, time: found['time']! } }
}
