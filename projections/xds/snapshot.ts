/**
 * What the node's xDS server serves, and how far each client has followed: for `xds get`, and for the agent to say what changed.
 *
 * A publication's digest is checked against the resources that the fold then has: a `TypeError` means that a publication is missing or
 * was written wrongly.
 */

import { digestOf } from '../../events/canonical.ts'
import type { EventOf } from '../../events/catalogue.ts'
import type { Digest, Position, StreamName } from '../../events/ids.ts'
import type { XdsType } from '../../events/node.ts'
import { ascending } from '../../events/order.ts'
import type { Recorded } from '../../events/recorded.ts'
import type { Json } from '../../events/schema.ts'
import { type Projection, projection } from '../projection.ts'

export type XdsClientStanding = {
  /** Null: nothing yet. */
  readonly running: string | null
  /** The last answer was a refusal of this version; null where the last answer was an acknowledgement. */
  readonly refused: { readonly version: string; readonly detail: string; readonly position: Position } | null
}

export type ServedSnapshot = {
  /** Null: nothing was published. */
  readonly version: string | null
  readonly publishedAt: Position | null
  readonly digest: Digest
  /** By name, in its order. */
  readonly resources: ReadonlyMap<string, Json>
  /** By node id. */
  readonly clients: ReadonlyMap<string, XdsClientStanding>
}

/** By stream of the node, then by type. */
export type ServedXds = ReadonlyMap<StreamName, Readonly<Record<XdsType, ServedSnapshot>>>

/** Most publications change one resource of many, and the others are the same objects as before. */
const digests = new WeakMap<object, Digest>()

const NOTHING: ReadonlyMap<string, Json> = new Map()

const NOTHING_SERVED: ServedSnapshot = {
  version: null,
  publishedAt: null,
  digest: snapshotDigest(NOTHING),
  resources: NOTHING,
  clients: new Map(),
}

const EMPTY_NODE: Readonly<Record<XdsType, ServedSnapshot>> = {
  npds: NOTHING_SERVED,
  nphds: NOTHING_SERVED,
  lds: NOTHING_SERVED,
}

export const servedXds: Projection<ServedXds, 'XdsPublished' | 'XdsAcked' | 'XdsNacked'> = projection({
  name: 'served-xds',
  version: 1,
  reads: ['XdsPublished', 'XdsAcked', 'XdsNacked'],
  initial: new Map() as ServedXds,
  evolve: (state, recorded) => {
    const node = state.get(recorded.stream) ?? EMPTY_NODE
    const xds = recorded.event.xds
    return new Map(state).set(recorded.stream, { ...node, [xds]: afterEvent(node[xds], recorded) })
  },
})

/** `xds` of one node: what it serves of one type. */
export function servedBy(state: ServedXds, node: StreamName, xds: XdsType): ServedSnapshot {
  return (state.get(node) ?? EMPTY_NODE)[xds]
}

/** Over the names and the resources' digests, in any order: equal contents have equal digests. */
export function snapshotDigest(resources: ReadonlyMap<string, Json>): Digest {
  return digestOf(Object.fromEntries([...resources].map(([name, resource]) => [name, resourceDigest(resource)])))
}

function resourceDigest(resource: Json): Digest {
  if (typeof resource !== 'object' || resource === null) return digestOf(resource)
  const known = digests.get(resource)
  if (known !== undefined) return known
  const digest = digestOf(resource)
  digests.set(resource, digest)
  return digest
}

export type SnapshotChange = Pick<EventOf<'XdsPublished'>, 'changed' | 'removed' | 'digest'>

/** What a publication of `next` says; null where nothing changes, and then there is nothing to publish. */
export function snapshotChange(before: ServedSnapshot, next: ReadonlyMap<string, Json>): SnapshotChange | null {
  const digest = snapshotDigest(next)
  if (before.version !== null && digest === before.digest) return null
  const changed = [...next].filter(([name, resource]) => !sameAs(before.resources.get(name), resource))
  const removed = [...before.resources.keys()].filter((name) => !next.has(name))
  return {
    digest,
    changed: changed.toSorted(([a], [b]) => ascending(a, b)).map(([name, resource]) => ({ name, resource })),
    removed: removed.toSorted(),
  }
}

function afterEvent(
  before: ServedSnapshot,
  { event, position }: Recorded<EventOf<'XdsPublished' | 'XdsAcked' | 'XdsNacked'>>,
): ServedSnapshot {
  if (event.type === 'XdsPublished') return published(before, event, position)
  const standing: XdsClientStanding =
    event.type === 'XdsAcked'
      ? { running: event.version, refused: null }
      : { running: event.running, refused: { version: event.version, detail: event.detail, position } }
  return { ...before, clients: new Map(before.clients).set(event.client, standing) }
}

function published(before: ServedSnapshot, event: EventOf<'XdsPublished'>, position: Position): ServedSnapshot {
  const next = new Map(before.resources)
  for (const name of event.removed) next.delete(name)
  for (const { name, resource } of event.changed) next.set(name, resource)
  const resources = new Map([...next].toSorted(([a], [b]) => ascending(a, b)))
  const digest = snapshotDigest(resources)
  if (digest !== event.digest) {
    throw new TypeError(
      `${event.xds} ${event.version} at position ${position} has digest ${digest}, not ${event.digest}`,
    )
  }
  return { ...before, version: event.version, publishedAt: position, digest, resources }
}

function sameAs(a: Json | undefined, b: Json): boolean {
  return a !== undefined && (a === b || resourceDigest(a) === resourceDigest(b))
}
