import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { readExampleVectors, readVectors, type VectorCase } from '../vectors/read.ts'
import { answerState, type Tally, tally } from './vector-answers.ts'
import { engineOf, identitiesByState, stepChange } from './vector-engine.ts'

const FAILURES_SHOWN = 80

/** Each state from scratch, and one engine through all of them. */
function answerCase(one: VectorCase, into: Tally): void {
  const { name, input, states } = one
  if (one.contestedCase !== undefined) return
  const identities = identitiesByState(input)
  const followed = engineOf(input, identities[0] ?? [])
  states.forEach((state, i) => {
    if (i > 0) followed.apply(stepChange(input.steps?.[i - 1] ?? {}))
    answerState(engineOf(input, identities[i] ?? []), { input, state, name: `${name} state ${i}` }, into)
    answerState(followed, { input, state, name: `${name} state ${i} followed` }, into)
  })
}

function answerAll(t: TestContext, cases: readonly VectorCase[]): void {
  const answers = tally()
  for (const one of cases) answerCase(one, answers)
  t.diagnostic(`${answers.asked - answers.failures.length} passed, ${answers.failures.length} failed`)
  const shown = answers.failures.slice(0, FAILURES_SHOWN).join('\n')
  assert.equal(answers.failures.length, 0, `${answers.failures.length} of ${answers.asked} answers differ\n${shown}`)
}

test('R1 every answer of the handwritten vectors, in every state', (t) => {
  answerAll(t, readVectors('handwritten'))
})

test('R1 every answer of the random vectors, in every state', (t) => {
  answerAll(t, readVectors('random'))
})

test('R1 every answer of the example policies', (t) => {
  const cases = readExampleVectors()
  if ('skip' in cases) t.skip(cases.skip)
  else answerAll(t, cases)
})
