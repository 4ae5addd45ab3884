/** What is newly allowed and newly denied between two moments, by what was in force at each, endpoint by endpoint, each with a witness. */

import type { EndpointId, Position } from '../../events/ids.ts'
import { ascending } from '../../events/order.ts'
import type { EntityChange } from '../../projections/history/changes.ts'
import { unitParts, worldOf } from '../../projections/history/entities.ts'
import { RESERVED_IDENTITIES } from '../../projections/identity/reserved.ts'
import type { JudgedPolicy } from '../../projections/verdict/judge.ts'
import { policyUnderWay, recordedPolicy, type UnderWay } from '../../projections/verdict/recorded-policy.ts'
import { type SemanticDifference, semanticDifferences } from '../../projections/verdict/semantic.ts'
import type { History } from './history.ts'
import type { Moment } from './position.ts'
import { endpointAt, valuesOf } from './state-at.ts'

export type EndpointSemantics = {
  readonly node: string
  readonly endpoint: EndpointId
  readonly name: string
  readonly differences: readonly SemanticDifference[]
}

export type SemanticDiff = {
  readonly endpoints: readonly EndpointSemantics[]
  /** Endpoints whose policy changed but that had none in force at one of the moments, so that there is nothing to compare. */
  readonly notComparable: readonly { readonly node: string; readonly endpoint: EndpointId; readonly name: string }[]
  /** Endpoints whose proxy had not taken at the later moment what was published: what is wanted there is not in force. */
  readonly underWay: readonly (UnderWay & {
    readonly node: string
    readonly endpoint: EndpointId
    readonly name: string
  })[]
}

/** `changes` between the two moments say which endpoints are to be looked at. */
export function semanticDiff(
  { model }: History,
  { from, to, changes }: { readonly from: Moment; readonly to: Moment; readonly changes: readonly EntityChange[] },
): SemanticDiff {
  const endpoints: EndpointSemantics[] = []
  const notComparable: SemanticDiff['notComparable'][number][] = []
  const underWay: SemanticDiff['underWay'][number][] = []
  for (const { node, endpoint } of touchedEndpoints(changes)) {
    const [before, after] = [from, to].map(({ position }) => policyAt({ model }, { node, endpoint, at: position }))
    const name = after?.name ?? before?.name
    if (name === undefined) continue
    if (after?.underWay) underWay.push({ node, endpoint, name, ...after.underWay })
    if (!before?.policy || !after?.policy) {
      notComparable.push({ node, endpoint, name })
      continue
    }
    const known = knownIdentities({ model }, node, to.position)
    const differences = semanticDifferences({ before: before.policy, after: after.policy, known })
    if (differences.length > 0) endpoints.push({ node, endpoint, name, differences })
  }
  return { endpoints, notComparable, underWay }
}

type Place = { readonly node: string; readonly endpoint: EndpointId }

/** Whose map, enforcement or message to the proxy changed. */
function touchedEndpoints(changes: readonly EntityChange[]): readonly Place[] {
  const found = new Map<string, Place>()
  for (const { unit, entity } of changes) {
    const parts = unitParts(unit)
    const message = /^(?:xds|unacked) npds ([0-9]+)$/.exec(entity)?.[1]
    if (parts.kind === 'endpoint') found.set(unit, { node: parts.node, endpoint: parts.endpoint })
    if (parts.kind === 'node' && message !== undefined) {
      const endpoint = Number(message) as EndpointId
      found.set(`endpoint ${parts.node} ${endpoint}`, { node: parts.node, endpoint })
    }
  }
  return [...found.values()].toSorted((a, b) => ascending(a.node, b.node) || a.endpoint - b.endpoint)
}

function policyAt(
  { model }: Pick<History, 'model'>,
  { node, endpoint, at }: Place & { readonly at: Position },
): { readonly name: string; readonly policy: JudgedPolicy | null; readonly underWay: UnderWay | null } | null {
  const view = endpointAt(model, { node, endpoint, at })
  if (view === null) return null
  const unit = `node ${node}`
  const own = ['xds', 'unacked'].map((kind) => `${kind} npds ${endpoint}`)
  const names = ['xds npds', 'acked npds', 'refused npds', ...own]
  const world = worldOf([{ unit, entities: valuesOf(model.entities(unit, at, (name) => names.includes(name))) }])
  return {
    name: view.name,
    policy: recordedPolicy(world, node, view),
    underWay: policyUnderWay(world, node, view),
  }
}

function knownIdentities({ model }: Pick<History, 'model'>, node: string, at: Position): readonly number[] {
  const units = ['identity', `node ${node}`]
  const own = units.flatMap((unit) => [...model.entities(unit, at, (name) => name.startsWith('identity ')).keys()])
  const WORLD = 2
  const numbers = own.map((name) => Number(name.slice('identity '.length)))
  return [WORLD, ...numbers, ...RESERVED_IDENTITIES.keys()]
}
