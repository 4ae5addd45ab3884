/** The story of the Star Wars demo, asked about at every turn. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { enforce } from './enforced.ts'
import { hindcast, hindcastReading, type Ran } from './recorded-log.ts'
import { RULE1 } from './rule1.ts'

const folder = mkdtempSync(join(tmpdir(), 'hindcast-why-'))
const log = join(folder, 'log.db')
after(() => rmSync(folder, { recursive: true }))

const DENY = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: no-fighters, namespace: default}
spec:
  endpointSelector: {matchLabels: {class: deathstar}}
  ingressDeny: [{fromEndpoints: [{matchLabels: {class: tiefighter}}]}]
`

async function add(
  name: string,
  org: string,
  { id, identity, ip }: { readonly id: number; readonly identity: number; readonly ip: string },
): Promise<void> {
  const args = [
    '--labels',
    `org=${org},class=${name}`,
    '--id',
    String(id),
    '--identity',
    String(identity),
    '--ipv4',
    ip,
  ]
  const ran = await hindcast('endpoint', 'add', '--name', name, ...args, '--node', 'node1', '--log', log)
  assert.equal(ran.code, 0, ran.err)
}

async function applied(text: string): Promise<void> {
  const ran = await hindcastReading(text, 'apply', '-f', '-', '--log', log)
  assert.equal(ran.code, 0, ran.err)
}

before(async () => {
  await add('deathstar', 'empire', { id: 863, identity: 2033, ip: '10.0.0.111' })
  await add('tiefighter', 'empire', { id: 2216, identity: 29439, ip: '10.0.0.123' })
  await add('xwing', 'alliance', { id: 775, identity: 5513, ip: '10.0.0.209' })
  await enforce(log)
  await hindcast('tag', 'no-policy', '--log', log)
  await applied(RULE1)
  await hindcast('tag', 'asked', '--log', log)
  await enforce(log)
  await hindcast('tag', 'enforced', '--log', log)
  await applied(DENY)
  await enforce(log)
  await hindcast('tag', 'no-fighters', '--log', log)
  await hindcast('delete', 'cnp/rule1', 'cnp/no-fighters', '--log', log)
  await enforce(log)
})

async function whyAt(tag: string, from: string, ...more: readonly string[]): Promise<Ran> {
  return hindcast('why', '--from', from, '--to', 'deathstar', '--log', log, '--at', `tag:${tag}`, ...more)
}

test('C21 why: without a policy everything is allowed, and it says that nothing is enforced', async () => {
  const { code, out } = await whyAt('no-policy', 'xwing', '--port', '80')
  assert.equal(code, 0)
  assert.match(
    out,
    /^ALLOWED {2}default\/xwing \(endpoint 775, identity 5513\) -> default\/deathstar \(endpoint 863, identity 2033\), TCP 80\n/,
  )
  assert.match(out, /ingress of default\/deathstar: allowed \(as written for revision 1\)/)
  assert.match(out, /\nat position [0-9]+, .*, revision 1\n$/)
})

test('C21 why names the deciding rule with policy, revision, position, actor and time, down to HTTP', async () => {
  const { code, out } = await whyAt('enforced', 'tiefighter', '--http', 'POST /v1/request-landing')
  assert.equal(code, 0)
  assert.match(out, /L3\/L4 redirect by L3-L4, to proxy port 14567/)
  assert.match(
    out,
    /L7 {4}allow\n {4}CiliumNetworkPolicy\/default\/rule1 \/spec\/ingress\/0\S*: revision 2, position [0-9]+, 20\S+, user .* by file -/,
  )
  const json = JSON.parse(
    (await whyAt('enforced', 'tiefighter', '--http', 'POST /v1/request-landing', '-o', 'json')).out,
  )
  const [item] = json.items
  assert.equal(item.allowed, true)
  const [egress, ingress] = item.sides
  assert.equal(egress.inForce.enforced, false)
  assert.equal(ingress.inForce.http.allowed, true)
  assert.deepEqual(
    [ingress.inForce.rules[0].policy, ingress.inForce.rules[0].revision],
    ['CiliumNetworkPolicy/default/rule1', 2],
  )
  assert.equal(json.revision, 2)
})

test('C21 why answers no with 0, and with 1 where --exit-code asks for it', async () => {
  const denied = ['xwing', '--port', '80'] as const
  assert.equal((await whyAt('enforced', ...denied)).code, 0)
  assert.equal((await whyAt('enforced', ...denied, '--exit-code')).code, 1)
  assert.equal((await whyAt('no-policy', ...denied, '--exit-code')).code, 0)
})

test('C22 why: a request that no rule takes is told with the requests that pass', async () => {
  const { code, out, err } = await whyAt('enforced', 'tiefighter', '--http', 'PUT /v1/exhaust-port')
  assert.deepEqual([code, err], [0, ''])
  assert.match(out, /^DENIED .*TCP 80, PUT \/v1\/exhaust-port\n/)
  assert.match(out, /L7 {4}deny, no rule takes the request/)
  assert.match(out, /requests that pass\n {4}POST \/v1\/request-landing\n/)
  assert.match(
    out,
    /not met\n {4}:method POST, :path \/v1\/request-landing\n {6}CiliumNetworkPolicy\/default\/rule1 \/spec\/ingress\/0/,
  )
  assert.match(out, /what would allow it: an http rule/)
})

test('C22 why: default deny names who isolates, who came nearest and what would allow it', async () => {
  const { code, out } = await whyAt('enforced', 'xwing', '--port', '80')
  assert.equal(code, 0)
  assert.match(out, /^DENIED/)
  assert.match(out, /L3\/L4 deny, no entry fits/)
  assert.match(out, /isolated by\n {4}CiliumNetworkPolicy\/default\/rule1 \/spec: revision 2/)
  assert.match(
    out,
    /nearest rules\n {4}CiliumNetworkPolicy\/default\/rule1 \/spec\/ingress\/0: revision 2.*\n {6}misses: the other side is not among its peers\n {6}takes 80\/TCP with .*29439 \(k8s:class=tiefighter/,
  )
  assert.match(
    out,
    /what would allow it: an ingress rule of a policy that selects .*k8s:class=deathstar.*: fromEndpoints matching .*k8s:class=xwing.*, toPorts 80\/TCP/,
  )
  const wrongPort = await whyAt('enforced', 'tiefighter', '--port', '22')
  assert.match(wrongPort.out, /rule1 \/spec\/ingress\/0: .*\n {6}misses: another port\n {6}takes 80\/TCP/)
})

test('C22 why: a deny rule is named, and nothing can allow it', async () => {
  const { code, out } = await whyAt('no-fighters', 'tiefighter', '--port', '80')
  assert.equal(code, 0)
  assert.match(out, /^DENIED/)
  assert.match(
    out,
    /L3\/L4 deny by L3-Only\n {4}CiliumNetworkPolicy\/default\/no-fighters \/spec\/ingressDeny\/0: revision 3/,
  )
  assert.match(out, /no rule can: a deny rule wins/)
})

test('C23 why tells what was in force from what the policies of the moment ask for', async () => {
  const { code, out } = await whyAt('asked', 'xwing', '--port', '80')
  assert.equal(code, 0)
  assert.match(
    out,
    /allowed \(as written for revision 1\)\n[\s\S]*the policies of this moment say deny; it was not in force yet/,
  )
})

test('C23 why at the end of the story allows again, and the earlier positions still answer as they did', async () => {
  const now = await hindcast('why', '--from', 'xwing', '--to', '863', '--port', '80', '--log', log)
  assert.match(now.out, /^ALLOWED/)
  assert.match((await whyAt('enforced', 'xwing', '--port', '80')).out, /^DENIED/)
})

test('C24 why takes parties by name, id, identity, labels, address and reserved name', async () => {
  for (const from of [
    'xwing',
    'default/xwing',
    '775',
    '5513',
    'identity:5513',
    'org=alliance',
    'k8s:class=xwing,org=alliance',
    '10.0.0.209',
    'ip:10.0.0.209',
  ]) {
    const { code, out } = await whyAt('enforced', from, '--port', '80')
    assert.equal(code, 0, from)
    assert.match(out, /^DENIED {2}default\/xwing \(endpoint 775/, from)
  }
  const world = await whyAt('enforced', 'world', '--port', '80')
  assert.match(world.out, /^DENIED {2}reserved:world \(identity 2\)/)
  const outside = await whyAt('enforced', '1.1.1.1', '--port', '80')
  assert.match(outside.out, /^DENIED {2}1\.1\.1\.1 \(identity 2\)[\s\S]*egress of 1\.1\.1\.1: no endpoint of a node/)
})

test('C24 why refuses parties that are nobody or several, and wrong questions', async () => {
  const nobody = await whyAt('enforced', 'ywing', '--port', '80')
  assert.equal(nobody.code, 3)
  assert.match(nobody.err, /not-found at --from: ywing .* there are .*default\/xwing/)
  const several = await whyAt('enforced', 'io.kubernetes.pod.namespace=default', '--port', '80')
  assert.equal(several.code, 2)
  assert.match(several.err, /ambiguous at --from: .* selects 3 endpoints/)
  for (const wrong of [
    [],
    ['--port', '70000'],
    ['--port', '80', '--protocol', 'FTP'],
    ['--http', 'x y z'],
    ['--port', '1', '--header', 'a: b'],
  ]) {
    assert.equal((await whyAt('enforced', 'xwing', ...wrong)).code, 2, wrong.join(' '))
  }
  assert.equal(
    (await hindcast('why', '--from', 'xwing', '--to', 'deathstar', '--port', '80', '--log', log, '--at', '999')).code,
    3,
  )
})

test('C24 why answers without an agent: an endpoint has the identity of its labels, and its policies are what counts', async () => {
  const path = join(folder, 'no-agent.db')
  const at = ['--node', 'node1', '--log', path]
  await hindcast(
    'endpoint',
    'add',
    '--name',
    'deathstar',
    '--labels',
    'org=empire,class=deathstar',
    '--identity',
    '2033',
    ...at,
  )
  await hindcast('endpoint', 'add', '--name', 'xwing', '--labels', 'org=alliance', '--identity', '5513', ...at)
  await hindcast('endpoint', 'add', '--name', 'ywing', '--labels', 'org=rebels', ...at)
  await hindcastReading(RULE1, 'apply', '-f', '-', '--log', path)
  const { code, out } = await hindcast('why', '--from', 'xwing', '--to', 'deathstar', '--port', '80', '--log', path)
  assert.equal(code, 0)
  assert.match(out, /^DENIED/)
  assert.match(
    out,
    /ingress of default\/deathstar: denied \(no policy was written for the endpoint yet; this is what its policies ask for\)/,
  )
  const unknown = await hindcast('why', '--from', 'ywing', '--to', 'deathstar', '--port', '80', '--log', path)
  assert.equal(unknown.code, 3)
  assert.match(unknown.err, /has no identity yet, nor have its labels/)
})

test('C22 why counts what nobody would read and names all of it as JSON', async () => {
  const path = join(folder, 'many.db')
  const at = ['--node', 'node1', '--log', path]
  await hindcast('endpoint', 'add', '--name', 'a', '--labels', 'app=a', '--identity', '1000', ...at)
  await hindcast('endpoint', 'add', '--name', 'b', '--labels', 'app=b', '--identity', '1001', ...at)
  const many = Array.from({ length: 14 }, (_, index) =>
    RULE1.replace('name: rule1', `name: rule${index}`).replace('{org: empire, class: deathstar}', '{app: a}'),
  )
  await hindcastReading(many.join('---\n'), 'apply', '-f', '-', '--log', path)
  const question = ['why', '--from', 'b', '--to', 'a', '--port', '80', '--log', path]
  assert.match((await hindcast(...question)).out, /\/rule9 \/spec: .*\n {4}and 4 more \(-o json names all\)\n/)
  const [, ingress] = JSON.parse((await hindcast(...question, '-o', 'json')).out).items[0].sides
  assert.equal(ingress.shortfall.isolating.length, 14)
})
