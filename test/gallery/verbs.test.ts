/**
 * Every verb, asked of several incidents: the table and the JSON say the same, and the verbs agree with one another. That an incident's own commands say
 * what is true of it is held in gallery.test.ts.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { hindcast, type Ran } from '../cli/recorded-log.ts'
import { NOT_ASKED } from '../history/demo-questions.ts'
import { unspoken } from '../history/spoken.ts'
import { verbsOfProgram } from '../history/verb-ledger.ts'
import { INCIDENTS } from './incidents.ts'
import { record } from './stage.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-gallery-verbs-'))
const LANDING = ['--from', 'tiefighter', '--to', 'deathstar', '--http', 'POST /v1/request-landing']
const RULE = join(import.meta.dirname, '../../src/demo/rule1.yaml')

/** The maps of `map-full` have thousands of entries, and the same kinds of answers. */
const SHORT = INCIDENTS.filter(({ name }) => name !== 'map-full')

before(async () => {
  for (const incident of SHORT) await record(folder, incident)
})
after(() => rmSync(folder, { recursive: true }))

/** `{name}` in a command line. `made` is a branch, `fresh` a name for one, `file` a place for a file, each new for every command. */
type Names = Readonly<Record<'first' | 'head' | 'policy' | 'key' | 'manifest' | 'capsule', string>>

/** In an order in which what one makes the next can ask about. `{fresh}` is another folder, file or branch each time. */
const ASKED: Readonly<Record<string, readonly string[]>> = {
  log: ['--type', 'PolicyAdded', 'EndpointCreated'],
  status: [],
  wait: ['--for', 'realized', '--timeout', '0'],
  'endpoint list': [],
  'identity list': [],
  'policy get': [],
  'bpf policy get': ['--all'],
  'bpf ipcache list': [],
  'bpf ct list': [],
  'prog list': [],
  'xds get': [],
  'xds status': [],
  'xds history': [],
  'cidrgroup list': [],
  'service list': [],
  'dns list': [],
  flows: ['--last', '5'],
  why: LANDING,
  diff: ['{first}..{head}'],
  blame: ['863'],
  history: ['863', '{key}'],
  bisect: ['--good', '{first}', '--run', 'test "$HINDCAST_AT" -lt {policy}'],
  windows: [],
  plan: ['-f', RULE, '--no-connections'],
  replay: [],
  drift: [],
  verify: [],
  'checkpoint export': [],
  'checkpoint list': [],
  'checkpoint key': [],
  prove: ['{policy}'],
  tag: ['seen', '{policy}', '--dry-run'],
  'branch create': ['{fresh}'],
  'branch list': [],
  'branch apply': ['past', '-f', RULE],
  'branch edit': ['edited', '{policy}', '-f', '{manifest}'],
  'branch without': ['{made}', '{policy}'],
  'branch delete': ['{made}', 'cnp/rule1'],
  'branch show': ['past', '--no-connections'],
  'branch rebase': ['past'],
  'branch merge': ['past', '--dry-run'],
  'branch drop': ['{made}'],
  'capsule export': ['{file}', '--from', '{first}', '--no-flows'],
  'capsule open': ['{capsule}'],
}

/** Ends other than 0 that are answers, too: something differs, is not allowed, cannot be looked at. */
const ENDS: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries(
    ['wait', 'diff', 'windows', 'plan', 'xds status', 'branch show', 'branch rebase', 'branch merge'].map((verb) => [
      verb,
      [0, 1],
    ]),
  ),
  ...{ drift: [5], 'bpf ct list': [5], replay: [0, 4], bisect: [0, 3] },
  ...{ 'branch edit': [0, 2], 'branch without': [0, 2], 'branch delete': [0, 3] },
}

const TURNS = 3

let made = 0

class Recording {
  readonly #state: string
  readonly #names: Names

  constructor(state: string, names: Names) {
    this.#state = state
    this.#names = names
  }

  static async of(name: string): Promise<Recording> {
    const state = join(folder, name)
    const read = async (...words: readonly string[]): Promise<readonly { readonly position: string }[]> =>
      (await hindcast('log', '--state', state, '-o', 'jsonl', ...words)).out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
    const [events, policies] = [await read(), await read('--type', 'PolicyAdded')]
    const head = events.at(-1)!.position
    const policy = policies.at(-1) ?? events.at(-1)!
    const manifest = join(state, 'its-policy.json')
    writeFileSync(
      manifest,
      JSON.stringify((policy as { readonly event?: { readonly manifest?: unknown } }).event?.manifest ?? {}),
    )
    const blamed = JSON.parse((await hindcast('blame', '863', '--state', state, '-o', 'json')).out).items[0].key
    const key = `${blamed.direction}:${blamed.identity}:${blamed.protocol === 0 ? 'ANY' : `${blamed.port}/TCP`}`
    const names = {
      first: events[0]!.position,
      head,
      policy: policy.position,
      key,
      manifest,
      capsule: join(state, 'whole.capsule'),
    }
    const recording = new Recording(state, names)
    await recording.must('capsule', 'export', names.capsule, '--from', names.first)
    for (const branch of ['past', 'edited']) await recording.must('branch', 'create', branch)
    return recording
  }

