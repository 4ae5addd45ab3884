/**
 * The policy map entries of one subject in one direction, kept identity by identity.
 *
 * What an identity gets depends on the claims of the selectors that take it and on everyone's claims, on nothing else. So one identity
 * more or less is one chunk more or less, and the result is the same as from scratch. Identities that the same selectors take share their rows.
 */
import type { Direction } from '../../../events/fields.ts'
import { IdentityId } from '../../../events/ids.ts'
import type { DesiredEntry } from '../desired.ts'
import type { CachedSelector, SelectorUser } from '../select/cached-selector.ts'
import { withNumber, withoutNumber } from '../select/number-set.ts'
import { type Claim, type Claims, TAIL_ANY, tailParts } from './claims.ts'
import { PortTable, singleRow, type TableRow } from './port-table.ts'

/** What the datapath's map holds (Cilium's bpf-policy-map-max). */
export const POLICY_MAP_MAX = 16_384
/** Claimed keys looked at for one subject and direction; a policy that needs more is refused, so that time stays bounded. */
const WORK_MAX = 20_000_000

export type EntriesInput = {
  readonly direction: Direction
  readonly claims: Claims
  /** Claims for identities by number, whether they are known or not. */
  readonly fixed: ReadonlyMap<number, readonly Claim[]>
  /** Who is denied whatever an identity is denied altogether: `identity` shares the fate of `host`. */
  readonly shared: { readonly identity: number; readonly host: number } | null
  /** Selectors without claims whose changes matter all the same. */
  readonly watched: readonly CachedSelector[]
  /** The selectors that take an identity; none where it is not known. */
  readonly selectorsOf: (identity: number) => Iterable<CachedSelector>
}

export class DirectionEntries implements SelectorUser {
  readonly #input: EntriesInput
  readonly #everyone: PortTable
  /** By their place in the claims. */
  readonly #places: Map<CachedSelector, number> = new Map()
  readonly #lists: readonly (readonly Claim[])[]
  readonly #chunks: Map<number, Chunk> = new Map()
  #identities: readonly number[] = []
  /** By the places of the selectors: the number of one, the text of several. */
  readonly #rows: Map<string | number, Rows> = new Map()
  #dirty: Set<number> = new Set()
  #count = 0
  #work = 0
  #flat: readonly DesiredEntry[] | null = null

  constructor(input: EntriesInput) {
    this.#input = input
    this.#everyone = new PortTable([input.claims.everyone])
    this.#lists = [...input.claims.bySelector.values()]
    for (const selector of input.claims.bySelector.keys()) {
      this.#places.set(selector, this.#places.size)
      selector.users.add(this)
    }
    for (const selector of input.watched) selector.users.add(this)
    this.#build()
  }

