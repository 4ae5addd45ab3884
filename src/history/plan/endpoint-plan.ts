/** What a plan does to one endpoint: its map, enforcement and redirects as they would be, beside what its policies ask for now. */
import type { Port } from '../../../events/ids.ts'
import { type PolicyMap, policyMapDiff, policyMapOf } from '../../../projections/datapath/policy-map.ts'
import type { ResolvedPolicy } from '../../../projections/policy/engine.ts'
import type { JudgedPolicy } from '../../../projections/verdict/judge.ts'
import { semanticDifferences } from '../../../projections/verdict/semantic.ts'
import type { EndpointView } from '../../../projections/world.ts'
import type { Amount, EndpointPlan } from './plan.ts'
import { proxyPortsOf } from './proxy-ports.ts'

export type Compared = {
  readonly node: string
  readonly view: EndpointView
  readonly sides: Amount<ResolvedPolicy>
  /** After it, when numbers that nobody needs any more are given back. */
  readonly settled: ResolvedPolicy
  readonly judged: Amount<JudgedPolicy | null>
  readonly existing: readonly number[]
  /** Of the node's listeners. */
  readonly ports: ReadonlyMap<string, Port>
}

/** Null where nothing would change for the endpoint. */
export function endpointPlan({ node, view, sides, settled, judged, existing, ports }: Compared): EndpointPlan | null {
  const { before, after } = sides
  if (before === after && settled === after) return null
  const { endpoint, name } = view
  const base = { node, endpoint, name }
  if (after.kind === 'unresolvable') {
    const isSame = before.kind === 'unresolvable' && before.reason === after.reason
    return isSame ? null : { ...base, ...NOTHING, unresolvable: `${after.code}: ${after.reason}` }
  }
  const [was, is] = [
    before.kind === 'unresolvable' ? lastGood(view) : shapeOf(before, view, ports),
    shapeOf(settled.kind === 'unresolvable' ? after : settled, view, ports),
  ]
  const map = policyMapDiff(was.map, is.map)
  const differences =
    judged.before === null || judged.after === null
      ? []
      : semanticDifferences({ before: judged.before, after: judged.after, known: existing })
  const ingressEnforced = { before: was.ingressEnforced, after: is.ingressEnforced }
  const egressEnforced = { before: was.egressEnforced, after: is.egressEnforced }
  const same = [ingressEnforced, egressEnforced].every((one) => one.before === one.after)
  if (map.length === 0 && differences.length === 0 && same) return null
  return {
    ...base,
    ingressEnforced,
    egressEnforced,
    entries: { before: was.map.size, after: is.map.size },
    map,
    redirects: { come: missingIn(is, was), go: missingIn(was, is) },
    differences,
    pressure: after.pressure,
    unresolvable: null,
  }
}

const NOTHING: Omit<EndpointPlan, 'node' | 'endpoint' | 'name' | 'unresolvable'> = {
  ingressEnforced: { before: false, after: false },
  egressEnforced: { before: false, after: false },
  entries: { before: 0, after: 0 },
  map: [],
  redirects: { come: [], go: [] },
  differences: [],
  pressure: null,
}

type Resolved = Exclude<ResolvedPolicy, { readonly kind: 'unresolvable' }>

type Shape = Pick<Resolved, 'ingressEnforced' | 'egressEnforced'> & {
  readonly map: PolicyMap
  /** Ids of redirects that a listener takes, without the endpoint; the others are denied. */
  readonly redirects: readonly string[]
}

/** With the proxy ports that the node's listeners have; others would be allocated. */
function shapeOf(resolved: Resolved, view: EndpointView, ports: ReadonlyMap<string, Port>): Shape {
  const { entries, redirects, ingressEnforced, egressEnforced } = resolved
  const taken = proxyPortsOf(view, redirects, ports)
  return { ingressEnforced, egressEnforced, map: policyMapOf(entries, taken), redirects: [...taken.keys()] }
}

/** What is in force where the policies of now cannot be resolved. */
function lastGood({ endpoint, ingressEnforced, egressEnforced, policyMap, redirects }: EndpointView): Shape {
  const ids = redirects.map(({ id }) => id.slice(`${endpoint}:`.length))
  return { ingressEnforced, egressEnforced, map: policyMap, redirects: ids }
}

function missingIn(one: Shape, other: Shape): readonly string[] {
  return one.redirects.filter((id) => !other.redirects.includes(id))
}
