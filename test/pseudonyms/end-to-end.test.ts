/**
 * The story of galaxy.ts taken home under pseudonyms: every verb says of the capsule what it says of the log, renamed, and nothing in the capsule is
 * anybody's name.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { canonicalText } from '../../events/canonical.ts'
import type { PolicyMapKey } from '../../events/fields.ts'
import type { Position } from '../../events/ids.ts'
import type { Json } from '../../events/schema.ts'
import { policyMapKeyText } from '../../projections/datapath/policy-map.ts'
import { pseudonymousManifest } from '../../src/history/capsule/pseudonyms/manifest.ts'
import { Pseudonyms } from '../../src/history/capsule/pseudonyms/names.ts'
import { hindcast, type Ran } from '../cli/recorded-log.ts'
import { ALDERAAN, BESPIN, type Galaxy, galaxy, SECRET_ADDRESSES, SECRETS } from './galaxy.ts'
import { RenamedAnswers } from './renamed-answers.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-galaxy-'))
const KEY = Buffer.from('a key that nobody else has')
const keyFile = join(folder, 'key')
const names = new Pseudonyms(KEY)
const answers = new RenamedAnswers(names)
let story: Galaxy
before(async () => {
  writeFileSync(keyFile, KEY)
  story = await galaxy(folder)
})
after(() => rmSync(folder, { recursive: true }))

let capsules = 0
async function exported(...more: readonly string[]): Promise<string> {
  capsules += 1
  const file = join(folder, `${capsules}.capsule`)
  const { code, err } = await hindcast('capsule', 'export', file, '--log', story.path, '--node', ALDERAAN, ...more)
  assert.equal(code, 0, err)
  return file
}

const pseudonymous = (...more: readonly string[]): Promise<string> => exported('--pseudonyms', keyFile, ...more)

/** A word of the command line that is a name, as it must be said to the capsule. */
const say = (words: readonly string[]): readonly string[] => words.map((word) => answers.text(word))

async function document({ out, err }: Ran, what: string): Promise<Json> {
  assert.notEqual(out, '', `${what}: ${err}`)
  return JSON.parse(out) as Json
}

/** Before the end of the options, where there is one. */
function asked(words: readonly string[], log: string): readonly string[] {
  const end = words.includes('--') ? words.indexOf('--') : words.length
  return [...words.slice(0, end), '--log', log, '-o', 'json', ...words.slice(end)]
}

/** The same question to both, and the same answer under the renaming. */
async function compare(capsule: string, words: readonly string[]): Promise<number> {
  const what = words.join(' ')
  const onLog = await hindcast(...asked(words, story.path))
  const onCapsule = await hindcast(...asked(say(words), `capsule:${capsule}`))
  assert.equal(onCapsule.code, onLog.code, `${what}: ${onLog.err} / ${onCapsule.err}`)
  const [log, there] = [await document(onLog, what), await document(onCapsule, what)]
  assert.deepEqual(answers.unordered(there), answers.unordered(answers.renamed(log)), what)
  return canonicalText(log).length
}

test("T67 nothing in a capsule under pseudonyms is anybody's name, from whichever moment on", async () => {
  const every = Math.ceil(story.positions.length / 5)
  for (const from of story.positions.filter((_, index) => index % every === 0)) {
    const text = gunzipSync(readFileSync(await pseudonymous('--from', String(from)))).toString()
    for (const secret of [...SECRETS, ...SECRET_ADDRESSES]) {
      const at = text.toLowerCase().search(new RegExp(`(?<![a-z0-9])${secret.replaceAll('.', '\\.')}`))
      assert.equal(at, -1, `${secret}: ${text.slice(Math.max(0, at - 200), at + 60)}`)
    }
  }
  const plain = gunzipSync(readFileSync(await exported('--from', String(story.positions[0])))).toString()
  const missing = SECRETS.filter((secret) => !plain.toLowerCase().includes(secret))
  assert.deepEqual(missing, [], 'every secret is in the story')
})

const PARTIES = [
  'yavin/deathstar',
  'yavin/tiefighter',
  'hoth/xwing',
  'hoth/falcon',
  '203.0.113.77',
  '198.51.100.5',
  '2001:db8:5::77',
]
const REQUEST = ['--http', 'POST /v1/request-landing', '--header', 'Host: holonet.rebels.corp']

function* whys(): Generator<readonly string[]> {
  for (const from of PARTIES) {
    for (const to of PARTIES) {
      if (from === to || (!from.includes('/') && !to.includes('/'))) continue
      yield ['why', '--from', from, '--to', to, '--port', '8080']
    }
  }
  yield [
    'why',
    '--from',
    'yavin/tiefighter',
    '--to',
    'yavin/deathstar',
    '--port',
    '8080',
    ...REQUEST,
    '--header',
    'X-Force: lightside',
  ]
  yield [
    'why',
    '--from',
    'yavin/tiefighter',
    '--to',
    'yavin/deathstar',
    '--port',
    '8080',
    ...REQUEST,
    '--header',
    'X-Force: darkside',
  ]
  yield [
    'why',
    '--from',
    'hoth/xwing',
    '--to',
    'yavin/deathstar',
    '--port',
    '8080',
    '--http',
    'GET /v1/x',
    '--header',
    'Host: naboo.gungan.corp',
  ]
  yield ['why', '--from', 'hoth/xwing', '--to', 'hoth/falcon', '--port', '8005']
}

