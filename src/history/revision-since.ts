/** Where the policies came to a revision, as a moment has it: a branch has revisions of its own. */
import type { Position } from '../../events/ids.ts'
import { placeOf } from './branch/place.ts'
import type { History } from './history.ts'

/** More than one node is ever behind. */
const VERSIONS_MAX = 10_000

/** Null where they never came to it; 1 is there from the beginning. */
export function revisionSince({ model }: Pick<History, 'model'>, revision: number, at: Position): Position | null {
  if (placeOf(at) === null) return model.revisionAt(revision)
  const versions = model.versions({ unit: 'policy', entity: 'revision', upTo: at, limit: VERSIONS_MAX })
  return versions.findLast(({ value }) => Number(value) >= revision)?.position ?? null
}
