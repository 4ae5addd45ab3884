/** The policies that the repository holds, as a writer must know them. */
import { Map as PersistentMap } from 'immutable'
import type { EventOf } from '../../events/catalogue.ts'
import { type ResourceRef, resourceKey } from '../../events/fields.ts'
import type { Digest } from '../../events/ids.ts'

export type StoredPolicy = { readonly resource: ResourceRef; readonly digest: Digest }

export type StoredPolicies = {
  /** 1 before the first policy. */
  readonly revision: number
  /** By resource key. */
  readonly byKey: PersistentMap<string, StoredPolicy>
  /** Name to position. */
  readonly tags: PersistentMap<string, string>
}

export const NO_POLICIES: StoredPolicies = { revision: 1, byKey: PersistentMap(), tags: PersistentMap() }

export function evolvePolicies(
  state: StoredPolicies,
  event: EventOf<'PolicyAdded' | 'PolicyDeleted' | 'PositionTagged'>,
): StoredPolicies {
  if (event.type === 'PositionTagged') return { ...state, tags: state.tags.set(event.name, event.position) }
  const { resource, digest, revision } = event
  const key = resourceKey(resource)
  const byKey = event.type === 'PolicyAdded' ? state.byKey.set(key, { resource, digest }) : state.byKey.delete(key)
  return { ...state, revision, byKey }
}
