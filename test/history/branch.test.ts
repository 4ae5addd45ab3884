/** Branches of the Star Wars story: what they say, that the log does not learn of them, and what merging does. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { decodeEvent } from '../../events/codec.ts'
import { Timestamp } from '../../events/ids.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { agentStory, landing, type Story, type StoryMoment } from './agent-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-branch-'))
let story: Story
before(async () => {
  story = await agentStory(join(folder, 'log.db'))
})
after(() => rmSync(folder, { recursive: true }))

async function branch(verb: string, ...args: readonly string[]) {
  return hindcast('branch', verb, ...args, '--log', story.path)
}

async function did(verb: string, ...args: readonly string[]): Promise<string> {
  const { code, out, err } = await branch(verb, ...args)
  assert.deepEqual([code, err], [0, ''])
  return out
}

const shown = async (name: string) =>
  JSON.parse((await branch('show', name, '--flows', '0', '--no-connections', '-o', 'json')).out)
const at = (moment: StoryMoment): string => String(story.at[moment])

function file(name: string, ...requests: readonly string[]): string {
  const path = join(folder, `${name}.yaml`)
  writeFileSync(path, JSON.stringify(landing(...requests)))
  return path
}

type Event = { readonly position: string; readonly type: string; readonly resource: { readonly name: string } }

/** Of all streams, oldest first. */
async function events(): Promise<readonly Event[]> {
  await using log = openSqliteLog({ path: story.path, now: () => Timestamp(Date.now()), readOnly: true })
  const found: Event[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) {
    found.push(
      ...batch
        .map(decodeEvent)
        .map(({ position, event }) => ({ ...(event as unknown as Event), position: String(position) })),
    )
  }
  return found
}

async function added(policy: string): Promise<string> {
  const found = (await events()).find(({ type, resource }) => type === 'PolicyAdded' && resource.name === policy)
  return found!.position
}

test('T35 a branch says what plan says on top of its fork, and the log does not learn of it', async () => {
  const head = (await events()).at(-1)!.position
  assert.equal(await did('create', 'wider', '--at', at('landing')), `wider begins at position ${at('landing')}\n`)
  const path = file('wider', 'POST /v1/request-landing', 'PUT /v1/exhaust-port')
  assert.equal(await did('apply', 'wider', '-f', path), 'set CiliumNetworkPolicy/default/rule1 on wider\n')
  const plan = await hindcast(
    'plan',
    '--log',
    story.path,
    '--at',
    at('landing'),
    '-f',
    path,
    '--flows',
    '0',
    '--no-connections',
    '-o',
    'json',
  )
  assert.deepEqual(await shown('wider'), JSON.parse(plan.out))
  const { code, out } = await branch('diff', 'wider')
  assert.equal(code, 1)
  assert.match(out, /^~ policy CiliumNetworkPolicy\/default\/rule1\n/)
  await did('delete', 'wider', 'cnp/rule1')
  assert.deepEqual((await shown('wider')).policies[0].kind, 'removed')
  assert.match(await did('list'), /^wider: at position [0-9]+, 2 commands\n {2}1 set .*\n {2}2 delete Cilium/)
  assert.equal((await events()).at(-1)!.position, head)
  assert.equal(await did('drop', 'wider'), 'wider dropped\n')
  assert.equal(await did('list'), 'no branches\n')
})

