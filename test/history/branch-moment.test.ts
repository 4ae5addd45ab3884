/** A branch as a moment: every verb that takes one, on the Star Wars story; and the verbs that ask what was recorded, which refuse it by name. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Position } from '../../events/ids.ts'
import { LAST_STEP, placeOf, positionOn, positionText } from '../../src/history/branch/place.ts'
import { landing } from './agent-story.ts'
import { Desk } from './branch-desk.ts'

const desk = new Desk()
const { at, run, did, asked, folder } = desk
before(async () => {
  await desk.open()
  await did('branch', 'create', 'calm', '--at', at('noFighters'))
  await did('branch', 'without', 'calm', await added('no-fighters'))
  await did('branch', 'delete', 'calm', 'cnp/rule1')
})
after(desk.close)

/** Position of the first event that set the policy. */
async function added(policy: string): Promise<string> {
  return (await desk.positionsOf(policy))[0]!
}

const ASK = ['why', '--from', 'tiefighter', '--to', 'deathstar', '--http', 'POST /v1/request-landing']

test('T87 a place on a branch is a position above every log’s, and says its branch, fork and command', () => {
  const places = [
    { name: 'calm', fork: Position(92n), command: 2, step: LAST_STEP },
    { name: `z${'-'.repeat(62)}`, fork: Position(2n ** 63n - 1n), command: 0, step: 0 },
    { name: 'a', fork: null, command: 1, step: 7 },
  ]
  for (const place of places) {
    const position = positionOn(place)
    assert.deepEqual(placeOf(position), place)
    assert.ok(position > 2n ** 64n)
    assert.equal(positionText(position), `branch:${place.name}/${place.command}`)
  }
  assert.equal(placeOf(Position(2n ** 63n - 1n)), null)
  assert.equal(positionText(Position(92n)), '92')
})

test('T87 why on a branch is of its world, command by command, and names the command as origin where the log has none', async () => {
  const answers = await Promise.all(
    ['HEAD', at('noFighters'), 'branch:calm/0', 'branch:calm/1', 'branch:calm'].map((moment) =>
      asked(...ASK, '--at', moment),
    ),
  )
  assert.deepEqual(
    answers.map(({ items }) => items[0].allowed),
    [true, false, false, true, true],
  )
  assert.deepEqual(answers.map(({ position }) => position).slice(2), [
    'branch:calm/0',
    'branch:calm/1',
    'branch:calm/2',
  ])
  assert.equal(answers[4].items[0].sides[1].inForce.rules[0].origin, 'reserved:allow-any-ingress')
  const path = join(folder, 'narrow.json')
  writeFileSync(path, JSON.stringify(landing('GET /v1')))
  await did('branch', 'create', 'narrow', '--at', at('landing'))
  await did('branch', 'apply', 'narrow', '-f', path)
  const { out } = await run(...ASK, '--at', 'branch:narrow')
  assert.match(out, /^DENIED {2}/)
  const origin =
    /rule1 \/spec\/ingress\/0: revision 3, position branch:narrow\/1, .*, user branch narrow by cli command 1: set CiliumNetworkPolicy\/default\/rule1$/m
  assert.match(out, origin)
  assert.match(out, new RegExp(`^at branch:narrow/1 from position ${at('landing')}, .*, revision 3$`, 'm'))
})

test('T87 a diff has a branch on either side, and between two branches; --semantic has witnesses that why confirms', async () => {
  const there = await asked('diff', `${at('noFighters')}..branch:calm/1`)
  const real = await asked('diff', `${at('noFighters')}..${at('narrow')}`)
  const maps = ({ endpoints }: { endpoints: { endpoint: number; map: unknown[] }[] }) =>
    endpoints.filter(({ map }) => map.length > 0)
  assert.deepEqual(
    maps(there).map(({ map }) => map),
    maps(real).map(({ map }) => map),
  )
  assert.deepEqual(
    there.policies.map(({ policy, kind }: { policy: string; kind: string }) => [policy, kind]),
    [['CiliumNetworkPolicy/default/no-fighters', 'removed']],
  )
  // The log went the same way on, so nothing but versions and revisions lies between.
  const beside = await asked('diff', `${at('narrow')}..branch:calm/1`)
  assert.deepEqual(maps(beside), [])
  await did('branch', 'create', 'twin', '--at', at('noFighters'))
  await did('branch', 'delete', 'twin', 'cnp/no-fighters')
  assert.deepEqual(maps(await asked('diff', 'branch:calm/1..branch:twin')), [])
  assert.equal(maps(await asked('diff', 'branch:twin..branch:calm')).length, 1)
  const { differences } = await asked('diff', `branch:calm..${at('noFighters')}`, '--semantic')
  assert.ok(differences.length > 3)
  for (const { witness, change } of differences.slice(0, 3)) {
    const words = witness.match(/'[^']*'|\S+/g).map((word: string) => word.replaceAll("'", ''))
    const sides = [await asked(...words, '--at', 'branch:calm'), await asked(...words, '--at', at('noFighters'))]
    assert.deepEqual(
      sides.map(({ items }) => items[0].allowed),
      change === 'allowed' ? [false, true] : [true, false],
    )
  }
})

