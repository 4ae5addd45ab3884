/** One checkpoint of an agent: the log as it is now, signed and kept beside it, and its older ones thinned out. */
import type { Timestamp } from '../../../events/ids.ts'
import { readCheckpoint } from '../../history/checkpoint/checkpoint.ts'
import type { CheckpointFolder } from '../../history/checkpoint/folder.ts'
import { superfluous } from '../../history/checkpoint/thinning.ts'
import { checkpointFolder } from '../beside.ts'
import { signedAt, withSignedTree } from '../integrity/signed-tree.ts'

export type SignQuestion = {
  /** The log's file: the log itself, or the copy of one on a server. */
  readonly path: string
  readonly node: string
  readonly now: Timestamp
}

export type SignAnswer =
  | {
      readonly kind: 'signed'
      readonly file: string
      readonly events: number
      readonly position: string
      readonly read: number
    }
  /** Nothing was appended since the last one. */
  | { readonly kind: 'nothing-new' }

/** Throws `CliError`, `LogError`, and where the folder cannot be written. */
export async function signHead({ path, node, now }: SignQuestion, warn: (text: string) => void): Promise<SignAnswer> {
  const place = { log: `sqlite:${path}`, state: undefined }
  const folder = checkpointFolder(place)
  const last = ownOf(folder, node).at(-1)?.checkpoint
  return withSignedTree(place, warn, async (_, open) => {
    const tree = await open()
    if (last?.size === tree.head.size && last.root === tree.head.root) return { kind: 'nothing-new' }
    const { checkpoint, note } = await signedAt(tree, tree.head, place)
    const file = folder.save(checkpoint.size, note, node)
    folder.removeOfAgent(superfluous(ownOf(folder, node), now))
    return { kind: 'signed', file, events: checkpoint.size, position: String(checkpoint.position), read: tree.read }
  })
}

function ownOf(folder: CheckpointFolder, node: string): Parameters<typeof superfluous>[0] {
  const verifier = folder.verifier()
  if (verifier === null) return []
  return folder.notes().flatMap(({ name, note, agent }) => {
    const reading = agent === node ? readCheckpoint(note, verifier) : null
    return reading?.kind === 'checkpoint' ? [{ name, checkpoint: reading.checkpoint }] : []
  })
}
