import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { stringify } from 'yaml'
import { canonicalText } from '../../events/canonical.ts'
import type { Json } from '../../events/schema.ts'
import { readJsonText } from '../../projections/policy/parse/json-text.ts'
import { readPolicy } from '../../projections/policy/parse/policy.ts'
import { PROBLEMS_MAX } from '../../projections/policy/parse/reader.ts'
import { isPlainExpression } from '../../projections/policy/parse/regex.ts'
import {
  POLICY_TEXT_MAX,
  problemsOfText,
  readPolicyText,
  TEXT_PROBLEMS_MAX,
} from '../../projections/policy/parse/text.ts'
import { readYamlText } from '../../projections/policy/parse/yaml-text.ts'
import { readInvalidVectors, readVectors } from '../vectors/read.ts'
import { policy } from './policies.ts'

const SEED = 20_250_807

const NETWORK_POLICY: Json = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace: 'prod' },
  spec: {
    podSelector: { matchLabels: { app: 'web' } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [
      { from: [{ namespaceSelector: {}, podSelector: {} }], ports: [{ port: 80, endPort: 90 }, { port: 'http' }] },
    ],
    egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }], ports: [{ protocol: 'UDP' }] }],
  },
}

const POLICIES: readonly Json[] = [
  ...Array.from({ length: 60 }, () => NETWORK_POLICY),
  ...readVectors('handwritten').flatMap(({ input }) => input.policies ?? []),
  ...readVectors('random')
    .slice(0, 40)
    .flatMap(({ input }) => input.policies ?? []),
  ...readInvalidVectors().cases.flatMap(({ policy: wrong }) => (wrong === undefined ? [] : [wrong])),
]

/** Words that mean something somewhere, so that mutations get past the first check. */
const WORDS = [
  '',
  '0',
  '80',
  '65536',
  'TCP',
  'ANY',
  'http',
  'In',
  'NotIn',
  'Exists',
  'a',
  'all',
  'reserved:init',
  '**.a',
  '10.0.0.0/8',
  '::/0',
  '(',
  '.*',
]
const FIELDS = [
  'spec',
  'specs',
  'ingress',
  'egressDeny',
  'toPorts',
  'ports',
  'rules',
  'http',
  'dns',
  'l7',
  'l7proto',
  'matchLabels',
  '__proto__',
  'constructor',
  'endPort',
  'x',
]

const anyJson: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, true, 0, -1, 1.5, 2 ** 53, ...WORDS, {}, [], [[]], [{}], { a: {} }),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>,
)

type Edit = {
  readonly at: number
  readonly how: 'replace' | 'delete' | 'add' | 'repeat'
  readonly value: Json
  readonly field: string
}

const anyEdit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(200),
  how: fc.constantFrom('replace', 'delete', 'add', 'repeat'),
  value: anyJson,
  field: fc.constantFrom(...FIELDS),
})

const mutated: fc.Arbitrary<Json> = fc
  .tuple(fc.constantFrom(...POLICIES), fc.array(anyEdit, { minLength: 1, maxLength: 4 }))
  .map(([start, edits]) => edits.reduce(edited, start))

/** The value with its `at`-th part (counted round) changed. */
function edited(value: Json, { at, how, value: other, field }: Edit): Json {
  let left = at % (partsOf(value) + 1)
  const walk = (node: Json): Json | undefined => {
    if (left-- === 0) return changed(node)
    if (Array.isArray(node)) return (node as readonly Json[]).map(walk).filter((item) => item !== undefined)
    if (typeof node !== 'object' || node === null) return node
    const entries = Object.entries(node).map(([key, inner]) => [key, walk(inner)] as const)
    return Object.fromEntries(entries.filter((entry): entry is [string, Json] => entry[1] !== undefined))
  }
  const changed = (node: Json): Json | undefined => {
    if (how === 'delete') return undefined
    if (how === 'repeat' && Array.isArray(node)) return [...node, ...node]
    if (how === 'add' && typeof node === 'object' && node !== null && !Array.isArray(node)) {
      return Object.fromEntries([...Object.entries(node), [field, other]])
    }
    return other
  }
  return walk(value) ?? null
}

