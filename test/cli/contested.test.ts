/** Questions on which Cilium 1.13.3's engine is not to be copied: each gets the safer answer, or the one that SPEC.md argues for. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { EvalState } from '../../src/cli/eval/evaluate.ts'
import { readExampleVectors, readInvalidVectors, readVectors, type VectorCase } from '../vectors/read.ts'
import { hindcastReading } from './recorded-log.ts'

const examples = readExampleVectors()
const CASES = [...readVectors('handwritten'), ...readVectors('random'), ...('skip' in examples ? [] : examples)]
const SPEC = readFileSync(join(import.meta.dirname, '..', '..', 'SPEC.md'), 'utf8')

type Question = { readonly reason: string; readonly safer: string; readonly found: string; readonly text: string }

/** Asks a case only what is contested in it. */
function asked({ name, input, states }: VectorCase): string {
  const questions = states.map(({ contested }) => ({
    probes: (contested?.probes ?? []).map((probe) => probe.slice(0, 5)),
    http: contested?.http ?? [],
  }))
  return JSON.stringify({ name, input, states: questions })
}

function questionsOf({ name, states }: VectorCase, answers: readonly EvalState[]): readonly Question[] {
  return states.flatMap(({ contested }, index) => {
    const { probes, http } = answers[index]!
    const connections = (contested?.probes ?? []).map((probe, n) => {
      const [reasons, safer, found] = [probe[7], probe[6], probes[n]!]
      return { reason: reasons.join(), safer, found, text: `${name} ${index} ${probe.slice(0, 5)}` }
    })
    const requests = (contested?.http ?? []).map((one, n) => {
      const { reasons, safer } = one
      return {
        reason: `http ${reasons.join()}`,
        safer,
        found: http[n]!,
        text: `${name} ${index} ${JSON.stringify(one)}`,
      }
    })
    return [...connections, ...requests]
  })
}

async function answered(cases: readonly VectorCase[]): Promise<readonly Question[]> {
  const { code, out, err } = await hindcastReading(cases.map(asked).join('\n'), 'eval', '-')
  assert.deepEqual([code, err], [0, ''])
  const lines = out.trimEnd().split('\n')
  return cases.flatMap((one, index) => questionsOf(one, JSON.parse(lines[index]!).states))
}

/** `reason: found instead of safer`, and why that stands. */
const ARGUED: Readonly<Record<string, string>> = {
  'deny-no-protocol: allow instead of deny': 'the recorded engine loses allows of other ports; the policy allows them',
  'deny-no-protocol: redirect instead of deny': 'the same where L7 rules allow',
  'zero-prefix: allow instead of redirect': 'the L7 rules are for the other family, a rule without L7 for this one',
  'http zero-prefix: deny instead of allow': 'the connection of the other family is denied already',
}

test('R16 every contested question gets the safer answer, or the one that is argued for', async (t) => {
  const questions = await answered(CASES)
  assert.ok(questions.length > 2_500)
  const otherwise = questions.filter(({ found, safer }) => found !== safer)
  const kinds = new Set(otherwise.map(({ reason, found, safer }) => `${reason}: ${found} instead of ${safer}`))
  t.diagnostic(`${questions.length} contested questions, ${otherwise.length} answered as argued`)
  assert.deepEqual([...kinds].toSorted(), Object.keys(ARGUED).toSorted())
  assert.ok(otherwise.length < questions.length / 30)
})

test('R16 every reason to contest has its row in SPEC.md', () => {
  const { oddities } = readInvalidVectors()
  const reasons = [...CASES, ...oddities].flatMap(({ states }) =>
    states.flatMap(({ contested }) => [
      ...(contested?.probes ?? []).flatMap((probe) => probe[7]),
      ...(contested?.http ?? []).flatMap((one) => one.reasons),
    ]),
  )
  for (const reason of [...new Set(reasons), 'bad-cidr'])
    assert.match(SPEC, new RegExp(`\\n\\| ${reason} +\\|`), reason)
})

test('R16 what is contested as a whole is refused, and has a row of its own in SPEC.md', () => {
  for (const { name, contestedCase } of readInvalidVectors().oddities) {
    assert.ok(contestedCase !== undefined, name)
    assert.match(SPEC, new RegExp(`\\n\\| ${name} +\\| refused[ ,]`), name)
  }
})
