/** Groups, services and DNS answers as a person types them. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { hindcast } from './recorded-log.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-facts-'))
after(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const POLICY = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: far}
spec:
  endpointSelector: {matchLabels: {class: ship}}
  egress:
    - toServices: [{k8sService: {serviceName: tatooine}}]
    - toCIDRSet: [{cidrGroupRef: rim}]
`
const group = (prefix: string) => `
apiVersion: cilium.io/v2alpha1
kind: CiliumCIDRGroup
metadata: {name: rim, labels: {sector: arkanis}}
spec: {externalCIDRs: [${prefix}]}
`
const SERVICE = `
apiVersion: v1
kind: Service
metadata: {name: tatooine, labels: {sector: arkanis}}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: tatooine}
subsets: [{addresses: [{ip: 203.0.113.9}], ports: [{port: 80}]}]
`
const all = file('all.yaml', [POLICY, group('198.51.100.0/24'), SERVICE].join('\n---\n'))
const changed = file('changed.yaml', group('198.51.100.0/25'))

let states = 0
const newState = (): readonly string[] => ['--state', join(folder, `state-${++states}`)]

async function said(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await hindcast(...args)
  assert.equal(code, 0, err)
  return out
}

async function items(...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  return JSON.parse(await said(...args, '-o', 'json')).items
}

test('C47 one input holds policies and what they name: all of it or nothing, and what is so already is unchanged', async () => {
  const state = newState()
  const outcomes = async (...files: readonly string[]) =>
    (await items('apply', ...files.flatMap((path) => ['-f', path]), ...state)).map(
      ({ resource, outcome }) => `${resource} ${outcome}`,
    )
  const four = [
    'CiliumNetworkPolicy/default/far',
    'CiliumCIDRGroup/-/rim',
    'Service/default/tatooine',
    'Endpoints/default/tatooine',
  ]
  const bad = file('bad.yaml', group('198.51.100.0/44'))
  const refused = await hindcast('apply', '-f', all, '-f', bad, ...state)
  assert.equal(refused.code, 2)
  assert.match(refused.err, /cidr-invalid at \S+bad.yaml \/spec\/externalCIDRs\/0, line 5:/)
  assert.deepEqual(await items('cidrgroup', 'list', ...state), [])
  assert.deepEqual(
    await outcomes(all),
    four.map((key) => `${key} added`),
  )
  assert.deepEqual(
    await outcomes(all),
    four.map((key) => `${key} unchanged`),
  )
  assert.deepEqual(await outcomes(changed), ['CiliumCIDRGroup/-/rim changed'])
  const { code, err } = await hindcast('validate', '-f', bad)
  assert.equal(code, 2)
  assert.match(err, /1 of 1 refused/)
})

test('C47 groups, services and DNS names are listed as they were, with the event they come from, and diff says what became of them', async () => {
  const state = newState()
  await said('apply', '-f', all, ...state)
  await said(
    'dns',
    'learn',
    'Cantina.example.',
    '203.0.113.9',
    '203.0.113.8',
    '--ttl',
    '600',
    '--node',
    'node1',
    ...state,
  )
  await said('tag', 'before', ...state)
  await said('apply', '-f', changed, ...state)
  await said('dns', 'forget', 'cantina.example', '203.0.113.8', '--node', 'node1', ...state)
  await said('delete', 'endpoints/tatooine', ...state)
  const [then, now] = [['--at', 'tag:before', ...state], [...state]]
  assert.match(await said('cidrgroup', 'list', ...then), /rim +sector=arkanis +198\.51\.100\.0\/24 +\d+ +user /)
  assert.match(await said('cidrgroup', 'list', ...now), /rim +sector=arkanis +198\.51\.100\.0\/25 /)
  assert.match(
    await said('service', 'list', ...then),
    /default +tatooine +sector=arkanis +203\.0\.113\.9 +Endpoints\/tatooine /,
  )
  const [service] = await items('service', 'list', ...now)
  assert.deepEqual(service?.['backends'], [])
  assert.deepEqual(await items('service', 'list', '-n', 'outer', ...now), [])
  assert.match(
    await said('dns', 'list', ...then),
    /cantina\.example +203\.0\.113\.8 +20\d\d-.*Z .*\n +203\.0\.113\.9 +20\d\d-/,
  )
  assert.doesNotMatch(await said('dns', 'list', ...now), /203\.0\.113\.8/)
  const diff = await hindcast('diff', 'tag:before..HEAD', ...state)
  assert.equal(diff.code, 1)
  const expected = [
    '~ CIDR group rim\n  ~ /prefixes/0 "198.51.100.0/24" -> "198.51.100.0/25"',
    '~ service default/tatooine',
    '~ DNS name cantina.example on node node1',
  ]
  for (const text of expected) assert.ok(diff.out.includes(text), diff.out)
  const back = await hindcast('diff', 'HEAD..tag:before', '-n', 'default', '-o', 'json', ...state)
  assert.deepEqual(
    JSON.parse(back.out).facts.map(({ what }: { readonly what: string }) => what),
    ['service'],
  )
})

test('C47 what is deleted goes by name or by file; what is not there is named with the nearest', async () => {
  const state = newState()
  await said('apply', '-f', all, ...state)
  const wrong = await hindcast('delete', 'ccg/rin', ...state)
  assert.equal(wrong.code, 3)
  assert.match(wrong.err, /CiliumCIDRGroup\/-\/rin is not in the repository; the nearest are CiliumCIDRGroup\/-\/rim/)
  assert.equal((await hindcast('delete', 'ccg/default/rim', ...state)).code, 2)
  assert.match(await said('delete', 'svc/tatooine', ...state), /^Service\/default\/tatooine deleted\n/)
  assert.deepEqual(await items('service', 'list', ...state), [])
  assert.equal((await hindcast('delete', '-f', all, ...state)).code, 3)
  const gone = await items('delete', '-f', all, '--ignore-not-found', ...state)
  assert.deepEqual(
    gone.map(({ resource, outcome }) => `${resource} ${outcome}`),
    ['CiliumNetworkPolicy/default/far deleted', 'CiliumCIDRGroup/-/rim deleted'],
  )
  assert.deepEqual(await items('cidrgroup', 'list', ...state), [])
})

test('C47 a DNS answer that is none is refused; a name that is not known ends with 3', async () => {
  const state = newState()
  const learn = (...args: readonly string[]) => hindcast('dns', 'learn', ...args, '--node', 'node1', ...state)
  const refused = await learn('moon.example', 'moon', '--ttl', '0')
  assert.equal(refused.code, 2)
  assert.match(refused.err, /address-invalid.*\n.*ttl-invalid/)
  assert.equal((await learn('moon.example', '203.0.113.9')).code, 0)
  assert.match((await learn('moon.example', '203.0.113.9')).out, /^moon\.example unchanged\n/)
  assert.match(await said('dns', 'list', ...state, '--node', 'node1'), /moon\.example +203\.0\.113\.9 +never /)
  assert.equal((await hindcast('dns', 'forget', 'moo.example', '--node', 'node1', ...state)).code, 3)
})

test('C47 check and plan know what the policies name', async () => {
  const state = newState()
  const expectations = file(
    'expect.txt',
    `
pods: {ship: {labels: {class: ship}}}
expectations:
  - {from: ship, to: 203.0.113.9, port: 80, expect: allow}
  - {from: ship, to: 198.51.100.200/32, port: 80, expect: allow}
  - {from: ship, to: 203.0.113.10, port: 80, expect: deny}
`,
  )
  await said('check', '-f', all, '--expect', expectations)
  await said('apply', '-f', file('policy.yaml', POLICY), ...state)
  await said(
    'endpoint',
    'add',
    '--name',
    'ship',
    '--labels',
    'class=ship',
    '--identity',
    '300',
    '--node',
    'node1',
    ...state,
  )
  const plan = await hindcast('plan', '-f', all, ...state)
  assert.equal(plan.code, 1, plan.err)
  for (const text of ['~ CIDR group rim: 198.51.100.0/24', '~ service default/tatooine: 203.0.113.9']) {
    assert.ok(plan.out.includes(text), plan.out)
  }
  assert.match(plan.out, /\+ identity for 203\.0\.113\.9\/32 on node node1/)
  await said('apply', '-f', all, ...state)
  assert.equal((await hindcast('plan', '-f', all, ...state)).code, 0)
  const gone = await hindcast('plan', '--delete', 'ccg/rim', ...state)
  assert.equal(gone.code, 1, gone.err)
  assert.ok(gone.out.includes('- CIDR group rim'), gone.out)
  assert.equal((await hindcast('plan', '--delete', 'ccg/rin', ...state)).code, 3)
})