  [Symbol.dispose](): void {
    for (const selector of this.#places.keys()) selector.users.delete(this)
    for (const selector of this.#input.watched) selector.users.delete(this)
  }

  selectionChanged(_selector: CachedSelector, identity: number): void {
    this.#dirty.add(identity)
    const { shared } = this.#input
    if (shared !== null && shared.host === identity) this.#dirty.add(shared.identity)
  }

  get changed(): boolean {
    return this.#dirty.size > 0
  }

  /** Brings the entries up to date; `overflow` where they do not fit. */
  refresh(): 'fits' | 'overflow' | 'too-complex' {
    if (this.#standing() !== 'fits' && this.changed) this.#build()
    else if (this.changed) this.#update()
    return this.#standing()
  }

  get count(): number {
    return this.#count
  }

  /** In canonical order; the same list as long as nothing changes. */
  entries(): readonly DesiredEntry[] {
    if (this.#flat !== null) return this.#flat
    const flat: DesiredEntry[] = []
    for (const identity of this.#identities) {
      const chunk = this.#chunks.get(identity)
      if (chunk !== undefined) for (const entry of chunk.entries) flat.push(entry)
    }
    this.#flat = flat
    return flat
  }

  /** Ids of the redirects that entries use. */
  redirects(): ReadonlySet<string> {
    return new Set([...this.#chunks.values()].flatMap(({ redirects }) => redirects))
  }

  /** The selector that claims the most keys over all of its identities, and how many. */
  largest(): { readonly selector: string; readonly keys: number } {
    let largest = { selector: '', keys: 0 }
    for (const [selector, claims] of this.#input.claims.bySelector) {
      const keys = selector.size * claims.reduce((sum, { tails }) => sum + tails.length, 0)
      if (keys > largest.keys || (keys === largest.keys && selector.text < largest.selector))
        largest = { selector: selector.text, keys }
    }
    return largest
  }

  #standing(): 'fits' | 'overflow' | 'too-complex' {
    if (this.#count > POLICY_MAP_MAX) return 'overflow'
    return this.#work > WORK_MAX ? 'too-complex' : 'fits'
  }

  #build(): void {
    this.#chunks.clear()
    this.#dirty.clear()
    this.#count = 0
    this.#work = 0
    const places = this.#placesByIdentity()
    this.#identities = [0, ...Uint32Array.from(places.keys()).sort()]
    for (const identity of this.#identities) {
      this.#set(identity, places.get(identity) ?? [])
      if (this.#standing() !== 'fits') break
    }
    this.#flat = null
  }

  /** For each identity the places of the selectors that take it, ascending. */
  #placesByIdentity(): ReadonlyMap<number, readonly number[]> {
    const places = new Map<number, number[]>()
    for (const identity of this.#input.fixed.keys()) places.set(identity, [])
    for (const [selector, place] of this.#places) {
      for (const identity of selector.sorted()) {
        const list = places.get(identity)
        if (list === undefined) places.set(identity, [place])
        else list.push(place)
      }
    }
    return places
  }

  #update(): void {
    for (const identity of this.#dirty) {
      const places: number[] = []
      for (const selector of this.#input.selectorsOf(identity)) {
        const place = this.#places.get(selector)
        if (place !== undefined) places.push(place)
      }
      if (places.length === 0 && !this.#input.fixed.has(identity)) this.#drop(identity)
      else
        this.#set(
          identity,
          places.sort((a, b) => a - b),
        )
      this.#identities = this.#chunks.has(identity)
        ? withNumber(this.#identities, identity)
        : withoutNumber(this.#identities, identity)
    }
    this.#dirty = new Set()
    this.#flat = null
  }

  #set(identity: number, places: readonly number[]): void {
    this.#drop(identity)
    const rows = this.#rowsOf(identity, places)
    const entries = rows.rows.map((row) => entryOf(this.#input.direction, identity, row))
    this.#chunks.set(identity, { entries, redirects: rows.redirects, work: rows.work })
    this.#count += entries.length
    this.#work += rows.work
  }

  #drop(identity: number): void {
    const chunk = this.#chunks.get(identity)
    if (chunk === undefined) return
    this.#chunks.delete(identity)
    this.#count -= chunk.entries.length
    this.#work -= chunk.work
  }

  #rowsOf(identity: number, places: readonly number[]): Rows {
    if (identity === 0) return rowsOf(this.#everyone.rows(null), this.#input.claims.everyone)
    const fixed = this.#fixedOf(identity)
    if (fixed !== undefined) {
      const claims = [...places.map((place) => this.#lists[place] ?? []), fixed]
      return rowsOf(new PortTable(claims).rows(this.#everyone), claims.flat())
    }
    const [place = 0] = places
    const key = places.length === 1 ? place : places.join()
    const known = this.#rows.get(key)
    if (known !== undefined) return known
    const rows = places.length === 1 ? this.#singleRows(place) : this.#mergedRows(places)
    if (this.#rows.size >= ROWS_MAX) this.#rows.clear()
    this.#rows.set(key, rows)
    return rows
  }

  #singleRows(place: number): Rows {
    const claims = this.#lists[place] ?? []
    const [claim] = claims
    const [tail] = claim?.tails ?? []
    return claim !== undefined && tail !== undefined && claims.length === 1 && claim.tails.length === 1
      ? rowsOf(singleRow(claim, tail, this.#everyone), claims)
      : this.#mergedRows([place])
  }

  #mergedRows(places: readonly number[]): Rows {
    const lists = places.map((place) => this.#lists[place] ?? [])
    return rowsOf(new PortTable(lists).rows(this.#everyone), lists.flat())
  }

  #fixedOf(identity: number): readonly Claim[] | undefined {
    const { fixed, shared, selectorsOf } = this.#input
    const own = fixed.get(identity)
    if (shared === null || shared.identity !== identity) return own
    const denied = [...selectorsOf(shared.host)]
      .flatMap((selector) => this.#input.claims.bySelector.get(selector) ?? [])
      .filter(({ verdict, tails }) => verdict === 'deny' && tails.includes(TAIL_ANY))
    return [...(own ?? []), ...denied]
  }
}

type Chunk = { readonly entries: readonly DesiredEntry[]; readonly redirects: readonly string[]; readonly work: number }
type Rows = { readonly rows: readonly TableRow[]; readonly redirects: readonly string[]; readonly work: number }

/** Different sets of selectors whose rows are kept. */
const ROWS_MAX = 20_000

const NO_REDIRECTS: readonly string[] = []

function rowsOf(rows: readonly TableRow[], claims: readonly Claim[]): Rows {
  const redirects = rows.flatMap(({ redirect }) => (redirect === null ? NO_REDIRECTS : [redirect]))
  const work = claims.reduce((sum, { tails }) => sum + tails.length, 0)
  return { rows, redirects: redirects.length === 0 ? NO_REDIRECTS : [...new Set(redirects)], work }
}

function entryOf(direction: Direction, identity: number, row: TableRow): DesiredEntry {
  const { protocol, port, bits } = tailParts(row.tail)
  const { verdict, precedence, authType, redirect, origins } = row
  const key = { direction, identity: IdentityId(identity), protocol, port, portBits: bits }
  return { key, verdict, precedence, authType, redirect, origins }
}
