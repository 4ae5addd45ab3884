import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importsOf, type SourceFile, sourceFiles } from './source-files.ts'

/** Packages without clock, chance or I/O. A new one is a decision: ARCHITECTURE.md says why it is here. */
const PURE_PACKAGES: readonly string[] = ['re2js', '@noble/hashes', 'immutable', 'yaml']

const PURE_FOLDERS: readonly string[] = ['events', 'projections', 'src/decide', 'src/react']

/** The faces bind adapters together; everything else in `src` that is not listed here is an adapter. */
const FACES: readonly string[] = ['src/cli', 'src/demo']
const INNER: readonly string[] = ['src/ports', 'src/decide', 'src/react']

/** Where a file may look, by the folder it is in. */
function allowed(folder: string): readonly string[] {
  if (folder === 'events') return ['events']
  if (folder === 'projections') return ['events', 'projections']
  if (folder === 'src/ports') return ['events', 'projections', 'src/ports']
  if (folder === 'src/decide' || folder === 'src/react') return ['events', 'projections', 'src/decide', 'src/react']
  if (FACES.includes(folder)) return ['events', 'projections', 'proto', 'src', 'package.json']
  // A branch is decided and reacted to by the functions that decide and react.
  if (folder === 'src/history') return ['events', 'projections', 'proto', ...INNER, folder]
  if (folder === 'src/agent') return ['events', 'projections', ...INNER, 'src/agent']
  if (folder === 'src/sqlite') return [folder]
  return ['events', 'projections', 'proto', 'src/ports', 'src/sqlite', folder]
}

function folderOf(path: string): string {
  const parts = path.split('/')
  return parts[0] === 'src' ? parts.slice(0, 2).join('/') : parts[0]!
}

function offences(file: SourceFile): readonly string[] {
  const folder = folderOf(file.path)
  const may = allowed(folder)
  return importsOf(file)
    .filter((target) => target.includes('/') && /^(events|projections|proto|src|test|bpf)\//.test(target))
    .filter((target) => !may.some((prefix) => target === prefix || target.startsWith(`${prefix}/`)))
    .map((target) => `${file.path} imports ${target}`)
}

test('G1 imports follow the arrow and adapters do not know one another', () => {
  const files = sourceFiles('events', 'projections', 'src', 'proto')
  assert.ok(files.length > 20, 'the source files were found')
  assert.deepEqual(files.flatMap(offences), [])
})

test('G1 the check sees a forbidden import', () => {
  const wrong = { path: 'events/ids.ts', text: "import { a } from '../projections/projection.ts'\n" }
  assert.deepEqual(offences(wrong), ['events/ids.ts imports projections/projection.ts'])
  const sideways = { path: 'src/xds/server.ts', text: "import {\n  a,\n} from '../kernel/libbpf.ts'\n" }
  assert.deepEqual(offences(sideways), ['src/xds/server.ts imports src/kernel/libbpf.ts'])
})

function impurities({ path, text }: SourceFile): readonly string[] {
  const packages = importsOf({ path, text }).filter(
    (name) =>
      !/^(events|projections|src)\//.test(name) && !PURE_PACKAGES.some((p) => name === p || name.startsWith(`${p}/`)),
  )
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\/\/.*$/gm, '')
  const words = ['Math.random', 'new Date', 'Date.now', 'async ', 'await ', 'globalThis', 'import('].filter((word) =>
    code.includes(word),
  )
  return [...packages, ...words].map((what) => `${path}: ${what}`)
}

test('G2 pure folders have no clock, chance, I/O or asynchrony', () => {
  assert.deepEqual(sourceFiles(...PURE_FOLDERS).flatMap(impurities), [])
})

test('G2 the check sees a clock, a built-in and an unlisted package', () => {
  const text = "import fs from 'node:fs'\nimport x from 'rxjs'\nexport const now = Date.now()\n"
  assert.deepEqual(impurities({ path: 'events/x.ts', text }), [
    'events/x.ts: node:fs',
    'events/x.ts: rxjs',
    'events/x.ts: Date.now',
  ])
})
