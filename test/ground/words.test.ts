import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from './source-files.ts'

/** npm runs it by itself, after an installation. */
const NOBODY_CALLS = 'prepare'

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** `npm test` and `npm run test` are the same. */
function isNamed(script: string, text: string): boolean {
  return new RegExp(`npm (run ${script}|${script})(?![a-z])`).test(text)
}

test('G5 README.md names every script of package.json, and no other', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { readonly scripts: Readonly<Record<string, string>> }
  const readme = textOf('README.md')
  const known = Object.keys(scripts).filter((script) => script !== NOBODY_CALLS)
  assert.deepEqual(
    known.filter((script) => !isNamed(script, readme)),
    [],
  )
  const named = [...readme.matchAll(/npm run ([a-z]+)/g)].map((match) => match[1]!)
  assert.deepEqual(
    named.filter((script) => !known.includes(script)),
    [],
  )
})

test('G5 ARCHITECTURE.md has every folder of src in its table', () => {
  const table =
    textOf('ARCHITECTURE.md')
      .split('\n\n')
      .find((part) => part.startsWith('| folder')) ?? ''
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  assert.ok(folders.length > 10, 'the folders were found')
  assert.deepEqual(
    folders.map(({ name }) => `src/${name}`).filter((folder) => !table.includes(`\`${folder}\``)),
    [],
  )
})
