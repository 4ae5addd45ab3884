/** Labels of identities as they were, also of those that are gone since. */
import type { IdentityId, Position } from '../../events/ids.ts'
import { RESERVED_IDENTITIES } from '../../projections/identity/reserved.ts'
import type { ReadModel } from '../ports/read-model.ts'

export type LabelsOf = (identity: number) => readonly string[]

/** `node`: whose local identities count. Of a number that is nobody's then, the labels that it last had. */
export function labelsAt(model: ReadModel, node: string, at: Position): LabelsOf {
  const known = new Map<number, readonly string[]>()
  return (identity) => {
    const found = known.get(identity) ?? look(model, { node, identity, at })
    known.set(identity, found)
    return found
  }
}

function look(
  model: ReadModel,
  { node, identity, at }: { readonly node: string; readonly identity: number; readonly at: Position },
): readonly string[] {
  for (const unit of ['identity', `node ${node}`]) {
    const versions = model.versions({ unit, entity: `identity ${identity}`, upTo: at, limit: 2 })
    const value = versions.find((version) => version.value !== null)?.value as { labels: readonly string[] } | undefined
    if (value !== undefined) return value.labels
  }
  return RESERVED_IDENTITIES.get(identity as IdentityId) ?? []
}
