/** Moments, endpoints and nodes that are not there, asked of every verb of the program that takes one: named, with the nearest that is there, and 3. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { hindcast, type Ran } from '../cli/recorded-log.ts'
import { playedOnModel } from '../demo/played.ts'
import { type DemoFacts, factsOfDemo } from './demo-facts.ts'
import { type Verb, verbsOfProgram } from './verb-ledger.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-refused-'))
const state = join(folder, 'state')
const POLICY = join(import.meta.dirname, '../../src/demo/rule1.yaml')
const packets = join(folder, 'packets.yaml')
let facts: DemoFacts
let verbs: readonly Verb[]

const ask = (...words: readonly string[]): Promise<Ran> => {
  const end = words.indexOf('--') === -1 ? words.length : words.indexOf('--')
  return hindcast(...words.slice(0, end), '--state', state, ...words.slice(end))
}

before(async () => {
  verbs = await verbsOfProgram()
  cpSync((await playedOnModel()).state, state, { recursive: true })
  facts = await factsOfDemo(join(state, 'log.db'), join(state, 'flows-node1.db'))
  writeFileSync(packets, '[{from: 775, to: 863, protocol: TCP, port: 80}]')
  for (const words of [
    ['tag', 'calm', 'rev:2'],
    ['branch', 'create', 'past', '--at', 'rev:2'],
    [...'endpoint add --node node1 --id 77 --name default/late --labels class=late --ipv4 10.0.0.77'.split(' ')],
    ['endpoint', 'delete', '77', '--node', 'node1'],
  ])
    assert.equal((await ask(...words)).code, 0, words.join(' '))
})
after(() => rmSync(folder, { recursive: true }))

/** What else a verb wants, so that only the moment is wrong. `!` stands for it where it is an argument. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  'bpf policy get': ['863'],
  why: ['--from', 'xwing', '--to', 'deathstar', '--port', '80'],
  blame: ['863'],
  history: ['863', 'ingress:ANY:ANY'],
  bisect: ['--good', '1', '--', 'allow', 'xwing', '->', 'deathstar:80'],
  plan: ['-f', POLICY],
  'branch create': ['elsewhere'],
  'branch rebase': ['past'],
  'branch show': ['past'],
  'capsule export': [join(folder, 'never.capsule'), '--from', '1'],
  flows: ['--node', 'node1'],
}
const TAKES_MOMENT = ['--at', '--from', '--to', '--good', '--bad', '--onto', '--since', '--until']
/** Options of these names that take something else. */
const OTHERWISE: Readonly<Record<string, readonly string[]>> = {
  'log sync': ['--from', '--to'],
  verify: ['--since'],
  why: ['--from', '--to'],
}
/** Of a time a span may begin before the log. */
const SPANS = ['--since', '--until']

/** A verb's command line with the moment in one of its places. */
function places({
  name,
  options,
}: Verb): readonly (readonly [where: string, words: (moment: string) => readonly string[]])[] {
  const taken = options.filter((one) => TAKES_MOMENT.includes(one) && !(OTHERWISE[name] ?? []).includes(one))
  const needs = NEEDS[name] ?? []
  const end = needs.indexOf('--') === -1 ? needs.length : needs.indexOf('--')
  const kernel = ['--kernel', '--endpoint', '863', '--packets', packets]
  return taken.map((option) => [
    option,
    (moment) => [
      ...name.split(' '),
      ...needs.slice(0, end),
      ...(name === 'replay' && option === '--at' ? kernel : []),
      ...[option, moment],
      ...needs.slice(end),
    ],
  ])
}

const ARGUMENTS: readonly (readonly [string, (moment: string) => readonly string[]])[] = [
  ['diff A', (moment) => ['diff', `${moment}..HEAD`]],
  ['diff B', (moment) => ['diff', `rev:1..${moment}`]],
  ['tag', (moment) => ['tag', 'new', moment]],
  ['prove --consistency', (moment) => ['prove', '--consistency', moment, 'HEAD']],
]

/** Moments that are not there, and what has to be said. */
const MOMENTS: readonly (readonly [string, RegExp])[] = [
  ['99999999', /position 99999999 is beyond the log; the last one is [0-9]+, 20/],
  ['2001-01-01T00:00:00Z', /nothing was recorded up to 2001-01-01T00:00:00.000Z; the log begins 20/],
  ['40000d', /nothing was recorded up to 19[0-9-]+T.*; the log begins 20/],
  ['tag:clam', /there is no tag clam; there is calm/],
  ['rev:99', /there is no revision 99; the nearest is 3/],
  ['HEAD~9999', /HEAD~9999 is before the log; the first event is HEAD~[0-9]+, 1/],
]

