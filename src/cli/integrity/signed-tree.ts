/** The log's tree as far as the checkpoints beside the log vouch for it, and new checkpoints of it. */
import {
  type Checkpoint,
  type NamedCheckpoint,
  readCheckpoint,
  signCheckpoint,
} from '../../history/checkpoint/checkpoint.ts'
import type { CheckpointFolder } from '../../history/checkpoint/folder.ts'
import { type AnchoredTree, anchoredTree, ContradictionError } from '../../history/merkle/anchored.ts'
import type { Moment } from '../../history/position.ts'
import type { SignedCheckpoint } from '../../history/prove.ts'
import type { EventLog } from '../../ports/log.ts'
import { checkpointFolder, treePath } from '../beside.ts'
import { openWholeLogToRead, type Place } from '../compose.ts'
import { CliError, messageOf } from '../failure.ts'
import { progressLine } from '../progress-line.ts'
import { withTree } from './tree-file.ts'

/** Of the folder's own key; what cannot be read is for `verify` to complain about. */
export function anchorsIn(folder: CheckpointFolder): readonly NamedCheckpoint[] {
  const verifier = folder.verifier()
  if (verifier === null) return []
  return folder.notes().flatMap(({ name, note }) => {
    const reading = readCheckpoint(note, verifier)
    return reading.kind === 'checkpoint' ? [{ name, checkpoint: reading.checkpoint }] : []
  })
}

export type SignedTreeWork<T> = (log: EventLog, tree: () => Promise<AnchoredTree>) => Promise<T>

/** `work` finds its moments first and asks for the tree then, so that none of them lies after it. Throws `CliError`, `LogError`. */
export async function withSignedTree<T>(
  place: Place,
  warn: (text: string) => void,
  work: SignedTreeWork<T>,
): Promise<T> {
  await using log = await openWholeLogToRead(place, warn)
  return await withTree(treePath(place), warn, (store) =>
    work(log, async () => {
      const found = await grown(() =>
        anchoredTree({ log, store, anchors: anchorsIn(checkpointFolder(place)), progress: progressLine(warn) }),
      )
      if (found === null) throw new CliError('notFound', 'the log is empty: there is nothing to sign')
      return found
    }),
  )
}

/** Throws `CliError`. */
export async function signedAt(
  tree: AnchoredTree,
  at: Pick<Moment, 'position'>,
  place: Place,
): Promise<SignedCheckpoint> {
  const checkpoint = await grown(() => tree.checkpointAt(at))
  return { checkpoint, note: signed(checkpoint, place) }
}

/** Events that are not to be read twice: about a tenth of a second. */
const GO_ON_FROM_EVENTS = 20_000

/** For proofs: where much had to be read, the checkpoint is kept beside the log, so that the next one goes on from it. Throws `CliError`. */
export async function signedToGoOn(
  tree: AnchoredTree,
  at: Pick<Moment, 'position'>,
  { place, warn }: { readonly place: Place; readonly warn: (text: string) => void },
): Promise<SignedCheckpoint> {
  const { checkpoint, note } = await signedAt(tree, at, place)
  if (tree.read >= GO_ON_FROM_EVENTS) {
    try {
      checkpointFolder(place).save(checkpoint.size, note)
    } catch (error) {
      warn(`the checkpoint was not kept, the next proof reads as much again: ${messageOf(error)}\n`)
    }
  }
  return { checkpoint, note }
}

function signed(checkpoint: Checkpoint, place: Place): string {
  try {
    return signCheckpoint(checkpoint, checkpointFolder(place).signer(checkpoint.origin))
  } catch (error) {
    throw new CliError('backend', `no key to sign with: ${messageOf(error)}`, { cause: error })
  }
}

/** Nothing is signed over a log that is not the one that was signed before. */
async function grown<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ContradictionError)) throw error
    throw new CliError('integrity', `${error.message}; nothing was signed (hindcast verify says more)`, {
      cause: error,
    })
  }
}
