/**
 * Where a log's checkpoints and keys are kept, beside the log. `signer.key` is readable by its owner only. Whoever can write here and to the
 * log can rewrite both: a checkpoint convinces others only where a copy lies out of reach of that person.
 *
 * `<events>.checkpoint` was exported by a person and stays; `<events>.<node>.checkpoint` was signed by that node's agent, which thins out its own.
 */
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { newSignerKey, readSignerKey, readVerifierKey, type SignerKey, type VerifierKey } from './note.ts'

const SIGNER = 'signer.key'
const VERIFIER = 'verifier.key'
const NOTE = /^[0-9]{16}(?:\.(?<node>[a-z0-9][-a-z0-9.]*))?\.checkpoint$/

/** `agent` is the node whose agent signed it; null where a person did. */
export type KeptNote = { readonly name: string; readonly note: string; readonly agent: string | null }

export class CheckpointFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Made at the first use. Throws where the folder cannot be written or the key is damaged. */
  signer(name: string): SignerKey {
    mkdirSync(this.path, { recursive: true })
    const file = join(this.path, SIGNER)
    if (!existsSync(file)) this.#create(name)
    return readSignerKey(readFileSync(file, 'utf8'))
  }

  /** Null where nothing was signed yet. */
  verifier(): VerifierKey | null {
    const [verifier, signer] = [join(this.path, VERIFIER), join(this.path, SIGNER)]
    if (existsSync(verifier)) return readVerifierKey(readFileSync(verifier, 'utf8'))
    return existsSync(signer) ? readSignerKey(readFileSync(signer, 'utf8')).verifier : null
  }

  /** Whole or not at all, so that a kill leaves no half note. `agent` is the node whose agent signed it, if one did. */
  save(size: number, note: string, agent: string | null = null): string {
    mkdirSync(this.path, { recursive: true })
    const by = agent === null ? '' : `.${agent}`
    const file = join(this.path, `${String(size).padStart(16, '0')}${by}.checkpoint`)
    const draft = `${file}.${process.pid}`
    writeFileSync(draft, note)
    renameSync(draft, file)
    return file
  }

  /** In the order of their size. */
  notes(): readonly KeptNote[] {
    if (!existsSync(this.path)) return []
    return readdirSync(this.path)
      .toSorted()
      .flatMap((name) => this.#note(name))
  }

  /** Files that `notes` named, of an agent. */
  removeOfAgent(names: readonly string[]): void {
    for (const name of names)
      if (NOTE.exec(basename(name))?.groups?.['node'] !== undefined) rmSync(name, { force: true })
  }

  /** Nothing where it is no note, or where an agent took it away meanwhile. */
  #note(file: string): readonly KeptNote[] {
    const found = NOTE.exec(file)
    if (found === null) return []
    const name = join(this.path, file)
    try {
      return [{ name, note: readFileSync(name, 'utf8'), agent: found.groups?.['node'] ?? null }]
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }

  /** Two processes at once: the first one's key stays, the other reads it. */
  #create(name: string): void {
    const signer = newSignerKey(name)
    const draft = join(this.path, `${SIGNER}.${process.pid}`)
    writeFileSync(draft, `${signer.text}\n`, { mode: 0o600, flag: 'wx' })
    try {
      linkSync(draft, join(this.path, SIGNER))
      writeFileSync(join(this.path, VERIFIER), `${signer.verifier.text}\n`)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(draft, { force: true })
    }
  }
}