const AT_VERBS: readonly (readonly string[])[] = [
  ['status'],
  ['cidrgroup', 'list'],
  ['service', 'list'],
  ...[ALDERAAN, BESPIN].flatMap((node) => [
    ['endpoint', 'list', '--node', node],
    ['identity', 'list', '--node', node],
    ['dns', 'list', '--node', node],
    ['bpf', 'policy', 'get', '--all', '--node', node],
    ['bpf', 'ipcache', 'list', '--node', node],
    ['prog', 'list', '--node', node],
    ['xds', 'get', '--node', node],
  ]),
  ['blame', '863', '--node', ALDERAAN],
  ['blame', '775', '--node', ALDERAAN],
  ['blame', '11', '--node', BESPIN],
  ['policy', 'get'],
]

test('T67 at every moment every verb says of it what it says of the log, renamed', async () => {
  const file = await pseudonymous('--from', String(story.at.superlaser))
  assert.equal((await hindcast('capsule', 'open', file)).code, 0)
  let said = 0
  for (const [chapter, at] of Object.entries(story.at)) {
    if (!['exhaust', 'blockade', 'failed', 'restarted'].includes(chapter)) continue
    for (const verb of [...AT_VERBS, ...(chapter === 'blockade' ? whys() : [])]) {
      said += await compare(file, [...verb, '--at', String(at)])
    }
  }
  assert.ok(said > 200_000, `${said} characters were compared`)
})

type Blamed = { readonly key: PolicyMapKey; readonly event: { readonly position: string } }

test('T67 what changed, who did it, what turned it and what the flows were is the same, renamed', async () => {
  const { superlaser, exhaust, blockade, narrow, end } = story.at
  const file = await pseudonymous('--from', String(superlaser))
  for (const range of [
    `${superlaser}..${exhaust}`,
    `${exhaust}..${blockade}`,
    `${superlaser}..${end}`,
    `${blockade}..${narrow}`,
  ]) {
    await compare(file, ['diff', range])
    await compare(file, ['diff', range, '--semantic'])
  }
  await compare(file, ['flows', '--node', ALDERAAN, '--last', '100'])
  for (let id = 1; id <= story.flowIds; id += 1) await compare(file, ['why', '--flow', String(id), '--node', ALDERAAN])
  const turned = (good: Position, bad: Position, ...words: readonly string[]): readonly string[] => [
    'bisect',
    '--good',
    String(good),
    '--bad',
    String(bad),
    '--',
    ...words,
  ]
  await compare(file, turned(superlaser, blockade, 'deny', 'yavin/tiefighter', '->', 'yavin/deathstar:80'))
  await compare(file, turned(superlaser, end, 'allow', 'hoth/xwing', '->', '203.0.113.77:80'))
  const blame = ['blame', '775', '--log', story.path, '--node', ALDERAAN, '--at', String(blockade), '-o', 'json']
  const { items } = JSON.parse((await hindcast(...blame)).out) as { readonly items: readonly Blamed[] }
  const lately = items.filter(({ event, key }) => key.identity !== 1 && BigInt(event.position) > superlaser)
  assert.ok(lately.length > 2)
  for (const { key } of lately.slice(0, 3)) {
    await compare(file, ['history', '775', policyMapKeyText(key), '--node', ALDERAAN])
  }
  const again = await hindcast('replay', '--log', `capsule:${file}`, '-o', 'json')
  assert.equal(JSON.parse(again.out).mismatch, null)
  assert.ok(JSON.parse(again.out).checked.builds > 20)
})

test('T67 what is and what is planned on top of a later range is the same, renamed', async () => {
  const [whole, file] = [
    await pseudonymous('--from', String(story.at.superlaser)),
    await pseudonymous('--from', String(story.at.narrow)),
  ]
  const manifest = {
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'endor', namespace: 'yavin' },
    spec: {
      endpointSelector: { matchLabels: { allegiance: 'empire' } },
      ingress: [{ fromEndpoints: [{ matchLabels: { squadron: 'rogue', 'k8s:io.kubernetes.pod.namespace': 'hoth' } }] }],
      egress: [{ toCIDR: ['203.0.113.0/24'] }],
    },
  }
  const [plain, renamed] = [join(folder, 'plain.json'), join(folder, 'renamed.json')]
  writeFileSync(plain, JSON.stringify(manifest))
  writeFileSync(renamed, JSON.stringify(pseudonymousManifest(names, manifest, 'yavin')))
  const plan = (policy: string, log: string): Promise<Ran> =>
    hindcast('plan', '--log', log, '-f', policy, '--no-connections', '-o', 'json')
  const [onLog, onCapsule] = [await plan(plain, story.path), await plan(renamed, `capsule:${whole}`)]
  assert.equal(onCapsule.code, onLog.code, onCapsule.err)
  const [log, there] = [await document(onLog, 'plan'), await document(onCapsule, 'plan')]
  assert.deepEqual(answers.unordered(there), answers.unordered(answers.renamed(log)))
  for (const verb of AT_VERBS) await compare(file, [...verb, '--at', String(story.at.restarted)])
})
