/** The verbs that append, as a person types them: what they answer, what is on the log afterwards, and what is not. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { digestOfText } from '../../events/canonical.ts'
import { decodeEvent } from '../../events/codec.ts'
import { Timestamp } from '../../events/ids.ts'
import type { Recorded } from '../../events/recorded.ts'
import { INPUT_BYTES_MAX } from '../../src/cli/input.ts'
import { whoAmI } from '../../src/cli/submit.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { hindcast, hindcastReading } from './recorded-log.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-writing-'))
after(() => rmSync(folder, { recursive: true }))

let places = 0
/** A state folder that does not exist yet. */
function newState(): string {
  places++
  return join(folder, `state-${places}`, 'inner')
}

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function eventsOf(state: string): Promise<readonly Recorded[]> {
  await using log = openSqliteLog({ path: join(state, 'log.db'), now: () => Timestamp(0), readOnly: true })
  const events: Recorded[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) events.push(...batch.map(decodeEvent))
  return events
}

function policy(name: string, port = '80'): string {
  return `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: ${name}
  namespace: default
spec:
  endpointSelector:
    matchLabels: {org: empire, class: deathstar}
  ingress:
    - fromEndpoints:
        - matchLabels: {org: empire}
      toPorts:
        - ports: [{port: "${port}", protocol: TCP}]
`
}

const rule1 = file('rule1.yaml', policy('rule1'))
const bad = file('bad.yaml', policy('bad', '70000'))

test('C9 apply makes the folder and the log, and says what came of each policy, at which position and revision', async () => {
  const state = newState()
  const first = await hindcast('apply', '-f', rule1, '--state', state)
  assert.equal(first.err, '')
  assert.match(first.out, /^CiliumNetworkPolicy\/default\/rule1 added, revision 2\n\nat position 1, .*, revision 2\n$/)
  const again = await hindcast('apply', '-f', rule1, '--state', state)
  assert.match(again.out, /^CiliumNetworkPolicy\/default\/rule1 unchanged\n\nat position 1, .*, revision 2\n$/)
  const changed = await hindcastReading(policy('rule1', '8080'), 'apply', '-f', '-', '--state', state, '-o', 'json')
  const { position, revision, items } = JSON.parse(changed.out)
  assert.deepEqual([position, revision], ['2', 3])
  assert.deepEqual(items, [
    { resource: 'CiliumNetworkPolicy/default/rule1', outcome: 'changed', revision: 3, dryRun: false },
  ])
})

test('C9 an event says who applied which file, and events of one command share a correlation', async () => {
  const state = newState()
  const both = file('both.yaml', `${policy('a')}---\n${policy('b')}`)
  assert.equal((await hindcast('apply', '-f', both, '--state', state)).code, 0)
  const [a, b] = await eventsOf(state)
  assert.deepEqual(a!.context.actor, whoAmI())
  assert.deepEqual(a!.context.source, { kind: 'file', detail: both })
  assert.equal(a!.context.correlation, b!.context.correlation)
  assert.equal(a!.context.cause, null)
})

test('C10 a folder is read with all that is below it, and taken as a whole', async () => {
  const state = newState()
  const policies = join(folder, 'policies')
  mkdirSync(join(policies, 'deep'), { recursive: true })
  writeFileSync(join(policies, 'b.yml'), policy('b'))
  writeFileSync(
    join(policies, 'deep', 'a.json'),
    JSON.stringify({
      kind: 'CiliumNetworkPolicy',
      metadata: { name: 'a' },
      spec: { endpointSelector: {}, ingress: [{}] },
    }),
  )
  writeFileSync(join(policies, 'notes.txt'), 'not a policy')
  assert.equal((await hindcast('apply', '-f', policies, '--state', state)).code, 0)
  assert.deepEqual(
    (await eventsOf(state)).map(({ event }) => event.type === 'PolicyAdded' && event.resource.name),
    ['b', 'a'],
  )
  writeFileSync(join(policies, 'c.yaml'), policy('c', '70000'))
  writeFileSync(join(policies, 'd.yaml'), policy('d'))
  const refused = await hindcast('apply', '-f', policies, '--state', state)
  assert.equal(refused.code, 2)
  assert.match(refused.err, /c\.yaml/)
  assert.deepEqual(
    (await eventsOf(state)).map(({ event }) => event.type),
    ['PolicyAdded', 'PolicyAdded', 'PolicyRefused'],
  )
})