test('T36 without an old event the branch is as if that policy had never been applied', async () => {
  await did('create', 'never', '--at', at('noFighters'))
  await did('without', 'never', await added('no-fighters'))
  const never = await shown('never')
  assert.deepEqual(
    never.policies.map(({ policy, kind }: { policy: string; kind: string }) => [policy, kind]),
    [['CiliumNetworkPolicy/default/no-fighters', 'removed']],
  )
  const range = `${at('noFighters')}..${at('narrow')}`
  const done = JSON.parse((await hindcast('diff', range, '--semantic', '--log', story.path, '-o', 'json')).out)
  assert.deepEqual(
    never.endpoints.flatMap((one: { differences: unknown[] }) => one.differences),
    done.differences,
  )
  // The rule was set twice: without the second time it is as after the first.
  const changes = (await events()).filter(({ type, resource }) => type === 'PolicyAdded' && resource.name === 'rule1')
  await did('create', 'first', '--at', at('exhaust'))
  await did('without', 'first', changes[1]!.position)
  assert.equal((await shown('first')).policies[0].kind, 'changed')
  await did('create', 'same', '--at', at('exhaust'))
  await did('without', 'same', changes[0]!.position)
  const same = await branch('show', 'same', '--flows', '0', '-o', 'json')
  assert.deepEqual([same.code, JSON.parse(same.out).policies], [0, []])
  assert.equal((await branch('without', 'same', at('gone'))).code, 3)
  for (const name of ['never', 'first', 'same']) await did('drop', name)
})

test('T37 what is not there, comes twice, would be refused or was damaged is said by name', async () => {
  assert.match((await branch('show', 'nobody')).err, /no-such-branch: nobody; there are none/)
  assert.equal((await branch('show', 'nobody')).code, 3)
  assert.equal((await branch('create', '../up')).code, 2)
  assert.equal((await branch('create', 'far', '--at', '99999999')).code, 3)
  assert.match((await hindcast('branch', 'list', '--log', 'capsule:a.capsule')).err, /capsule-is-a-part/)
  const capsule = join(folder, 'a.capsule')
  await hindcast('capsule', 'export', '--from', at('ships'), '--to', at('landing'), capsule, '--log', story.path)
  const inside = await hindcast('status', '--at', 'branch:nobody', '--log', `capsule:${capsule}`)
  assert.deepEqual([inside.code, /branches are kept beside the whole/.test(inside.err)], [2, true], inside.err)
  await did('create', 'one')
  assert.match((await branch('create', 'one')).err, /branch-exists: one/)
  assert.equal((await branch('delete', 'one', 'cnp/nothing')).code, 3)
  const bad = join(folder, 'bad.yaml')
  writeFileSync(bad, 'kind: CiliumNetworkPolicy\nmetadata: {name: x}\nspec: {endpointSelector: {}, ingres: []}\n')
  assert.match((await branch('apply', 'one', '-f', bad)).err, /would be refused:\n.*\/spec\/ingres/)
  const path = join(`${story.path}.branches`, 'one.json')
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, -20))
  const damaged = await branch('show', 'one')
  assert.deepEqual([damaged.code, /one\.json is damaged/.test(damaged.err)], [4, true])
  await did('drop', 'one')
})

test('T38 merge makes the policies of the log so in one append, and lists what changed since the fork', async () => {
  await did('create', 'late', '--at', at('landing'))
  await did('apply', 'late', '-f', file('late', 'GET /v1'))
  const before = (await events()).length
  const conflict = await branch('merge', 'late')
  assert.deepEqual([conflict.code, conflict.out], [1, ''])
  assert.match(
    conflict.err,
    /branch-conflict at position [0-9]+, .* by .*: CiliumNetworkPolicy\/default\/rule1 was deleted since the fork/,
  )
  assert.equal((await events()).length, before)
  await did('drop', 'late')
  await did('create', 'good')
  await did('apply', 'good', '-f', file('good', 'GET /v1'))
  assert.match(await did('merge', 'good', '--dry-run'), /rule1 set \(dry run\)/)
  assert.equal((await events()).length, before)
  assert.match(await did('merge', 'good'), /^CiliumNetworkPolicy\/default\/rule1 set\n/)
  assert.deepEqual(
    (await events()).slice(before).map(({ type, resource }) => [type, resource.name]),
    [['PolicyAdded', 'rule1']],
  )
  assert.equal((await branch('show', 'good')).code, 3)
  await did('create', 'undo')
  await did('delete', 'undo', 'cnp/rule1')
  assert.match(await did('merge', 'undo'), /rule1 deleted\n/)
  assert.equal((await events()).at(-1)!.type, 'PolicyDeleted')
})

