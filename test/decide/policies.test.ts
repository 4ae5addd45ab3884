import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf, digestOfText } from '../../events/canonical.ts'
import type { EventOf } from '../../events/catalogue.ts'
import type { Problem, ResourceRef } from '../../events/fields.ts'
import { PolicyRevision, Position } from '../../events/ids.ts'
import { REFUSAL_PROBLEMS_MAX } from '../../events/policy.ts'
import type { Command } from '../../src/decide/command.ts'
import { type PolicyWish, REFUSALS_MAX } from '../../src/decide/policies.ts'
import { given } from './given.ts'

const inputDigest = digestOfText('the file')

function named(name: string, namespace: string | null = 'default'): ResourceRef {
  return { kind: 'CiliumNetworkPolicy', namespace, name }
}

function manifest(name: string, spec: number): { readonly [key: string]: string | number } {
  return { kind: 'CiliumNetworkPolicy', name, spec }
}

function wish(name: string, spec = 1): PolicyWish {
  return { kind: 'policy', inputDigest, resource: named(name), manifest: manifest(name, spec), rules: 1 }
}

function set(...wishes: readonly PolicyWish[]): Command {
  return { kind: 'set-policies', wishes }
}

function added(name: string, revision: number, { spec = 1, replaces = 0 } = {}): EventOf<'PolicyAdded'> {
  return {
    type: 'PolicyAdded',
    v: 1,
    resource: named(name),
    manifest: manifest(name, spec),
    digest: digestOf(manifest(name, spec)),
    rules: 1,
    revision: PolicyRevision(revision),
    replaces: replaces === 0 ? null : digestOf(manifest(name, replaces)),
  }
}

function deleted(name: string, revision: number, spec = 1): EventOf<'PolicyDeleted'> {
  const digest = digestOf(manifest(name, spec))
  return { type: 'PolicyDeleted', v: 1, resource: named(name), digest, revision: PolicyRevision(revision) }
}

function unreadable(name: string | null, problems: readonly Problem[]): PolicyWish {
  return { kind: 'unreadable', inputDigest, resource: name === null ? null : named(name), problems }
}

const problem: Problem = { code: 'port-invalid', path: '/spec/ingress/0', reason: '70000', line: 3, column: 5 }

test('W1 the policies of an input are added in order, each with the next revision', () => {
  given()
    .when(set(wish('a'), wish('b')))
    .then(added('a', 2), added('b', 3))
  given(added('z', 2), deleted('z', 3))
    .when(set(wish('a')))
    .then(added('a', 4))
})

test('W1 a changed policy replaces the older one and names its digest', () => {
  given(added('a', 2))
    .when(set(wish('a', 7)))
    .then(added('a', 3, { spec: 7, replaces: 1 }))
})

test('W2 what is there already is not added again', () => {
  given(added('a', 2))
    .when(set(wish('a')))
    .thenNothing()
  given(added('a', 2))
    .when(set(wish('a'), wish('b')))
    .then(added('b', 3))
  given().when(set()).thenNothing()
})

test('W3 an input with one bad document is refused as a whole, with all problems on the log', () => {
  const { decision, thenRefused } = given().when(set(wish('a'), unreadable('b', [problem, problem])))
  thenRefused('port-invalid', 'port-invalid')
  assert.deepEqual(decision.kind === 'refused' && decision.record.flatMap(({ events }) => events), [
    {
      type: 'PolicyRefused',
      v: 1,
      resource: named('b'),
      inputDigest,
      problems: [problem, problem],
      furtherProblems: 0,
    },
  ])
})

test('W3 a policy that comes twice in one input is refused', () => {
  given()
    .when(set(wish('a', 1), wish('b'), wish('a', 2)))
    .thenRefused('policy-repeated')
})

test('W4 a refusal keeps a bounded part and says how much more there was', () => {
  const many = Array.from({ length: REFUSAL_PROBLEMS_MAX + 7 }, () => problem)
  const documents = Array.from({ length: REFUSALS_MAX + 5 }, () => unreadable(null, many))
  const { decision } = given().when(set(...documents))
  assert.ok(decision.kind === 'refused')
  assert.equal(decision.problems.length, documents.length * many.length)
  const events = decision.record.flatMap((append) => append.events)
  assert.equal(events.length, REFUSALS_MAX)
  assert.ok(events.every((event) => event.type === 'PolicyRefused' && event.furtherProblems === 7))
})

test('W5 policies are deleted by name, each with the next revision', () => {
  const state = [added('a', 2), added('b', 3, { spec: 9 })]
  const command = { kind: 'delete-policies', ignoreMissing: false } as const
  given(...state)
    .when({ ...command, resources: [named('b'), named('a'), named('b')] })
    .then(deleted('b', 4, 9), deleted('a', 5))
})

test('W5 deleting what is not there is refused with the nearest names and leaves nothing on the log', () => {
  const state = given(added('rule1', 2), added('other', 3))
  const resources = [named('rule2'), named('rule1')]
  const { decision, thenRefused } = state.when({ kind: 'delete-policies', resources, ignoreMissing: false })
  thenRefused('policy-not-found')
  assert.ok(decision.kind === 'refused')
  assert.match(decision.problems[0]!.reason, /nearest are CiliumNetworkPolicy\/default\/rule1/)
  assert.deepEqual(decision.record, [])
  state.when({ kind: 'delete-policies', resources, ignoreMissing: true }).then(deleted('rule1', 4))
})

test('W6 a tag names one position until it is moved', () => {
  const tag = (position: bigint, move = false): Command => ({
    kind: 'tag-position',
    name: 'before-the-trench-run',
    position: Position(position),
    move,
  })
  const tagged = { type: 'PositionTagged', v: 1, name: 'before-the-trench-run', position: '41' } as const
  given().when(tag(41n)).then(tagged)
  given(tagged).when(tag(41n)).thenNothing()
  given(tagged).when(tag(42n)).thenRefused('tag-exists')
  given(tagged)
    .when(tag(42n, true))
    .then({ ...tagged, position: '42' })
  given()
    .when({ kind: 'tag-position', name: 'a b', position: Position(1n), move: false })
    .thenRefused('tag-name')
})
