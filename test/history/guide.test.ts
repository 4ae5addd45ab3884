/** The guide's examples, run. `GOLDEN=update` writes what they say now into the guide; then read the diff. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { hindcast } from '../cli/recorded-log.ts'
import { agentStory, type Story } from './agent-story.ts'

const GUIDE = join(import.meta.dirname, '../../src/history/TIMETRAVEL.md')
const BLOCK = /```console\n([\s\S]*?)```/g

const folder = mkdtempSync(join(tmpdir(), 'hindcast-guide-'))
const capsule = join(folder, 'incident.capsule')
let story: Story
before(async () => {
  story = await agentStory(join(folder, 'log.db'))
})
after(() => rmSync(folder, { recursive: true }))

/** Where an agent of today puts its events, keys and hashes does not matter. */
function normal(text: string): string {
  return text
    .replace(/[A-Za-z0-9+/]{40,}={0,2}/g, 'BASE64')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID')
    .replace(/\+[0-9a-f]{8}\b/g, '+KEY')
    .replace(/[0-9]+/g, '#')
    .replace(/[ \t]+/g, ' ')
    .replace(/ $/gm, '')
}

async function answer(command: string): Promise<string> {
  const words = command
    .split(' ')
    .slice(1)
    .map((word) => word.replace('.hindcast/log.db', story.path).replace('incident.capsule', capsule))
  if (words.includes('--log') || words[1] === 'open') return said(words)
  const end = words.indexOf('--')
  const args =
    end === -1 ? [...words, '--log', story.path] : [...words.slice(0, end), '--log', story.path, ...words.slice(end)]
  return said(args)
}

async function said(args: readonly string[]): Promise<string> {
  const { out, err } = await hindcast(...args)
  return `${out}${err}`
    .replaceAll(story.path, '.hindcast/log.db')
    .replaceAll(capsule, 'incident.capsule')
    .replace(/[ \t]+$/gm, '')
    .trimEnd()
}

test('T33 every example of the guide says what the guide says', async () => {
  const guide = readFileSync(GUIDE, 'utf8')
  let updated = guide
  let examples = 0
  for (const [block, content] of guide.matchAll(BLOCK)) {
    const commands = content!.split('\n').filter((line) => line.startsWith('$ '))
    const answers: string[] = []
    for (const command of commands) answers.push(`${command}\n${await answer(command.slice('$ '.length))}\n`)
    examples += commands.length
    const now = `\`\`\`console\n${answers.join('\n')}\`\`\``
    if (process.env['GOLDEN'] === 'update') updated = updated.replace(block, () => now)
    else assert.equal(normal(block), normal(now))
  }
  if (updated !== guide) writeFileSync(GUIDE, updated)
  assert.ok(examples >= 9, `${examples} examples`)
})
