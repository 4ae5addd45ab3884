/** How each element of the rules that select a subject stands to a probe: what it would do, and what it lacks to cover it. */
import type { Probe } from '../../datapath/verdict.ts'
import type { HttpRule } from '../rule.ts'
import type { CachedSelector } from '../select/cached-selector.ts'
import type { CompiledElement } from './compiled-rule.ts'
import type { PlacedElement, SubjectPolicy } from './subject-policy.ts'

export type ConsideredElement = {
  readonly origin: string
  /** What it does with what it covers. */
  readonly effect: 'allow' | 'deny' | 'redirect'
  /** It is one of those that the deciding entry comes from. */
  readonly decides: boolean
  /** Nothing where it covers the probe. */
  readonly lacks: readonly Lack[]
  /** HTTP rules for this port, in order. */
  readonly httpRules: readonly HttpRule[]
}

/**
 * `peer`: the other side is not among its peers. `requirement`: it would be, without what rules require of peers. `protocol`, `port`: as
 * said; `port-name`: the name of its port means no port here. `everything`: it names neither peers nor ports.
 */
export type Lack = 'peer' | 'requirement' | 'protocol' | 'port' | 'port-name' | 'everything'

export function consideredElements(
  policy: SubjectPolicy,
  probe: Probe,
  deciding: readonly string[],
): readonly ConsideredElement[] {
  const origins = new Set(deciding)
  return policy.elements(probe.direction).map((placed) => ({
    origin: placed.element.origin,
    effect: effectOf(placed, probe),
    decides: origins.has(placed.element.origin),
    lacks: lacksOf(placed, probe),
    httpRules: httpRulesOf(placed, probe),
  }))
}

function effectOf(placed: PlacedElement, probe: Probe): ConsideredElement['effect'] {
  if (placed.element.deny) return 'deny'
  const covering = placed.ranges.filter((one) => portLack(one, probe) === null)
  const slots = covering.length > 0 ? covering : placed.ranges
  return slots.some(({ slot }) => slot.rule !== null) ? 'redirect' : 'allow'
}

function httpRulesOf({ ranges }: PlacedElement, probe: Probe): readonly HttpRule[] {
  return ranges
    .filter((one) => portLack(one, probe) === null)
    .flatMap(({ slot }) => (slot.rule?.l7?.kind === 'http' ? slot.rule.l7.rules : []))
}

function lacksOf(placed: PlacedElement, probe: Probe): readonly Lack[] {
  if (placed.element.element.peers === null && placed.ranges.length === 0) return ['everything']
  const peer = peerLack(placed, probe.identity)
  const ports = placed.ranges.map((one) => portLack(one, probe))
  const port = ports.length === 0 ? 'port' : ports.includes(null) ? null : nearestLack(ports)
  return [peer, port].filter((lack) => lack !== null)
}

function peerLack({ element, peers }: PlacedElement, identity: number): Lack | null {
  if (peers.some((selector) => takes(selector, identity))) return null
  return takenWithoutRequirements(element, identity) ? 'requirement' : 'peer'
}

function takenWithoutRequirements({ peers }: CompiledElement, identity: number): boolean {
  return peers.some(({ selector }) => takes(selector, identity))
}

function takes(selector: CachedSelector, identity: number): boolean {
  return selector.everyone || selector.has(identity)
}

function portLack({ slot, range }: PlacedElement['ranges'][number], { protocol, port }: Probe): Lack | null {
  if (slot.protocol === 0) return null
  if (slot.protocol !== protocol) return 'protocol'
  if (slot.port.kind === 'any') return null
  if (range === null) return 'port-name'
  return range.first <= port && port <= range.last ? null : 'port'
}

const NEARNESS: readonly Lack[] = ['port-name', 'port', 'protocol']

function nearestLack(lacks: readonly (Lack | null)[]): Lack {
  return NEARNESS.find((lack) => lacks.includes(lack)) ?? 'port'
}
