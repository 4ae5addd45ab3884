import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stringify } from 'yaml'
import type { Json } from '../../events/schema.ts'
import { DEPTH_MAX } from '../../projections/policy/parse/document.ts'
import { readJsonText } from '../../projections/policy/parse/json-text.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import { POLICY_TEXT_MAX, problemsOfText, readPolicyText } from '../../projections/policy/parse/text.ts'
import { YAML_TOKENS_MAX } from '../../projections/policy/parse/yaml-text.ts'
import { readVectors } from '../vectors/read.ts'
import { policy, refused } from './policies.ts'

/** `code path line:column` of everything that stands in the way. */
function problems(text: string): readonly string[] {
  return problemsOfText(readPolicyText(text, 'file')).map(
    ({ code, path, line, column }) => `${code} ${path} ${line}:${column}`,
  )
}

function names(text: string): readonly string[] {
  const { readings, problems: wrong } = readPolicyText(text, 'file')
  assert.deepEqual(wrong, [])
  return readings.map((reading) => {
    assert.ok(reading.kind === 'accepted', JSON.stringify(reading))
    return `${reading.policy.resource.kind}/${reading.policy.resource.name}`
  })
}

const WEB = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: web
spec:
  endpointSelector: {}
  ingress:
    - fromEntities: [cluster]
`

test('P19 YAML and JSON, one document or several, lists and bare rules are read', () => {
  assert.deepEqual(names(WEB), ['CiliumNetworkPolicy/web'])
  assert.deepEqual(names(`# first\n---\n${WEB}---\n${WEB.replace('name: web', 'name: db')}---\n`), [
    'CiliumNetworkPolicy/web',
    'CiliumNetworkPolicy/db',
  ])
  const rule = { endpointSelector: {}, ingress: [{}] }
  assert.deepEqual(names(JSON.stringify(rule)), ['Rule/file'])
  assert.deepEqual(names(JSON.stringify([rule, rule])), ['Rule/file', 'Rule/file-1'])
  const object = (name: string) => ({ kind: 'CiliumClusterwideNetworkPolicy', metadata: { name }, spec: rule })
  assert.deepEqual(names(`${JSON.stringify(object('a'), null, 2)}\n${JSON.stringify(object('b'))}\n`), [
    'CiliumClusterwideNetworkPolicy/a',
    'CiliumClusterwideNetworkPolicy/b',
  ])
  const items = [object('a'), object('b')]
  const both = ['CiliumClusterwideNetworkPolicy/a', 'CiliumClusterwideNetworkPolicy/b']
  assert.deepEqual(names(stringify({ apiVersion: 'v1', kind: 'List', items })), both)
  const bare = items.map(({ metadata, spec }) => ({ metadata, spec }))
  const typed = { apiVersion: 'cilium.io/v2', kind: 'CiliumClusterwideNetworkPolicyList', metadata: {}, items: bare }
  assert.deepEqual(names(JSON.stringify(typed)), both)
  assert.deepEqual(
    names(`\ufeff{kind: CiliumClusterwideNetworkPolicy, metadata: {name: a}, spec: {endpointSelector: {}}}`),
    ['CiliumClusterwideNetworkPolicy/a'],
  )
})

test('P19 the vectors read the same from YAML, from JSON and as objects', () => {
  for (const object of readVectors('handwritten').flatMap(({ input }) => input.policies ?? [])) {
    const expected = readPolicy(object)
    const accepted = expected.kind === 'accepted' ? expected.policy : null
    for (const text of [stringify(object, { version: '1.1' }), JSON.stringify(object, null, 1)]) {
      const [reading, ...others] = readPolicyText(text, 'file').readings
      assert.deepEqual(others, [])
      assert.deepEqual(reading?.kind === 'accepted' ? reading.policy : null, accepted, text)
      assert.equal(reading?.schemaProblems.length, expected.schemaProblems.length)
    }
  }
})

