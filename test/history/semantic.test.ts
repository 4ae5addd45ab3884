import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { IdentityId } from '../../events/ids.ts'
import { type PolicyMap, type PolicyMapEntry, policyMapKeyText } from '../../projections/datapath/policy-map.ts'
import { compileExpression } from '../../projections/l7/expression.ts'
import { expressionSample } from '../../projections/l7/sample.ts'
import { type JudgedPolicy, judge } from '../../projections/verdict/judge.ts'
import { type SemanticDifference, semanticDifferences } from '../../projections/verdict/semantic.ts'
import { hindcast } from '../cli/recorded-log.ts'
import { agentStory, type Story } from './agent-story.ts'
import { chance } from './random-story.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-semantic-'))
let story: Story
before(async () => {
  story = await agentStory(join(folder, 'log.db'))
})
after(() => rmSync(folder, { recursive: true }))

type Dice = ReturnType<typeof chance>
const KNOWN = [2, 300, 301, 302, 303, 304]
const PROTOCOLS = [1, 6, 17, 132]

function randomMap(dice: Dice): PolicyMap {
  const entries = Array.from({ length: dice(7) }, (): PolicyMapEntry => {
    const protocol = [0, 1, 6, 17][dice(4)]!
    const portBits = protocol === 0 ? 0 : [0, 3, 12, 16][dice(4)]!
    const port = ([0, 80, 8_192, 443, 65_535][dice(5)]! >> (16 - portBits)) << (16 - portBits)
    const verdict = dice(3) === 0 ? 'deny' : 'allow'
    const identity = IdentityId(dice(4) === 0 ? 0 : 300 + dice(3))
    const key = { direction: dice(2) === 0 ? 'ingress' : 'egress', identity, protocol, port, portBits } as const
    return { key, value: { verdict, proxyPort: 0, precedence: dice(3), authType: 0, origins: [] } }
  })
  return new Map(entries.map((entry) => [policyMapKeyText(entry.key), entry]))
}

function randomPolicy(dice: Dice): JudgedPolicy {
  return { ingressEnforced: dice(4) > 0, egressEnforced: dice(4) > 0, map: randomMap(dice), l7: null, rules: null }
}

/** A policy that differs from `policy` a little, as after one change of a rule. */
function edited(policy: JudgedPolicy, dice: Dice): JudgedPolicy {
  const entries = [...policy.map].filter(() => dice(4) > 0)
  return { ...policy, map: new Map([...entries, ...[...randomMap(dice)].slice(0, 1)]) }
}

test('T21 every difference has a witness that is judged differently, and every connection that is judged differently is in one', () => {
  const dice = chance(60)
  let differing = 0
  for (let round = 0; round < 400; round += 1) {
    const policy = randomPolicy(dice)
    const question = { before: policy, after: dice(2) === 0 ? randomPolicy(dice) : edited(policy, dice), known: KNOWN }
    const found = semanticDifferences(question)
    for (const { witness, change } of found) {
      assert.equal(judge(question.before, witness).allowed, change === 'denied')
      assert.equal(judge(question.after, witness).allowed, change === 'allowed')
      assert.ok(KNOWN.includes(witness.identity))
    }
    for (let probe = 0; probe < 60; probe += 1) {
      const asked = {
        direction: dice(2) === 0 ? 'ingress' : 'egress',
        identity: KNOWN[dice(KNOWN.length)]!,
        protocol: PROTOCOLS[dice(PROTOCOLS.length)]!,
        port: [1, 79, 80, 81, 443, 8_191, 8_192, 8_200, 16_384, 65_535][dice(10)]!,
        request: null,
      } as const
      if (asked.protocol === 1 && asked.port > 255) continue
      const [was, is] = [judge(question.before, asked).allowed, judge(question.after, asked).allowed]
      const covered = found.filter((each) => covers(each, asked, [question.before.map, question.after.map]))
      if (was !== is) differing += 1
      assert.equal(covered.length, was === is ? 0 : 1, JSON.stringify({ asked, was, is }))
      if (was !== is) assert.equal(covered[0]!.change, is ? 'allowed' : 'denied')
    }
  }
  assert.ok(differing > 1_000, `${differing} connections were judged differently`)
})

