import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { EndpointId, NodeName, nodeStream, type Position } from '../../events/ids.ts'
import { bisectBy, bisectExpectation } from '../../src/history/bisect.ts'
import type { History } from '../../src/history/history.ts'
import type { Moment } from '../../src/history/position.ts'
import { worldAt, worldFrom } from '../../src/history/state-at.ts'
import { verdictAt } from '../../src/history/verdict-at.ts'
import { type WhyQuestion, why, whyStateAt, whyStateFrom } from '../../src/history/why.ts'
import { openSqliteLog } from '../../src/log/sqlite/log.ts'
import { IN_MEMORY, openReadModel } from '../../src/readmodel/model.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { agentStory, type Story } from './agent-story.ts'
import { randomLog, randomStory, tell, tellTimes } from './random-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-bisect-'))
let story: Story
before(async () => {
  story = await agentStory(join(folder, 'log.db'))
})
after(() => rmSync(folder, { recursive: true }))

async function momentsOf(log: History['log']): Promise<readonly Moment[]> {
  const moments: Moment[] = []
  for await (const batch of log.readAll({ direction: 'forwards', after: null })) moments.push(...batch)
  return moments
}

function request(method: string, path: string): WhyQuestion['request'] {
  return { method, path, authority: 'deathstar', headers: [] }
}

const QUESTIONS: readonly WhyQuestion[] = [
  { from: 'tiefighter', to: 'deathstar', protocol: 6, port: 80, request: request('POST', '/v1/request-landing') },
  { from: 'tiefighter', to: 'deathstar', protocol: 6, port: 80, request: request('PUT', '/v1/exhaust-port') },
  { from: 'xwing', to: 'deathstar', protocol: 6, port: 80, request: null },
  { from: '10.0.0.209', to: '10.0.0.111', protocol: 17, port: 53, request: null },
  { from: 'world', to: 'deathstar', protocol: 6, port: 80, request: null },
  { from: 'class=tiefighter', to: '863', protocol: 6, port: 443, request: null },
  { from: 'deathstar', to: 'world', protocol: 6, port: 443, request: null },
  { from: 'identity:258', to: 'identity:257', protocol: 6, port: 80, request: request('POST', '/v1/request-landing') },
]

test('T19 the verdict that is bisected is the one that why explains, at every moment', async () => {
  await using log = openSqliteLog({ path: story.path, now: () => 0 as never, readOnly: true })
  using model = await openReadModel(log, IN_MEMORY)
  for (const moment of (await momentsOf(log)).filter((_, index) => index % 3 === 0)) {
    const state = await whyStateAt(log, moment)
    const indexed = await whyStateFrom({ log, model }, moment)
    for (const question of QUESTIONS) {
      const [expected, found] = [why(state, question), verdictAt(state.world, question)]
      const allowed = expected.kind === 'answered' ? expected.answer.allowed : null
      assert.deepEqual(why(indexed, question), expected, `${moment.position} through the read model`)
      assert.equal(found.kind === 'judged' ? found.allowed : null, allowed, `${moment.position} ${question.from}`)
    }
  }
})

test('T19 bisect finds the first event after which the expectation fails, with as few evaluations as halving takes', async () => {
  await using log = openSqliteLog({ path: story.path, now: () => 0 as never, readOnly: true })
  using model = await openReadModel(log, IN_MEMORY)
  const moments = await momentsOf(log)
  const by = (position: Position): number => moments.findIndex((moment) => moment.position === position)
  const { at } = story
  let turns = 0
  for (const question of QUESTIONS) {
    for (const expect of [true, false]) {
      for (const [good, bad] of [
        [at.ships, at.landing],
        [at.landing, at.exhaust],
        [at.exhaust, at.noFighters],
        [at.noFighters, at.gone],
      ] as const) {
        const holds = async (index: number): Promise<boolean> => {
          const found = verdictAt(await worldAt(log, moments[index]!), question)
          return found.kind === 'judged' && found.allowed === expect
        }
        const [from, to] = [by(good), by(bad)]
        const outcome = await bisectExpectation(
          { log, model },
          { good: moments[from]!, bad: moments[to]! },
          { question, expect },
        )
        if (!(await holds(from)) || (await holds(to))) {
          assert.equal(outcome.kind, 'not-between')
          continue
        }
        if (outcome.kind !== 'turned') throw new Error(outcome.reason)
        turns += 1
        const turned = moments.findIndex(({ position }) => String(position) === outcome.turn.event.position)
        assert.deepEqual([await holds(turned - 1), await holds(turned)], [true, false])
        assert.ok(outcome.turn.evaluations <= 2 + Math.ceil(Math.log2(to - from)) + 1)
        assert.equal(outcome.turn.cause?.actor, 'user leia')
        assert.ok(outcome.turn.changes.length > 0)
      }
    }
  }
  assert.ok(turns >= 8, `${turns} turns were found`)
})