  async ask(words: readonly string[], ...more: readonly string[]): Promise<Ran> {
    made += 1
    const fresh = `branch-${made}`
    if (words.includes('{made}')) await this.must('branch', 'create', fresh)
    const names: Readonly<Record<string, string>> = {
      ...this.#names,
      fresh,
      made: fresh,
      file: join(this.#state, `${made}.capsule`),
    }
    const all = words.map((word) => word.replaceAll(/\{([a-z]+)\}/g, (_, name: string) => names[name]!))
    const place = words[1] === 'open' ? [] : ['--state', this.#state]
    const { code, out, err } = await hindcast(...all, ...place, ...more)
    const plain = (text: string): string =>
      text.replaceAll(`${made}.capsule`, '').replaceAll(fresh, '').replaceAll(this.#state, '')
    return { code, out: plain(out), err: plain(err) }
  }

  async must(...words: readonly string[]): Promise<unknown> {
    const { code, out, err } = await hindcast(...words, '--state', this.#state)
    assert.equal(code, 0, `${words.join(' ')}: ${err}`)
    return words.includes('json') ? JSON.parse(out) : null
  }

  get names(): Names {
    return this.#names
  }
}

/** The same end, and every time, position, number and name that people are shown. Small numbers are counts, or worked out; no tunnel is 0.0.0.0. */
async function assertBoth(recording: Recording, verb: string, words: readonly string[]): Promise<void> {
  const [table, json] = [await recording.ask(words), await recording.ask(words, '-o', 'json')]
  assert.ok((ENDS[verb] ?? [0]).includes(table.code), `${verb} ends with ${table.code}: ${table.err}`)
  assert.equal(json.code, table.code, `${verb}: ${json.err}`)
  if (json.out === '') return assert.equal(table.out, '', verb)
  if (verb !== 'log') assert.doesNotThrow(() => JSON.parse(json.out), verb)
  const missing = unspoken(table.out, json.out).filter((fact) => !/^([0-9]{1,2}|0\.0\.0\.0)$/.test(fact))
  assert.deepEqual(missing, [], `${words.join(' ')}\n${table.out}\n${json.out}`)
}

type Items = { readonly items: readonly unknown[] }
type Entry = { readonly key: unknown; readonly value: unknown }

/** What one verb says, another one has to say as well. */
async function assertAgree(recording: Recording): Promise<void> {
  const { names } = recording
  const json = async (...words: readonly string[]): Promise<Items> =>
    (await recording.must(...words, '-o', 'json')) as Items
  const [map] = (await json('bpf', 'policy', 'get', '863')).items as readonly { readonly entries: readonly Entry[] }[]
  const blamed = (await json('blame', '863')).items as readonly Entry[]
  const plain = ({ key, value }: Entry): unknown => ({ key, value })
  assert.deepEqual(blamed.map(plain), map!.entries.map(plain))
  const [newest] = (await json('history', '863', names.key)).items
  assert.deepEqual(newest, blamed[0])
  const away = ['--log', `capsule:${names.capsule}`, '-o', 'json']
  for (const words of [['status'], ['bpf', 'policy', 'get', '--all'], ['xds', 'get'], ['endpoint', 'list']]) {
    const [here, there] = [await json(...words), await hindcast(...words, ...away)]
    assert.deepEqual(JSON.parse(there.out), here, `${words.join(' ')} of the capsule`)
  }
  const nodes = (await json('status')).items as readonly {
    readonly progress: readonly { readonly realised: boolean }[]
  }[]
  const behind = nodes.flatMap(({ progress }) => progress).filter(({ realised }) => !realised)
  assert.equal((await recording.ask(['wait', '--for', 'realized', '--timeout', '0'])).code, behind.length === 0 ? 0 : 1)
}

test('T92 every verb is asked of the gallery', async () => {
  const verbs = (await verbsOfProgram()).map(({ name }) => name)
  assert.deepEqual([...Object.keys(ASKED), ...Object.keys(NOT_ASKED)].toSorted(), verbs.toSorted())
})

for (const [turn, { name }] of SHORT.entries()) {
  test(`T92 the verbs on the incident ${name}`, async () => {
    const recording = await Recording.of(name)
    await assertAgree(recording)
    // In turns, so that each verb is asked of several incidents, and the suite stays short.
    const some = Object.entries(ASKED).filter((_, index) => index % TURNS === turn % TURNS)
    for (const [verb, words] of some) await assertBoth(recording, verb, [...verb.split(' '), ...words])
  })
}
