/**
 * How far a node is: of each endpoint which revision it realises, since when, and where it is behind, why. A revision counts as realised where the
 * endpoint's own events say so (a build that succeeded, or a bump for what it is not concerned by), never because time has gone by.
 */

import type { EventOf } from '../../events/catalogue.ts'
import { decodeEvent } from '../../events/codec.ts'
import { type EndpointId, type NodeName, nodeStream, type Position } from '../../events/ids.ts'
import { ascending } from '../../events/order.ts'
import type { SkipReason } from '../../events/regeneration.ts'
import type { EndpointView, NodeView, World } from '../../projections/world.ts'
import type { EntityVersion } from '../ports/read-model.ts'
import { placeOf, positionText } from './branch/place.ts'
import { eventAt } from './event-at.ts'
import type { History } from './history.ts'
import { isoTime, type Moment } from './position.ts'
import { revisionSince } from './revision-since.ts'

export type EndpointProgress = {
  readonly node: string
  readonly endpoint: EndpointId
  readonly name: string
  readonly state: EndpointView['state']
  /** Null before the first success. */
  readonly revision: number | null
  readonly wanted: number
  readonly realised: boolean
  /** Since when it is realised, or since when it is not. */
  readonly since: { readonly position: string; readonly time: string } | null
  /** Null where it is realised. */
  readonly reason: string | null
}

/** Versions of an endpoint's status that are looked at for the beginning; more than one build between two revisions is rare. */
const VERSIONS_MAX = 200
const VERSIONS_MIN = 4
/** Events of a node among which its last reaction is looked for. */
const REACTION_EVENTS_MAX = 5_000

/** `wanted`: a revision; null is that of the repository at the moment. In order of node and endpoint. */
export async function progressOf(
  history: History,
  { world, moment, wanted }: { readonly world: World; readonly moment: Moment; readonly wanted: number | null },
): Promise<readonly EndpointProgress[]> {
  const revision = wanted ?? world.revision
  const found: EndpointProgress[] = []
  for (const [name, node] of [...world.nodes].toSorted(([a], [b]) => ascending(a, b))) {
    const skipped = await skippedBy(history, name as NodeName, moment)
    const views = [...node.endpoints.values()].toSorted((a, b) => a.endpoint - b.endpoint)
    for (const view of views) {
      const realised = view.revision !== null && view.revision >= revision
      const at = { node: name, view, revision, realised, moment }
      const reason = realised ? null : reasonOf(view, { node, revision, skipped: skipped.get(view.endpoint) ?? null })
      const { endpoint, state } = view
      const since = await sinceOf(history, at)
      found.push({
        node: name,
        endpoint,
        name: view.name,
        state,
        revision: view.revision,
        wanted: revision,
        realised,
        since,
        reason,
      })
    }
  }
  return found
}

type Behind = { readonly node: NodeView; readonly revision: number; readonly skipped: SkipReason | null }

function reasonOf(view: EndpointView, { node, revision, skipped }: Behind): string {
  const { identity, state, failure, building } = view
  if (state === 'disconnecting' || state === 'disconnected') return 'it is leaving'
  if (identity === null) return 'it has no identity yet'
  if (!node.running) return 'no agent is running on its node'
  if (building !== null && building >= revision) return `a build of revision ${building} is running`
  if (failure !== null) {
    const again =
      failure.retryInMs === null
        ? 'not tried again until something changes'
        : `tried again after ${failure.retryInMs} ms`
    return `the build of revision ${failure.revision} failed in ${failure.phase}: ${failure.code}: ${failure.reason}; ${again}`
  }
  if (building !== null) return `a build of revision ${building} is running, a later one follows`
  if (state === 'waiting-to-regenerate' || state === 'regenerating') return 'a build is waiting for its turn'
  if (skipped !== null) return `it was skipped: ${skipped}`
  return `its node has not reacted to revision ${revision} yet`
}

/** Endpoints that the node's last reaction neither built nor bumped, with the reason. */
async function skippedBy(
  { log }: History,
  node: NodeName,
  { position }: Moment,
): Promise<ReadonlyMap<EndpointId, SkipReason>> {
  // On a branch nobody is skipped: everybody has come to rest.
  if (placeOf(position) !== null) return new Map()
  let left = REACTION_EVENTS_MAX
  for await (const batch of log.readStream(nodeStream(node), { direction: 'backwards', after: null })) {
    for (const stored of batch) {
      if (stored.position > position) continue
      left -= 1
      if (stored.type === 'PolicyReaction') {
        const { skipped } = decodeEvent(stored).event as EventOf<'PolicyReaction'>
        return new Map(skipped.map(({ endpoint, reason }) => [endpoint, reason]))
      }
      if (left <= 0) return new Map()
    }
  }
  return new Map()
}

type At = {
  readonly node: string
  readonly view: EndpointView
  readonly revision: number
  readonly realised: boolean
  readonly moment: Moment
}

/** The event with which the endpoint came to the revision; where it did not, the one that brought the first revision which it lacks. */
async function sinceOf(history: History, at: At): Promise<EndpointProgress['since']> {
  const position = at.realised ? realisedAt(history, at) : missingSince(history, at)
  const event = position === null ? null : await eventAt(history, position)
  return event === null ? null : { position: positionText(event.position), time: isoTime(event.recordedAt) }
}

function realisedAt({ model }: History, { node, view, revision, moment }: At): Position | null {
  const unit = `endpoint ${node} ${view.endpoint}`
  const isBehind = ({ value }: EntityVersion): boolean =>
    ((value as { readonly revision?: number } | null)?.revision ?? 0) < revision
  // Nearly always the last change was the one that brought it there.
  for (let limit = VERSIONS_MIN; ; limit *= 8) {
    const versions = model.versions({ unit, entity: 'status', upTo: moment.position, limit })
    const before = versions.findIndex(isBehind)
    if (before === -1 && versions.length === limit && limit < VERSIONS_MAX) continue
    return (before === -1 ? versions.at(-1) : versions[before - 1])?.position ?? null
  }
}

function missingSince({ model }: History, { node, view, moment }: At): Position | null {
  const missing = revisionSince({ model }, (view.revision ?? 0) + 1, moment.position)
  if (missing !== null) return missing
  const created = model.versions({
    unit: `endpoint ${node} ${view.endpoint}`,
    entity: 'endpoint',
    upTo: moment.position,
    limit: VERSIONS_MAX,
  })
  return created.at(-1)?.position ?? null
}
