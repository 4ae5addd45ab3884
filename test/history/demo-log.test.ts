/** Every verb, asked of the log that the demo leaves behind, as a table and as JSON: what it says must be true, and the same in both. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { hindcast, type Ran } from '../cli/recorded-log.ts'
import { playedOnModel } from '../demo/played.ts'
import { commandsOf, README } from '../gallery/tutorial.ts'
import { documentedRows, Shapes, writeList } from './answer-shapes.ts'
import { type DemoFacts, factsOfDemo } from './demo-facts.ts'
import { NOT_ASKED, QUESTIONS, type Question } from './demo-questions.ts'
import { unspoken } from './spoken.ts'
import { verbsOfProgram } from './verb-ledger.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-demo-log-'))
const state = join(folder, 'state')
const POLICY = join(import.meta.dirname, '../../src/demo/rule1.yaml')
let facts: DemoFacts
let fresh = 0
const shapes = new Shapes()

before(async () => {
  const played = await playedOnModel()
  assert.equal(played.told.code, 0)
  cpSync(played.state, state, { recursive: true })
  const capsule = join(folder, 'incident.capsule')
  facts = {
    ...(await factsOfDemo(join(state, 'log.db'), join(state, 'flows-node1.db'))),
    ...{ policy: POLICY, capsule },
  }
  for (const words of [
    ['capsule', 'export', capsule, '--from', 'rev:1'],
    ['branch', 'create', 'past', '--at', 'rev:2'],
    ['branch', 'create', 'second', '--at', 'rev:2'],
    ['branch', 'create', 'edited', '--at', 'rev:2'],
    ['branch', 'create', 'again'],
  ])
    assert.equal((await hindcast(...words, '--state', state)).code, 0, words.join(' '))
})
after(() => rmSync(folder, { recursive: true }))

/** Names of this log in place of `{name}`; `{fresh}`, `{word}` and `{gone}` are new each time. */
function told(text: string, names: DemoFacts): string {
  return text.replaceAll(/\{([a-z]+)\}/g, (_, name: string) => names[name] ?? assert.fail(`no fact ${name}`))
}

async function ask({ words }: Question, ...more: readonly string[]): Promise<Ran & { readonly names: DemoFacts }> {
  fresh += 1
  const names = { ...facts, fresh: join(folder, `fresh-${fresh}`), word: `word-${fresh}`, gone: `gone-${fresh}` }
  if (words.includes('{gone}')) await hindcast('branch', 'create', names.gone, '--at', 'rev:2', '--state', state)
  const all = words.map((word) => told(word, names))
  const rest = all.indexOf('--') === -1 ? all.length : all.indexOf('--')
  const place = words[1] === 'open' ? [] : ['--state', state]
  const ran = await hindcast(...all.slice(0, rest), ...place, ...more, ...all.slice(rest))
  return { ...ran, names }
}

function assertSays(text: string, { says, without = [] }: Question, names: DemoFacts): void {
  let from = 0
  for (const part of says.map((one) => told(one, names))) {
    const at = text.indexOf(part, from)
    assert.ok(at !== -1, `does not say ${JSON.stringify(part)} from ${from} on:\n${text}`)
    from = at + part.length
  }
  for (const part of without) assert.ok(!text.includes(part), `says ${part}:\n${text}`)
}

async function assertAnswered(question: Question): Promise<void> {
  const { code = 0, json, known } = question
  const table = await ask(question)
  const what = `${question.words.join(' ')}\n${table.err}`
  assert.equal(table.code, code, what)
  assertSays(`${table.out}${table.err}`, question, table.names)
  const programs = await ask(question, '-o', 'json')
  assert.equal(programs.code, code, what)
  if (programs.out === '') return assert.equal(table.out, '', what)
  const document = question.words[0] === 'log' ? programs.out : JSON.parse(programs.out)
  if (typeof document === 'object') shapes.take(verbOf(question), document)
  if (json !== undefined) {
    const found = (json[0] as (document: unknown) => unknown)(document)
    assert.deepEqual(found, JSON.parse(told(JSON.stringify(json[1]), programs.names)), what)
  }
  const made = [programs, table]
    .flatMap(({ names }) => [names['fresh']!, names['word']!, names['gone']!])
    .concat(folder)
  const plain = (text: string): string => made.reduce((sum, path) => sum.replaceAll(path, ''), text)
  assert.deepEqual(unspoken(plain(table.out), plain(programs.out), known), [], `${what}\n${table.out}\n${programs.out}`)
}

for (const [verb, questions] of Object.entries(QUESTIONS)) {
  test(`T92 on the demo's log: ${verb}`, async () => {
    for (const question of questions) await assertAnswered(question)
  })
}

/** The longest verb that the words begin with. */
function verbOf({ words }: Question): string {
  const verbs = Object.keys(QUESTIONS).filter((verb) => `${words.join(' ')} `.startsWith(`${verb} `))
  return verbs.toSorted((a, b) => b.length - a.length)[0]!
}

test('T95 the JSON of every verb has the fields of src/history/ANSWERS.md', () => {
  if (process.env['GOLDEN'] === 'update') writeList(shapes.list())
  const documented = documentedRows().map(([verb]) => verb)
  assert.deepEqual(
    shapes.verbs.filter((verb) => !documented.includes(verb)),
    [],
    'without a row',
  )
  assert.deepEqual(shapes.missing(), [], 'no longer there')
})

test('T92 every verb of the program is asked on the demo’s log, or it is said why not', async () => {
  const verbs = (await verbsOfProgram()).map(({ name }) => name)
  assert.deepEqual([...Object.keys(QUESTIONS), ...Object.keys(NOT_ASKED)].toSorted(), verbs.toSorted())
})

test('T92 every flow that the demo recorded is judged again as it was decided', async () => {
  const { out } = await hindcast('flows', '--last', '1000', '-o', 'json', '--state', state)
  const flows: readonly { readonly id: number; readonly kind: string }[] = JSON.parse(out).items
  const asked = flows.filter(({ kind }) => kind !== 'http-response')
  assert.ok(asked.length > 20)
  for (const { id } of asked) {
    const [answer] = JSON.parse((await hindcast('why', '--flow', String(id), '-o', 'json', '--state', state)).out).items
    assert.deepEqual([answer.recomputed, answer.doubt], [answer.recorded, null], `flow ${id}`)
  }
})

/** Verbs without a command in the gallery's tutorial, and why. */
const NOT_IN_GALLERY: Readonly<Record<string, string>> = {
  ...NOT_ASKED,
  ...Object.fromEntries(
    (await verbsOfProgram())
      .filter(({ name }) =>
        /^(branch|capsule|checkpoint) |^(prove|verify|tag|flows|blame|windows)$| (list|get)$/.test(name),
      )
      .map(({ name }) => [name, 'asked of incidents in test/gallery/verbs.test.ts']),
  ),
}

test('T92 every verb has a command in the gallery, or it is said why not', async () => {
  const commands = commandsOf(readFileSync(README, 'utf8')).map(({ command }) => command.replace(/^hindcast /, ''))
  const verbs = (await verbsOfProgram()).map(({ name }) => name)
  const isShown = (verb: string): boolean => commands.some((command) => `${command} `.startsWith(`${verb} `))
  assert.deepEqual(
    verbs.filter((verb) => !isShown(verb) && NOT_IN_GALLERY[verb] === undefined),
    [],
  )
})