function covers(
  { direction, identity, protocol, ports }: SemanticDifference,
  asked: { readonly direction: string; readonly identity: number; readonly protocol: number; readonly port: number },
  maps: readonly PolicyMap[],
): boolean {
  const isNamed = maps.some((map) =>
    [...map.values()].some(({ key }) => key.direction === asked.direction && key.identity === asked.identity),
  )
  return (
    direction === asked.direction &&
    protocol === asked.protocol &&
    identity === (isNamed ? asked.identity : 0) &&
    asked.port >= ports.from &&
    asked.port <= ports.to
  )
}

test('T21 expressions of rules are sampled with what they take, or not at all', () => {
  const texts = [
    '/v1/request-landing',
    '/v1/.*',
    '/(public|private)/[a-z]+\\.html',
    'GET|HEAD',
    '/users/[0-9]{3,8}',
    '(?i:get)',
    '[^/]+/x',
    '/a\\+b\\?c',
    '^/anchored$',
    '(?P<name>abc)+',
    '\\d+-\\w*',
    '',
  ]
  for (const text of texts) {
    const sample = expressionSample(text)
    const compiled = compileExpression(text)
    assert.ok(
      sample !== null && compiled.kind === 'compiled' && compiled.expression.matches(sample),
      `${text}: ${sample}`,
    )
  }
  for (const text of ['(', '\\pL', '[[:alpha:]]x', '\\Qa.b\\E', 'a\\bb']) {
    const sample = expressionSample(text)
    const compiled = compileExpression(text)
    assert.ok(sample === null || (compiled.kind === 'compiled' && compiled.expression.matches(sample)), text)
  }
})

/** The words of a shell, as far as witnesses use quotes. */
function words(command: string): readonly string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2]!)
}

test('T22 diff --semantic gives a question for each difference that why answers differently at the two moments', async () => {
  const { at, path } = story
  const pairs = [
    [at.ships, at.landing],
    [at.landing, at.exhaust],
    [at.exhaust, at.noFighters],
    [at.noFighters, at.gone],
    [at.gone, at.landing],
  ] as const
  for (const [from, to] of pairs) {
    const { code, out } = await hindcast('diff', `${from}..${to}`, '--semantic', '-o', 'json', '--log', path)
    const { differences, notComparable } = JSON.parse(out)
    assert.deepEqual([code, notComparable], [1, []])
    assert.ok(differences.length > 0)
    for (const { witness, change } of differences) {
      const codes = await Promise.all(
        [from, to].map(
          async (moment) =>
            (await hindcast(...words(witness), '--exit-code', '--at', String(moment), '--log', path)).code,
        ),
      )
      assert.deepEqual([witness, codes], [witness, change === 'allowed' ? [1, 0] : [0, 1]])
    }
  }
})

test('T22 diff --semantic says what a person would: one request more, one ship less', async () => {
  const ask = async (range: string) => hindcast('diff', range, '--semantic', '--log', story.path)
  const { landing, exhaust, noFighters, narrow } = story.at
  const wider = await ask(`${landing}..${exhaust}`)
  assert.match(
    wider.out,
    /^\+ default\/deathstar ingress from k8s:class=deathstar .* 80\/TCP such as PUT \/v1\/exhaust-port\n/,
  )
  assert.match(
    wider.out,
    /\+ default\/deathstar ingress from k8s:class=tiefighter .* 80\/TCP such as PUT \/v1\/exhaust-port\n/,
  )
  const denied = await ask(`${exhaust}..${noFighters}`)
  assert.match(
    denied.out,
    /^- default\/deathstar ingress from k8s:class=tiefighter .* 80\/TCP such as POST \/v1\/request-landing\n/,
  )
  const same = await ask(`${exhaust}..${narrow}`)
  assert.deepEqual([same.code, same.out.split('\n')[0]], [0, 'nothing is newly allowed or denied'])
  const early = await ask(`10..${narrow}`)
  assert.match(early.out, /^\? default\/\S+: no policy in force at one of the moments$/m)
})
