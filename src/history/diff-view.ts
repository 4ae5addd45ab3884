/** A difference between two moments, sorted into what people ask about. */
import type { EventOf } from '../../events/catalogue.ts'
import type { PolicyMapKey, PolicyMapValue } from '../../events/fields.ts'
import type { Json } from '../../events/schema.ts'
import { policyMapKeyOf } from '../../projections/datapath/policy-map.ts'
import { type EntityChange, type JsonDifference, jsonDifferences } from '../../projections/history/changes.ts'
import { ENDPOINT_ENTITIES, unitParts } from '../../projections/history/entities.ts'
import { policyDifferences } from '../../projections/history/policy-difference.ts'
import type { LabelsOf } from './labels.ts'

export type Kind = 'added' | 'removed' | 'changed'

export type PolicyDifference = {
  readonly policy: string
  readonly kind: Kind
  readonly revision: { readonly before: number | null; readonly after: number | null }
  /** Rule by rule; `path` is a JSON pointer into the manifest. */
  readonly rules: readonly JsonDifference[]
}

/** `node` is null for identities that all nodes share. */
export type IdentityDifference = {
  readonly node: string | null
  readonly identity: number
  readonly kind: Kind
  readonly labels: readonly string[]
}

export type IpcacheDifference = {
  readonly node: string
  readonly prefix: string
  readonly before: number | null
  readonly after: number | null
  readonly labels: readonly string[]
}

export type MapDifference = {
  readonly kind: Kind
  readonly key: PolicyMapKey
  /** Of the other side, as it was at the later moment. */
  readonly labels: readonly string[]
  readonly before: PolicyMapValue | null
  readonly after: PolicyMapValue | null
}

export type EndpointDifference = {
  readonly node: string
  readonly endpoint: number
  readonly name: string | null
  readonly kind: Kind
  /** Of everything but the map; redirects are listed whole. */
  readonly fields: readonly JsonDifference[]
  readonly map: readonly MapDifference[]
}

export type NodeDifference = {
  readonly node: string
  readonly what: 'node' | 'program' | 'xds' | 'unacked' | 'refused'
  /** Program key, or `<type> <resource>`; for the node itself, and for the version and the refusal of a type, the name of that. */
  readonly name: string
  readonly kind: Kind
  readonly differences: readonly JsonDifference[]
}

/** A group, a service, or what the DNS said of a name. */
export type FactDifference = {
  /** Null for what is the same for all nodes. */
  readonly node: string | null
  readonly what: 'cidr-group' | 'service' | 'dns'
  readonly name: string
  readonly kind: Kind
  readonly differences: readonly JsonDifference[]
}

export type HistoryDiff = {
  readonly revision: { readonly before: number; readonly after: number }
  readonly policies: readonly PolicyDifference[]
  readonly facts: readonly FactDifference[]
  readonly identities: readonly IdentityDifference[]
  readonly ipcache: readonly IpcacheDifference[]
  readonly endpoints: readonly EndpointDifference[]
  readonly nodes: readonly NodeDifference[]
}

/** `labelsOf` by node. */
export function diffView(
  changes: readonly EntityChange[],
  { labelsOf, nameOf }: { readonly labelsOf: (node: string) => LabelsOf; readonly nameOf: EndpointNamer },
): HistoryDiff {
  const byKind = (kind: string): readonly EntityChange[] => changes.filter(({ unit }) => unit.split(' ')[0] === kind)
  const [policy, node] = [byKind('policy'), byKind('node')]
  const ofNode = (word: string): readonly EntityChange[] => node.filter(({ entity }) => entity.startsWith(word))
  return {
    revision: revisionOf(policy),
    policies: policy.filter(({ entity }) => entity.startsWith('policy ')).map(policyDifference),
    facts: [...policy.filter(({ entity }) => /^(cidr-group|service) /.test(entity)), ...ofNode('dns ')].map(
      factDifference,
    ),
    identities: [...byKind('identity'), ...ofNode('identity ')].map(identityDifference),
    ipcache: ofNode('ipcache ').map((change) => ipcacheDifference(change, labelsOf)),
    endpoints: endpointDifferences(byKind('endpoint'), { labelsOf, nameOf }),
    nodes: node.filter(({ entity }) => /^(node$|program |xds |unacked |refused )/.test(entity)).map(nodeDifference),
  }
}

export type EndpointNamer = (node: string, endpoint: number) => string | null

export function isEmpty({ revision, policies, facts, identities, ipcache, endpoints, nodes }: HistoryDiff): boolean {
  const lists = [policies, facts, identities, ipcache, endpoints, nodes]
  return revision.before === revision.after && lists.every((list) => list.length === 0)
}

export function kindOf(before: unknown, after: unknown): Kind {
  return before === null ? 'added' : after === null ? 'removed' : 'changed'
}

