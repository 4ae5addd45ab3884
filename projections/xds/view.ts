/**
 * What a node serves of one type beside what a proxy took of it. A proxy goes on with what it took last, so that is what is enforced.
 *
 * An acknowledgement counts where it is of what is served now; one that comes after a newer publication says less than the next one will.
 */
import { Map as PersistentMap } from 'immutable'
import type { EventOf } from '../../events/catalogue.ts'
import type { XdsType } from '../../events/node.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { equal } from '../history/changes.ts'

export type XdsView = {
  readonly version: string
  /** As published. */
  readonly resources: PersistentMap<string, Json>
  /** The version that a client took last; null: none. */
  readonly acked: string | null
  /** The last answer, where it was a refusal. */
  readonly refused: XdsRefusal | null
  /** Resources that were published otherwise than they were taken last. Of network policies only: nothing else decides. */
  readonly unacked: PersistentMap<string, Unacked>
}

export type XdsRefusal = { readonly version: string; readonly detail: string; readonly position: string }

export type Unacked = {
  /** As it was taken last; null where nobody has it. */
  readonly acked: Json
  /** Position of its publication. */
  readonly since: string
}

export const NOTHING_PUBLISHED: XdsView = {
  version: '',
  resources: PersistentMap(),
  acked: null,
  refused: null,
  unacked: PersistentMap(),
}

type XdsEvent = EventOf<'XdsPublished' | 'XdsAcked' | 'XdsNacked'>

export function evolveXdsView(before: XdsView, { event, position }: Recorded<XdsEvent>): XdsView {
  switch (event.type) {
    case 'XdsPublished':
      return published(before, event, String(position))
    case 'XdsAcked':
      if (event.version !== before.version) return before
      return { ...before, acked: event.version, refused: null, unacked: before.unacked.clear() }
    case 'XdsNacked':
      return { ...before, refused: { version: event.version, detail: event.detail, position: String(position) } }
  }
}

/** What a proxy goes by; null where it has none. */
export function acknowledged({ resources, unacked }: XdsView, name: string): Json {
  const behind = unacked.get(name)
  return behind === undefined ? (resources.get(name) ?? null) : behind.acked
}

function published(before: XdsView, event: EventOf<'XdsPublished'>, since: string): XdsView {
  const { version, changed, removed } = event
  const resources = before.resources.withMutations((map) => {
    for (const { name, resource } of changed) map.set(name, resource)
    for (const name of removed) map.delete(name)
  })
  if (event.xds !== TRACKED) return { ...before, version, resources }
  const unacked = before.unacked.withMutations((map) => {
    for (const name of [...changed.map((one) => one.name), ...removed]) {
      const acked = acknowledged(before, name)
      if (equal(acked, resources.get(name) ?? null)) map.delete(name)
      else map.set(name, { acked, since })
    }
  })
  return { ...before, version, resources, unacked }
}

const TRACKED: XdsType = 'npds'
