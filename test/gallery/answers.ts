/** Commands of the tutorial as a reader runs them, on a recording of its own. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { hindcast, type Ran } from '../cli/recorded-log.ts'
import { type Told, wordsOf } from './tutorial.ts'

/** Where recordings are, as README.md has it. */
const SHOWN = '/tmp/gallery'

export function run(folder: string, { section, command }: Told, ...more: readonly string[]): Promise<Ran> {
  const [, ...words] = wordsOf(command).map((word) => word.replace(SHOWN, folder))
  // What stands behind -- is no option.
  const rest = words.indexOf('--')
  const [options, others] = rest === -1 ? [words, []] : [words.slice(0, rest), words.slice(rest)]
  return hindcast(...options, '--state', join(folder, section), ...more, ...others)
}

export async function answerOf(folder: string, told: Told, ...more: readonly string[]): Promise<string> {
  const { code, out, err } = await run(folder, told, ...more)
  const text = `${out}${err}`.replaceAll(/[ \t]+$/gm, '').replaceAll(folder, SHOWN)
  return code === 0 ? text : `${text}[ends with ${code}]\n`
}

/** The same end, and every position that people are shown. */
export async function assertSameAsJson(folder: string, told: Told, ...more: readonly string[]): Promise<void> {
  const [table, json] = [await run(folder, told, ...more), await run(folder, told, ...more, '-o', 'json')]
  assert.equal(json.code, table.code, told.command)
  const documents = json.out.trim().split(/\n(?=\{)/)
  for (const text of documents) assert.doesNotThrow(() => JSON.parse(text), told.command)
  const shown = [...table.out.matchAll(/\b70[0-9]{4}\b/g)].map(([position]) => position)
  const missing = shown.filter((position) => !json.out.includes(position))
  assert.deepEqual(missing, [], `${told.command} -o json`)
}
