/** What two worlds have in common when the numbers that allocators give (revisions, versions, proxy ports, identities of prefixes) are taken for what they stand for. */

import type { PolicyMapDelta } from '../../events/fields.ts'
import type { NodeName } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { policyMapDiff } from '../../projections/datapath/policy-map.ts'
import type { World } from '../../projections/world.ts'
import type { Plan } from '../../src/history/plan/plan.ts'
import { NODE } from '../agent/rig.ts'
import { SECOND } from './branch-world.ts'

const PORT_FIELDS: readonly string[] = ['proxyPort', 'proxyId', 'portValue']

/** What is left when numbers that allocators give are taken for what they stand for. */
export function essence(world: World): { readonly [what: string]: Json } & { readonly lds: readonly string[] } {
  const nodes = [NODE, SECOND].map((name) => nodeEssence(world, name))
  return {
    policies: sorted([...world.policies].map(([key, { manifest }]) => [key, manifest])),
    groups: sorted([...world.cidrGroups].map(([key, { labels, prefixes }]) => [key, { labels, prefixes }])),
    nodes: nodes.map(({ lds: _, ...rest }) => rest),
    lds: nodes.flatMap(({ lds }, index) => lds.map((name) => `${index} ${name}`)),
  }
}

function sorted(entries: Iterable<readonly [string, Json]>): Json {
  return Object.fromEntries([...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function nodeEssence(
  world: World,
  name: NodeName,
): { readonly [what: string]: Json } & { readonly lds: readonly string[] } {
  const node = world.nodes.get(name)!
  const names = new Map<number, string>()
  for (const { identity, labels } of world.identities.values()) names.set(identity, labels.join(','))
  for (const { identity, prefix } of node.localIdentities.values()) names.set(identity, String(prefix))
  const who = (identity: number): string => names.get(identity) ?? String(identity)
  const bare = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(bare)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value as { readonly [key: string]: Json }).map(([key, own]) => {
        if (PORT_FIELDS.includes(key)) return [key, Number(own) > 0]
        if (key === 'remotePolicies') return [key, (own as readonly number[]).map(who).toSorted()]
        return [key, bare(own)]
      }),
    )
  }
  const resources = (type: 'npds' | 'nphds' | 'lds') => [...(node.xds.get(type)?.resources ?? [])]
  return {
    dns: sorted([...node.dns].map(([key, { addresses }]) => [key, addresses.map(({ address }) => address)])),
    prefixes: [...node.localIdentities.values()].map(({ prefix }) => String(prefix)).toSorted(),
    ipcache: sorted([...node.ipcache].map(([prefix, { identity, origin }]) => [prefix, [who(identity), origin]])),
    endpoints: sorted(
      [...node.endpoints].map(([id, { policyMap, redirects, revision, failure, labels, identity, ...rest }]) => [
        String(id),
        {
          state: rest.state,
          labels,
          identity: who(identity ?? 0),
          enforced: [rest.ingressEnforced, rest.egressEnforced],
          realised: revision === world.revision,
          failure: failure === null ? null : failure.code,
          redirects: redirects.map(({ id: name }) => name).toSorted(),
          map: [...policyMap.values()]
            .map(
              ({ key, value }) =>
                `${key.direction} ${who(key.identity)} ${key.protocol} ${key.port}/${key.portBits} ${value.verdict} ${value.proxyPort > 0} ${value.precedence} ${value.authType} ${value.origins}`,
            )
            .toSorted(),
        },
      ]),
    ),
    npds: sorted(resources('npds').map(([name, resource]) => [name, bare(resource)])),
    nphds: sorted(
      resources('nphds').map(([name, resource]) => [
        who(Number(name)),
        (resource as { readonly hostAddresses: Json }).hostAddresses,
      ]),
    ),
    unacked: [...(node.xds.get('npds')?.unacked.keys() ?? [])],
    lds: resources('lds')
      .map(([name]) => name.replace(/:[0-9]+$/, ''))
      .toSorted(),
  }
}

type Who = (identity: number) => string

function deltaText({ key, after }: PolicyMapDelta, who: Who): string {
  const { direction, identity, protocol, port, portBits } = key
  const value = after === null ? 'gone' : `${after.verdict} ${after.proxyPort > 0} ${after.precedence} ${after.origins}`
  return `${direction} ${who(identity)} ${protocol} ${port}/${portBits} ${value}`
}

/** Of every endpoint's map, from the one world to the other. */
export function mapChanges(from: World, to: World): readonly string[] {
  return [...to.nodes]
    .flatMap(([name, { endpoints, localIdentities }]) => {
      const before = from.nodes.get(name)
      const who: Who = (identity) =>
        String(
          (localIdentities.get(identity as never) ?? before?.localIdentities.get(identity as never))?.prefix ??
            identity,
        )
      return [...endpoints].flatMap(([id, { policyMap }]) =>
        policyMapDiff(before?.endpoints.get(id)?.policyMap ?? new Map(), policyMap).map(
          (delta) => `${name}/${id} ${deltaText(delta, who)}`,
        ),
      )
    })
    .toSorted()
}

/** The same as a plan has it. */
export function plannedChanges(from: World, { endpoints, prefixes }: Plan): readonly string[] {
  return endpoints
    .flatMap(({ node, endpoint, map }) => {
      const known = from.nodes.get(node)?.localIdentities
      const imagined = new Map(
        prefixes.filter((one) => one.node === node).map((one) => [Number(one.identity), one.prefix]),
      )
      const who: Who = (identity) => String(known?.get(identity as never)?.prefix ?? imagined.get(identity) ?? identity)
      return map.map((delta) => `${node}/${endpoint} ${deltaText(delta, who)}`)
    })
    .toSorted()
}
