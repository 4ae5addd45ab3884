/** What a packet meets otherwise than it should: the map in force asked for the identity in force, beside the wanted map asked for the wanted identity. */
import type { Direction } from '../../../events/fields.ts'
import { type PolicyMap, type PolicyMapEntry, sameInKernel } from '../../../projections/datapath/policy-map.ts'
import { policyVerdict } from '../../../projections/datapath/verdict.ts'
import { regionsOf } from '../../../projections/verdict/semantic.ts'

/** Ports of one protocol; for ICMP types. */
export type Reach = { readonly protocol: number; readonly from: number; readonly to: number }

/** `deny`: dropped and should pass. `allow`: passes and should be dropped. What goes to the proxy passes. */
export type EffectKind = 'deny' | 'allow'
export type Effect = { readonly direction: Direction; readonly kind: EffectKind; readonly reach: Reach }

/** Identity 0 stands for one that no key names. */
export type Asked = { readonly map: PolicyMap; readonly identity: number }

const ICMP: readonly number[] = [1, 58]

/** In the order of direction, protocol and port; neighbouring ranges of one kind are one. */
export function effectsOf(inForce: Asked, wanted: Asked): readonly Effect[] {
  return (['ingress', 'egress'] as const).flatMap((direction) => ofDirection(inForce, wanted, direction))
}

function ofDirection(inForce: Asked, wanted: Asked, direction: Direction): readonly Effect[] {
  const sides = [inForce, wanted].map(({ map, identity }) =>
    [...new Set([identity, 0])].flatMap((id) => entriesOf(map, id).filter(({ key }) => key.direction === direction)),
  )
  const found: Effect[] = []
  for (const { protocol, ranges } of regionsOf(sides.flat(), false)) {
    for (const { from, to } of ranges) {
      // Nobody connects to port 0, but there is an ICMP type 0.
      const port = from === 0 && !ICMP.includes(protocol) ? Math.min(1, to) : from
      const passes = ({ map, identity }: Asked): boolean =>
        policyVerdict(map, { direction, identity, protocol, port }).verdict !== 'deny'
      const [is, should] = [passes(inForce), passes(wanted)]
      if (is !== should) add(found, { direction, kind: should ? 'deny' : 'allow', reach: { protocol, from, to } })
    }
  }
  return found
}

function add(found: Effect[], one: Effect): void {
  const last = found.at(-1)
  const isNext =
    last !== undefined &&
    last.kind === one.kind &&
    last.reach.protocol === one.reach.protocol &&
    last.reach.to + 1 === one.reach.from
  if (isNext) found[found.length - 1] = { ...last, reach: { ...last.reach, to: one.reach.to } }
  else found.push(one)
}

type ByIdentity = ReadonlyMap<number, readonly PolicyMapEntry[]>

/** Maps are values, so what was sorted once stays true. */
const SORTED: WeakMap<PolicyMap, ByIdentity> = new WeakMap()

function byIdentity(map: PolicyMap): ByIdentity {
  const known = SORTED.get(map)
  if (known !== undefined) return known
  const sorted = Map.groupBy(map.values(), ({ key }): number => key.identity)
  SORTED.set(map, sorted)
  return sorted
}

function entriesOf(map: PolicyMap, identity: number): readonly PolicyMapEntry[] {
  return byIdentity(map).get(identity) ?? []
}

/** Identities that keys name, 0 for those that take any. */
export function identitiesIn(map: PolicyMap): Iterable<number> {
  return byIdentity(map).keys()
}

/** Identities whose keys differ in what the kernel would do. */
export function differingIdentities(one: PolicyMap, other: PolicyMap): ReadonlySet<number> {
  const differing = new Set<number>()
  const compare = (left: PolicyMap, right: PolicyMap): void => {
    for (const [text, { key, value }] of left) {
      const counterpart = right.get(text)
      if (counterpart === undefined || !sameInKernel(withoutPort(value), withoutPort(counterpart.value)))
        differing.add(key.identity)
    }
  }
  compare(one, other)
  compare(other, one)
  return differing
}

/** Which port a redirect goes to does not matter here. */
function withoutPort(value: PolicyMapEntry['value']): PolicyMapEntry['value'] {
  return { ...value, proxyPort: 0 }
}
