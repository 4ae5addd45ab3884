/**
 * What an endpoint's map in force and the map that it should have decide differently, worked out once for the two: when addresses move, only who lives is
 * asked again.
 */
import type { PolicyMap } from '../../../projections/datapath/policy-map.ts'
import { differingIdentities, type Effect, effectsOf, identitiesIn } from './effects.ts'

/** Identity 0: whom no key names. */
export type IdentityEffects = { readonly identity: number; readonly effects: readonly Effect[] }

export class MapDifference {
  readonly inForce: PolicyMap
  readonly wanted: PolicyMap
  readonly #differing: ReadonlySet<number>
  #named: ReadonlySet<number> | null = null
  #wrong: readonly IdentityEffects[] | null = null

  constructor(inForce: PolicyMap, wanted: PolicyMap) {
    this.inForce = inForce
    this.wanted = wanted
    this.#differing = differingIdentities(inForce, wanted)
  }

  get isEmpty(): boolean {
    return this.#differing.size === 0
  }

  /** Identities that a key of either map names. */
  get named(): ReadonlySet<number> {
    this.#named ??= new Set([...identitiesIn(this.inForce), ...identitiesIn(this.wanted)].filter((one) => one !== 0))
    return this.#named
  }

  /** The named ones in their order, then the others. */
  get wrong(): readonly IdentityEffects[] {
    this.#wrong ??= this.#compare()
    return this.#wrong
  }

  /** For an address that should have another identity than it has. */
  between(inForce: number, wanted: number): readonly Effect[] {
    const isAsOthers = !this.named.has(inForce) && !this.named.has(wanted)
    if (isAsOthers && !this.#differing.has(0)) return []
    return effectsOf({ map: this.inForce, identity: inForce }, { map: this.wanted, identity: wanted })
  }

  #compare(): readonly IdentityEffects[] {
    if (this.isEmpty) return []
    const isWide = this.#differing.has(0)
    const own = [...this.named].filter((identity) => isWide || this.#differing.has(identity)).toSorted((a, b) => a - b)
    return [...own, ...(isWide ? [0] : [])]
      .map((identity) => ({ identity, effects: this.between(identity, identity) }))
      .filter(({ effects }) => effects.length > 0)
  }
}
