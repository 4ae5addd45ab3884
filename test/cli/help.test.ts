import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from 'commander'
import { grammar } from '../../src/cli/program.ts'
import { hindcast } from './recorded-log.ts'

const NOWHERE = {
  write: () => undefined,
  warn: () => undefined,
  stdin: (async function* () {})(),
  terminal: false,
  stop: new AbortController().signal,
}

/** The command and everything below it. */
function family(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(family)]
}

function wordsOf(command: Command): readonly string[] {
  return command.parent === null ? [] : [...wordsOf(command.parent), command.name()]
}

test('C41 every verb, group and argument says what it is for, and every option what it does or takes', () => {
  for (const command of family(grammar(NOWHERE))) {
    const name = wordsOf(command).join(' ')
    assert.notEqual(command.description(), '', name)
    for (const argument of command.registeredArguments) {
      assert.ok(argument.description !== '' || argument.argChoices !== undefined, `${name} ${argument.name()}`)
    }
    for (const option of command.options) {
      assert.ok(option.description !== '' || option.argChoices !== undefined, `${name} ${option.flags}`)
    }
  }
})

test('C41 the help has verbs by what they are for, with examples and the exit codes', async () => {
  const { code, out } = await hindcast('--help')
  assert.equal(code, 0)
  const headings = out.match(/^[A-Z].*:$/gm) ?? []
  assert.deepEqual(headings.slice(0, 4), [
    'Options:',
    'Run a node:',
    'Change what is asked for:',
    'Ask what is or was allowed:',
  ])
  assert.deepEqual(headings.slice(-2), ['Commands:', 'Examples:'])
  assert.match(out, /^Exit codes: 0 done, /m)
  for (const verb of grammar(NOWHERE).commands) assert.match(out, new RegExp(`^ {2}${verb.name()} `, 'm'))
})

test('C41 without a verb the same help comes on standard error, and the end is 2', async () => {
  const { code, out, err } = await hindcast()
  assert.deepEqual([code, out], [2, ''])
  assert.equal(err, (await hindcast('--help')).out)
})