function partsOf(value: Json): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce((sum: number, inner: Json) => sum + partsOf(inner), 1)
}

test('P27 whatever object is read, the answer is a policy that reads to itself or a refusal with reasons', () => {
  fc.assert(
    fc.property(mutated, (object) => {
      const reading = readPolicy(object)
      if (reading.kind === 'refused') {
        assert.ok(reading.problems.length > 0)
        return
      }
      assert.ok(canonicalText(reading.policy.manifest).length > 0)
      const again = readPolicy(reading.policy.manifest)
      assert.deepEqual(again.kind === 'accepted' ? again.policy : again, reading.policy)
    }),
    { seed: SEED, numRuns: 2_000 },
  )
})

/** Each problem stands at a place of the text. */
function checkText(text: string): void {
  const read = readPolicyText(text, 'file')
  assert.ok(read.readings.length + read.problems.length > 0)
  const lines = text.split('\n')
  for (const { line, column, reason } of problemsOfText(read)) {
    assert.ok(line !== null && column !== null && line >= 1 && column >= 1 && line <= lines.length, reason)
    assert.ok(column <= (lines[line - 1]?.length ?? 0) + 1, `${line}:${column} ${reason}`)
  }
}

const anySplice: fc.Arbitrary<{ readonly at: number; readonly remove: number; readonly insert: string }> = fc.record({
  at: fc.nat(2_000),
  remove: fc.nat(8),
  insert: fc.oneof(
    fc.constantFrom(
      ...'{}[]:,"\'\\\n\t -?&*!|>%@`#',
      '\n  ',
      ': ',
      '- ',
      '? ',
      '&a ',
      '*a ',
      '<<: ',
      '---\n',
      '...\n',
      '!!str ',
      '|\n',
      '"\\u0000"',
      '\r',
      '\ufeff',
      '\ud800',
    ),
    fc.string({ maxLength: 6, unit: 'binary' }),
  ),
})

test('P27 whatever text is read, the answer is policies or problems, each with its place', () => {
  const texts = POLICIES.flatMap((object) => [stringify(object, { version: '1.1' }), JSON.stringify(object, null, 2)])
  const spliced = fc
    .tuple(fc.constantFrom(...texts), fc.array(anySplice, { minLength: 1, maxLength: 4 }))
    .map(([start, splices]) =>
      splices.reduce((text, { at, remove, insert }) => {
        const from = at % (text.length + 1)
        return text.slice(0, from) + insert + text.slice(from + remove)
      }, start),
    )
  fc.assert(fc.property(spliced, checkText), { seed: SEED, numRuns: 800 })
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), checkText), { seed: SEED, numRuns: 500 })
})

test('P27 a value written as JSON or as YAML is read back', () => {
  const value = (fc.jsonValue({ maxDepth: 6 }) as fc.Arbitrary<Json>).map(
    (any) => JSON.parse(JSON.stringify(any)) as Json,
  )
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 1, 2), (expected, indent) => {
      const documents = readJsonText(JSON.stringify(expected, null, indent))
      assert.ok(!('code' in documents))
      assert.deepEqual(
        documents.map((document) => document.value),
        [expected],
      )
      const [part] = [...readYamlText(stringify(expected, { version: '1.1' }))]
      if (part?.kind === 'document') assert.deepEqual(part.document.value, expected)
      else
        assert.ok(
          part?.faults.every(({ code }) => code === 'yaml-ambiguous'),
          JSON.stringify(part),
        )
    }),
    { seed: SEED, numRuns: 500 },
  )
})

test('P27 an expression that is taken without compiling compiles', () => {
  const piece = fc.constantFrom(
    ...'ab9/-. |^$*+?()[]\\_:',
    '[a-z]',
    '[^0-9_]+',
    '(?:a|b)*',
    '(.*)',
    '\\.',
    '\\d+',
    '.*',
    '.+',
  )
  const expression = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
  let plain = 0
  fc.assert(
    fc.property(expression, (text) => {
      if (!isPlainExpression(text)) return
      plain += 1
      RE2JS.compile(text)
    }),
    { seed: SEED, numRuns: 5_000 },
  )
  assert.ok(plain > 300, `${plain} plain expressions`)
})

