/** The policies that Cilium publishes, as a new user tries them: read from where they stand beside the checkout, written to files as YAML. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { stringify } from 'yaml'
import { readExampleVectors, type VectorCase } from '../vectors/read.ts'
import { hindcast } from './recorded-log.ts'

const found = readExampleVectors()
const skip = 'skip' in found ? found.skip : false
const examples = 'skip' in found ? [] : found
const folder = mkdtempSync(join(tmpdir(), 'hindcast-examples-'))
after(() => rmSync(folder, { recursive: true }))

/** Bare rules are one list, as in Cilium's JSON examples. */
function fileOf({ name, input: { policies = [], rules = [] } }: VectorCase): string {
  const path = join(folder, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.yaml`)
  const documents = rules.length > 0 ? [...policies, rules] : policies
  writeFileSync(path, documents.map((document) => stringify(document)).join('---\n'))
  return path
}

/** Where the recorded schema check finds fault and we do not: test/policy-parse/vectors.test.ts. */
const NO_FAULT: readonly string[] = ['host/demo-host-policy.yaml']

test('C29 validate takes every published example but those that Cilium or the schema refuses, and says why', {
  skip,
}, async () => {
  for (const one of examples) {
    const { refused = [], schemaRefuses = [], name } = one
    const bad = refused.length > 0 || (schemaRefuses.length > 0 && !NO_FAULT.includes(name))
    const { code, out, err } = await hindcast('validate', '-f', fileOf(one))
    assert.equal(code, bad ? 2 : 0, `${name}: ${out}${err}`)
    if (bad) assert.match(out, /refused\n {2}[a-z-]+ at \/[^ ]+, line [0-9]+:[0-9]+: .+\n/, name)
  }
})

const EXAMPLES = ['l7', 'kafka', 'cidr', 'icmp', 'fqdn', 'serviceaccount', 'isolate', 'demo-host'] as const
const NAMES: Readonly<Record<(typeof EXAMPLES)[number], string>> = {
  l7: 'getting-started/l7-policy',
  kafka: 'getting-started/kafka',
  cidr: 'l3/cidr/cidr',
  icmp: 'l4/icmp',
  fqdn: 'l3/fqdn/fqdn',
  serviceaccount: 'kubernetes/serviceaccount/serviceaccount-policy',
  isolate: 'kubernetes/namespace/isolate-namespaces',
  'demo-host': 'host/demo-host-policy',
}
const EXPECTATIONS = `
options: {enableHostFirewall: true}
host: {labels: {node-access: ssh}}
dns: {my-remote-service.com: [198.51.100.7], other.example: [198.51.100.8]}
pods:
  kafka: {labels: {app: kafka}}
  server: {labels: {id: web-server}}
  client: {labels: {id: goodclient}}
  tester: {labels: {app: test-app}}
  names: {namespace: kube-system, labels: {k8s-app: kube-dns}}
  mine: {labels: {app: myService}}
  leia: {labels: {io.cilium.k8s.policy.serviceaccount: leia}}
  luke: {labels: {io.cilium.k8s.policy.serviceaccount: luke}}
  first: {namespace: ns1, labels: {app: first}}
  second: {namespace: ns2, labels: {app: second}}
expectations:
  - {from: app=empire-outpost, to: kafka, port: 9092, expect: allow}
  - {from: client, to: kafka, port: 9092, expect: deny}
  - {from: client, to: server, port: 8181, http: GET /public, expect: allow}
  - {from: client, to: server, port: 8181, http: GET /private, expect: deny}
  - {from: client, to: server, http: GET /public, expect: deny}
  - {from: tester, to: my-remote-service.com, port: 443, expect: allow}
  - {from: tester, to: other.example, port: 443, expect: deny}
  - {from: tester, to: names, port: 53/UDP, expect: allow}
  - {from: mine, to: 20.1.1.1, port: 80, expect: allow}
  - {from: mine, to: 10.96.0.1, port: 80, expect: deny}
  - {from: mine, to: 10.1.0.1, port: 80, expect: allow}
  - {from: mine, to: 192.0.2.1, port: 8/ICMP, expect: allow}
  - {from: mine, to: 192.0.2.1, port: 13/ICMP, expect: deny}
  - {from: luke, to: leia, http: GET /public, expect: allow}
  - {from: luke, to: leia, http: GET /publicity, expect: deny}
  - {from: first, to: second, port: 80, expect: deny}
  - {from: first, to: {namespace: ns1, labels: {app: third}}, port: 80, expect: allow}
  - {from: world, to: host, port: 22, expect: allow}
  - {from: world, to: host, port: 23, expect: deny}
`

test('C27 check answers a user’s own expectations of the published examples', { skip }, async () => {
  const files = EXAMPLES.flatMap((key) => {
    const one = examples.find(({ name }) => name === `${NAMES[key]}.yaml`)
    assert.ok(one !== undefined, key)
    return ['-f', fileOf(one)]
  })
  const path = join(folder, 'expectations.yml')
  writeFileSync(path, EXPECTATIONS)
  const { code, out, err } = await hindcast('check', ...files, '--expect', path)
  assert.deepEqual([code, err], [0, ''], out)
  assert.match(out, /\n19 passed, 0 failed\n$/)
})
