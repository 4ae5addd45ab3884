/** Which nodes and endpoints the log knows at a moment; of one that is not there, when it comes or went, and what is nearest. */
import type { EndpointId, Position } from '../../events/ids.ts'
import { type UnitName, unitParts } from '../../projections/history/entities.ts'
import type { ReadModel } from '../ports/read-model.ts'
import { positionText } from './branch/place.ts'
import { nearestNames, nearestNumbers } from './nearest.ts'

/** `then`: it has to be there at the moment. `ever`: it is enough that it was there up to then. */
export type Known = { readonly at: Position; readonly span: 'then' | 'ever' }

/** Endpoints made anew more often than this are described by their last lives. */
const LIVES_MAX = 1_000

/** Null where the node is known at the moment. */
export function unknownNode(model: ReadModel, node: string, { at }: Pick<Known, 'at'>): string | null {
  if (nodesAt(model, at).includes(node)) return null
  return `no-such-node: ${node}; ${nearestNames(node, nodesAt(model, at))} at position ${positionText(at)}`
}

/** `node` undefined: on any node. Null where the endpoint is known. */
export function unknownEndpoint(
  model: ReadModel,
  { node, endpoint }: { readonly node: string | undefined; readonly endpoint: number },
  { at, span }: Known,
): string | null {
  const isOurs = (unit: EndpointUnit): boolean => node === undefined || unit.node === node
  const there = endpointsAt(model, at).filter(isOurs)
  const known = there.filter((unit) => span === 'ever' || isThere(model, unit.unit, at))
  if (known.some((unit) => unit.endpoint === endpoint)) return null
  const head = model.builtTo() ?? at
  const own = endpointsAt(model, head).find((unit) => isOurs(unit) && unit.endpoint === endpoint)
  const when = own === undefined ? '' : lifeOf(model, own.unit, { at, head })
  const nearest = nearestNumbers(
    endpoint,
    known.map((unit) => unit.endpoint),
  )
  return `no-such-endpoint: ${endpoint}${when}; ${nearest} at position ${positionText(at)}`
}

/** When an endpoint that is not there at the moment comes or went, for the end of a sentence; empty where it never was. */
export function lifeOfEndpoint(model: ReadModel, endpoint: number, at: Position): string {
  const head = model.builtTo() ?? at
  const own = endpointsAt(model, head).find((unit) => unit.endpoint === endpoint)
  return own === undefined ? '' : `; it${lifeOf(model, own.unit, { at, head })}`
}

function nodesAt(model: ReadModel, at: Position): readonly string[] {
  const names = model.units(at).map((unit) => unitParts(unit))
  return [...new Set(names.flatMap((parts) => ('node' in parts ? [parts.node] : [])))]
}

type EndpointUnit = { readonly unit: UnitName; readonly node: string; readonly endpoint: EndpointId }

function endpointsAt(model: ReadModel, at: Position): readonly EndpointUnit[] {
  return model.units(at).flatMap((unit) => {
    const parts = unitParts(unit)
    return parts.kind === 'endpoint' ? [{ unit, node: parts.node, endpoint: parts.endpoint as EndpointId }] : []
  })
}

function isThere(model: ReadModel, unit: UnitName, at: Position): boolean {
  const [last] = model.versions({ unit, entity: 'endpoint', upTo: at, limit: 1 })
  return last !== undefined && last.value !== null
}

function lifeOf(
  model: ReadModel,
  unit: UnitName,
  { at, head }: { readonly at: Position; readonly head: Position },
): string {
  const versions = model.versions({ unit, entity: 'endpoint', upTo: head, limit: LIVES_MAX })
  const next = versions.findLast(({ position, value }) => position > at && value !== null)
  const gone = versions.find(({ position }) => position <= at)
  const parts = [
    ...(gone === undefined ? [] : [`went at position ${gone.position}`]),
    ...(next === undefined ? [] : [`comes at position ${next.position}`]),
  ]
  return parts.length === 0 ? '' : ` ${parts.join(' and ')}`
}