async function assertRefused(words: readonly string[], code: number, said: RegExp): Promise<void> {
  const { code: ended, err } = await ask(...words)
  assert.deepEqual([words.join(' '), ended], [words.join(' '), code], err)
  assert.match(err, said, words.join(' '))
}

test('T93 a moment that is not there is named with the nearest that is, and ends with 3, wherever a verb takes one', async () => {
  const asked = [...verbs.flatMap((verb) => places(verb)), ...ARGUMENTS]
  assert.ok(asked.length > 30, `${asked.length} places`)
  // Two of them in each place, in turns: what becomes of a word does not depend on the place.
  for (const [index, [where, words]] of asked.entries()) {
    const some = MOMENTS.filter((_, which) => which % 3 === index % 3)
    for (const [moment, said] of some) {
      if (SPANS.includes(where) && /^(2001|[0-9]+d)/.test(moment)) continue
      await assertRefused(words(moment), 3, said)
    }
    await assertRefused(
      words('yesterday'),
      2,
      /yesterday is not a position, an RFC 3339 time, a duration such as 5m, rev:N/,
    )
  }
})

test('T93 every form of a moment is taken wherever a verb takes one', async () => {
  const forms = ['HEAD', 'HEAD~3', facts['second']!, 'rev:2', 'tag:calm', '0ms', new Date().toISOString()]
  const zone = new Date(Date.now() + 2 * 3_600_000).toISOString().replace('Z', '+02:00')
  const asked = [...verbs.flatMap((verb) => places(verb)), ...ARGUMENTS]
  for (const [turn, [where, words]] of asked.entries()) {
    for (const [index, form] of [...forms, zone].entries()) {
      if (index % 4 !== turn % 4) continue
      const fresh = words(form).map((word) =>
        word === 'new' || word === 'elsewhere' ? `${word}-${where.replaceAll(/[^a-z]/g, '')}-${index}` : word,
      )
      const { code, err } = await ask(...fresh, ...(fresh[0] === 'tag' ? ['--dry-run'] : []))
      rmSync(join(folder, 'never.capsule'), { force: true })
      assert.doesNotMatch(err, /bad-input|bad-time|out-of-range/, `${fresh.join(' ')}`)
      assert.ok([0, 1, 2, 3, 5].includes(code), `${fresh.join(' ')} ends with ${code}: ${err}`)
    }
  }
})

test('T93 all moments that are not there are named at once', async () => {
  for (const words of [
    ['diff', '999999..tag:clam'],
    ['bisect', '--good', '999999', '--bad', 'tag:clam', '--', 'allow', 'xwing', '->', 'deathstar:80'],
    ['replay', '--from', '999999', '--to', 'tag:clam'],
    ['windows', '--from', '999999', '--to', 'tag:clam'],
    ['prove', '--consistency', '999999', 'tag:clam'],
    ['capsule', 'export', join(folder, 'never'), '--from', '999999', '--to', 'tag:clam'],
    ['log', '--since', '999999', '--until', 'tag:clam'],
    ['flows', '--since', '999999', '--until', 'tag:clam'],
  ]) {
    const { code, err } = await ask(...words)
    assert.equal(code, 3, words.join(' '))
    assert.match(err, /999999 is beyond the log/, words.join(' '))
    assert.match(err, /there is no tag clam; there is calm/, words.join(' '))
  }
})

/** Verbs that look at an endpoint, and whether it has to be there then. The others make it, or speak of it in a sense of their own. */
const OF_ENDPOINT: Readonly<Record<string, 'then' | 'ever' | string>> = {
  'bpf policy get': 'then',
  blame: 'ever',
  history: 'ever',
  diff: 'ever',
  replay: 'ever',
  windows: 'ever',
  'xds history': 'ever',
  drift: 'always now',
  wait: 'always now',
  flows: 'at any time',
  'dns learn': 'writes',
  'endpoint delete': 'writes',
}

function aboutEndpoint(verb: string, endpoint: string, at: string): readonly string[] {
  switch (verb) {
    case 'bpf policy get':
      return ['bpf', 'policy', 'get', endpoint, '--at', at]
    case 'blame':
      return ['blame', endpoint, '--at', at]
    case 'history':
      return ['history', endpoint, 'ingress:ANY:ANY', '--at', at]
    case 'diff':
      return ['diff', `1..${at}`, '--endpoint', endpoint]
    case 'wait':
      return ['wait', '--for', 'realized', '--timeout', '0', '--endpoint', endpoint]
    default:
      return [...verb.split(' '), '--endpoint', endpoint, ...(at === 'HEAD' ? [] : ['--to', at])]
  }
}