const refusals: readonly (readonly [what: string, text: string, error: RegExp])[] = [
  ['invalid YAML', 'kind: [CiliumNetworkPolicy\nmetadata: x', /yaml|YAML/],
  [
    'an unknown kind',
    'kind: CiliumNetworkPolice\nmetadata: {name: a}',
    /kind-unknown at .* \/kind.*CiliumNetworkPolice/,
  ],
  [
    'an unknown field',
    policy('a').replace('  ingress:', '  ingres: []\n  ingress:'),
    /unknown-field at .*\/spec\/ingres/,
  ],
  ['a bad port', policy('a', '70000'), /\/spec\/ingress\/0\/toPorts\/0\/ports\/0.*70000/],
  [
    'a bad regex',
    policy('a').replace('TCP}]', 'TCP}]\n          rules: {http: [{path: "/("}]}'),
    /\/spec\/ingress\/0\/toPorts\/0\/rules\/http\/0\/path/,
  ],
  [
    'a bad CIDR',
    policy('a').replace('- fromEndpoints:\n        - matchLabels: {org: empire}', '- fromCIDR: [10.0.0.0/33]'),
    /cidr-invalid at .*\/spec\/ingress\/0\/fromCIDR\/0/,
  ],
  ['a wrong type', policy('a').replace('namespace: default', 'namespace: 5'), /not-text at .*\/metadata\/namespace/],
  ['an empty file', '', /text-empty/],
  ['a comment only', '# nothing here\n', /text-empty/],
  [
    'a file that is too large',
    `# ${'x'.repeat(10 * 1024 * 1024)}\n${policy('a')}`,
    new RegExp(`input-too-large.*${INPUT_BYTES_MAX}`),
  ],
]

for (const [what, text, error] of refusals) {
  test(`C11 ${what} is refused with code and path, exit 2, and nothing on the log but the refusal`, async () => {
    const state = newState()
    const path = file('refused.yaml', text)
    const ran = await hindcast('apply', '-f', path, '--state', state)
    assert.equal(ran.code, 2)
    assert.equal(ran.out, '')
    assert.match(ran.err, /^error: refused, [0-9]+ problems?, recorded at position 1; nothing was changed\n/)
    assert.match(ran.err, error)
    assert.ok(ran.err.includes(path), 'the file is named')
    const events = await eventsOf(state)
    assert.deepEqual(
      events.map(({ event }) => event.type),
      ['PolicyRefused'],
    )
    const [{ event }] = events as readonly [Recorded]
    assert.ok(event.type === 'PolicyRefused' && event.inputDigest === digestOfText(text))
    const validated = await hindcast('validate', '-f', path)
    assert.equal(validated.code, 2)
    assert.match(validated.out, /refused/)
  })
}

test('C11 bytes that are no text are refused as well', async () => {
  const path = join(folder, 'latin.yaml')
  writeFileSync(path, Buffer.from([0x6b, 0xe4, 0x3a]))
  const ran = await hindcast('apply', '-f', path, '--state', newState())
  assert.equal(ran.code, 2)
  assert.match(ran.err, /input-encoding at .*latin\.yaml/)
})

test('C11 a refusal as JSON has every problem with file, code, path, line and column', async () => {
  const ran = await hindcast('apply', '-f', bad, '--state', newState(), '-o', 'json')
  assert.equal(ran.code, 2)
  const { position, items } = JSON.parse(ran.out)
  assert.equal(position, '1')
  assert.equal(items[0].where, bad)
  assert.deepEqual(Object.keys(items[0]).toSorted(), ['code', 'column', 'line', 'path', 'reason', 'where'])
})

test('C11 a file that cannot be read is named and nothing is written', async () => {
  const state = newState()
  const missing = await hindcast('apply', '-f', join(folder, 'nowhere.yaml'), '--state', state)
  assert.equal(missing.code, 3)
  assert.match(missing.err, /nowhere\.yaml/)
  const none = await hindcast('apply', '--state', state)
  assert.equal(none.code, 2)
  assert.throws(() => readFileSync(join(state, 'log.db')))
})

