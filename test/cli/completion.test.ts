import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { hindcast } from './recorded-log.ts'

/** What bash offers for the last word of a line. */
async function offered(...line: readonly string[]): Promise<readonly string[]> {
  const { out } = await hindcast('completion', 'bash')
  const words = ['hindcast', ...line].map((word) => `'${word}'`).join(' ')
  const ask = `COMP_WORDS=(${words}); COMP_CWORD=${line.length}; _hindcast; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['-c', `${out}\n${ask}`], { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
  return stdout.split('\n').filter((word) => word !== '')
}

const bash = spawnSync('bash', ['-c', 'true']).status === 0

test('C19 the completion script offers verbs, options and their values', {
  skip: bash ? false : 'no bash',
}, async () => {
  assert.deepEqual(await offered('endp'), ['endpoint'])
  assert.deepEqual(await offered('endpoint', 'd'), ['delete'])
  assert.ok((await offered('endpoint', 'add', '--na')).includes('--name'))
  assert.deepEqual(await offered('log', '-o', 'js'), ['json', 'jsonl'])
  assert.deepEqual(await offered('flows', '--endpoint', '5', '--verdict', 'DR'), ['DROPPED'])
  assert.deepEqual(await offered('bpf', 'pol'), ['policy'])
})

test('C19 there is a script for zsh, and no other shell is guessed', async () => {
  assert.match((await hindcast('completion', 'zsh')).out, /^#compdef hindcast\n/)
  assert.equal((await hindcast('completion', 'fish')).code, 2)
})