function revisionOf(changes: readonly EntityChange[]): HistoryDiff['revision'] {
  const found = changes.find(({ entity }) => entity === 'revision')
  // Where it did not change nobody needs to know which it is.
  if (found === undefined) return { before: 0, after: 0 }
  return { before: (found.before ?? 1) as number, after: (found.after ?? 1) as number }
}

function policyDifference({ entity, before, after }: EntityChange): PolicyDifference {
  const [left, right] = [before, after] as unknown as readonly (EventOf<'PolicyAdded'> | null)[]
  return {
    policy: entity.slice('policy '.length),
    kind: kindOf(before, after),
    revision: { before: left?.revision ?? null, after: right?.revision ?? null },
    rules: policyDifferences(left?.manifest ?? null, right?.manifest ?? null),
  }
}

function identityDifference({ unit, entity, before, after }: EntityChange): IdentityDifference {
  const parts = unitParts(unit)
  const { labels } = (after ?? before) as unknown as EventOf<'IdentityAllocated'>
  const node = parts.kind === 'node' ? parts.node : null
  return { node, identity: Number(entity.slice('identity '.length)), kind: kindOf(before, after), labels }
}

function ipcacheDifference(
  { unit, entity, before, after }: EntityChange,
  labelsOf: (node: string) => LabelsOf,
): IpcacheDifference {
  const node = unit.slice('node '.length)
  const [left, right] = [before, after].map((side) => (side as { readonly identity?: number } | null)?.identity ?? null)
  const labels = labelsOf(node)(right ?? left ?? 0)
  return { node, prefix: entity.slice('ipcache '.length), before: left ?? null, after: right ?? null, labels }
}

function factDifference({ unit, entity, before, after }: EntityChange): FactDifference {
  const parts = unitParts(unit)
  const [what, name] = [entity.split(' ', 1)[0]!, entity.slice(entity.indexOf(' ') + 1)]
  return {
    node: parts.kind === 'node' ? parts.node : null,
    what: what as FactDifference['what'],
    name,
    kind: kindOf(before, after),
    differences: jsonDifferences(contentOf(before), contentOf(after)),
  }
}

/** Without the events that it comes from. */
function contentOf(value: Json | null): Json | undefined {
  if (value === null) return undefined
  if (Array.isArray(value)) return value.map((one: Json) => contentOf(one) ?? null)
  if (typeof value !== 'object') return value
  const members = Object.entries(value).filter(([name]) => name !== 'since')
  return Object.fromEntries(members.map(([name, member]: [string, Json]) => [name, contentOf(member) ?? null]))
}

function nodeDifference({ unit, entity, before, after }: EntityChange): NodeDifference {
  const [what, name] =
    entity === 'node' ? ['node', ''] : [entity.split(' ', 1)[0]!, entity.slice(entity.indexOf(' ') + 1)]
  return {
    node: unit.slice('node '.length),
    what: what as NodeDifference['what'],
    name,
    kind: kindOf(before, after),
    differences: jsonDifferences(before ?? undefined, after ?? undefined),
  }
}

function endpointDifferences(
  changes: readonly EntityChange[],
  { labelsOf, nameOf }: { readonly labelsOf: (node: string) => LabelsOf; readonly nameOf: EndpointNamer },
): readonly EndpointDifference[] {
  const units = Map.groupBy(changes, ({ unit }) => unit)
  return [...units].map(([unit, own]) => {
    const parts = unitParts(unit)
    if (parts.kind !== 'endpoint') throw new TypeError(`${unit} is not an endpoint`)
    const base = own.find(({ entity }) => entity === 'endpoint')
    const isField = ({ entity }: EntityChange): boolean => ENDPOINT_ENTITIES.includes(entity)
    const kind = base === undefined ? 'changed' : kindOf(base.before, base.after)
    return {
      node: parts.node,
      endpoint: parts.endpoint,
      name: nameOf(parts.node, parts.endpoint),
      kind,
      // What comes or goes as a whole is said by its kind.
      fields: kind === 'changed' ? own.filter(isField).flatMap(fieldDifferences) : [],
      map: own.filter((change) => !isField(change)).map((change) => mapDifference(change, labelsOf(parts.node))),
    }
  })
}

/** A build that begins or ends is a field, as in the view. */
function fieldDifferences({ entity, before, after }: EntityChange): readonly JsonDifference[] {
  if (entity === 'building') return jsonDifferences({ building: before }, { building: after })
  return before === null || after === null ? [] : jsonDifferences(before, after)
}

function mapDifference({ entity, before, after }: EntityChange, labelsOf: LabelsOf): MapDifference {
  const key = policyMapKeyOf(entity.slice('map '.length))
  const side = (value: Json | null): PolicyMapValue | null => value as unknown as PolicyMapValue | null
  return { kind: kindOf(before, after), key, labels: labelsOf(key.identity), before: side(before), after: side(after) }
}