test('C12 delete takes files or names, and refuses what is not there with the nearest names', async () => {
  const state = newState()
  await hindcast('apply', '-f', rule1, '--state', state)
  const missing = await hindcast('delete', 'cnp', 'rule2', '--state', state)
  assert.equal(missing.code, 3)
  assert.match(missing.err, /policy-not-found.*nearest are CiliumNetworkPolicy\/default\/rule1/)
  const ignored = await hindcast('delete', 'cnp/rule2', '--ignore-not-found', '--state', state)
  assert.equal(ignored.code, 0)
  const deleted = await hindcast('delete', 'cnp/default/rule1', '--state', state)
  assert.match(deleted.out, /^CiliumNetworkPolicy\/default\/rule1 deleted, revision 3\n/)
  await hindcast('apply', '-f', rule1, '--state', state)
  const byFile = await hindcast('delete', '-f', rule1, '--state', state, '-o', 'json')
  assert.equal(JSON.parse(byFile.out).revision, 5)
  for (const wrong of [['pod/x'], ['cnp'], ['cnp/a/b/c'], ['ccnp/default/x'], []]) {
    assert.equal((await hindcast('delete', ...wrong, '--state', state)).code, 2, wrong.join(' '))
  }
  assert.equal((await eventsOf(state)).length, 4)
})

test('C13 endpoints are added by flags and from files, and deleted by id or name', async () => {
  const state = newState()
  const node = ['--node', 'node1', '--state', state]
  const flags = ['--name', 'deathstar', '--labels', 'org=empire,class=deathstar', '--ipv4', '10.0.0.111']
  const more = ['--id', '863', '--identity', '2033', '--device', 'lxc863', '--named-port', 'http=80']
  const added = await hindcast('endpoint', 'add', ...flags, ...more, ...node)
  assert.equal(added.err, '')
  assert.match(added.out, /^endpoint 863 default\/deathstar added on node node1\nidentity 2033 allocated: k8s:class=/)
  const ships = file('ships.yaml', 'endpoints:\n- {name: xwing, labels: [org=alliance], ipv4: 10.0.0.209, id: 775}\n')
  assert.equal((await hindcast('endpoint', 'add', '-f', ships, ...node)).code, 0)
  const listed = await hindcast('endpoint', 'list', '--state', state)
  assert.match(listed.out, /863 .*k8s:class=deathstar .*10\.0\.0\.111 /)
  assert.match(listed.out, /775 /)
  const again = await hindcast('endpoint', 'add', '-f', ships, ...node)
  assert.match(again.out, /^1 unchanged\n/)
  const deleted = await hindcast('endpoint', 'delete', 'xwing', '863', '--state', state, '-o', 'json')
  assert.deepEqual(
    JSON.parse(deleted.out).items.map((item: { readonly endpoint: number }) => item.endpoint),
    [775, 863],
  )
  assert.equal((await hindcast('endpoint', 'delete', '9', '--state', state)).code, 3)
})

test('C13 everything that is wrong with endpoints is said at once, and nothing is appended', async () => {
  const state = newState()
  const wrong = file('wrong.yaml', '- {name: A, labels: [x], ipv4: 1.2.3}\n- {name: b, labels: [x], speed: 9}\n')
  const schema = await hindcast('endpoint', 'add', '-f', wrong, '--state', state)
  assert.equal(schema.code, 2)
  assert.match(schema.err, /unknown-field at .*wrong\.yaml \/1\/speed/)
  const values = file('values.yaml', '- {name: A, labels: [x], ipv4: 1.2.3}\n- {name: b, labels: []}\n')
  const ran = await hindcast('endpoint', 'add', '-f', values, '--state', state)
  assert.match(
    ran.err,
    /endpoint-name at .* \/0\/name[\s\S]*address-invalid at .*\/0\/ipv4[\s\S]*labels-missing at .*\/1/,
  )
  assert.equal((await hindcast('endpoint', 'add', '--state', state)).code, 2)
  assert.deepEqual(await eventsOf(state), [])
})

