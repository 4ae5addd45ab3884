/** What a node had at a moment, as files: maps, what the proxy was told, programs, ipcache and policies. Equal states give equal files. */

import { canonicalText } from '../../events/canonical.ts'
import { ascending } from '../../events/order.ts'
import type { Json } from '../../events/schema.ts'
import { policyMapDigest, sortedEntries } from '../../projections/datapath/policy-map.ts'
import type { EndpointView, NodeView, World } from '../../projections/world.ts'
import { positionText } from './branch/place.ts'
import { isoTime, type Moment } from './position.ts'

/** `path` is relative and has no parts that lead outside. */
export type MaterialFile = { readonly path: string; readonly text: string }

export function materialise(world: World, moment: Moment): readonly MaterialFile[] {
  const { position, recordedAt } = moment
  const head = { position: positionText(position), time: isoTime(recordedAt), revision: world.revision }
  return [
    file('moment.json', head),
    ...sorted(world.policies).map(([key, { manifest }]) => file(`policies/${safe(key)}.json`, manifest)),
    file('identities.json', values(world.identities)),
    ...sorted(world.nodes).flatMap(([name, node]) => nodeFiles(`nodes/${safe(name)}`, node)),
  ]
}

function nodeFiles(
  folder: string,
  { endpoints, ipcache, programs, localIdentities, xds }: NodeView,
): readonly MaterialFile[] {
  return [
    file(`${folder}/ipcache.json`, values(ipcache)),
    file(`${folder}/identities.json`, values(localIdentities)),
    file(`${folder}/programs.json`, values(programs)),
    ...sorted(xds).flatMap(([type, { version, resources }]) => [
      file(`${folder}/xds/${type}.version.json`, version),
      ...sorted(resources).map(([name, resource]) => file(`${folder}/xds/${type}/${safe(name)}.json`, resource)),
    ]),
    ...sorted(endpoints).flatMap(([id, view]) => endpointFiles(`${folder}/endpoints/${id}`, view)),
  ]
}

function endpointFiles(folder: string, { policyMap, ...view }: EndpointView): readonly MaterialFile[] {
  const map = { digest: policyMapDigest(policyMap), entries: sortedEntries(policyMap) }
  return [
    file(`${folder}/endpoint.json`, view as unknown as Json),
    file(`${folder}/policy-map.json`, map as unknown as Json),
  ]
}

function file(path: string, value: unknown): MaterialFile {
  return { path, text: `${canonicalText(value)}\n` }
}

function values(map: Iterable<readonly [string | number, unknown]>): readonly unknown[] {
  return sorted(map).map(([, value]) => value)
}

/** Numbers by value, everything else by code unit. */
function sorted<Key extends string | number, Value>(
  map: Iterable<readonly [Key, Value]>,
): readonly (readonly [Key, Value])[] {
  return [...map].toSorted(([a], [b]) => ascending(a, b))
}

/** One part of a path for any name: names of resources are not ours. */
function safe(name: string): string {
  return encodeURIComponent(name).replaceAll('.', '%2E')
}
