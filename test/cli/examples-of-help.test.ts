/** Every verb's help ends with an example, which the verb takes; and the completion script knows every verb. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EXAMPLES } from '../../src/cli/examples.ts'
import { verbsOfProgram } from '../history/verb-ledger.ts'
import { hindcast } from './recorded-log.ts'

/** Up to what a shell makes of it. */
function wordsOf(example: string): readonly string[] {
  const [line] = example.replace(/^source <\(/, '').split(/ [>|] |\)$/)
  return [...line!.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

test('T95 the help of every verb ends with an example of it, with options that it has', async () => {
  const verbs = await verbsOfProgram()
  assert.deepEqual(Object.keys(EXAMPLES).toSorted(), verbs.map(({ name }) => name).toSorted())
  for (const { name, help, options, shorts } of verbs) {
    const examples = EXAMPLES[name] ?? []
    assert.ok(examples.length > 0, name)
    assert.ok(help.endsWith(`\nFor example:\n${examples.map((one) => `  ${one}\n`).join('')}`), `${name}: ${help}`)
    for (const example of examples) {
      const [program, ...words] = wordsOf(example)
      assert.deepEqual([program, words.slice(0, name.split(' ').length).join(' ')], ['hindcast', name], example)
      const ends = words.indexOf('--') === -1 ? words.length : words.indexOf('--')
      const flags = words.slice(0, ends).filter((word) => /^-[a-z-]/.test(word))
      for (const flag of flags) assert.ok([...options, ...shorts].includes(flag), `${example}: ${flag}`)
    }
  }
})

test('T95 help VERB is the help of the verb', async () => {
  for (const name of ['why', 'replay', 'capsule']) {
    const [asked, given] = [await hindcast('help', name), await hindcast(name, '--help')]
    assert.deepEqual([asked.code, asked.out], [0, given.out])
  }
})

test('T95 the completion script knows every verb with its options', async () => {
  const { out } = await hindcast('completion', 'bash')
  for (const { name, options } of await verbsOfProgram()) {
    const line = out.split('\n').find((one) => one.includes(`'${name}') words=`))
    assert.ok(line !== undefined, name)
    for (const option of options) assert.ok(line.includes(option), `${name} ${option}`)
  }
})
