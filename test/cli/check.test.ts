import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parse } from 'yaml'
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

/** Throws where the text is not well-formed XML 1.0 of the kind that we write; gives the text of each attribute and element. */
function xmlTexts(text: string): readonly string[] {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
  assert.ok(
    text.startsWith(declaration) &&
      text.isWellFormed() &&
      !/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text),
  )
  const open: string[] = []
  const found: string[] = []
  const unescaped = (raw: string): string => {
    assert.doesNotMatch(raw, /[<>"]|&(?!(amp|lt|gt|quot|#[0-9]+);)/)
    const names: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }
    return raw.replaceAll(/&(?:#([0-9]+)|([a-z]+));/g, (_, number, name) =>
      number === undefined ? (names[name] ?? '') : String.fromCharCode(Number(number)),
    )
  }
  let rest = text.slice(declaration.length)
  while (rest !== '') {
    const tag = /^<(\/?)([a-z]+)((?: [a-z]+="[^"]*")*)(\/?)>/.exec(rest)
    const content = tag?.[0] ?? /^[^<]+/.exec(rest)?.[0]
    assert.ok(content !== undefined, rest.slice(0, 80))
    rest = rest.slice(content.length)
    if (tag === null) {
      if (content.trim() !== '') found.push(unescaped(content))
      continue
    }
    const [, closing, name = '', attributes = '', empty] = tag
    if (closing === '/') assert.equal(open.pop(), name)
    else if (empty === '') open.push(name)
    for (const [, value = ''] of attributes.matchAll(/="([^"]*)"/g)) found.push(unescaped(value))
  }
  assert.deepEqual(open, [])
  return found
}

/** By number: whether it passed, its description, and the diagnosis below it. */
function tapTests(
  text: string,
): readonly { readonly ok: boolean; readonly name: string; readonly diagnosis: unknown }[] {
  const [version, plan, ...lines] = text.trimEnd().split('\n')
  assert.equal(version, 'TAP version 14')
  const blocks = lines.join('\n').split(/\n(?=ok |not ok )/)
  assert.equal(plan, `1..${blocks.length}`)
  return blocks.map((block, index) => {
    const [, word, number, name = '', , yaml] =
      /^(ok|not ok) ([0-9]+) - (.*)(\n {2}---\n([\s\S]*)\n {2}\.\.\.)?$/.exec(block) ?? []
    assert.equal(Number(number), index + 1, block)
    assert.doesNotMatch(name.replaceAll(/\\[\\#]/g, ''), /[#\\]/)
    return {
      ok: word === 'ok',
      name: name.replaceAll(/\\([\\#])/g, '$1'),
      diagnosis: yaml === undefined ? null : parse(yaml),
    }
  })
}

const HOSTILE = ['a <b> & "c" ]]> #d \\', '# SKIP', 'x\ty\nz', '\u0001\u007f \ufffe', 'é 漢 😀', '--- ...', 'ok 7 - x']

test('C28 whatever a name holds, JUnit and TAP stay well-formed and say it', async () => {
  const one = { from: 'xwing', to: 'deathstar', port: 80 }
  const expectations = HOSTILE.flatMap((name) => [
    { ...one, name, expect: 'allow' },
    { ...one, name, expect: 'deny' },
  ])
  const pods = { deathstar: { labels: { org: 'empire', class: 'deathstar' } }, xwing: { labels: { org: 'alliance' } } }
  const text = JSON.stringify({ pods, expectations })
  const junit = await check(text, '--format', 'junit')
  assert.equal(junit.code, 1)
  const texts = xmlTexts(junit.out)
  for (const name of HOSTILE) assert.ok(texts.includes(name.replaceAll(/[\u0001\ufffe]/g, '?')), name)
  const tests = tapTests((await check(text, '--format', 'tap')).out)
  assert.deepEqual(
    tests.map(({ ok, name }) => [ok, name]),
    HOSTILE.flatMap((name) => [false, true].map((ok) => [ok, name.replaceAll(/\s+/g, ' ')])),
  )
  assert.deepEqual(tests[0]?.diagnosis, { expected: 'allow', found: 'deny', because: 'ingress: default deny' })
})

test('C27 services, DNS names, the node itself and options of the agent are part of the question', async () => {
  const path = join(folder, 'outside.yaml')
  writeFileSync(
    path,
    `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: outside}
spec:
  endpointSelector: {matchLabels: {class: xwing}}
  egress:
    - toFQDNs: [{matchName: swapi.example}]
    - toServices: [{k8sService: {serviceName: archive, namespace: default}}]
---
apiVersion: v1
kind: Service
metadata: {name: archive, namespace: default}
---
apiVersion: v1
kind: Endpoints
metadata: {name: archive, namespace: default}
subsets: [{addresses: [{ip: 192.0.2.7}]}]
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: nodes}
spec:
  nodeSelector: {matchLabels: {role: gate}}
  ingress: [{toPorts: [{ports: [{port: "22", protocol: TCP}]}]}]
`,
  )
  const expectations = join(folder, 'outside-expectations.yaml')
  writeFileSync(
    expectations,
    `options: {enableHostFirewall: true}
host: {labels: {role: gate}}
dns: {swapi.example: [198.51.100.7, "2001:db8::7"], other.example: [198.51.100.8]}
pods: {xwing: {labels: {class: xwing}}}
expectations:
  - {from: xwing, to: swapi.example, port: 443, expect: allow}
  - {from: xwing, to: other.example, port: 443, expect: deny}
  - {from: xwing, to: 192.0.2.7, port: 80, expect: allow}
  - {from: xwing, to: 192.0.2.8, port: 80, expect: deny}
  - {from: world, to: host, port: 22, expect: allow}
  - {from: world, to: host, port: 23/UDP, expect: deny}
`,
  )
  const { code, out } = await hindcast('check', '-f', path, '--expect', expectations)
  assert.equal(code, 0, out)
  assert.match(out, /\n7 passed, 0 failed\n$/)
  assert.match(
    out,
    /xwing -> swapi\.example \(2001:db8::7\) 443 +egress: allowed by CiliumNetworkPolicy\/default\/outside#\/spec\/egress\/0/,
  )
  assert.match(out, /world -> host 23\/UDP +ingress: default deny/)
})

test('C29 a policy that two files give is not lost in silence', async () => {
  const twin = join(folder, 'twin.yaml')
  writeFileSync(twin, 'kind: CiliumNetworkPolicy\nmetadata: {name: dns}\nspec: {endpointSelector: {}, ingress: [{}]}\n')
  const path = join(folder, 'expectations.yaml')
  writeFileSync(path, EXPECTATIONS)
  const checked = await hindcast('check', '-f', policies, '-f', twin, '--expect', path)
  assert.equal(checked.code, 2)
  assert.match(
    checked.err,
    /duplicate-resource: CiliumNetworkPolicy\/default\/dns is given in .*rule1\.yaml and in .*twin\.yaml/,
  )
  const validated = await hindcast('validate', '-f', policies, '-f', twin)
  assert.equal(validated.code, 0)
  assert.match(validated.err, /^warning: CiliumNetworkPolicy\/default\/dns .*: the later one counts\n$/)
})

test('C29 wrong expectations and wrong policies end with 2 and every problem with its place', async () => {
  const { code, out, err } = await check(`pods: {a: {labels: {x: 1}}}
options: {enforcement: sometimes, enableHostFirewall: 1, clusterName: x}
host: {labels: ['a b']}
dns: {x.y: [], z.y: [1.2.3]}
expectations:
  - {from: nobody, to: a, port: 99999, expect: perhaps, colour: red}
`)
  assert.deepEqual([code, out], [2, ''])
  assert.match(err, /not-text at .*expectations\.yaml \/pods\/a\/labels\/x, line 1:\d+/)
  assert.match(err, /party-unknown at .*\/expectations\/0\/from, line 6:\d+: nobody is no pod/)
  assert.match(err, /word-unknown at .*\/options\/enforcement, line 2/)
  assert.match(err, /not-a-boolean at .*\/options\/enableHostFirewall|\/options\/enableHostFirewall, line 2/)
  assert.match(err, /unknown-field at .*\/options\/clusterName, line 2/)
  assert.match(err, /label-invalid at .*\/host\/labels\/0, line 3/)
  assert.match(err, /dns-empty at .*\/dns\/x\.y, line 4[\s\S]*address-invalid at .*\/dns\/z\.y\/0, line 4/)
  assert.match(err, /port-invalid at .*\/expectations\/0\/port, line 6/)
  assert.match(err, /expect-unknown at .*\/expectations\/0\/expect, line 6/)
  assert.match(err, /unknown-field at .*\/expectations\/0\/colour, line 6/)
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
