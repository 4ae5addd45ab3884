/**
 * Whose address is it? Two answers for one node, prefix by prefix: what its ipcache says (in force), and what endpoints and policies of the moment ask for
 * (wanted). As in the ipcache, the longest prefix decides and what none covers is the world.
 *
 * What people and the system put into the ipcache is wanted as it is; then come other nodes' endpoints, then this node's, then the prefixes that
 * policies name (src/react/addresses.ts).
 */
import { Cidr, type IdentityId } from '../../../events/ids.ts'
import { parsePrefix, prefixOf, prefixText } from '../../../projections/ip/prefix.ts'
import type { EndpointView, World } from '../../../projections/world.ts'

/** Both differ. */
export type Dispute = { readonly prefix: Cidr; readonly inForce: number; readonly wanted: number }

const WORLD = 2

type Owners = ReadonlyMap<string, { readonly node: string; readonly identity: IdentityId }>

export class Addresses {
  readonly #node: string
  /** Endpoints that have an address, by `<node>/<endpoint>`. */
  readonly #owners: Map<Cidr, Owners> = new Map()
  readonly #inForce: IdentityTable = new IdentityTable()
  readonly #wanted: IdentityTable = new IdentityTable()
  /** Prefixes for which the two tables hold something else. */
  readonly #differing: Set<Cidr> = new Set()
  #disputes: readonly Dispute[] | null = null
  #disputed: ReadonlySet<Cidr> = new Set()

  constructor(node: string) {
    this.#node = node
  }

