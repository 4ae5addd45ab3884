import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const CLI = join(import.meta.dirname, '../../src/cli')
const folder = mkdtempSync(join(tmpdir(), `hindcast-start-${process.pid}-`))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Says on standard error what is loaded. */
const TELL = `
import { registerHooks } from 'node:module'
registerHooks({ load(url, context, next) { process._rawDebug('loaded ' + url); return next(url, context) } })`

function loadedBy(...args: readonly string[]): readonly string[] {
  const hook = `data:text/javascript,${encodeURIComponent(TELL)}`
  const command = ['--import', hook, join(CLI, 'hindcast.ts'), ...args]
  const { stderr, status } = spawnSync(process.execPath, command, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return [...stderr.matchAll(/^loaded (.+)$/gm)].map((match) => match[1]!)
}

function packagesIn(loaded: readonly string[]): readonly string[] {
  const names = loaded.flatMap((url) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [])
  return [...new Set(names)].toSorted()
}

test('C48 help loads the grammar and no verb', () => {
  const loaded = loadedBy('--help')
  assert.deepEqual(packagesIn(loaded), ['commander'])
  const own = loaded.filter((url) => url.startsWith('file:') && !url.includes('node_modules'))
  // Ports and options are constants and types.
  const isOfGrammar = (url: string): boolean => /\/src\/(cli|ports)\/|\/default-options\.ts$/.test(url)
  const foreign = own.filter((url) => !isOfGrammar(url) || /-verbs?\.ts$|compose\.ts$/.test(url))
  assert.deepEqual(foreign, [])
})

test('C48 a reading verb loads no server, kernel or proxy, and nothing that it does not need', () => {
  const state = join(folder, 'state')
  const add = ['endpoint', 'add', '--name', 'xwing', '--labels', 'org=alliance', '--ipv4', '10.0.0.1']
  loadedBy(...add, '--node', 'n', '--state', state)
  const packages = packagesIn(loadedBy('endpoint', 'list', '--state', state))
  assert.deepEqual(packages, ['@noble/hashes', 'commander', 'immutable'])
})

function filesAfterStart(cache: string): number {
  const env = { ...process.env, XDG_CACHE_HOME: cache, NODE_COMPILE_CACHE: undefined }
  const { status, stdout } = spawnSync(process.execPath, [join(CLI, 'hindcast.mjs'), 'version'], {
    env,
    encoding: 'utf8',
  })
  assert.equal(status, 0)
  assert.match(stdout, /^hindcast /)
  try {
    return readdirSync(join(cache, 'hindcast/compiled'), { recursive: true }).length
  } catch {
    return 0
  }
}

test('C49 compiled code is kept in a folder that nobody else can write', () => {
  const own = join(folder, 'own')
  mkdirSync(own, { mode: 0o700 })
  assert.ok(filesAfterStart(own) > 0)
})

test('C49 nothing is kept where somebody else could write, or nobody can', () => {
  const shared = join(folder, 'shared')
  mkdirSync(shared)
  chmodSync(shared, 0o777)
  assert.equal(filesAfterStart(shared), 0)
  const inside = join(folder, 'inside')
  mkdirSync(join(inside, 'hindcast/compiled'), { recursive: true })
  chmodSync(join(inside, 'hindcast/compiled'), 0o1777)
  assert.equal(filesAfterStart(inside), 0)
  const file = join(folder, 'file')
  writeFileSync(file, '')
  assert.equal(filesAfterStart(file), 0)
})

test("C49 root keeps nothing in another user's folder", (context) => {
  if (process.getuid?.() !== 0) return context.skip('only root can give a folder away')
  const theirs = join(folder, 'theirs')
  mkdirSync(theirs, { mode: 0o700 })
  chownSync(theirs, 65_534, 65_534)
  assert.equal(filesAfterStart(theirs), 0)
})
