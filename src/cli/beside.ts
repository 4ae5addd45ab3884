/** What people keep beside a log: its checkpoints with their keys, its tree, and its branches. */
import { BranchFolder } from '../history/branch/folder.ts'
import { CheckpointFolder } from '../history/checkpoint/folder.ts'
import { isCapsule, type Place, pathOf } from './compose.ts'
import { CliError } from './failure.ts'

/** Throws `CliError`. */
export function checkpointFolder(place: Place): CheckpointFolder {
  return new CheckpointFolder(`${pathOf(place)}.checkpoints`)
}

/** Throws `CliError`. */
export function branchFolder(place: Place): BranchFolder {
  const reason = 'a capsule is a part of a log, without the policy events before it'
  if (isCapsule(place)) throw new CliError('usage', `capsule-is-a-part at --log: ${reason}`)
  return new BranchFolder(`${pathOf(place)}.branches`)
}

/** Where the stored tree of the log is kept. Throws `CliError`. */
export function treePath(place: Place): string {
  return `${pathOf(place)}.tree`
}
