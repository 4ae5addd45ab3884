/** Many rows by one statement: most of a row's cost is the call. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

const ROWS_AT_ONCE = 32

export type Row = readonly SQLInputValue[]

export class Rows {
  readonly #one: StatementSync
  readonly #many: StatementSync

  /** The first `keys` columns are the key: a row that is there with the same gets the other columns. */
  constructor(database: DatabaseSync, table: string, columns: readonly string[], keys = 1) {
    const into = `INSERT INTO ${table} (${columns.join(', ')}) VALUES`
    const row = `(${columns.map(() => '?').join(', ')})`
    const sets = columns.slice(keys).map((name) => `${name} = excluded.${name}`)
    const there = `ON CONFLICT (${columns.slice(0, keys).join(', ')}) DO UPDATE SET ${sets.join(', ')}`
    this.#one = database.prepare(`${into} ${row} ${there}`)
    this.#many = database.prepare(`${into} ${Array(ROWS_AT_ONCE).fill(row).join(', ')} ${there}`)
  }

  /** Fastest in the order of the table's key: each of its pages is then touched once. */
  write(rows: readonly Row[]): void {
    const whole = rows.length - (rows.length % ROWS_AT_ONCE)
    for (let start = 0; start < whole; start += ROWS_AT_ONCE) {
      this.#many.run(...rows.slice(start, start + ROWS_AT_ONCE).flat())
    }
    for (const row of rows.slice(whole)) this.#one.run(...row)
  }
}
