/**
 * The keys that one identity needs, out of everything that is claimed for it.
 *
 * 1. Of two claims of one key the higher precedence stands; equal ones share the entry.
 * 2. A key is left out where a broader key of the same identity, or a broader or equal key of everyone, has at least its precedence: both
 *    lookups of the datapath then find the broader one. So the longest prefix of an identity always has its highest precedence.
 * 3. Authentication is never lost: a key that asks for it stays unless what covers it asks for the same, and a kept key without a wish of
 *    its own takes the strictest of what covers it.
 */
import { type Claim, TAIL_ANY, tailOf, tailParts } from './claims.ts'

/** An entry without direction and identity. */
export type TableRow = {
  readonly tail: number
  readonly verdict: Claim['verdict']
  readonly precedence: number
  readonly authType: number
  readonly redirect: string | null
  /** Sorted, unique. */
  readonly origins: readonly string[]
}

type Weighed = Pick<Claim, 'precedence' | 'auth' | 'verdict'>

type Cell = {
  verdict: Claim['verdict']
  precedence: number
  auth: number | null
  redirect: string | null
  origins: readonly string[]
  /** Claims of equal precedence beside the first. */
  further: (readonly string[])[] | null
}

/** What `new PortTable([[claim]]).rows(everyone)` is, for the most frequent case: one claim of one key. */
export function singleRow(claim: Claim, tail: number, everyone: PortTable): readonly TableRow[] {
  const auth = { max: claim.auth }
  if (everyone.covers(tail, claim, auth)) return []
  return [rowOf(tail, { ...claim, further: null }, auth.max)]
}

export class PortTable {
  readonly #cells: Map<number, Cell> = new Map()
  /** Bit n is set where a key with n port bits occurs. */
  #lengths = 0

  constructor(claims: Iterable<readonly Claim[]>) {
    for (const list of claims) {
      for (const claim of list) {
        for (const tail of claim.tails) this.#add(tail, claim)
      }
    }
  }

  /** Ascending; `everyone` null for everyone's own table. */
  rows(everyone: PortTable | null): readonly TableRow[] {
    const rows: TableRow[] = []
    for (const [tail, cell] of this.#cells) {
      const auth = { max: cell.auth }
      if (this.#covered(tail, cell, auth, SELF_EXCLUDED)) continue
      if (everyone?.covers(tail, cell, auth) === true) continue
      rows.push(rowOf(tail, cell, auth.max))
    }
    return rows.length < 2 ? rows : rows.toSorted((a, b) => a.tail - b.tail)
  }

  /** For another identity's cell: the same key covers it too. */
  covers(tail: number, cell: Weighed, auth: { max: number | null }): boolean {
    return this.#covered(tail, cell, auth, SELF_INCLUDED)
  }

  #add(tail: number, { verdict, precedence, auth, redirect, origins }: Claim): void {
    const cell = this.#cells.get(tail)
    if (cell === undefined) {
      this.#cells.set(tail, { verdict, precedence, auth, redirect, origins, further: null })
      this.#lengths |= 1 << (tail % 32)
      return
    }
    if (auth !== null) cell.auth = Math.max(cell.auth ?? 0, auth)
    if (precedence < cell.precedence) return
    if (precedence > cell.precedence) {
      Object.assign(cell, { verdict, precedence, redirect, origins, further: null })
      return
    }
    cell.further ??= []
    cell.further.push(origins)
    if (redirect !== null && (cell.redirect === null || redirect < cell.redirect)) cell.redirect = redirect
  }

  /** Whether this table has a broader key that makes the cell needless; on the way the strictest authentication goes into `auth`. */
  #covered(tail: number, cell: Weighed, auth: { max: number | null }, self: 0 | 1): boolean {
    const { protocol, port, bits } = tailParts(tail)
    for (let length = bits - 1 + self; length >= 0; length--) {
      if ((this.#lengths & (1 << length)) === 0) continue
      const above = this.#cells.get(tailOf(protocol, port & (0xffff << (16 - length)), length))
      if (above !== undefined && dispenses(above, cell, auth)) return true
    }
    if (tail === TAIL_ANY && self === SELF_EXCLUDED) return false
    const any = protocol === 0 ? undefined : this.#cells.get(TAIL_ANY)
    return any !== undefined && dispenses(any, cell, auth)
  }
}

const SELF_EXCLUDED = 0
const SELF_INCLUDED = 1

function dispenses(above: Cell, cell: Weighed, auth: { max: number | null }): boolean {
  if (
    above.precedence >= cell.precedence &&
    (cell.auth === null || above.verdict === 'deny' || above.auth === cell.auth)
  )
    return true
  if (cell.auth === null && above.auth !== null && above.verdict !== 'deny')
    auth.max = Math.max(auth.max ?? 0, above.auth)
  return false
}

function rowOf(tail: number, { verdict, precedence, redirect, origins, further }: Cell, auth: number | null): TableRow {
  const all = further === null ? origins : [origins, ...further].flat()
  return {
    tail,
    verdict,
    precedence,
    authType: verdict === 'deny' ? 0 : (auth ?? 0),
    redirect,
    origins: all.length === 1 ? all : [...new Set(all)].toSorted(),
  }
}