  /** An endpoint came, changed or went; null where it is not there. Gives the prefixes to look at again. */
  own(key: { readonly node: string; readonly endpoint: number }, sides: Sides): readonly Cidr[] {
    const name = `${key.node}/${key.endpoint}`
    const [before, after] = [hostPrefixes(sides.before), hostPrefixes(sides.after)]
    for (const prefix of before) {
      const owners = new Map(this.#owners.get(prefix))
      owners.delete(name)
      if (owners.size === 0) this.#owners.delete(prefix)
      else this.#owners.set(prefix, owners)
    }
    const identity = sides.after?.identity ?? null
    for (const prefix of identity === null ? [] : after) {
      this.#owners.set(prefix, new Map(this.#owners.get(prefix)).set(name, { node: key.node, identity: identity! }))
    }
    return [...before, ...after]
  }

  /** `policy`: the identities of the prefixes that policies name. True where anything is different now. */
  look(world: World, prefixes: Iterable<Cidr>, policy: ReadonlyMap<Cidr, number>): boolean {
    const { ipcache } = world.nodes.get(this.#node) ?? { ipcache: null }
    let changed = false
    for (const prefix of prefixes) {
      const recorded = ipcache?.get(prefix)
      const isFixed = recorded !== undefined && recorded.origin !== 'endpoint' && recorded.origin !== 'policy'
      const fixed = isFixed ? recorded.identity : null
      const [remote, own] = [this.#ownerOf(prefix, true), this.#ownerOf(prefix, false)]
      const inForce = fixed ?? remote ?? recorded?.identity ?? null
      const wanted = fixed ?? remote ?? own ?? policy.get(prefix) ?? null
      const [a, b] = [this.#inForce.set(prefix, inForce), this.#wanted.set(prefix, wanted)]
      if (inForce === wanted) this.#differing.delete(prefix)
      else this.#differing.add(prefix)
      changed ||= a || b
    }
    if (changed) this.#disputes = null
    return changed
  }

  /** In order of the prefix's text. */
  disputes(): readonly Dispute[] {
    if (this.#disputes !== null) return this.#disputes
    this.#disputes = [...this.#differing]
      .toSorted()
      .map((prefix) => ({ prefix, inForce: this.#inForce.longest(prefix), wanted: this.#wanted.longest(prefix) }))
      .filter(({ inForce, wanted }) => inForce !== wanted)
    this.#disputed = new Set(this.#disputes.map(({ prefix }) => prefix))
    return this.#disputes
  }

  /** Some address has the identity in force, and is wanted to. */
  isLive(identity: number): boolean {
    if (identity === WORLD) return true
    this.disputes()
    for (const prefix of this.#inForce.prefixesOf(identity)) if (!this.#disputed.has(prefix)) return true
    return false
  }

  someLive(isMeant: (identity: number) => boolean): boolean {
    if (isMeant(WORLD)) return true
    for (const identity of this.#inForce.identities()) if (isMeant(identity) && this.isLive(identity)) return true
    return false
  }

  /** Prefixes that have the identity in force and are wanted to. */
  prefixesOf(identity: number): readonly Cidr[] {
    this.disputes()
    return [...this.#inForce.prefixesOf(identity)].filter((prefix) => !this.#disputed.has(prefix))
  }

  /** Of two nodes that claim an address the later name's claim stands, as in projections/ipcache.ts. */
  #ownerOf(prefix: Cidr, remote: boolean): IdentityId | null {
    const owners = [...(this.#owners.get(prefix) ?? [])].filter(([, { node }]) => (node !== this.#node) === remote)
    const last = owners.toSorted(([a], [b]) => (a < b ? -1 : 1)).at(-1)
    return last?.[1].identity ?? null
  }
}

type Sides = { readonly before: EndpointView | undefined; readonly after: EndpointView | undefined }

function hostPrefixes(view: EndpointView | undefined): readonly Cidr[] {
  if (view === undefined) return []
  const { ipv4, ipv6 } = view
  return [...(ipv4 === null ? [] : [Cidr(`${ipv4}/32`)]), ...(ipv6 === null ? [] : [Cidr(`${ipv6}/128`)])]
}

/** Identities by prefix, to be changed in place; a lookup asks the lengths that occur. */
class IdentityTable {
  readonly #byPrefix: Map<string, number> = new Map()
  /** Prefixes of each length, by family. */
  readonly #lengths: Map<string, number> = new Map()
  readonly #byIdentity: Map<number, Set<Cidr>> = new Map()

  /** Null takes it away. True where that is something else than before. */
  set(prefix: Cidr, identity: number | null): boolean {
    const before = this.#byPrefix.get(prefix) ?? null
    if (before === identity) return false
    if (before !== null) this.#take(prefix, before)
    if (identity === null) return true
    this.#byPrefix.set(prefix, identity)
    this.#count(prefix, 1)
    const own = this.#byIdentity.get(identity) ?? new Set()
    this.#byIdentity.set(identity, own.add(prefix))
    return true
  }

  /** Of the longest prefix that contains this one, which may be itself. */
  longest(prefix: Cidr): number {
    const parsed = parsePrefix(prefix)
    // Only a log that was changed has one that is none: it is nobody's.
    if (parsed === null) return WORLD
    for (let length = parsed.length; length >= 0; length--) {
      if (!this.#lengths.has(`${parsed.family}/${length}`)) continue
      const found = this.#byPrefix.get(prefixText(prefixOf(parsed, length)))
      if (found !== undefined) return found
    }
    return WORLD
  }

  prefixesOf(identity: number): ReadonlySet<Cidr> {
    return this.#byIdentity.get(identity) ?? new Set()
  }

  identities(): Iterable<number> {
    return this.#byIdentity.keys()
  }

  #take(prefix: Cidr, identity: number): void {
    this.#byPrefix.delete(prefix)
    this.#count(prefix, -1)
    const own = this.#byIdentity.get(identity)
    own?.delete(prefix)
    if (own?.size === 0) this.#byIdentity.delete(identity)
  }

  #count(prefix: Cidr, by: 1 | -1): void {
    const key = `${prefix.includes(':') ? 6 : 4}/${prefix.slice(prefix.lastIndexOf('/') + 1)}`
    const count = (this.#lengths.get(key) ?? 0) + by
    if (count === 0) this.#lengths.delete(key)
    else this.#lengths.set(key, count)
  }
}
