/** Policies that nobody should write, through the verbs that a person types: refused with field, place and reason, and nothing else. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import type { Json } from '../../events/schema.ts'
import { readInvalidVectors } from '../vectors/read.ts'
import { mutated, reworded } from './mutations.ts'
import { hindcast, hindcastReading } from './recorded-log.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-malformed-'))
after(() => rmSync(folder, { recursive: true }))

const { cases, oddities } = readInvalidVectors()
const INVALID: readonly (readonly [name: string, object: Json])[] = [
  ...cases.map(({ name, policy, rule }) => [name, policy ?? rule ?? null] as const),
  ...oddities.flatMap(({ name, input }) =>
    [...(input.policies ?? []), ...(input.rules ?? [])].map((object) => [name, object] as const),
  ),
]

/** `code at /path, line 3:5: reason`, the path down to a field that stands in the text or is missing in it. */
const PROBLEM = /^ {2}[a-z0-9-]+ at (\/[^ ,]*), line ([0-9]+):([0-9]+): \S.*$/

test('C11 each invalid policy and each oddity of the vectors is refused by validate, with field, place and reason', async () => {
  assert.equal(INVALID.length, 72)
  for (const [name, object] of INVALID) {
    const text = stringify(object)
    const { code, out } = await hindcastReading(text, 'validate', '-f', '-')
    assert.equal(code, 2, name)
    const [head, ...problems] = out.trimEnd().split('\n')
    assert.match(head!, /^-: .+ refused$/, name)
    assert.ok(problems.length > 0, name)
    for (const problem of problems) {
      const [, path = '', line, column] = PROBLEM.exec(problem) ?? assert.fail(`${name}: ${problem}`)
      const place = text.split('\n')[Number(line) - 1]?.slice(Number(column) - 1) ?? ''
      assert.ok(place !== '', `${name}: nothing stands at ${problem}`)
      assert.ok(path.startsWith('/spec') || path.startsWith('/metadata') || !('kind' in (object as object)), problem)
    }
  }
})

const POLICIES: readonly string[] = [
  `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: rule1, namespace: default, labels: {a: b}}
spec:
  description: deathstar
  endpointSelector: {matchLabels: {org: empire}, matchExpressions: [{key: class, operator: In, values: [deathstar]}]}
  ingress:
    - fromEndpoints: [{matchLabels: {org: empire, "k8s:io.kubernetes.pod.namespace": prod}}]
      toPorts:
        - ports: [{port: "80", protocol: TCP}, {port: http, protocol: TCP}]
          rules: {http: [{method: POST, path: "/v1/.*", host: a, headers: ["X: y"], headerMatches: [{name: x, mismatch: LOG, secret: {name: s}}]}]}
    - fromCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]
      icmps: [{fields: [{family: IPv4, type: 8}]}]
    - fromEntities: [world, cluster]
  egress:
    - toFQDNs: [{matchPattern: "*.example.com"}]
      toPorts: [{ports: [{port: "443", endPort: 450, protocol: TCP}], serverNames: [a.example.com]}]
    - toServices: [{k8sService: {serviceName: db, namespace: default}}]
    - toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchName: a.b}]}}]
  ingressDeny: [{fromRequires: [{matchLabels: {x: z}}], toPorts: [{ports: [{port: "22"}]}]}]
  enableDefaultDeny: {ingress: true, egress: false}
`,
  `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: np, namespace: prod}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}, {namespaceSelector: {}}], ports: [{port: 80, endPort: 90}]}]
---
apiVersion: cilium.io/v2alpha1
kind: CiliumCIDRGroup
metadata: {name: office}
spec: {externalCIDRs: [10.0.0.0/8]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: db, namespace: default}
subsets: [{addresses: [{ip: 192.0.2.7}]}]
`,
  JSON.stringify([
    {
      endpointSelector: {},
      ingress: [
        {
          toPorts: [
            { ports: [{ port: '9092', protocol: 'TCP' }], rules: { kafka: [{ role: 'consume', topic: 'a' }] } },
          ],
        },
      ],
    },
  ]),
]
const EXPECTATIONS = join(folder, 'expectations.yaml')
writeFileSync(
  EXPECTATIONS,
  `pods: {web: {labels: {app: web, org: empire, class: deathstar}, ports: [{name: http, port: 80}]}}
expectations:
  - {from: world, to: web, port: 80, http: GET /, expect: deny}
  - {from: web, to: 192.0.2.7, port: 443, expect: deny}
`,
)

test('C11 whatever is written, validate, apply and check take it or refuse it; validate tells what apply does', async () => {
  const state = join(folder, 'state')
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...POLICIES).chain((text) => fc.oneof(mutated(text), reworded(text), reworded(text))),
      async (text) => {
        const validated = await hindcastReading(text, 'validate', '-f', '-')
        assert.ok(validated.code === 0 || validated.code === 2, validated.err)
        const applied = await hindcastReading(text, 'apply', '-f', '-', '--state', state)
        assert.equal(applied.code, validated.code, `${validated.out}\n${applied.err}`)
        const checked = await hindcastReading(text, 'check', '-f', '-', '--expect', EXPECTATIONS)
        assert.ok(validated.code === 2 ? checked.code === 2 : checked.code < 2, checked.err)
        if (validated.code === 0) accepted++
      },
    ),
    { seed: 8_412, numRuns: 150 },
  )
  assert.ok(accepted > 5, `${accepted} were accepted`)
  const verified = await hindcast('verify', '--state', state)
  assert.equal(verified.code, 0, verified.err)
})

test('C26 cases with mutated policies are answered one line each, or named; none stops the others', async () => {
  const objects = INVALID.map(([, object]) => object)
  const one = (policy: Json, n: number): string =>
    JSON.stringify({
      name: `case-${n}`,
      input: {
        identities: [
          { id: 1000, labels: ['k8s:app=web', 'k8s:io.kubernetes.pod.namespace=default'] },
          { id: 2, labels: ['reserved:world'] },
        ],
        policies: [policy],
        rules: [policy],
        endpoints: [{ id: 1, identity: 1000 }],
      },
      states: [
        { probes: [[1, 'ingress', 2, 6, 80]], http: [{ endpoint: 1, direction: 'egress', identity: 2, port: 80 }] },
      ],
    })
  const broken = fc.sample(fc.constantFrom(...objects.map((object, n) => one(object, n))).chain(mutated), {
    seed: 8_412,
    numRuns: 600,
  })
  const lines = [...objects.map(one), ...broken.map((line) => line.replaceAll(/[\r\n]/g, ' '))]
  const { code, out, err } = await hindcastReading(`${lines.join('\n')}\n${one({}, -1)}`, 'eval', '-')
  assert.equal(code, 2)
  const answers = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.equal(answers.at(-1)?.name, 'case--1')
  const bad = new Set(err.split('\n').flatMap((line) => /^-:([0-9]+): /.exec(line)?.[1] ?? []))
  const blank = lines.filter((line) => line.trim() === '').length
  assert.equal(answers.length + bad.size + blank, lines.length + 1)
  for (const [index] of objects.entries()) assert.equal(answers[index].name, `case-${index}`)
})

test('C11 the texts that are spoilt here are right themselves', async () => {
  for (const text of POLICIES) {
    const { code, out } = await hindcastReading(text, 'validate', '-f', '-')
    assert.equal(code, 0, out)
  }
})
