/**
 * The keys that one identity needs, out of everything that is claimed for it.
 *
 * 1. Of two claims of one key the higher precedence stands; equal ones share the entry.
 * 2. A key is left out where a broader key of the same identity, or a broader or equal key of everyone, has at least its precedence: both
 *    lookups of the datapath then find the broader one. So the longest prefix of an identity always has its highest precedence.
 * 3. Authentication is never lost: a key that asks for it stays unless what covers it asks for the same, and a kept key without a wish of
 *    its own takes the strictest of what covers it. A key that stays under a stronger one does what the stronger one does: a redirect is not
 *    lost to an allow that asks for authentication.
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

/** What broader keys say about a key that stays: the strictest authentication, and the strongest of those that do not ask for the same. */
type Above = { auth: number | null; stronger: Cell | null }

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
  const above: Above = { auth: claim.auth, stronger: null }
  return everyone.covers(tail, claim, above) ? [] : [rowOf(tail, { ...claim, further: null }, above)]
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
      const above: Above = { auth: cell.auth, stronger: null }
      if (this.#covered(tail, cell, above, SELF_EXCLUDED)) continue
      if (everyone?.covers(tail, cell, above) === true) continue
      rows.push(rowOf(tail, cell, above))
    }
    return rows.length < 2 ? rows : rows.toSorted((a, b) => a.tail - b.tail)
  }

  /** For another identity's cell: the same key covers it too. */
  covers(tail: number, cell: Weighed, above: Above): boolean {
    return this.#covered(tail, cell, above, SELF_INCLUDED)
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

  /** Whether this table has a broader key that makes the cell needless; what else is broader leaves its trace in `above`. */
  #covered(tail: number, cell: Weighed, above: Above, self: 0 | 1): boolean {
    const { protocol, port, bits } = tailParts(tail)
    for (let length = bits - 1 + self; length >= 0; length--) {
      if ((this.#lengths & (1 << length)) === 0) continue
      const broader = this.#cells.get(tailOf(protocol, port & (0xffff << (16 - length)), length))
      if (broader !== undefined && dispenses(broader, cell, above)) return true
    }
    if (tail === TAIL_ANY && self === SELF_EXCLUDED) return false
    const any = protocol === 0 ? undefined : this.#cells.get(TAIL_ANY)
    return any !== undefined && dispenses(any, cell, above)
  }
}

const SELF_EXCLUDED = 0
const SELF_INCLUDED = 1

function dispenses(broader: Cell, cell: Weighed, above: Above): boolean {
  const atLeast = broader.precedence >= cell.precedence
  if (atLeast && (cell.auth === null || broader.verdict === 'deny' || broader.auth === cell.auth)) return true
  if (cell.auth === null && broader.auth !== null && broader.verdict !== 'deny') {
    above.auth = Math.max(above.auth ?? 0, broader.auth)
  }
  if (broader.precedence > (above.stronger ?? cell).precedence) above.stronger = broader
  return false
}

/** The cell with what stands above it: it does what the strongest of them does, with its own authentication. */
function rowOf(tail: number, cell: Cell, { auth, stronger }: Above): TableRow {
  const { verdict, precedence, redirect } = stronger ?? cell
  const all = stronger === null ? originsOf(cell) : [...originsOf(cell), ...originsOf(stronger)]
  return {
    tail,
    verdict,
    precedence,
    authType: verdict === 'deny' ? 0 : (auth ?? 0),
    redirect,
    origins: all.length === 1 ? all : [...new Set(all)].toSorted(),
  }
}

function originsOf({ origins, further }: Cell): readonly string[] {
  return further === null ? origins : [origins, ...further].flat()
}
