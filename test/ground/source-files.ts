/** The project's own TypeScript files, as git sees them: what the ground rules are checked on. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'

export const ROOT: string = join(dirname(import.meta.dirname), '..')

export type SourceFile = { readonly path: string; readonly text: string }

/** Tracked and untracked files that git does not ignore, without generated code. */
export function sourceFiles(...folders: readonly string[]): readonly SourceFile[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', ...folders], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return listed
    .split('\n')
    .filter((path) => path.endsWith('.ts') && !path.includes('/gen/') && existsSync(join(ROOT, path)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

/** What a file imports: paths from the root for its own files, bare names for packages and built-ins. */
export function importsOf({ path, text }: SourceFile): readonly string[] {
  const found = text.matchAll(/(?:^|[} ])from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm)
  return [...found].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? ''
    return specifier.startsWith('.') ? relativeToRoot(path, specifier) : specifier
  })
}

function relativeToRoot(from: string, specifier: string): string {
  return relative('.', posix.join(dirname(from), specifier))
}