test('C14 a dry run says what would happen and appends nothing', async () => {
  const state = newState()
  const dry = await hindcast('apply', '-f', rule1, '--dry-run', '--state', state)
  assert.match(dry.out, /rule1 added, revision 2 \(dry run\)\n\nat the empty log, revision 1\n$/)
  assert.equal((await hindcast('apply', '-f', bad, '--dry-run', '--state', state)).code, 2)
  assert.deepEqual(await eventsOf(state), [])
})

test('C15 a tag names a position for --at', async () => {
  const state = newState()
  await hindcast('apply', '-f', rule1, '--state', state)
  assert.match((await hindcast('tag', 'before', '--state', state)).out, /^before is position 1\n/)
  await hindcast('delete', 'cnp/rule1', '--state', state)
  const then = await hindcast('policy', 'get', '--at', 'tag:before', '--state', state, '-o', 'json')
  assert.equal(JSON.parse(then.out).items.length, 1)
  assert.equal((await hindcast('tag', 'before', '--state', state)).code, 2)
  assert.equal((await hindcast('tag', 'before', 'rev:3', '--move', '--state', state)).code, 0)
  assert.equal((await hindcast('tag', 'x', '99', '--state', state)).code, 3)
  assert.equal((await hindcast('tag', 'x y', '--state', state)).code, 2)
})

test('C16 writers that run at the same time order themselves: none is lost, none comes twice', async () => {
  const state = newState()
  const names = Array.from({ length: 12 }, (_, index) => `rule${index}`)
  const ran = await Promise.all(
    names.map((name) => hindcastReading(policy(name), 'apply', '-f', '-', '--state', state)),
  )
  assert.deepEqual(
    ran.map(({ code, err }) => [code, err]),
    names.map(() => [0, '']),
  )
  const added = (await eventsOf(state)).map(({ event }) => event).filter((event) => event.type === 'PolicyAdded')
  assert.deepEqual(
    added.map(({ revision }) => revision),
    names.map((_, index) => index + 2),
  )
  assert.deepEqual(added.map(({ resource }) => resource.name).toSorted(), names.toSorted())
})

test('C6 a writing verb names a log that is damaged, newer or not to be written', async () => {
  const damaged = file('damaged.db', 'not a log')
  const ran = await hindcast('apply', '-f', rule1, '--log', damaged)
  assert.equal(ran.code, 4)
  assert.match(ran.err, /log-corrupt: .*damaged\.db/)
  assert.equal(readFileSync(damaged, 'utf8'), 'not a log')
  const below = await hindcast('apply', '-f', rule1, '--state', join(rule1, 'state'))
  assert.equal(below.code, 5)
  assert.match(below.err, /log-io: .*rule1\.yaml/)
})

test('C6 a log of a newer shape is left as it is', async () => {
  const state = newState()
  await hindcast('apply', '-f', rule1, '--state', state)
  using database = new DatabaseSync(join(state, 'log.db'))
  database.exec('PRAGMA user_version = 99')
  for (const verb of [
    ['apply', '-f', rule1],
    ['delete', 'cnp/rule1'],
    ['endpoint', 'add', '--name', 'x', '--labels', 'a'],
    ['tag', 'x'],
  ]) {
    const ran = await hindcast(...verb, '--state', state)
    assert.equal(ran.code, 4, verb.join(' '))
    assert.match(ran.err, /log-newer: .*log\.db has shape 99/)
  }
})

test('C6 who may not write is told which file, and nothing changes', async (t) => {
  const state = newState()
  await hindcast('apply', '-f', rule1, '--state', state)
  // Root may write everywhere, so there somebody else tries.
  const uid = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
  chmodSync(folder, 0o755)
  chmodSync(state, 0o555)
  chmodSync(join(state, 'log.db'), 0o444)
  const entry = join(import.meta.dirname, '../../src/cli/hindcast.ts')
  const args = [entry, 'delete', 'cnp/rule1', '--state', state]
  const ran = spawnSync(process.execPath, args, { encoding: 'utf8', ...uid })
  chmodSync(state, 0o755)
  if (ran.status === null || /MODULE_NOT_FOUND|EACCES: permission denied, (open|lstat) '.*\.ts'/.test(ran.stderr)) {
    return t.skip('nobody may not read the checkout')
  }
  assert.equal(ran.status, 5, ran.stderr)
  assert.match(ran.stderr, /^error: log-io: .*log\.db/)
  assert.equal((await eventsOf(state)).length, 1)
})