test('T19 a planted change in 100,000 events is found', async () => {
  const log = await randomLog(50, 0)
  await tellTimes(log, randomStory(50, 5_000), 10)
  const planted = { type: 'EndpointDeleted', v: 1, endpoint: EndpointId(9) } as const
  const created = { type: 'EndpointCreated', v: 1, endpoint: EndpointId(9), name: 'default/db', labels: [] } as const
  const address = { ipv4: null, ipv6: null, device: null, mac: null, nodeMac: null, namedPorts: [] }
  const node = nodeStream(NodeName('node1'))
  await tell(log, [[node, { ...created, ...address }]])
  const good = (await momentsOf(log)).at(-1)!
  await tellTimes(log, randomStory(51, 5_500), 4)
  await tell(log, [[node, planted]])
  const event = (await log.head())!
  await tellTimes(log, randomStory(52, 7_000), 4)
  const bad = (await momentsOf(log)).at(-1)!
  using model = await openReadModel(log, IN_MEMORY)
  let evaluations = 0
  const outcome = await bisectBy({ log, model }, { good, bad }, async (at) => {
    evaluations += 1
    return [...(worldFrom(model, at).nodes.get('node1')?.endpoints.values() ?? [])].some(
      ({ name }) => name === 'default/db',
    )
  })
  assert.equal(outcome.kind === 'turned' ? outcome.turn.event.position : '', String(event))
  assert.ok(evaluations <= 2 + 25, `${evaluations} evaluations`)
})

const ask = (...args: readonly string[]) => hindcast(...args, '--log', story.path)

test('T20 the verb names the event, the person behind it and what changed', async () => {
  const range = ['bisect', '--good', String(story.at.landing), '--bad', String(story.at.exhaust), '--log', story.path]
  const { code, out } = await hindcast(
    ...range,
    '--',
    'deny',
    'tiefighter',
    '->',
    'deathstar:80',
    'PUT',
    '/v1/exhaust-port',
  )
  assert.equal(code, 0)
  assert.match(
    out,
    /^deny tiefighter -> deathstar:80 PUT \/v1\/exhaust-port\nheld until position [0-9]+, .*\nturned by XdsAcked at position [0-9]+, .*, agent node1, following PolicyAdded at [0-9]+ by user leia \(test set-policies\)\n/,
  )
  assert.match(out, /~ xds npds 863\n/)
  assert.equal((await hindcast(...range, '--', 'deny xwing -> deathstar:81')).code, 3)
  const whole = ['bisect', '--good', String(story.at.ships), '--bad', String(story.at.landing), '--log', story.path]
  const turned = JSON.parse((await hindcast(...whole, '-o', 'json', '--', 'allow xwing -> deathstar:80')).out)
  assert.deepEqual(
    [turned.event.type, turned.cause.type, turned.cause.actor],
    ['EndpointRegenerationSucceeded', 'PolicyAdded', 'user leia'],
  )
})

test('T20 --run takes any command, which finds the moment in its environment', async () => {
  const { code, out, err } = await ask('bisect', '--good', '5', '--bad', '100', '--run', 'test "$HINDCAST_AT" -lt 42')
  assert.equal(code, 0)
  assert.match(out, /turned by [A-Za-z]+ at position 42, /)
  assert.match(err, /^5: good\n100: bad \(1\)\n/)
  const failing = await ask('bisect', '--good', '5', '--bad', '100', '--run', 'exit 130')
  assert.deepEqual([failing.code, /command-failed at --run: ended with 130 at position 5/.test(failing.err)], [5, true])
  const untestable = await ask('bisect', '--good', '5', '--bad', '100', '--run', 'exit 125')
  assert.equal(untestable.code, 5)
})

test('T20 what cannot be searched is named', async () => {
  const wrong: readonly (readonly [number, ...string[]])[] = [
    [2, '--good', '9', '--bad', '5', '--run', 'true'],
    [2, '--good', '5'],
    [3, '--good', '5', '--run', 'true'],
    [3, '--good', '500', '--run', 'true'],
  ]
  for (const [expected, ...args] of wrong)
    assert.deepEqual([args.join(' '), (await ask('bisect', ...args)).code], [args.join(' '), expected])
  for (const words of [
    'allow a',
    'maybe a -> b:80',
    'allow a -> b:80/UDP GET /',
    'allow a -> b:99999',
    'allow a -> b:80/FOO',
  ]) {
    const { code, err } = await hindcast('bisect', '--good', '5', '--log', story.path, '--', words)
    assert.deepEqual([words, code, /expectation-wrong/.test(err)], [words, 2, true])
  }
  const late = await hindcast('bisect', '--good', '5', '--', 'allow', 'a', '->', 'b:80', '--log', story.path)
  assert.deepEqual([late.code, /option-misplaced: --log stands before --/.test(late.err)], [2, true])
})
