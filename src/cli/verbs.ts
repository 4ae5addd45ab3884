/** The reading verbs: from the world at a moment to what is shown. */

import type { IdentityId } from '../../events/ids.ts'
import type { XdsType } from '../../events/node.ts'
import { ascending } from '../../events/order.ts'
import { sortedEntries } from '../../projections/datapath/policy-map.ts'
import { RESERVED_IDENTITIES } from '../../projections/identity/reserved.ts'
import { ipcacheOfNode } from '../../projections/ipcache.ts'
import { EMPTY_NODE, type EndpointView, type NodeView, type World } from '../../projections/world.ts'
import type { Found } from './answer.ts'
import { CliError } from './failure.ts'
import { ipcacheTable, policyTable } from './render/datapath.ts'
import { cidrGroupTable, dnsTable, serviceTable } from './render/facts.ts'
import { endpointTable, identityTable, programTable } from './render/objects.ts'

export type NodeChoice = { readonly node: string | undefined }

/** `namespace` undefined: all. */
export type NamespaceChoice = { readonly namespace?: string | undefined }

export function endpoints(world: World, choice: NodeChoice & NamespaceChoice): Found {
  const { namespace } = choice
  const found = endpointsOf(nodeOf(world, choice)).filter(
    ({ name }) => namespace === undefined || name.startsWith(`${namespace}/`),
  )
  return { items: found.map(({ policyMap: _, ...endpoint }) => endpoint), text: endpointTable(found) }
}

export function identities(world: World, choice: NodeChoice): Found {
  const local = world.nodes.isEmpty() ? [] : [...nodeOf(world, choice).localIdentities.values()]
  const items = [...world.identities.values(), ...local].toSorted((a, b) => a.identity - b.identity)
  return { items: items.map(fieldsOf), text: identityTable(items) }
}

export function policies(world: World, { namespace }: NamespaceChoice): Found {
  const items = [...world.policies.entries()]
    .filter(([, { resource }]) => namespace === undefined || resource.namespace === namespace)
    .toSorted(([a], [b]) => ascending(a, b))
    .map(([, { manifest }]) => manifest)
  return { items, text: `${JSON.stringify(items, null, 2)}\nRevision: ${world.revision}\n` }
}

export function cidrGroups(world: World): Found {
  const items = sorted(world.cidrGroups)
  return { items, text: cidrGroupTable(items) }
}

export function services(world: World, { namespace }: NamespaceChoice): Found {
  const items = sorted(world.services).filter((service) => namespace === undefined || service.namespace === namespace)
  return { items, text: serviceTable(items) }
}

export function dnsNames(world: World, choice: NodeChoice): Found {
  const items = sorted(nodeOf(world, choice).dns)
  return { items, text: dnsTable(items) }
}

export function ipcache(world: World, choice: NodeChoice): Found {
  const items = [...ipcacheOfNode(world, nodeNameOf(world, choice) ?? '').values()].toSorted((a, b) =>
    ascending(a.prefix, b.prefix),
  )
  return { items: items.map(fieldsOf), text: ipcacheTable(items) }
}

export function programs(world: World, choice: NodeChoice): Found {
  const items = [...nodeOf(world, choice).programs.entries()].toSorted(([a], [b]) => ascending(a, b)).map(([, p]) => p)
  return { items: items.map(fieldsOf), text: programTable(items) }
}

export type PolicyMapChoice = NodeChoice & { readonly endpoint: number | 'all'; readonly numeric: boolean }

export function policyMaps(world: World, choice: PolicyMapChoice): Found {
  const node = nodeOf(world, choice)
  const chosen = endpointsOf(node).filter(({ endpoint }) => choice.endpoint === 'all' || endpoint === choice.endpoint)
  if (chosen.length === 0 && choice.endpoint !== 'all') {
    const known = endpointsOf(node).map(({ endpoint }) => endpoint)
    throw new CliError('notFound', `no-such-endpoint: ${choice.endpoint}; there are ${known.join(', ') || 'none'}`)
  }
  const labelsOf = choice.numeric ? null : labelReader(world, node)
  const texts = chosen.map((view) => {
    const title = choice.endpoint === 'all' ? `Endpoint ID: ${view.endpoint}\n\n` : ''
    return title + policyTable(view.policyMap, { labelsOf })
  })
  const read = labelReader(world, node)
  const items = chosen.map(({ endpoint, name, policyMap }) => ({
    ...{ endpoint, name },
    entries: sortedEntries(policyMap).map((entry) => ({ ...entry, labels: read(entry.key.identity) })),
  }))
  return { items, text: texts.join('\n') }
}

export function xds(world: World, choice: NodeChoice & { readonly type: XdsType | null }): Found {
  const served = [...nodeOf(world, choice).xds.entries()]
    .filter(([type]) => choice.type === null || type === choice.type)
    .toSorted(([a], [b]) => ascending(a, b))
  const items = served.map(([type, { version, acked, refused, resources }]) => {
    const sorted = [...resources.entries()].toSorted(([a], [b]) => ascending(a, b))
    return { xds: type, version, acked, refused, resources: Object.fromEntries(sorted) }
  })
  return { items, text: `${JSON.stringify(items, null, 2)}\n` }
}

/** The only node, or the one asked for. A log without nodes has an empty one. */
function nodeOf(world: World, choice: NodeChoice): NodeView {
  const name = nodeNameOf(world, choice)
  return name === null ? EMPTY_NODE : world.nodes.get(name, EMPTY_NODE)
}

/** Null where the log knows no node. */
function nodeNameOf({ nodes }: World, { node: wanted }: NodeChoice): string | null {
  const names = [...nodes.keys()].toSorted()
  if (wanted === undefined && names.length > 1) {
    throw new CliError('usage', `node-ambiguous at --node: the log knows ${names.join(', ')}`)
  }
  const name = wanted ?? names[0] ?? null
  if (name !== null && !nodes.has(name)) {
    throw new CliError('notFound', `no-such-node: ${name}; there are ${names.join(', ')}`)
  }
  return name
}

function endpointsOf(node: NodeView): readonly EndpointView[] {
  return [...node.endpoints.values()].toSorted((a, b) => a.endpoint - b.endpoint)
}

function labelReader(world: World, node: NodeView): (identity: number) => readonly string[] {
  return (number) => {
    const identity = number as IdentityId
    const found = world.identities.get(identity) ?? node.localIdentities.get(identity)
    return found?.labels ?? RESERVED_IDENTITIES.get(identity) ?? []
  }
}

/** What an event says, without what it is called on the log: programs read the thing. */
function fieldsOf<T extends { readonly type: string; readonly v: number }>(event: T): Omit<T, 'type' | 'v'> {
  const { type: _, v: __, ...fields } = event
  return fields
}

/** By key. */
function sorted<T>(entries: Iterable<readonly [string, T]>): readonly T[] {
  return [...entries].toSorted(([a], [b]) => ascending(a, b)).map(([, value]) => value)
}
