/**
 * What a person gives by `-f`: files, folders (everything in them that ends in .yaml, .yml or .json) and `-` for standard input.
 *
 * A file is read up to a bound; its digest is over all of it.
 */
import { createHash } from 'node:crypto'
import { createReadStream, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Digest } from '../../events/ids.ts'
import { CliError, messageOf } from './failure.ts'

/** Standard input, or a file. */
export type Bytes = AsyncIterable<Uint8Array>

export type Input = {
  /** As given, or the path below the folder that was given; `-` for standard input. */
  readonly name: string
  readonly digest: Digest
  /** Null where it is larger than `INPUT_BYTES_MAX` or not UTF-8; `problem` says which. */
  readonly text: string | null
  readonly problem: { readonly code: string; readonly reason: string } | null
}

/** Some 10,000 policies. Kubernetes takes objects of at most 1.5 MB. */
export const INPUT_BYTES_MAX = 8_388_608
const INPUT_ENDINGS: readonly string[] = ['.yaml', '.yml', '.json']
/** A folder with more is not one of policies. */
const FILES_MAX = 100_000

/** In order of name within a folder. Throws `CliError` where something cannot be read or a folder holds nothing. */
export async function readInputs(names: readonly string[], stdin: Bytes): Promise<readonly Input[]> {
  const inputs: Input[] = []
  for (const name of names.flatMap(filesOf))
    inputs.push(await readInput(name, name === '-' ? stdin : createReadStream(name)))
  return inputs
}

function filesOf(name: string): readonly string[] {
  if (name === '-') return [name]
  const found = reading(name, () => (statSync(name).isDirectory() ? listed(name) : [name]))
  if (found.length === 0)
    throw new CliError('usage', `input-empty at -f: ${name} holds no ${INPUT_ENDINGS.join(', ')} file`)
  return found
}

function listed(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && INPUT_ENDINGS.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
  if (files.length > FILES_MAX)
    throw new CliError('usage', `input-too-large at -f: ${folder} holds ${files.length} files`)
  return files
}

async function readInput(name: string, bytes: Bytes): Promise<Input> {
  const hash = createHash('sha256')
  const kept: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of bytes) {
      const buffer = Buffer.from(chunk)
      hash.update(buffer)
      size += buffer.length
      if (size <= INPUT_BYTES_MAX) kept.push(buffer)
    }
  } catch (error) {
    throw unreadable(name, error)
  }
  const digest = Digest(`sha256:${hash.digest('hex')}`)
  if (size > INPUT_BYTES_MAX) {
    const reason = `${size} bytes are more than ${INPUT_BYTES_MAX}`
    return { name, digest, text: null, problem: { code: 'input-too-large', reason } }
  }
  return { name, digest, ...decoded(Buffer.concat(kept)) }
}

function decoded(bytes: Buffer): Pick<Input, 'text' | 'problem'> {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), problem: null }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return { text: null, problem: { code: 'input-encoding', reason: 'it is not UTF-8 text' } }
  }
}

function reading<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof CliError ? error : unreadable(name, error)
  }
}

function unreadable(name: string, error: unknown): CliError {
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
  return new CliError(missing ? 'notFound' : 'usage', `input-unreadable at -f: ${name}: ${messageOf(error)}`, {
    cause: error,
  })
}