test('P20 every problem has its line and column, and those of all documents come at once', () => {
  const text = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: Web
spec:
  endpointSelector: {}
  colour: blue
  ingress:
    - toPorts:
        - ports:
            - port: 80
---
apiVersion: cilium.io/v1
kind: CiliumNetworkPolicy
metadata: {name: db}
---
apiVersion: v1
kind: Pod
`
  assert.deepEqual(problems(text), [
    'name-invalid /metadata/name 4:9',
    'not-text /spec/ingress/0/toPorts/0/ports/0/port 11:21',
    'unknown-field /spec/colour 7:3',
    'policy-empty /spec 13:1',
    'api-version /apiVersion 13:13',
    'kind-unknown /kind 18:7',
  ])
})

test('P20 problems in JSON and in the items of a list have their places', () => {
  const text = `{"kind": "List", "items": [
  {"kind": "CiliumNetworkPolicy", "metadata": {"name": "a"},
   "spec": {"endpointSelector": {}, "2": 0, "1": 0, "ingress": [{"fromEntities": ["all", "moon"]}]}}
]}`
  assert.deepEqual(problems(text), [
    'entity-unknown /items/0/spec/ingress/0/fromEntities/1 3:90',
    'unknown-field /items/0/spec/2 3:37',
    'unknown-field /items/0/spec/1 3:45',
  ])
})

test('P21 a key given twice and an object given twice are refused', () => {
  const twice = WEB.replace('spec:', 'spec:\n  endpointSelector: {matchLabels: {app: web}}')
  assert.deepEqual(problems(twice), ['duplicate-key  7:3'])
  assert.deepEqual(problems('{"kind": "A",\n "kind": "B"}'), ['duplicate-key  2:2'])
  assert.deepEqual(problems(`${WEB}---\n${WEB}`), ['duplicate-resource /metadata/name 13:9'])
})

test('P21 what YAML 1.1 and 1.2 read differently is refused, in quotes it is text', () => {
  const label = (value: string) =>
    problems(WEB.replace('endpointSelector: {}', `endpointSelector: {matchLabels: {app: ${value}}}`))
  for (const value of ['yes', 'No', 'on', 'OFF', 'y', '010', '-01', '1_000', '0o17', '0b11']) {
    assert.deepEqual(label(value), ['yaml-ambiguous  6:41'], value)
    assert.deepEqual(
      label(`'${value}'`).filter((text) => text.startsWith('yaml')),
      [],
    )
  }
  assert.deepEqual(label('80'), ['not-text /spec/endpointSelector/matchLabels/app 6:41'])
  assert.deepEqual(label('.inf'), ['not-json  6:41'])
  assert.deepEqual(problems(WEB.replace('name: web', 'on: web')), ['yaml-ambiguous  4:3', 'key-not-text  4:3'])
  assert.deepEqual(problems(`%YAML 1.1\n---\n${WEB}`), ['yaml-directive  2:1'])
  assert.deepEqual(problems(WEB.replace('name: web', 'name: !secret web')), ['yaml-tag-resolve-failed  4:9'])
  assert.deepEqual(problems(`? a\n: b\n`), ['yaml-explicit-key  1:1'])
  assert.deepEqual(problems('1: a\n'), ['key-not-text  1:1'])
})

test('P21 anchors, aliases and merge keys are read', () => {
  const text = `kind: CiliumNetworkPolicy
metadata: {name: a}
spec:
  endpointSelector: &web {matchLabels: {app: web}}
  ingress:
    - &peer
      fromEndpoints: [*web]
    - <<: *peer
      toPorts: [{ports: [{port: "80", protocol: TPC}]}]
`
  assert.deepEqual(problems(text), ['protocol-unknown /spec/ingress/1/toPorts/0/ports/0/protocol 9:49'])
  const [reading] = readPolicyText(text.replace('TPC', 'TCP'), 'file').readings
  assert.ok(reading?.kind === 'accepted')
  const [first, second] = reading.policy.rules[0]?.ingress ?? []
  assert.deepEqual(second?.peers, first?.peers)
  assert.equal(second?.ports?.length, 1)
  assert.deepEqual(problems('a: *b\n'), ['yaml-alias  1:4'])
  assert.deepEqual(problems('a: &a [*a]\n'), ['yaml-alias  1:8'])
})

test('P22 a text without policies, too long, or that is no YAML or JSON is refused', () => {
  for (const text of ['', '\n', '# nothing\n', '---\n---\n', 'null'])
    assert.deepEqual(problems(text), ['text-empty  1:1'], text)
  assert.deepEqual(problems(' '.repeat(POLICY_TEXT_MAX + 1)), ['text-too-long  1:1'])
  assert.deepEqual(problems('42'), ['not-an-object  1:1', 'kind-unknown /kind 1:1'])
  assert.deepEqual(problems('a: [b\n').length, 1)
  assert.deepEqual(problems('{"a": ]'), ['syntax  1:7'])
  assert.deepEqual(problems(`${WEB}---\n\tx: [`).length > 0, true)
})

test('P22 nesting and unfolding of aliases have bounds', () => {
  const deep = (open: string, close: string) => open.repeat(DEPTH_MAX + 1) + close.repeat(DEPTH_MAX + 1)
  assert.deepEqual(problems(deep('[', ']')), [`too-deep  1:${DEPTH_MAX + 1}`])
  assert.match(problems(`a: ${deep('[', ']')}`)[0] ?? '', /^too-deep |^yaml-resource-exhaustion /)
  assert.match(problems('- '.repeat(100_000))[0] ?? '', /^too-deep |^yaml-resource-exhaustion /)
  const levels = [...'bcdefghi'].map(
    (name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[i]}`).join(',')}]`,
  )
  assert.match(problems(`a: &a [x,x,x,x,x,x,x,x,x]\n${levels.join('\n')}\n`)[0] ?? '', /^document-too-large /)
})

test('P22 a token that looks like a mark of the lexer, or of a document, does not get round the bounds', () => {
  assert.deepEqual(problems(`- \u001f\n- a\n? b\n`).length > 0, true)
  const endless = '- ---\n'.repeat(YAML_TOKENS_MAX / 4 + 1)
  assert.match(problems(endless)[0] ?? '', /^document-too-large /)
})

test('P22 an object that is given as such has the same bound of levels', () => {
  const deep = Array.from({ length: 5_000 }).reduce<Json>((inner) => [inner], [])
  assert.deepEqual(refused(policy({ ingress: [{}], x: deep })), ['too-deep /spec/x'])
})

test('P22 a JSON text has the values that JSON.parse gives it', () => {
  const texts = ['[1,-0.5e+3,"\\u00e9\\n\\\\",true,false,null,{}]', '{"__proto__":1,"b":{"10":1,"2":[]}}', ' "x" ']
  for (const text of texts) {
    const documents = readJsonText(text)
    assert.ok(!('code' in documents))
    assert.deepEqual(
      documents.map(({ value }) => value),
      [JSON.parse(text)],
    )
  }
  for (const text of [
    '[1,]',
    '{,}',
    '{"a":1,}',
    '[1 2]',
    '[01]',
    '["\n"]',
    '"\\x"',
    'tru',
    '{"a" 1}',
    '-',
    '1e999',
    '"a',
    '{a:1}',
  ]) {
    assert.ok('code' in readJsonText(text), text)
  }
})
