import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { contains, parsePrefix, parsePrefixOrAddress } from '../../projections/ip/prefix.ts'
import { readPolicyText } from '../../projections/policy/parse/text.ts'
import { pseudonymousManifest } from '../../src/history/capsule/pseudonyms/manifest.ts'
import { Pseudonyms } from '../../src/history/capsule/pseudonyms/names.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { INCIDENTS } from '../gallery/incidents.ts'
import { record } from '../gallery/stage.ts'
import { agentStory, type Story } from './agent-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-pseudonyms-'))
const KEY = Buffer.from('a key that nobody else has')
const keyFile = join(folder, 'key')
let story: Story
before(async () => {
  writeFileSync(keyFile, KEY)
  story = await agentStory(join(folder, 'story.db'))
})
after(() => rmSync(folder, { recursive: true }))

let capsules = 0
async function exported(log: string, from: string, key: string): Promise<string> {
  capsules += 1
  const file = join(folder, `${capsules}.capsule`)
  const { code, err } = await hindcast('capsule', 'export', file, '--log', log, '--from', from, '--pseudonyms', key)
  assert.equal(code, 0, err)
  return file
}

async function json(...args: readonly string[]): Promise<{ readonly code: number; readonly document: unknown }> {
  const { code, out, err } = await hindcast(...args, '-o', 'json')
  assert.ok(out !== '', err)
  return { code, document: JSON.parse(out) }
}

/** Names, label values and addresses of endpoints, and the names of policies. */
const SECRETS = /default\/|deathstar|tiefighter|xwing|empire|alliance|rule1|node1|starwars|10\.0\.0\.|lxc/i

async function assertSame(log: string, from: string): Promise<void> {
  const names = new Pseudonyms(KEY)
  const file = await exported(log, from, keyFile)
  const text = gunzipSync(readFileSync(file)).toString()
  assert.equal(
    SECRETS.exec(text)?.[0],
    undefined,
    `${log}: ${text.slice((SECRETS.exec(text)?.index ?? 0) - 200, (SECRETS.exec(text)?.index ?? 0) + 40)}`,
  )
  const ships = ['default/deathstar', 'default/tiefighter', 'default/xwing']
  for (const source of ships) {
    for (const target of ships) {
      const ask = ['--port', '80', '--log'] as const
      const plain = await hindcast('why', '--from', source, '--to', target, ...ask, log)
      const renamed = await hindcast(
        'why',
        '--from',
        names.path(source),
        '--to',
        names.path(target),
        ...ask,
        `capsule:${file}`,
      )
      assert.equal(
        renamed.code,
        plain.code,
        `${log} ${source} ${target}: ${plain.out}${plain.err} / ${renamed.out}${renamed.err}`,
      )
      assert.equal(renamed.out.split(/[ :\n]/)[0], plain.out.split(/[ :\n]/)[0])
    }
  }
  const maps = async (at: string): Promise<unknown> => {
    const { document } = await json('bpf', 'policy', 'get', '--all', '--log', at)
    return JSON.parse(
      JSON.stringify(document, (key, value) => (/origin|labels|name|node|rule/i.test(key) ? null : value)),
    )
  }
  assert.deepEqual(await maps(`capsule:${file}`), await maps(log))
  assert.equal((await hindcast('capsule', 'open', file)).code, 0)
}

test('T66 a capsule under pseudonyms gives the verdicts of its log, and no name or address of it', async () => {
  await assertSame(story.path, String(story.at.landing))
  for (const incident of INCIDENTS.filter(({ afterwards }) => afterwards === undefined)) {
    const log = join(await record(folder, incident), 'log.db')
    await assertSame(log, '700030')
  }
})

test('T66 without its key nobody makes the same pseudonyms, and a key that is missing or short is refused', async () => {
  const [other, short] = [join(folder, 'other'), join(folder, 'short')]
  writeFileSync(other, 'another key that nobody has')
  writeFileSync(short, 'short')
  const from = String(story.at.landing)
  const text = gunzipSync(readFileSync(await exported(story.path, from, other))).toString()
  const same = gunzipSync(readFileSync(await exported(story.path, from, keyFile))).toString()
  const name = new Pseudonyms(KEY).name('deathstar')
  assert.ok(same.includes(name) && !text.includes(name))
  const wrong = (key: string): ReturnType<typeof hindcast> =>
    hindcast('capsule', 'export', join(folder, 'no'), '--log', story.path, '--from', from, '--pseudonyms', key)
  assert.equal((await wrong(short)).code, 2)
  assert.equal((await wrong(join(folder, 'nowhere'))).code, 3)
})

test('T66 pseudonyms of prefixes contain each other as the prefixes do', () => {
  const names = new Pseudonyms(KEY)
  const prefixes = [
    '0.0.0.0/0',
    '10.0.0.0/8',
    '10.1.0.0/16',
    '10.1.2.0/24',
    '10.1.2.3/32',
    '10.2.0.0/16',
    '192.168.0.0/16',
  ]
  const all = [...prefixes, '::/0', 'fd00::/8', 'fd00:1::/32', 'fd00:1::1/128']
  for (const outer of all) {
    for (const inner of all) {
      const [a, b] = [parsePrefix(names.prefix(outer))!, parsePrefix(names.prefix(inner))!]
      assert.equal(contains(a, b), contains(parsePrefix(outer)!, parsePrefix(inner)!), `${outer} ${inner}`)
    }
  }
  assert.deepEqual(parsePrefixOrAddress(names.address('10.1.2.3')), parsePrefix(names.prefix('10.1.2.3/32')))
  assert.equal(names.name('deathstar'), new Pseudonyms(KEY).name('deathstar'))
})

test('T66 a manifest stays one under pseudonyms, and a field that cannot be renamed is refused', () => {
  const names = new Pseudonyms(KEY)
  const spec = {
    description: 'about the empire',
    endpointSelector: { matchLabels: { 'k8s:org': 'empire', 'io.kubernetes.pod.namespace': 'starwars' } },
    ingress: [
      {
        fromEndpoints: [{ matchExpressions: [{ key: 'k8s:org', operator: 'In', values: ['empire', 'alliance'] }] }],
        toPorts: [
          {
            ports: [{ port: '80', protocol: 'TCP' }],
            rules: {
              http: [{ method: 'GET', path: '/v1/.*', host: 'www\\.starwars\\.io', headers: ['X-Side: empire'] }],
            },
          },
        ],
      },
    ],
    egress: [
      { toFQDNs: [{ matchName: 'api.starwars.io' }, { matchPattern: '*.starwars.io' }] },
      { toCIDRSet: [{ cidr: '10.0.0.0/8', except: ['10.0.0.0/16'] }] },
      { toEntities: ['world'] },
    ],
  }
  const head = { apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy', metadata: { name: 'rule1' } }
  const renamed = pseudonymousManifest(names, { ...head, spec }, 'starwars')
  const text = JSON.stringify(renamed)
  assert.equal(SECRETS.exec(text)?.[0], undefined)
  assert.ok(text.includes(names.dns('*.starwars.io')) && text.includes('/v1/.*') && text.includes('world'))
  const { readings, problems } = readPolicyText(text, 'bare')
  assert.deepEqual([problems, readings.map(({ kind }) => kind)], [[], ['accepted']])
  const unclear = { ...spec, ingress: [], egress: [{ toFQDNs: [{ matchPattern: 'api*.starwars.io' }] }] }
  assert.throws(() => pseudonymousManifest(names, { ...head, spec: unclear }, null), RangeError)
  assert.throws(() => pseudonymousManifest(names, { ...head, spec: { ...spec, secretPlan: 'x' } }, null), RangeError)
})