test('T93 an endpoint that is not there then is named, with when it comes or went, and those that are', async () => {
  const takes = verbs.filter(
    ({ options, arguments: own }) => options.includes('--endpoint') || own.includes('endpoint'),
  )
  assert.deepEqual(takes.map(({ name }) => name).toSorted(), Object.keys(OF_ENDPOINT).toSorted())
  for (const [verb, span] of Object.entries(OF_ENDPOINT)) {
    if (span === 'writes') continue
    await assertRefused(aboutEndpoint(verb, '9', 'HEAD'), 3, /no-such-endpoint: 9; there are .*775, 863, 2216/)
    if (span !== 'then' && span !== 'ever') continue
    await assertRefused(
      aboutEndpoint(verb, '77', 'rev:2'),
      3,
      /no-such-endpoint: 77 comes at position [0-9]+; there are 775, 863, 2216 at position/,
    )
    if (span === 'then')
      await assertRefused(
        aboutEndpoint(verb, '77', 'HEAD'),
        3,
        /no-such-endpoint: 77 went at position [0-9]+; there are 775/,
      )
  }
  await assertRefused(
    ['replay', '--kernel', '--at', 'HEAD', '--endpoint', '77', '--packets', packets],
    3,
    /77 went at position/,
  )
  await assertRefused(
    ['why', '--from', '77', '--to', 'deathstar', '--port', '80', '--at', 'rev:2'],
    3,
    /default\/xwing.*; it comes at position/,
  )
})

/** What a verb that takes `--node` wants besides; null where it makes or is the node. */
const OF_NODE: Readonly<Record<string, readonly string[] | null>> = {
  ...Object.fromEntries(
    ['status', 'endpoint list', 'identity list', 'prog list', 'xds get', 'xds status', 'xds history'].map((verb) => [
      verb,
      [],
    ]),
  ),
  ...Object.fromEntries(
    ['bpf ipcache list', 'bpf ct list', 'dns list', 'drift', 'windows', 'flows', 'replay'].map((verb) => [verb, []]),
  ),
  // Of all nodes: the choice changes nothing.
  ...{ 'policy get': null, 'cidrgroup list': null, 'service list': null },
  'bpf policy get': ['863'],
  why: ['--flow', '1'],
  blame: ['863'],
  history: ['863', 'ingress:ANY:ANY'],
  diff: ['rev:1..rev:2'],
  wait: ['--for', 'realized', '--timeout', '0'],
  'capsule export': [join(folder, 'never'), '--from', '1'],
  ...{ agent: null, 'endpoint add': null, 'endpoint delete': null, 'dns learn': null, 'dns forget': null },
}

test('T93 a node that the log does not know is named with those that it does', async () => {
  const takes = verbs.filter(({ options }) => options.includes('--node')).map(({ name }) => name)
  assert.deepEqual(takes.toSorted(), Object.keys(OF_NODE).toSorted())
  for (const [verb, needs] of Object.entries(OF_NODE))
    if (needs !== null)
      await assertRefused(
        [...verb.split(' '), ...needs, '--node', 'hoth'],
        3,
        /no-such-node: hoth; there (is|are) node1/,
      )
})

test('T93 flows, branches, checkpoints and capsules that are not there are named, and end with 3', async () => {
  await assertRefused(['why', '--flow', '99999'], 3, /no-such-flow at --flow: 99999; the newest is [0-9]+/)
  for (const verb of ['show', 'drop', `apply -f ${POLICY}`, 'rebase', 'merge', 'without 1'])
    await assertRefused(
      ['branch', ...verb.split(' ').toSpliced(1, 0, 'pats')],
      3,
      /no-such-branch: pats; (there (is|are)|the nearest of [0-9]+ are) past/,
    )
  await assertRefused(
    ['status', '--at', 'branch:pats'],
    3,
    /there is no branch pats; (there (is|are)|the nearest of [0-9]+ are) past/,
  )
  await assertRefused(['verify', join(folder, 'none')], 3, /cannot read .*none/)
  await assertRefused(['verify', '--since', join(folder, 'none')], 3, /cannot read .*none/)
  await assertRefused(['prove', '999999'], 3, /999999 is beyond the log; the last one is/)
  assert.equal((await hindcast('capsule', 'open', join(folder, 'none'))).code, 3)
})