test('T39 rebase goes to a later moment, and lists what changed in between of the policies that the branch touches', async () => {
  await did('create', 'moved', '--at', at('exhaust'))
  await did('delete', 'moved', 'cnp/rule1')
  const path = join(`${story.path}.branches`, 'moved.json')
  const stood = readFileSync(path, 'utf8')
  const onto = await did('rebase', 'moved', '--onto', at('noFighters'))
  assert.equal(onto, `moved now stands at position ${at('noFighters')}\n`)
  const plan = [
    'plan',
    '--log',
    story.path,
    '--at',
    at('noFighters'),
    '--delete',
    'cnp/rule1',
    '--flows',
    '0',
    '--no-connections',
    '-o',
    'json',
  ]
  assert.deepEqual(await shown('moved'), JSON.parse((await hindcast(...plan)).out))
  assert.equal((await branch('rebase', 'moved', '--onto', at('landing'))).code, 2)
  writeFileSync(path, stood)
  const conflict = await branch('rebase', 'moved', '--onto', at('gone'))
  assert.deepEqual([conflict.code, conflict.out, readFileSync(path, 'utf8')], [1, '', stood])
  assert.match(
    conflict.err,
    /branch-conflict: CiliumNetworkPolicy\/default\/rule1 was deleted at position [0-9]+, .* by /,
  )
  await did('drop', 'moved')
})

type Blamed = {
  readonly key: object
  readonly rules: readonly { readonly policy: { readonly position: string } | null }[]
}

test('T36 every entry that one policy asked for, as blame says, is gone or another where that policy never was', async () => {
  const { out } = await hindcast('blame', '863', '--at', at('noFighters'), '--log', story.path, '-o', 'json')
  const all = await events()
  const blamed = (JSON.parse(out).items as readonly Blamed[]).flatMap(({ key, rules }) => {
    const position = rules[0]?.policy?.position
    return rules.length === 1 && position !== undefined ? [{ key, position }] : []
  })
  assert.ok(blamed.length >= 2)
  for (const { key, position } of blamed) {
    const { resource } = all.find((event) => event.position === position)!
    const versions = all.filter(
      (event) =>
        event.type === 'PolicyAdded' &&
        event.resource.name === resource.name &&
        BigInt(event.position) <= story.at.noFighters,
    )
    await did('create', 'without', '--at', at('noFighters'))
    await did('without', 'without', ...versions.map((event) => event.position))
    const deltas = (await shown('without')).endpoints.flatMap((one: { map: { key: object }[] }) => one.map)
    assert.equal(deltas.filter((delta: { key: object }) => isDeepStrictEqual(delta.key, key)).length, 1)
    await did('drop', 'without')
  }
})

test('T97 whoever changes a branch at the same time loses nothing, and a lock that was left is taken over', async () => {
  const created = await Promise.all([branch('create', 'crowded'), branch('create', 'crowded')])
  assert.deepEqual(created.map(({ code }) => code).toSorted(), [0, 2])
  const policy = (n: number): string => {
    const path = join(folder, `crowded-${n}.json`)
    const manifest = landing('POST /v1/request-landing') as { readonly metadata: object }
    writeFileSync(path, JSON.stringify({ ...manifest, metadata: { ...manifest.metadata, name: `crowded-${n}` } }))
    return path
  }
  const numbers = Array.from({ length: 8 }, (_, n) => n)
  await Promise.all(numbers.map((n) => did('apply', 'crowded', '-f', policy(n))))
  const kept = (await did('list')).match(/crowded-[0-9]+/g)
  assert.deepEqual(
    kept?.toSorted(),
    numbers.map((n) => `crowded-${n}`),
  )
  const branches = `${story.path}.branches`
  const lock = join(branches, 'crowded.json.lock')
  writeFileSync(lock, '')
  utimesSync(lock, 0, 0)
  await did('delete', 'crowded', 'cnp/default/crowded-3')
  assert.deepEqual(
    readdirSync(branches).filter((name) => name.startsWith('crowded')),
    ['crowded.json'],
  )
  await did('drop', 'crowded')
})