test('T87 tables, blame, status, xDS and files are of the branch', async () => {
  const { items } = await asked('blame', '863', '--at', 'branch:calm')
  const [entry] = items
  assert.deepEqual(
    [entry.event.position, entry.cause.actor, entry.cause.source],
    ['branch:calm/2', 'user branch calm', 'cli command 2: delete CiliumNetworkPolicy/default/rule1'],
  )
  const status = await asked('status', '--at', 'branch:calm')
  assert.deepEqual(
    status.items[0].progress.map(({ realised, revision }: { realised: boolean; revision: number }) => [
      realised,
      revision,
    ]),
    [
      [true, 6],
      [true, 6],
      [true, 6],
    ],
  )
  const policies = await asked('policy', 'get', '--at', 'branch:calm/1')
  assert.deepEqual(
    policies.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
    ['rule1'],
  )
  const endpoints = await asked('endpoint', 'list', '--at', 'branch:calm')
  assert.equal(endpoints.items.length, 3)
  assert.equal((await asked('bpf', 'policy', 'get', '863', '--at', 'branch:calm')).items[0].entries.length, 2)
  const xds = JSON.stringify(await asked('xds', 'get', '--at', 'branch:calm'))
  assert.match(xds, /"branch:calm\/2"/)
  assert.match(
    await did('history', '863', 'ingress:ANY:ANY', '--at', 'branch:calm'),
    /^ingress:ANY:ANY +allow +branch:calm\/2 /m,
  )
  const into = join(folder, 'into')
  assert.match(await did('replay', '--to', 'branch:calm', '--into', into), /files of branch:calm\/2 in /)
  assert.equal(JSON.parse(readFileSync(join(into, 'moment.json'), 'utf8')).position, 'branch:calm/2')
  const map = JSON.parse(readFileSync(join(into, 'nodes/node1/endpoints/863/policy-map.json'), 'utf8'))
  assert.equal(map.entries.length, 2)
  const plan = await run('plan', '--at', 'branch:calm/1', '--delete', 'cnp/rule1', '-o', 'json')
  assert.deepEqual([plan.code, JSON.parse(plan.out).position], [1, 'branch:calm/1'])
})

test('T87 what asks for what was recorded refuses a branch with the reason (2); a branch or command that is not there is named (3)', async () => {
  const refused: readonly (readonly string[])[] = [
    ['replay', '--to', 'branch:calm'],
    ['replay', '--from', 'branch:calm'],
    ['prove', '--consistency', at('ships'), 'branch:calm'],
    ['capsule', 'export', '--from', at('ships'), '--to', 'branch:calm', join(folder, 'x.capsule')],
    ['tag', 'mine', 'branch:calm'],
    ['checkpoint', 'export', '--at', 'branch:calm'],
    ['windows', '--to', 'branch:calm'],
    ['plan', '--delete', 'cnp/rule1', '--at', at('landing'), '--since', 'branch:calm'],
    ['branch', 'create', 'more', '--at', 'branch:calm'],
    ['branch', 'rebase', 'calm', '--onto', 'branch:calm'],
  ]
  for (const args of refused) {
    const { code, err } = await run(...args)
    assert.deepEqual(
      [code, /this is asked of what was recorded, and on a branch nothing was/.test(err)],
      [2, true],
      `${args.join(' ')}: ${err}`,
    )
  }
  assert.equal(existsSync(join(folder, 'x.capsule')), false)
  const missing = await run(...ASK, '--at', 'branch:nobody')
  assert.deepEqual([missing.code, /there is no branch nobody; .*calm/.test(missing.err)], [3, true])
  const beyond = await run(...ASK, '--at', 'branch:calm/3')
  assert.deepEqual([beyond.code, /calm has 2 commands/.test(beyond.err)], [3, true])
})

test('T87 on a branch, too, a build of policies that contradict each other fails, and what was in force stays', async () => {
  const path = join(folder, 'kafka.json')
  const rules = { kafka: [{ topic: 'plans' }] }
  const ingress = [{ fromEndpoints: [{}], toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules }] }]
  const spec = { endpointSelector: { matchLabels: { class: 'deathstar' } }, ingress }
  writeFileSync(
    path,
    JSON.stringify({ kind: 'CiliumNetworkPolicy', metadata: { name: 'kafka', namespace: 'default' }, spec }),
  )
  await did('branch', 'create', 'torn', '--at', at('exhaust'))
  await did('branch', 'apply', 'torn', '-f', path)
  const { items } = await asked('status', '--at', 'branch:torn')
  const torn = items[0].progress.find(({ endpoint }: { endpoint: number }) => endpoint === 863)
  assert.deepEqual([torn.realised, torn.since.position], [false, 'branch:torn/1'])
  assert.match(torn.reason, /^the build of revision 4 failed in policyCalculation: parser-conflict: /)
  const { out } = await run(...ASK, '--at', 'branch:torn')
  assert.match(out, /^ALLOWED[\s\S]*its policies contradict each other: parser-conflict/)
})

test('T87 a proxy port that no agent has allocated yet is said to be one: 1 for programs, words for people', async () => {
  const path = join(folder, 'first.json')
  writeFileSync(path, JSON.stringify(landing('POST /v1/request-landing')))
  await did('branch', 'create', 'first', '--at', at('ships'))
  await did('branch', 'apply', 'first', '-f', path)
  const { items } = await asked('bpf', 'policy', 'get', '863', '--at', 'branch:first')
  const ports = items[0].entries.map(({ value }: { value: { proxyPort: number } }) => value.proxyPort)
  assert.deepEqual(new Set(ports), new Set([0, 1]))
  assert.match((await run(...ASK, '--at', 'branch:first')).out, /, to a proxy port that is to be allocated$/m)
  const diff = await run('diff', `${at('ships')}..branch:first`)
  assert.match(diff.out, /80\/TCP redirect proxy \(port to be allocated\) precedence/)
  assert.equal((await asked(...ASK, '--at', 'branch:first')).items[0].allowed, true)
})
