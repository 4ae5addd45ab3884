/**
 * bpf/endpoint.bpf.c as an object file, compiled by clang at first use and kept by the digest of everything that went into it: the
 * sources, the compiler's version, its options. The same input gives the same bytes: paths are mapped away.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Digest } from '../../events/ids.ts'
import { DatapathError } from '../ports/datapath.ts'

export type CompileOptions = {
  /** Folder that holds the entry file and `lib/`. */
  readonly sources?: string
  /** `endpoint.bpf.c` where not given. */
  readonly entry?: string
  readonly cache?: string
  readonly clang?: string
  /** `-D` of the preprocessor. */
  readonly defines?: readonly string[]
}

export type CompiledObject = { readonly path: string; readonly digest: Digest }

export const BPF_SOURCES: string = join(import.meta.dirname, '../../bpf')
const ENTRY = 'endpoint.bpf.c'
/** Where Debian keeps `asm/types.h`, which the BPF target does not look for. */
const MULTIARCH: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }
/** A compiler that says more than this is not read to its end. */
const OUTPUT_MAX_BYTES = 16 << 20

const run = promisify(execFile)

export async function compileObject(options: CompileOptions = {}): Promise<CompiledObject> {
  const { sources = BPF_SOURCES, entry = ENTRY, cache = defaultCache(), clang = 'clang' } = options
  const flags = flagsFor(sources, options.defines ?? [])
  const key = createHash('sha256')
  for (const part of [await versionOf(clang), JSON.stringify(flags.map((f) => f.replaceAll(sources, '.')))])
    key.update(part)
  for (const file of sourceFiles(sources, entry)) key.update(`\0${file}\0`).update(readFileSync(join(sources, file)))
  const path = join(cache, `${key.digest('hex')}.o`)
  if (!existsSync(path)) await compile(clang, [...flags, '-c', join(sources, entry)], path)
  return { path, digest: Digest(`sha256:${createHash('sha256').update(readFileSync(path)).digest('hex')}`) }
}

/** Whole or not at all: a process that compiles the same at the same time writes the same bytes. */
async function compile(clang: string, args: readonly string[], path: string): Promise<void> {
  const draft = `${path}.${process.pid}`
  makeCache(dirname(path))
  try {
    await run(clang, [...args, '-o', draft], { maxBuffer: OUTPUT_MAX_BYTES })
  } catch (error) {
    const log = stderrOf(error)
    const last = log.trimEnd().split('\n').slice(-LAST_LINES).join('\n')
    throw new DatapathError('compile-failed', `${clang} refused ${args.at(-1)}\n${last}`, log, { cause: error })
  }
  renameSync(draft, path)
}

function makeCache(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new DatapathError('compile-failed', `programs cannot be kept: ${String(error)}`, '', { cause: error })
  }
}

/** Of a compiler's log in the message; the rest is in `log`. */
const LAST_LINES = 8

async function versionOf(clang: string): Promise<string> {
  try {
    return (await run(clang, ['--version'])).stdout
  } catch (error) {
    throw new DatapathError('no-compiler', `${clang} cannot be started: ${String(error)}`, '', { cause: error })
  }
}

function flagsFor(sources: string, defines: readonly string[]): readonly string[] {
  const include = `/usr/include/${MULTIARCH[process.arch] ?? process.arch}`
  return [
    '-O2',
    '-g',
    '-Wall',
    '-Werror',
    '-target',
    'bpf',
    `-ffile-prefix-map=${sources}=.`,
    `-fdebug-compilation-dir=.`,
    '-idirafter',
    include,
    ...defines.map((define) => `-D${define}`),
  ]
}

function sourceFiles(sources: string, entry: string): readonly string[] {
  return readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((file) => file === entry || file.endsWith('.h'))
    .toSorted()
}

function defaultCache(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'hindcast', 'bpf')
}

function stderrOf(error: unknown): string {
  return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
}