/** Milliseconds; several times what a slow machine needs, and far below what an input without bound would take. */
const HOSTILE_MS_MAX = 15_000

const HOSTILE: { readonly [name: string]: () => string } = {
  'regular expressions that unfold': () =>
    json({ toPorts: [port({ http: times(2_000, (i) => ({ path: `((a|b){30}){30}${i}(c?d)` })) })] }),
  'a regular expression with thousands of alternatives': () =>
    json({
      toPorts: [
        port({
          http: times(200, (i) => ({
            path: times(300, (k) => `a{1}${i}b${k}`)
              .join('|')
              .slice(0, 1_999),
          })),
        }),
      ],
    }),
  'forty ports for hundreds of selectors': () =>
    json({
      fromEndpoints: times(500, (i) => ({ matchLabels: { app: `a${i}` } })),
      toPorts: times(200, (k) => ({ ports: times(40, (i) => ({ port: `${1 + k * 40 + i}`, protocol: 'ANY' })) })),
    }),
  'nested exceptions': () =>
    json({ fromCIDRSet: times(50, () => ({ cidr: '0.0.0.0/0', except: times(32, (i) => `0.0.0.0/${i + 1}`) })) }),
  'an object of 300,000 unknown fields': () =>
    JSON.stringify(policy(Object.fromEntries(times(300_000, (i) => [`f${i}`, i])))),
  'a text in quotes as long as may be': () => `{"kind": "${'\\"'.repeat(POLICY_TEXT_MAX / 2 - 10)}"}`,
  'deep JSON': () => '['.repeat(POLICY_TEXT_MAX),
  'deep YAML': () => 'a:\n  - '.repeat(1) + '- '.repeat(1_000_000),
  'YAML in flow': () => `a: ${'[{b: '.repeat(200_000)}`,
  'YAML of one line a key': () => times(200_000, (i) => `k${i}: 1`).join('\n'),
  'YAML of unknown fields': () => `kind: CiliumNetworkPolicy\nspec:\n${times(80_000, (i) => `  k${i}: 1`).join('\n')}`,
  'YAML with explicit keys': () => '? '.repeat(1_000_000),
  'YAML in which aliases unfold': () =>
    `a: &a [x,x,x,x,x,x,x,x,x]\n${times(
      25,
      (i) =>
        `b${i}: &b${i} [${Array(9)
          .fill(i === 0 ? '*a' : `*b${i - 1}`)
          .join(',')}]`,
    ).join('\n')}\n`,
  'YAML of anchors': () => times(100_000, (i) => `- &a${i} x`).join('\n'),
  'YAML of empty documents': () => '---\n'.repeat(200_000),
  'YAML comments': () => '# nothing\n'.repeat(400_000),
}

for (const [name, make] of Object.entries(HOSTILE)) {
  test(`P28 bounded in time and in problems: ${name}`, () => {
    const text = make()
    const start = performance.now()
    const found = problemsOfText(readPolicyText(text, 'file'))
    const ms = performance.now() - start
    assert.ok(ms < HOSTILE_MS_MAX, `${ms} ms for ${text.length} characters`)
    assert.ok(found.length <= 2 * (PROBLEMS_MAX + 1))
  })
}

test('P28 the problems of many objects have a bound together, and every refusal keeps a reason', () => {
  const wrong = times(500, (i) => ({
    kind: 'CiliumNetworkPolicy',
    metadata: { name: `p${i}` },
    spec: { ingress: times(100, () => 1) },
  }))
  const { readings } = readPolicyText(JSON.stringify(wrong), 'file')
  const counts = readings.map((reading) => (reading.kind === 'refused' ? reading.problems.length : 0))
  assert.equal(counts.length, 500)
  assert.ok(counts.every((count) => count > 0))
  assert.ok(counts.reduce((sum, count) => sum + count) < TEXT_PROBLEMS_MAX + 500)
})

function times<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

function json(element: Json): string {
  return JSON.stringify(policy({ ingress: [element] }))
}

function port(rules: Json): Json {
  return { ports: [{ port: '80', protocol: 'TCP' }], rules }
}
