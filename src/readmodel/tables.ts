/** The questions to the file, as prepared statements. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { UnitName } from '../../projections/history/entities.ts'
import { type PackedChange, type PackedEntry, unpackChanges, unpackEntries } from './packing.ts'

/** By key id. */
export type Current = Map<number, { readonly value: number; readonly since: number }>

export type SavedUnit = {
  readonly current: Current
  readonly open: readonly PackedChange[]
  readonly sinceCheckpoint: number
}

export class Tables {
  readonly #unit: StatementSync
  readonly #units: StatementSync
  readonly #checkpoint: StatementSync
  readonly #chunks: StatementSync
  readonly #chunksFrom: StatementSync
  readonly #versions: StatementSync
  readonly #meta: StatementSync

  constructor(database: DatabaseSync) {
    this.#unit = database.prepare('SELECT id FROM units WHERE name = ?')
    this.#units = database.prepare('SELECT name FROM units WHERE first <= ? ORDER BY name')
    this.#checkpoint = database.prepare(
      'SELECT position, entries FROM checkpoints WHERE unit = ? AND position <= ? ORDER BY position DESC LIMIT 1',
    )
    this.#chunks = database.prepare(
      'SELECT changes FROM chunks WHERE unit = ? AND first > ? AND first <= ? ORDER BY first',
    )
    this.#chunksFrom = database.prepare(
      `SELECT changes FROM chunks WHERE unit = ?1 AND first <= ?3
       AND first >= coalesce((SELECT max(first) FROM chunks WHERE unit = ?1 AND first <= ?2), 0) ORDER BY first`,
    )
    this.#versions = database.prepare(
      'SELECT position, value FROM versions WHERE unit = ? AND key = ? AND position <= ? ORDER BY position DESC LIMIT ?',
    )
    this.#meta = database.prepare('SELECT value FROM meta WHERE name = ?')
  }

  meta(name: string): string | null {
    return (this.#meta.get(name) as { readonly value: string } | undefined)?.value ?? null
  }

  unitId(name: UnitName): number | null {
    return (this.#unit.get(name) as { readonly id: number } | undefined)?.id ?? null
  }

  unitsAt(position: number): readonly UnitName[] {
    return (this.#units.all(position) as unknown as { readonly name: string }[]).map(({ name }) => name)
  }

  /** A unit's values after the event at `position`, and how far it is from its last checkpoint. */
  savedAt(unit: number, position: number): SavedUnit {
    const current: Current = new Map()
    const checkpoint = this.#checkpoint.get(unit, position) as { position: number; entries: Uint8Array } | undefined
    if (checkpoint !== undefined) {
      unpackEntries(checkpoint.entries, ({ key, value, since }: PackedEntry) => current.set(key, { value, since }))
    }
    const rows = this.#chunks.all(unit, checkpoint?.position ?? -1, position) as unknown as { changes: Uint8Array }[]
    let [open, sinceCheckpoint]: [PackedChange[], number] = [[], 0]
    for (const { changes } of rows) {
      open = []
      unpackChanges(changes, (change) => {
        if (change.position > position) return
        open.push(change)
        sinceCheckpoint += 1
        if (change.value === 0) current.delete(change.key)
        else current.set(change.key, { value: change.value, since: change.position })
      })
    }
    return { current, open, sinceCheckpoint }
  }

  changesIn(unit: number, { after, upTo }: { readonly after: number; readonly upTo: number }): readonly PackedChange[] {
    const rows = this.#chunksFrom.all(unit, after, upTo) as unknown as { changes: Uint8Array }[]
    const found: PackedChange[] = []
    for (const { changes } of rows) {
      unpackChanges(changes, (change) => {
        if (change.position > after && change.position <= upTo) found.push(change)
      })
    }
    return found
  }

  versions(
    unit: number,
    key: number,
    { upTo, limit }: { readonly upTo: number; readonly limit: number },
  ): readonly { readonly position: number; readonly value: number }[] {
    return this.#versions.all(unit, key, upTo, limit) as unknown as { position: number; value: number }[]
  }
}
