/**
 * What all SQLite files of ours have in common: each says what it is (`application_id`) and in which shape (`user_version`). What an adapter makes of a
 * file that is none of its own is its own business.
 */
import { DatabaseSync } from 'node:sqlite'

export type Shape = {
  /** Four letters, by their ASCII codes. */
  readonly application: number
  readonly version: number
}

/** The file is in good order, and another one: of another kind or version. */
export class OtherShape extends Error {}

export type ShapedFile = { readonly pragmas: string; readonly shape: Shape; readonly tables: string }

/** Opens a cache, and makes its tables where there are none. Who only reads does not wait for writers. Throws `OtherShape`, and what SQLite says. */
export function openShaped(path: string, { pragmas, shape, tables }: ShapedFile): DatabaseSync {
  const database = new DatabaseSync(path)
  try {
    database.exec(pragmas)
    if (isEmpty(database)) createIfEmpty(database, shape, tables)
    const { application, version } = shapeOf(database)
    if (application !== shape.application || version !== shape.version)
      throw new OtherShape(`${path} has another shape`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** SQLite's primary result code; 0 for what is no error of SQLite. */
export function resultCodeOf(error: unknown): number {
  return ((error as { readonly errcode?: number }).errcode ?? 0) & 0xff
}

/** Creates the tables in an empty file, once, however many processes open it at the same time. */
export function createIfEmpty(database: DatabaseSync, shape: Shape, tables: string): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    if (isEmpty(database)) {
      database.exec(`${tables} PRAGMA application_id = ${shape.application}; PRAGMA user_version = ${shape.version}`)
    }
    database.exec('COMMIT')
  } catch (error) {
    // On a full disk SQLite has taken it back by itself, and the reason must not be hidden by a second one.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

export function isEmpty(database: DatabaseSync): boolean {
  const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number }
  return tables === 0
}

export function shapeOf(database: DatabaseSync): Shape {
  return { application: pragma(database, 'application_id'), version: pragma(database, 'user_version') }
}

function pragma(database: DatabaseSync, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get() as Record<string, number>
  return row[name] ?? 0
}
