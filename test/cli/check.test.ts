import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { hindcast, type Ran } from './recorded-log.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-check-'))
after(() => rmSync(folder, { recursive: true }))
const policies = join(folder, 'policies')
mkdirSync(policies)
writeFileSync(
  join(policies, 'rule1.yaml'),
  `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: rule1, namespace: default}
spec:
  endpointSelector: {matchLabels: {org: empire, class: deathstar}}
  ingress:
    - fromEndpoints: [{matchLabels: {org: empire}}]
      toPorts: [{ports: [{port: http, protocol: TCP}], rules: {http: [{method: POST, path: /v1/request-landing}]}}]
    - fromCIDR: [10.0.0.0/8]
      toPorts: [{ports: [{port: "22", protocol: TCP}]}]
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: dns, namespace: default}
spec:
  endpointSelector: {matchLabels: {class: xwing}}
  egress: [{toEntities: [cluster], toPorts: [{ports: [{port: "53", protocol: UDP}]}]}]
`,
)

const EXPECTATIONS = `pods:
  deathstar: {labels: {org: empire, class: deathstar}, ports: [{name: http, port: 80}]}
  tiefighter: {labels: [org=empire, class=tiefighter]}
  xwing: {labels: {org: alliance, class: xwing}}
expectations:
  - {from: tiefighter, to: deathstar, http: POST /v1/request-landing, expect: allow}
  - {from: tiefighter, to: deathstar, http: {method: PUT, path: /v1/exhaust-port}, expect: deny}
  - {from: 'org=alliance', to: deathstar, port: 80, expect: deny}
  - {from: 10.1.2.3, to: deathstar, port: 22, expect: allow}
  - {from: 11.1.2.3, to: deathstar, port: 22/TCP, expect: deny}
  - {from: world, to: deathstar, port: 80, expect: deny}
  - {from: host, to: deathstar, port: 80, expect: allow}
  - {from: xwing, to: tiefighter, port: 53/UDP, expect: allow}
  - {from: xwing, to: {namespace: other, labels: {app: x}}, port: 53/UDP, expect: allow}
  - {from: xwing, to: world, port: 443, expect: deny}
`

async function check(expectations: string, ...more: readonly string[]): Promise<Ran> {
  const path = join(folder, 'expectations.yaml')
  writeFileSync(path, expectations)
  return hindcast('check', '-f', policies, '--expect', path, ...more)
}

test('C27 check passes where the policies say what is expected, by labels, port, address and request', async () => {
  const { code, out, err } = await check(EXPECTATIONS)
  assert.deepEqual([code, err], [0, ''], out)
  assert.match(out, /\n10 passed, 0 failed\n$/)
})

const WRONG = EXPECTATIONS.replace(
  'http: POST /v1/request-landing, expect: allow',
  'http: POST /v1/x, expect: allow, name: "a <b> & #c"',
)

test('C27 what is not met comes first, with what decided, and ends with 1', async () => {
  const { code, out, err } = await check(WRONG)
  assert.deepEqual([code, err], [1, ''])
  const [head, first] = out.split('\n')
  assert.match(head!, /^RESULT {3}EXPECTED {3}FOUND {3}EXPECTATION +BECAUSE$/)
  assert.match(first!, /^FAILED {3}allow {6}deny {4}a <b> & #c .*ingress: no http rule takes the request$/)
  assert.match(out, /\n9 passed, 1 failed\n$/)
})

test('C28 check speaks JSON, JUnit and TAP', async () => {
  const json = JSON.parse((await check(WRONG, '--format', 'json')).out)
  assert.deepEqual([json.passed, json.failed, json.items[0].met], [9, 1, false])
  const junit = (await check(WRONG, '--format', 'junit')).out
  assert.match(junit, /<testsuite name=".*expectations\.yaml" tests="10" failures="1">/)
  assert.match(
    junit,
    /<testcase name="a &lt;b&gt; &amp; #c" .*>\n {6}<failure message="expected allow, found deny">ingress: no http rule/,
  )
  const tap = (await check(WRONG, '--format', 'tap')).out
  assert.match(
    tap,
    /^TAP version 14\n1\.\.10\nnot ok 1 - a <b> & \\#c\n {2}---\n {2}expected: allow\n {2}found: deny\n/,
  )
  assert.match(tap, /\nok 10 - xwing -> world 443\n$/)
})

test('C29 wrong expectations and wrong policies end with 2 and every problem with its place', async () => {
  const { code, out, err } = await check(`pods: {a: {labels: {x: 1}}}
expectations:
  - {from: nobody, to: a, port: 99999, expect: perhaps, colour: red}
`)
  assert.deepEqual([code, out], [2, ''])
  assert.match(err, /not-text at .*expectations\.yaml \/pods\/a\/labels\/x, line 1:\d+/)
  assert.match(err, /party-unknown at .*\/expectations\/0\/from, line 3:\d+: nobody is no pod/)
  assert.match(err, /port-invalid at .*\/expectations\/0\/port, line 3/)
  assert.match(err, /expect-unknown at .*\/expectations\/0\/expect, line 3/)
  assert.match(err, /unknown-field at .*\/expectations\/0\/colour, line 3/)
  assert.equal((await check('')).code, 2)
  assert.equal((await check('a: [')).code, 2)
  const bad = join(folder, 'bad.yaml')
  writeFileSync(
    bad,
    'kind: CiliumNetworkPolicy\nmetadata: {name: x}\nspec: {endpointSelector: {}, ingress: [{fromCIDR: [x]}]}\n',
  )
  const refused = await hindcast('check', '-f', bad, '--expect', join(folder, 'expectations.yaml'))
  assert.equal(refused.code, 2)
  assert.match(refused.err, /cidr-invalid at .*bad\.yaml \/spec\/ingress\/0\/fromCIDR\/0, line 3:\d+/)
  assert.equal((await hindcast('check', '-f', policies)).code, 2)
})
